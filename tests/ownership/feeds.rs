//! Events reach those whose they are: live, replayed and listed; and all of them whoever has `events:all`, and operators.

use super::board::{OWN, key, operator, setup, somebody, waiting};
use crate::event_sockets::socket::Feed;
use crate::support::{Api, Value, json};

/// The sessions whose events a feed has up to the event that has this text in its data.
async fn sessions_until(feed: &mut Feed, mark: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let event = feed.next().await.expect("the socket stays open");
        if event["data"]["mark"] == mark {
            found.sort();
            found.dedup();
            return found;
        }
        found.extend(event["execution_id"].as_str().map(str::to_owned));
    }
}

async fn publish(api: &Api, mark: &str) {
    api.post("/api/v1/events", json!({"type": "custom.mark", "data": {"mark": mark}})).await.ok();
}

async fn all(api: &Api) -> Vec<Value> {
    api.get("/api/v1/events?limit=10000").await.ok()["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn events_reach_their_owner_and_who_may_hear_all() {
    let app = setup().start().await;
    let (ada, bo, operator) = (somebody(&app, "ada").await, somebody(&app, "bo").await, operator(&app));
    let scopes: Vec<&str> = OWN.into_iter().chain(["events:all"]).collect();
    let hears_all = app.bearing(&key(&app, "cy", &scopes).await.1);
    let mut feeds = Vec::new();
    for (api, sees) in [(&ada, "ada"), (&bo, "bo"), (&operator, "all"), (&hears_all, "all")] {
        feeds.push((Feed::open(api, "global").await, sees));
    }
    let (of_ada, of_bo) = (waiting(&ada).await, waiting(&bo).await);
    publish(&ada, "ada").await;
    publish(&bo, "bo").await;
    let expected = |sees: &str| {
        let mut ids = match sees {
            "ada" => vec![of_ada.clone()],
            "bo" => vec![of_bo.clone()],
            _ => vec![of_ada.clone(), of_bo.clone()],
        };
        ids.sort();
        ids
    };
    for (feed, sees) in &mut feeds {
        let mark = if *sees == "ada" { "ada" } else { "bo" };
        assert_eq!(sessions_until(feed, mark).await, expected(sees), "live, {sees}");
    }
    let since = feeds[0].0.established["data"]["epoch"].as_str().unwrap().to_owned();
    for (api, sees) in [(&ada, "ada"), (&bo, "bo"), (&operator, "all"), (&hears_all, "all")] {
        let mut feed = Feed::open(api, &format!("global?since={since}:0")).await;
        let mark = if sees == "ada" { "ada" } else { "bo" };
        assert_eq!(sessions_until(&mut feed, mark).await, expected(sees), "replayed, {sees}");
        let listed = all(api).await;
        let mut ids: Vec<String> =
            listed.iter().filter_map(|event| event["execution_id"].as_str().map(str::to_owned)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids, expected(sees), "listed, {sees}");
        let hears_server = listed.iter().any(|event| event["type"] == "system.startup");
        assert_eq!(hears_server, sees == "all", "{sees}");
    }
}

#[tokio::test]
async fn whoever_publishes_says_nothing_about_what_is_another_s() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = waiting(&ada).await;
    let about = |id: &str| json!({"type": "custom.mark", "execution_id": id});
    ada.post("/api/v1/events", about(&id)).await.ok();
    for id in [&id, "00000000-0000-4000-8000-000000000000"] {
        let refused = bo.post("/api/v1/events", about(id)).await;
        assert_eq!(
            (refused.code(422), &refused.body["errors"][0]["type"]),
            ("invalid_body", &json!("unknown_execution"))
        );
    }
    let refused = bo.post("/api/v1/events", json!({"type": "custom.mark", "crew_id": "c"})).await;
    assert_eq!(refused.body["errors"][0]["type"], "unknown_crew");
}

#[tokio::test]
async fn the_inbox_of_one_is_not_that_of_another() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let mut feed = Feed::open(&bo, "custom?subscriptions=requests,custom.mark").await;
    let mut of_session = Feed::open(&bo, "executions/nightly").await;
    waiting(&ada).await;
    ada.start_with(json!({"task": "asks", "execution_id": "nightly"})).await;
    let own = waiting(&bo).await;
    publish(&bo, "end").await;
    loop {
        let event = feed.next().await.unwrap();
        if event["data"]["mark"] == "end" {
            break;
        }
        if event["type"] == "request.opened" {
            assert_eq!(event["data"]["session_id"], own, "{event}");
        }
    }
    bo.start_with(json!({"task": "asks", "execution_id": "nightly"})).await;
    let first = loop {
        let event = of_session.next().await.unwrap();
        if event["execution_id"] == "nightly" {
            break event;
        }
    };
    let his = bo.get("/api/v1/executions/nightly").await.ok()["session_id"].clone();
    assert_eq!(first["metadata"]["session_id"], his, "{first}");
}
