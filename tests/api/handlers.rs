//! Event handlers of the settings, on the whole server.

use callboard::config::handler::EventHandler;

use crate::support::{Setup, Value, eventually, json};

fn handler(setup: &Setup, name: &str, types: &[&str], script: &str) -> EventHandler {
    EventHandler {
        name: name.into(),
        types: types.iter().map(|text| (*text).to_owned()).collect(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        cwd: Some(setup.file("").to_string_lossy().into_owned()),
        ..EventHandler::default()
    }
}

#[actix_web::test]
async fn a_command_is_run_for_each_event_that_its_handler_names() {
    let setup = Setup::memory();
    let file = setup.file("heard");
    let handlers = vec![
        handler(&setup, "orders", &["custom.orders.*"], "cat >> heard"),
        handler(&setup, "broken", &["*"], "exit 1"),
    ];
    let app = setup.with(|settings| settings.event_handler = handlers).start().await;
    for word in ["custom.orders.a", "custom.other", "custom.orders.b"] {
        app.post("/api/v1/events", json!({"type": word})).await.ok();
    }
    let heard = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let complete = text.lines().map_while(|line| serde_json::from_str::<Value>(line).ok());
        complete.map(|event| event["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let heard =
        eventually(|| format!("two events, not {:?}", heard()), async || Some(heard()).filter(|it| it.len() == 2));
    assert_eq!(heard.await, ["custom.orders.a", "custom.orders.b"]);
    // What fails is no event, else a handler of all events would be run for its own failure.
    let told = app.get("/api/v1/events?type=system.*").await.ok();
    assert!(told["events"].as_array().unwrap().iter().all(|event| event["type"] == "system.startup"), "{told}");
}

#[actix_web::test]
async fn the_end_of_the_server_is_heard_and_a_command_that_does_not_end_is_ended() {
    let setup = Setup::memory();
    let file = setup.file("heard");
    let handlers = vec![
        handler(&setup, "goodbye", &["system.shutdown"], "cat >> heard"),
        handler(&setup, "endless", &["custom.*"], "touch started; sleep 600"),
    ];
    let started = setup.file("started");
    let setup = setup.with(|settings| {
        settings.event_handler = handlers;
        settings.server.shutdown_timeout = 1.0;
    });
    let mut app = setup.start().await;
    app.post("/api/v1/events", json!({"type": "custom.a"})).await.ok();
    eventually(|| "a start".into(), async || started.exists().then_some(())).await;
    // Checks that no process is left, too.
    app.stop();
    assert!(std::fs::read_to_string(&file).unwrap().contains("system.shutdown"));
}
