//! Events over HTTP: told, declared, and read again from any place.

use reqwest::Method;

use crate::api::{ask, faults, put};
use crate::support::{Setup, Value, json};

const PATH: &str = "/api/v1/events";

#[actix_web::test]
async fn what_was_told_can_be_read_from_any_place() {
    let app = Setup::sqlite().start().await;
    let mut seqs = Vec::new();
    for at in 0..5 {
        let body = json!({"type": format!("custom.a.{}", at % 2), "data": {"at": at}, "crew_id": "c", "priority": "high",
                          "metadata": {"m": 1}});
        let event = app.post(PATH, body).await.ok();
        assert_eq!(
            (&event["data"]["at"], &event["crew_id"], &event["priority"]),
            (&json!(at), &json!("c"), &json!("high"))
        );
        seqs.push(event["seq"].as_u64().unwrap());
    }
    assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
    let all = app.get(&format!("{PATH}?type=custom.*")).await.ok();
    assert_eq!(all["events"].as_array().unwrap().len(), 5);
    let epoch = all["epoch"].as_str().unwrap().to_owned();
    let after = app.get(&format!("{PATH}?type=custom.a.0&since={epoch}:{}&limit=1", seqs[0])).await.ok();
    assert_eq!(after["events"][0]["seq"], seqs[2]);
    assert_eq!(after["next"], format!("{epoch}:{}", seqs[2]));
    let next = after["next"].as_str().unwrap();
    let rest = app.get(&format!("{PATH}?type=custom.*&since={next}&min_priority=high&crew_id=c")).await.ok();
    assert_eq!(rest["events"].as_array().unwrap().len(), 2);
    assert_eq!(app.get(&format!("{PATH}?type=custom.*&crew_id=d")).await.ok()["events"], json!([]));
    let app = app.restart().await;
    let again = app.get(&format!("{PATH}?type=custom.*&since={epoch}:0")).await.ok();
    assert_eq!(again["events"], all["events"]);
}

#[actix_web::test]
async fn as_many_come_in_one_answer_as_are_asked_for_also_beyond_a_page() {
    let app = Setup::memory().start().await;
    let epoch = app.get(PATH).await.ok()["epoch"].as_str().unwrap().to_owned();
    for at in 0..40 {
        app.post(PATH, json!({"type": "custom.a", "data": {"at": at, "text": "x".repeat(60_000)}})).await.ok();
    }
    let of = |found: &Value| -> Vec<u64> {
        found["events"].as_array().unwrap().iter().map(|event| event["data"]["at"].as_u64().unwrap()).collect()
    };
    let all = app.get(&format!("{PATH}?type=custom.a&limit=10000")).await.ok();
    assert_eq!(of(&all), (0..40).collect::<Vec<_>>());
    assert_eq!(all["next"], format!("{epoch}:{}", all["last_seq"]));
    let some = app.get(&format!("{PATH}?type=custom.a&limit=33")).await.ok();
    assert_eq!(of(&some), (0..33).collect::<Vec<_>>());
    let rest = app.get(&format!("{PATH}?type=custom.a&since={}", some["next"].as_str().unwrap())).await.ok();
    assert_eq!(of(&rest), (33..40).collect::<Vec<_>>());
    assert_eq!(of(&app.get(&format!("{PATH}?type=custom.b&limit=10000")).await.ok()), [] as [u64; 0]);
}

#[actix_web::test]
async fn a_position_that_is_none_is_told_so() {
    let app = Setup::memory().with(|settings| settings.events.keep = 10).start().await;
    let epoch = app.get(PATH).await.ok()["epoch"].as_str().unwrap().to_owned();
    for _ in 0..15 {
        app.post(PATH, json!({"type": "custom.a"})).await.ok();
    }
    assert_eq!(app.get(&format!("{PATH}?since={epoch}:1")).await.code(410), "position_too_old");
    assert_eq!(app.get(&format!("{PATH}?since=other:1")).await.code(409), "position_unknown");
    assert_eq!(app.get(&format!("{PATH}?since={epoch}:9999")).await.code(409), "position_unknown");
    assert_eq!(app.get(&format!("{PATH}?since=1")).await.code(422), "invalid_query");
    let kept = app.get(PATH).await.ok();
    assert_eq!((kept["events"].as_array().unwrap().len(), &kept["events"][0]["seq"]), (10, &kept["first_seq"]));
}

#[actix_web::test]
async fn only_types_of_users_can_be_told_and_declared_ones_are_checked() {
    let app = Setup::memory().start().await;
    for word in ["execution.started", "custom.", "nope"] {
        assert_eq!(faults(&app.post(PATH, json!({"type": word})).await), ["body.type invalid_value"], "{word}");
        let declared = put(&app, &format!("/api/v1/event-types/{word}"), &json!({})).await;
        assert_eq!(declared.code(422), "invalid_body", "{word}");
    }
    let large = app.post(PATH, json!({"type": "custom.a", "data": {"a": "x".repeat(70_000)}})).await;
    assert_eq!(faults(&large), ["body.data too_long"]);
    let path = "/api/v1/event-types/custom.orders.paid";
    let schema = json!({"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}});
    let about = json!({"description": "An order was paid.", "schema": schema});
    assert_eq!(put(&app, path, &about).await.status, 201);
    assert_eq!(put(&app, path, &about).await.ok()["version"], 2);
    assert_eq!(faults(&put(&app, path, &json!({"schema": {"type": "thing"}})).await), ["body.schema invalid_value"]);
    let paid = |data| json!({"type": "custom.orders.paid", "data": data});
    assert_eq!(faults(&app.post(PATH, paid(json!({}))).await), ["body.data.amount missing"]);
    assert_eq!(faults(&app.post(PATH, paid(json!({"amount": "x"}))).await), ["body.data.amount wrong_type"]);
    app.post(PATH, paid(json!({"amount": 1.5}))).await.ok();
    let broadcast = app.post("/api/v1/websocket/broadcast", paid(json!({}))).await;
    assert_eq!(faults(&broadcast), ["body.data.amount missing"], "also of what operators tell");
    let listed = app.get("/api/v1/event-types").await.ok();
    assert_eq!(listed["event_types"][0]["type"], "custom.orders.paid");
    assert_eq!(app.get(path).await.ok()["schema"], schema);
    assert_eq!(ask(&app, Method::DELETE, path, &[], None).await.status, 204);
    assert_eq!(app.get(path).await.code(404), "unknown_event_type");
    app.post(PATH, paid(json!({}))).await.ok();
}
