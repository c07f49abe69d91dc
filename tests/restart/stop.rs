//! SIGTERM, and what the sockets and sessions have of it.

use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::support::journal::{all, check, check_stretch, streams};
use crate::support::{TestProcess, json};

#[tokio::test]
async fn a_stop_tells_every_socket_and_sessions_go_on_afterwards() {
    let mut server = TestProcess::start_with(&[]).await;
    let running = server.start("simulate_streaming", json!({"steps": 200, "step_delay_ms": 5})).await;
    let waiting = server.start("approval", json!({"lines": 1})).await;
    let mut clients =
        join_all((0..10).map(|at| server.connect(if at < 5 { &running } else { &waiting }, Some(0)))).await;
    for client in &mut clients {
        client.until("state_replay_complete").await;
    }
    clients[0].until_seq(20).await;
    let before = Instant::now();
    server.signal(rustix::process::Signal::TERM);
    let codes = join_all(clients.iter_mut().map(|client| client.until_closed())).await;
    assert_eq!(codes, [Some(1001); 10], "{}", server.log());
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert!(before.elapsed() < Duration::from_secs(10), "well under ten seconds, with a wide margin");
    server.up().await;
    for (at, client) in clients.iter().enumerate() {
        let journal = server.journal(if at < 5 { &running } else { &waiting }).await;
        check_stretch(&client.entries(), &journal);
    }
    server.answer(&waiting, "confirm", json!({"value": true})).await.ok();
    server.until_status(&waiting, "completed").await;
    server.until_status(&running, "completed").await;
    let journal = server.journal(&running).await;
    check(&journal);
    assert_eq!(streams(&journal).len(), 200);
    assert_eq!(all(&journal, "recovered", "cause").len(), 1);
    server.terminate();
}

#[tokio::test]
async fn a_stop_with_nothing_to_do_is_quick_and_leaves_a_whole_database() {
    let mut server = TestProcess::start_with(&[]).await;
    for _ in 0..3 {
        server.start("approval", json!({})).await;
        server.terminate();
        let log = server.database().with_extension("db-wal");
        assert!(!log.exists() || std::fs::metadata(&log).unwrap().len() == 0, "the log is in the database");
        server.up().await;
    }
    assert_eq!(server.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 3);
}
