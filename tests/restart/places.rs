//! Databases that cannot be used: the server says so in one line that names the path, and touches nothing.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::process::{callboard, free_port};
use crate::support::{TestProcess, eventually, json};

/// Tries to serve with this store.
fn serve(folder: &Path, store: &str) -> Output {
    let port = free_port().to_string();
    callboard(folder).args(["serve", "--store", store, "--port", &port]).output().unwrap()
}

/// Checks that the server refused in one clear line that names this path.
#[track_caller]
fn refused(output: &Output, path: &str) -> String {
    assert!(matches!(output.status.code(), Some(1 | 78)), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("callboard: ")).collect();
    assert_eq!(said.len(), 1, "one line says it: {text}");
    assert!(said[0].contains(path), "it names {path}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    said[0].to_owned()
}

#[tokio::test]
async fn a_second_server_on_a_database_is_refused_and_the_first_goes_on() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = server.start("approval", json!({"lines": 1})).await;
    let path = server.database().display().to_string();
    let said = refused(&serve(server.folder(), &format!("sqlite:{path}")), "callboard.db");
    assert!(said.contains("another Callboard"), "{said}");
    server.until_status(&id, "waiting_confirmation").await;
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    server.until_status(&id, "completed").await;
    server.crash().await;
    assert_eq!(server.session(&id).await["status"], "completed");
}

#[test]
fn a_file_that_is_no_database_of_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("garbage.db"), b"this is a letter, and no database\n".repeat(300)).unwrap();
    let foreign = rusqlite::Connection::open(place("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup');").unwrap();
    drop(foreign);
    for name in ["garbage.db", "foreign.db"] {
        let before = fs::read(place(name)).unwrap();
        refused(&serve(folder.path(), &format!("sqlite:{name}")), name);
        assert_eq!(fs::read(place(name)).unwrap(), before, "{name} is left as it was");
    }
}

#[tokio::test]
async fn a_truncated_database_is_refused() {
    let mut server = TestProcess::start_with(&[]).await;
    for _ in 0..20 {
        let id = server.start("simulate_streaming", json!({"steps": 50, "step_delay_ms": 0})).await;
        server.until_status(&id, "completed").await;
    }
    server.terminate();
    let whole = fs::read(server.database()).unwrap();
    for length in [whole.len() - 4096, whole.len() / 2 + 7, 50] {
        fs::write(server.database(), &whole[..length]).unwrap();
        refused(&serve(server.folder(), "sqlite:callboard.db"), "callboard.db");
    }
    fs::write(server.database(), &whole).unwrap();
    server.up().await;
    assert_eq!(server.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 20);
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    fs::create_dir(folder.path().join("folder.db")).unwrap();
    for (path, named) in [
        ("missing/board.db", "missing"),
        ("file/board.db", "file"),
        ("folder.db", "folder.db"),
        ("/proc/board.db", "/proc/board.db"),
    ] {
        refused(&serve(folder.path(), &format!("sqlite:{path}")), named);
    }
    assert_eq!(serve(folder.path(), "nowhere").status.code(), Some(78));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let server = TestProcess::start_with(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let port = server.address.port().to_string();
    let output = callboard(folder.path()).args(["serve", "--port", &port]).output().unwrap();
    refused(&output, &port);
    assert!(!folder.path().join("callboard.db").exists(), "no database is made in vain");
}

#[tokio::test]
async fn a_server_whose_database_is_taken_away_refuses_all_and_says_so() {
    let server = TestProcess::start_with(&[]).await;
    let away = server.folder().join("away.db");
    fs::rename(server.database(), &away).unwrap();
    let refused = server.post("/start-task", json!({"task": "approval"})).await;
    assert_eq!(refused.code(503), "store_unavailable");
    assert!(!refused.body.to_string().contains("callboard.db"), "{}", refused.body);
    for path in ["/readyz", "/health"] {
        assert_eq!(server.get(path).await.status, 503, "{path}");
    }
    assert!(server.log().contains("nothing is acknowledged any more"), "{}", server.log());
    fs::rename(&away, server.database()).unwrap();
    eventually(|| "its recovery".into(), async || (server.get("/readyz").await.status == 200).then_some(())).await;
    server.start("approval", json!({})).await;
}

#[tokio::test]
async fn a_database_with_a_damaged_page_is_refused_at_the_start() {
    let mut server = TestProcess::start_with(&[]).await;
    for _ in 0..40 {
        server.start("approval", json!({})).await;
    }
    server.terminate();
    let whole = fs::read(server.database()).unwrap();
    let mut refusals = 0;
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..][..4096].fill(0xa5);
        fs::write(server.database(), &bytes).unwrap();
        server.spawn();
        // Pages that a start has no use for are met later.
        while !server.has_ended_or_answers().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        if server.has_ended() {
            let log = server.log();
            assert_eq!(server.wait().code(), Some(1), "{log}");
            assert!(log.contains("is damaged") && !log.contains("panicked"), "page {page}: {log}");
            refusals += 1;
        } else {
            server.kill();
        }
    }
    assert!(refusals > 0);
}
