//! What ends one server after another does not do so for ever.

use super::stage::Stage;
use crate::support::{Value, eventually, json};

const REASON: &str = "it has ended the server 2 times in a row, soon after each start";

/// Servers with a task that kills its server at once, and one that says nothing for a long time.
async fn stage(count: usize) -> Option<Stage> {
    let script = |name: &str, script: &str| json!({"name": name, "command": ["sh", "-c", script]});
    let deadly =
        script("deadly", "read -r start; read -r _ _ _ server _ < /proc/$PPID/stat; kill -9 $server; sleep 60");
    let tasks = json!([deadly, script("quiet", "read -r start; sleep 60")]).to_string();
    Stage::with(count, &[("task", &tasks), ("server.max_crashes", "2")]).await
}

impl Stage {
    /// Waits for those that have ended.
    fn bury(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.is_up()) {
            if member.has_ended() {
                member.wait();
            }
        }
    }

    /// The only session of this kind that is in this state, where a server that runs shows one.
    async fn find(&self, task: &str, status: &str) -> Option<Value> {
        let member = self.members.iter().find(|member| member.is_up())?;
        let path = format!("/sessions?task={task}&status={status}");
        let answer = member.request(reqwest::Method::GET, &path).send().await.ok()?;
        answer.json::<Value>().await.ok()?["sessions"].as_array()?.first().cloned()
    }
}

#[tokio::test]
async fn a_session_that_ends_one_server_after_another_fails_and_others_go_on() {
    let Some(mut stage) = stage(4).await else { return };
    let mut quiet = Vec::new();
    for member in &stage.members {
        let id = member.start("quiet", json!({})).await;
        member.until_status(&id, "running").await;
        quiet.push(id);
    }
    // Its start may be answered or not.
    let start = stage.members[0].request(reqwest::Method::POST, "/start-task").json(&json!({"task": "deadly"}));
    let _ = start.send().await;
    let failed = eventually(
        || "the session that ends servers fails".into(),
        async || {
            stage.bury();
            stage.find("deadly", "failed").await
        },
    )
    .await;
    let left: Vec<_> = stage.members.iter().filter(|member| member.is_up()).collect();
    let [last] = left.as_slice() else { panic!("it ran at its own server, and was taken up twice: {}", left.len()) };
    assert_eq!(last.session(failed["session_id"].as_str().unwrap()).await["error"], REASON);
    for id in &quiet {
        assert_eq!(last.session(id).await["status"], "running");
    }
    let metrics = last.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("callboard_quarantined_total{kind=\"session\"} 1"), "{metrics}");
    let events = last.get("/api/v1/events?types=system.error").await.ok();
    assert!(events.to_string().contains(REASON), "{events}");
}

#[tokio::test]
async fn what_is_only_handed_over_is_not_suspected() {
    let Some(mut stage) = stage(2).await else { return };
    let id = stage.members[0].start("quiet", json!({})).await;
    stage.members[0].until_status(&id, "running").await;
    for at in [0, 1, 0, 1] {
        stage.members[at].terminate();
        stage.members[1 - at].until_status(&id, "running").await;
        stage.members[at].up().await;
        stage.until_all_is_owned(2).await;
    }
    assert_eq!(stage.members[0].session(&id).await["status"], "running");
}

#[tokio::test]
async fn an_operator_puts_in_quarantine_what_runs_while_all_servers_are_stopped() {
    let Some(mut stage) = stage(2).await else { return };
    let id = stage.members[0].start("quiet", json!({})).await;
    stage.members[0].until_status(&id, "running").await;
    stage.members.iter_mut().for_each(crate::support::TestProcess::kill);
    let run = |words: &[&str]| {
        let output = stage.members[0].command().args(words).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, said) = run(&["quarantine"]);
    assert!(code == Some(0) && said.contains(&id), "{said}");
    let (code, said) = run(&["quarantine", &id]);
    assert!(code == Some(0) && said.contains("an operator has put it in quarantine"), "{said}");
    stage.members[1].up().await;
    let session = stage.members[1].until_status(&id, "failed").await;
    assert_eq!(session["error"], "an operator has put it in quarantine");
}
