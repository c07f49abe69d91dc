//! The real program on Redis: killed itself, and with its engine killed.

use std::path::Path;

use crate::support::journal::{check, check_stretch};
use crate::support::redis_server::{self, RedisServer};
use crate::support::{TestProcess, eventually, json};

const PASSWORD: &str = "hunter2-and-more";

fn engine(folder: &Path, port: u16) -> RedisServer {
    RedisServer::start(folder, port, &["--requirepass", PASSWORD])
}

#[tokio::test]
async fn a_question_survives_kills_of_the_server_and_of_its_engine() {
    if redis_server::program().is_none() {
        return;
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), redis_server::free_port());
    let mut redis = engine(folder.path(), port);
    let url = format!("redis://:{PASSWORD}@127.0.0.1:{port}");
    let settings = [
        ("store.url", url.as_str()),
        ("store.secret_key", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
        ("server.admin_token", "sixteen-letters_"),
        ("cluster.name", "board"),
    ];
    let mut server = TestProcess::start_with(&settings).await;
    let id = server.start("approval", json!({"lines": 3})).await;
    let before = server.until_status(&id, "waiting_confirmation").await;
    let seen = server.journal(&id).await;
    server.crash().await;
    let after = server.session(&id).await;
    assert_eq!(after["open_requests"], before["open_requests"], "the same question with the same id");
    assert_eq!(server.journal(&id).await, seen);
    drop(redis);
    let readiness = async |wanted: u16| {
        eventually(
            || format!("/readyz is {wanted}"),
            async || (server.get("/readyz").await.status == wanted).then_some(()),
        )
        .await;
    };
    readiness(503).await;
    assert_eq!(server.get("/livez").await.status, 200);
    redis = engine(folder.path(), port);
    readiness(200).await;
    let answer = json!({"value": true, "request_id": before["open_requests"][0]["request_id"]});
    server.answer(&id, "confirm", answer.clone()).await.ok();
    server.until_status(&id, "completed").await;
    let journal = server.journal(&id).await;
    check(&journal);
    check_stretch(&seen, &journal);
    server.terminate();
    server.up().await;
    assert_eq!(server.journal(&id).await, journal);
    assert_eq!(server.answer(&id, "confirm", answer).await.code(409), "already_answered");
    assert!(!server.log().contains(PASSWORD), "{}", server.log());
    drop(redis);
}
