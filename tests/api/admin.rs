//! The admin token.

use reqwest::Method;

use crate::api::ask;
use crate::support::{Setup, json};

const CLEAR: &str = "/api/v1/queue/clear";

#[actix_web::test]
async fn on_this_machine_nothing_has_to_be_shown_unless_a_proxy_passes_it_on() {
    let app = Setup::memory().start().await;
    assert_eq!(app.post(CLEAR, json!(null)).await.ok(), json!({"cancelled": 0}));
    let passed_on = ask(&app, Method::POST, CLEAR, &[("x-forwarded-for", "192.0.2.1")], None).await;
    assert_eq!(passed_on.code(401), "unauthenticated");
}

#[actix_web::test]
async fn a_token_that_is_set_has_to_be_shown() {
    let token = "a-token-of-many-letters";
    let setup = Setup::memory().with(|settings| settings.server.admin_token = Some(token.to_owned().into()));
    let app = setup.start().await;
    let answer = app.request(Method::POST, CLEAR).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["www-authenticate"] == "Bearer realm=\"callboard\""),
        (401, true)
    );
    let wrong = ask(&app, Method::POST, CLEAR, &[("authorization", "Bearer another")], None).await;
    assert_eq!(wrong.code(401), "unauthenticated");
    let right = ask(&app, Method::POST, CLEAR, &[("authorization", &format!("Bearer {token}"))], None).await;
    right.ok();
    let declared = ask(&app, Method::PUT, "/api/v1/event-types/custom.a", &[], Some(&json!({}))).await;
    assert_eq!(declared.code(401), "unauthenticated");
}

#[actix_web::test]
async fn clearing_the_queue_cancels_what_waits_and_nothing_else() {
    let app = Setup::memory().with(|settings| settings.sessions.max_running_sessions = 1).start().await;
    let slow = json!({"step_delay_ms": 600_000});
    let running = app.start("simulate_streaming", slow.clone()).await;
    app.until_status(&running, "running").await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(app.start("simulate_streaming", slow.clone()).await);
    }
    assert_eq!(app.post(CLEAR, json!(null)).await.ok(), json!({"cancelled": 3}));
    for id in &waiting {
        app.until_status(id, "cancelled").await;
    }
    assert_eq!(app.session(&running).await["status"], "running");
    let events = crate::api::told(&app, "queue.cleared", 1).await;
    assert_eq!(events[0]["data"]["cancelled"], 3);
}
