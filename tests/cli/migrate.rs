//! `callboard migrate`, from one file to another: what it says, and that a server goes on with what was copied.

use super::{callboard, text};
use crate::support::{TestProcess, json};

#[tokio::test]
async fn a_server_goes_on_in_the_store_that_all_was_copied_into() {
    let server = TestProcess::start_with(&[]).await;
    let id = server.start("approval", json!({})).await;
    server.until_status(&id, "waiting_confirmation").await;
    let folder = tempfile::tempdir().unwrap();
    let (copy, database) = (folder.path().join("copy.db"), server.database());
    let store = format!("sqlite:{}", database.display());
    let file = copy.to_str().unwrap();
    let backed_up = callboard(folder.path(), &["backup", file, "--store", &store]).output().unwrap();
    assert_eq!(backed_up.status.code(), Some(0), "{}", text(&backed_up.stderr));

    let (from, to) = (format!("sqlite:{file}"), format!("sqlite:{}", folder.path().join("other.db").display()));
    let arguments = ["migrate", "--from", &from, "--to", &to];
    let output = callboard(folder.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "each has a key of its own");
    assert!(text(&output.stderr).contains("store.secret_key"), "{}", text(&output.stderr));

    let missing = format!("sqlite:{}", folder.path().join("none.db").display());
    let output = callboard(folder.path(), &["migrate", "--from", &missing, "--to", &to]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no database at"), "{}", text(&output.stderr));
    assert!(!folder.path().join("none.db").exists());

    let key = std::fs::read_to_string(format!("{file}.key")).unwrap();
    let migrate =
        || callboard(folder.path(), &arguments).env("CALLBOARD_STORE__SECRET_KEY", key.trim()).output().unwrap();
    let output = migrate();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.starts_with("1 sessions (") && said.contains("checksum"), "{said}");
    let again = migrate();
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("not empty"), "{}", text(&again.stderr));

    let second = TestProcess::start_with(&[("store.url", &to), ("store.secret_key", key.trim())]).await;
    second.answer(&id, "confirm", json!({"value": true})).await.ok();
    second.until_status(&id, "completed").await;
}
