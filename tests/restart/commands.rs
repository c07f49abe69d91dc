//! Programs as tasks over a `kill -9`: nothing of them outlives the server, and they go on at their question.

use crate::support::journal::{check, streams};
use crate::support::{TestProcess, eventually, json};

/// A server that has this shell script as the task `script`.
async fn server(script: &str) -> TestProcess {
    let task = json!([{"name": "script", "command": ["sh", "-c", script]}]).to_string();
    TestProcess::start_with(&[("task", &task)]).await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_that_a_program_started_outlives_a_killed_server() {
    let mut server = server("trap '' HUP TERM; (sleep 300; :) & echo $!; echo $$; sleep 300; :").await;
    let id = server.start("script", json!({})).await;
    let pids = eventually(
        || "both process ids".into(),
        async || Some(streams(&server.journal(&id).await)).filter(|told| told.len() == 2),
    )
    .await;
    server.kill();
    for pid in pids {
        // Whoever adopts it may leave its entry for a while.
        let runs = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        eventually(|| format!("the end of process {pid}"), async || (!runs()).then_some(())).await;
    }
}

#[tokio::test]
async fn a_script_goes_on_at_its_question() {
    let script = r#"
        read -r start
        echo "Looking at invoice 17"
        echo '{"type":"request_confirmation","message":"Pay 120 euros for invoice 17?"}'
        read -r answer
        case $answer in
        *'"value":true'*) echo "Invoice 17 is paid" ;;
        *) echo "Invoice 17 stays open" ;;
        esac"#;
    let mut server = server(script).await;
    let id = server.start("script", json!({})).await;
    let asked = server.until_status(&id, "waiting_confirmation").await["open_requests"].clone();
    server.crash().await;
    assert_eq!(server.session(&id).await["open_requests"], asked);
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    let end = server.until_status(&id, "completed").await;
    assert_eq!(end["result"], json!({"exit_code": 0}));
    let journal = server.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal), ["Looking at invoice 17", "Invoice 17 is paid"]);
}
