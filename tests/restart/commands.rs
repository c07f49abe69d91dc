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

/// Says two secrets wherever a program can say something: one of its settings, and one that a person has told it.
const TALKS: &str = r#"
    read -r start
    echo '{"type":"request_user_input","fields":[{"name":"pw","type":"secret"}]}'
    read -r answer
    pw=${answer##*'"pw":"'}; pw=${pw%%'"'*}
    echo '{"type":"step","name":"login"}'; read -r login
    case $login in
    *step_run*) echo '{"type":"step_completed","name":"login","value":{"user":"ada","both":"'$pw:$API_KEY'"}}' ;;
    esac
    echo "plain $pw $API_KEY"
    echo '{"type":"stream","content":"stream '$pw'"}'
    echo '{"type":"progress","done":1,"total":1,"label":"progress '$API_KEY'"}'
    echo "stderr $pw $API_KEY" >&2
    echo '{"type":"request_confirmation","message":"Use '$pw'?"}'
    read -r go
    case $login in *"$pw:$API_KEY"*) echo "the step gave it whole" ;; esac
    case $CALLBOARD_ATTEMPT in 1) echo "again: $pw" >&2; exit 3 ;; esac
    echo '{"type":"task_completed","values":{"pw":"'$pw'","keys":["'$API_KEY'"]}}'"#;

#[tokio::test]
async fn secrets_that_a_program_says_are_masked_wherever_text_is_kept() {
    let (key, password) = ("a-key-of-the-settings", "told-by-a-person");
    let task = json!([{
        "name": "script", "command": ["sh", "-c", TALKS], "env": {"API_KEY": key}, "max_retries": 1, "kill_after": 0.2,
    }]);
    let mut server = TestProcess::prepare(&[("task", &task.to_string()), ("log.filter", "debug")]);
    server.up().await;
    let id = server.start("script", json!({})).await;
    server.until_status(&id, "waiting_input").await;
    server.answer(&id, "input", json!({"values": {"pw": password}})).await.ok();
    let asked = server.until_status(&id, "waiting_confirmation").await;
    assert_eq!(asked["open_requests"][0]["message"], "Use ***?");
    server.crash().await;
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    server.until_status(&id, "waiting_retry").await;
    server.answer(&id, "retry", json!({"value": true})).await.ok();
    // Another attempt asks anew.
    server.until_status(&id, "waiting_input").await;
    server.answer(&id, "input", json!({"values": {"pw": password}})).await.ok();
    server.until_status(&id, "waiting_confirmation").await;
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    let end = server.until_status(&id, "completed").await;
    assert_eq!(end["result"], json!({"pw": "***", "keys": ["***"]}));

    let journal = server.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal)[..3], ["plain *** ***", "stream ***", "the step gave it whole"]);
    let mut seen = format!("{}\n{end}", journal.join("\n"));
    assert!(seen.contains("exited with code 3: stderr *** ***\\nagain: ***"), "{seen}");
    seen += &server.get("/sessions").await.ok().to_string();
    seen += &server.get("/api/v1/events?limit=1000").await.ok().to_string();
    seen += &server.log();
    assert!(seen.contains("stderr: stderr *** ***"), "{seen}");
    let read =
        |path: std::path::PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    seen.extend(std::fs::read_dir(server.folder()).unwrap().map(|entry| read(entry.unwrap().path())));
    for secret in [key, password] {
        let places: Vec<_> = seen.match_indices(secret).map(|(at, _)| &seen[at.saturating_sub(60)..at]).collect();
        assert!(places.is_empty(), "{places:?}");
    }
}
