//! Those who see a session because they are asked something, at any server.

use super::stage::Stage;
use crate::support::api::Api;
use crate::support::{eventually, json};

const SCOPES: [&str; 4] = ["sessions:start", "sessions:read", "sessions:answer", "sessions:cancel"];

/// Three servers on which Ada, Bo and Cy have keys.
async fn stage() -> Option<(Stage, [Vec<Api>; 3])> {
    let stage = Stage::with(3, &[("auth.api_keys", "true")]).await?;
    let mut people = [vec![], vec![], vec![]];
    for (at, name) in people.iter_mut().zip(["ada", "bo", "cy"]) {
        *at = stage.somebody(name, &SCOPES).await;
    }
    Some((stage, people))
}

#[tokio::test]
async fn whoever_is_asked_follows_the_session_at_any_server_until_that_is_answered() {
    let Some((_stage, [ada, bo, cy])) = stage().await else { return };
    for (at, answers_at) in [(0, 1), (1, 1), (2, 1)] {
        let id = ada[0].start("approval", json!({"assignees": ["bo"], "lines": 2})).await;
        ada[0].until_status(&id, "waiting_confirmation").await;
        let mut stranger = cy[at].connect(&id, None).await;
        assert_eq!(stranger.until("error").await["code"], "unknown_session");
        assert_eq!(stranger.until_closed().await, Some(4504));
        let (mut own, mut asked) = (ada[at].connect(&id, Some(0)).await, bo[at].connect(&id, Some(0)).await);
        own.until("request_confirmation").await;
        asked.until("request_confirmation").await;
        bo[answers_at].answer(&id, "confirm", json!({"value": true})).await.ok();
        assert_eq!(asked.until("answered").await["by"], "bo");
        assert_eq!(asked.until_closed().await, Some(4504));
        assert!(!asked.heard.iter().any(|text| text.contains("Line 1/2")), "{:?}", asked.heard);
        own.until_end().await;
        let mut late = bo[at].connect(&id, None).await;
        assert_eq!(late.until_closed().await, Some(4504));
    }
}

#[tokio::test]
async fn a_question_that_was_just_asked_lets_in_whom_it_is_put_to() {
    let Some((_stage, [ada, bo, _])) = stage().await else { return };
    for _ in 0..10 {
        let id = ada[0].start("approval", json!({"assignees": ["bo"]})).await;
        // Somebody follows it elsewhere already, where its journal is known as far as it came.
        let _watching = ada[1].connect(&id, None).await;
        eventually(
            || "it is there for whoever is asked".into(),
            async || (bo[2].get(&format!("/sessions/{id}")).await.status == 200).then_some(()),
        )
        .await;
        bo[1].connect(&id, None).await.until("request_confirmation").await;
    }
}

#[tokio::test]
async fn whoever_is_only_asked_does_not_keep_a_session_whose_owner_has_left() {
    let Some((stage, [ada, bo, _])) = stage().await else { return };
    let start = json!({
        "task": "approval", "config": {"assignees": ["bo"]}, "on_disconnect": {"cancel_after": 0.05},
    });
    let id = ada[0].start_with(start).await;
    let mut own = ada[1].connect(&id, None).await;
    own.until("request_confirmation").await;
    let mut asked = bo[1].connect(&id, None).await;
    asked.until("request_confirmation").await;
    eventually(
        || "its server knows of both".into(),
        async || (ada[0].session(&id).await["connections"] == 2).then_some(()),
    )
    .await;
    own.leave().await;
    assert_eq!(asked.until("answered").await["withdrawn"], true);
    assert_eq!(asked.until_closed().await, Some(4504));
    ada[2].until_status(&id, "cancelled").await;
    drop(stage);
}
