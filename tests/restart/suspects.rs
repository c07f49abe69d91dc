//! What ended the server does not do so again and again, and nothing else suffers for it.

use rustix::process::Signal;

use crate::support::process::callboard;
use crate::support::{TestProcess, eventually, json};

/// A server whose task `deadly` kills it at once, and whose task `quiet` tells nothing for a long time.
fn server(settings: &[(&str, &str)]) -> TestProcess {
    let script = |name: &str, script: &str| json!({"name": name, "command": ["sh", "-c", script]});
    let deadly =
        script("deadly", "read -r start; read -r _ _ _ server _ < /proc/$PPID/stat; kill -9 $server; sleep 60");
    let quiet = script("quiet", "read -r start; sleep 60");
    let tasks = json!([deadly, quiet]).to_string();
    TestProcess::prepare(&[&[("task", tasks.as_str())], settings].concat())
}

/// Starts a session that kills the server; gives its id.
async fn start_deadly(server: &mut TestProcess) -> String {
    // Its start may be told or not.
    let _ = server.request(reqwest::Method::POST, "/start-task").json(&json!({"task": "deadly"})).send().await;
    server.wait();
    let (_, listed) = quarantine(server, None);
    let line = listed.lines().find(|line| line.ends_with("deadly")).expect(&listed);
    line.split_whitespace().nth(1).unwrap().to_owned()
}

/// What the command `quarantine` says, with its exit code.
fn quarantine(server: &TestProcess, id: Option<&str>) -> (Option<i32>, String) {
    let store = format!("sqlite:{}", server.database().display());
    let output = callboard(server.folder()).args(["quarantine", "--store", &store]).args(id).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test]
async fn a_session_that_ends_the_server_fails_after_three_times_and_others_go_on() {
    let mut server = server(&[]);
    server.up().await;
    let quiet = [server.start("quiet", json!({})).await, server.start("quiet", json!({})).await];
    let asked = server.start("approval", json!({})).await;
    server.until_status(&asked, "waiting_confirmation").await;
    let deadly = start_deadly(&mut server).await;
    for _ in 0..3 {
        server.spawn();
        server.wait();
    }
    server.up().await;
    let session = server.until_status(&deadly, "failed").await;
    assert_eq!(session["error"], "it has ended the server 3 times in a row, soon after each start");
    for id in &quiet {
        server.until_status(id, "running").await;
    }
    server.answer(&asked, "confirm", json!({"value": true})).await.ok();
    server.until_status(&asked, "completed").await;
    let metrics = server.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("callboard_quarantined_total{kind=\"session\"} 1"), "{metrics}");
    let events = server.get("/api/v1/events?types=system.error").await.ok();
    assert!(events.to_string().contains(&deadly), "{events}");
}

#[tokio::test]
async fn a_start_that_goes_well_or_ends_in_good_order_clears_all() {
    let mut server = server(&[]);
    server.up().await;
    let quiet = server.start("quiet", json!({})).await;
    server.until_status(&quiet, "running").await;
    for _ in 0..2 {
        server.crash().await;
        server.crash().await;
        server.terminate();
        server.up().await;
    }
    server.until_status(&quiet, "running").await;
}

#[tokio::test]
async fn an_end_after_the_window_does_not_count() {
    let mut server = server(&[("server.crash_window", "0.3"), ("server.max_crashes", "1")]);
    server.up().await;
    let quiet = server.start("quiet", json!({})).await;
    server.until_status(&quiet, "running").await;
    for _ in 0..2 {
        server.crash().await;
        let gone = async || {
            let database = rusqlite::Connection::open(server.database()).unwrap();
            let sql = "SELECT count(*) FROM documents WHERE collection = 'resumed' AND body LIKE '%session%'";
            let marks: u32 = database.query_row(sql, [], |row| row.get(0)).unwrap();
            (marks == 0).then_some(())
        };
        eventually(|| "the end of suspicion".into(), gone).await;
    }
    server.until_status(&quiet, "running").await;
}

#[tokio::test]
async fn an_operator_puts_what_runs_in_quarantine_while_the_server_is_stopped() {
    let mut server = server(&[]);
    server.up().await;
    let quiet = server.start("quiet", json!({})).await;
    server.until_status(&quiet, "running").await;
    let graph = json!({"id": "w", "name": "w", "autostart": true, "edges": [],
        "nodes": [{"id": "Clock-1", "type": "Clock", "inputs": {}}]});
    assert_eq!(server.post("/workflows", graph).await.status, 201);
    server.post("/workflows/w/continuous/start", json!({})).await.ok();
    let (code, said) = quarantine(&server, Some(&quiet));
    assert!(code == Some(1) && said.contains("another Callboard uses"), "{said}");
    server.signal(Signal::KILL);
    server.wait();
    let (code, said) = quarantine(&server, None);
    assert!(code == Some(0) && said.contains(&quiet) && said.contains("workflow  w"), "{said}");
    for id in [quiet.as_str(), "w"] {
        let (code, said) = quarantine(&server, Some(id));
        assert!(code == Some(0) && said.contains("an operator has put it in quarantine"), "{said}");
    }
    for (id, why) in [(quiet.as_str(), "has ended already"), ("nothing", "there is no session nothing")] {
        let (code, said) = quarantine(&server, Some(id));
        assert!(code == Some(1) && said.contains(why), "{said}");
    }
    server.up().await;
    let session = server.session(&quiet).await;
    assert_eq!(
        (&session["status"], &session["error"]),
        (&json!("failed"), &json!("an operator has put it in quarantine"))
    );
    let status = server.get("/workflows/w/status").await.ok();
    let reason = "an operator has put it in quarantine";
    assert_eq!((&status["is_running"], &status["pause_reason"]), (&json!(false), &json!(reason)));
    let started = server.post("/workflows/w/continuous/start", json!({})).await.ok();
    assert!(started["is_running"] == true && started.get("pause_reason").is_none(), "{started}");
    server.crash().await;
    let runs = async || (server.get("/workflows/w/status").await.ok()["is_running"] == true).then_some(());
    eventually(|| "the workflow to come back".into(), runs).await;
}
