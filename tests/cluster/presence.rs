//! Who is counted as watching a session, of all servers.

use std::time::Duration;

use rustix::process::Signal;

use super::stage::{Stage, TOKEN};
use crate::support::{eventually, json};

#[tokio::test]
async fn sockets_of_a_server_that_was_taken_for_dead_are_not_counted_for_ever() {
    let Some(stage) = Stage::of(3).await else { return };
    let start = json!({"task": "approval", "on_disconnect": {"cancel_after": 1.0}});
    let mut ids = Vec::new();
    for _ in 0..8 {
        let id = stage.members[0].start_with(start.clone()).await;
        let mut watcher = stage.watch(1, &id).await;
        watcher.until("request_confirmation").await;
        ids.push((id, watcher));
    }
    stage.members[1].signal(Signal::STOP);
    eventually(
        || "it is taken for dead".into(),
        async || {
            let shown = stage.members[0].bearing(TOKEN).get("/api/v1/cluster").await.ok();
            (shown["members"].as_array().unwrap().len() == 2).then_some(())
        },
    )
    .await;
    // They are let in before the server knows what has become of it.
    let coming = futures::future::join_all(ids.iter().map(async |(id, _)| {
        let mut came = stage.watch(1, id).await;
        came.until_closed().await
    }));
    let going_on = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.members[1].signal(Signal::CONT);
    };
    let (closed, ()) = tokio::join!(coming, going_on);
    assert!(closed.iter().all(|code| *code == Some(1001)), "{closed:?}");
    for (id, _) in &ids {
        stage.members[2].until_status(id, "cancelled").await;
    }
}
