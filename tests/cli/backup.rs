//! `callboard backup FILE` and `callboard restore FILE`, with a server that runs meanwhile.

use super::{callboard, text};
use crate::support::{TestProcess, json};

#[tokio::test]
async fn a_copy_that_is_made_while_a_server_runs_has_its_open_questions() {
    let server = TestProcess::start_with(&[]).await;
    let id = server.start("approval", json!({})).await;
    server.until_status(&id, "waiting_confirmation").await;
    let folder = tempfile::tempdir().unwrap();
    let (copy, store) = (folder.path().join("copy.db"), format!("sqlite:{}", server.database().display()));
    let file = copy.to_str().unwrap();
    let output = callboard(folder.path(), &["backup", file, "--store", &store]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with(&format!("{file}: 1 sessions, ")), "{}", text(&output.stdout));
    let again = callboard(folder.path(), &["backup", file, "--store", &store]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is there already"), "{}", text(&again.stderr));
    // A bare name is one in the folder where it runs.
    let bare = callboard(folder.path(), &["backup", "bare.db", "--store", &store]).output().unwrap();
    assert_eq!(bare.status.code(), Some(0), "{}", text(&bare.stderr));
    assert!(folder.path().join("bare.db.key").exists());
    let used = callboard(folder.path(), &["restore", file, "--store", &store]).output().unwrap();
    assert_eq!(used.status.code(), Some(1));
    assert!(text(&used.stderr).contains("another Callboard uses the database"), "{}", text(&used.stderr));
    server.answer(&id, "confirm", json!({"value": true})).await.ok();

    let itself = callboard(folder.path(), &["restore", file, "--store", &format!("sqlite:{file}")]).output().unwrap();
    assert_eq!(itself.status.code(), Some(1));
    assert!(text(&itself.stderr).contains("is the database itself"), "{}", text(&itself.stderr));
    let other = format!("sqlite:{}", folder.path().join("other.db").display());
    let restored = callboard(folder.path(), &["restore", file, "--store", &other]).output().unwrap();
    assert_eq!(restored.status.code(), Some(0), "{}", text(&restored.stderr));
    let second = TestProcess::start_with(&[("store.url", &other)]).await;
    let open = second.get("/requests").await.ok();
    assert_eq!(open["requests"][0]["session_id"], id.as_str());
    second.answer(&id, "confirm", json!({"value": true})).await.ok();
    second.until_status(&id, "completed").await;
}
