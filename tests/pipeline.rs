//! The pipeline: phases in order, each by its agent, over HTTP and on the socket of workflows.

use std::path::Path;

use crate::support::client::Client;
use crate::support::process::TestProcess;
use crate::support::{Value, json};

/// Says who works, and fails or waits where a file says so.
const PROGRAM: &str = r#"#!/bin/sh
read -r start
echo "$1" >> ran
if [ -e "fail-$1" ]; then rm "fail-$1"; echo "nothing came of it" >&2; exit 3; fi
echo "{\"type\": \"stream\", \"content\": \"$1 works\"}"
while [ -e "hold-$1" ]; do sleep 0.02; done
echo "{\"type\": \"task_completed\", \"values\": {\"output\": \"came of $1\"}}"
"#;

const PHASES: [&str; 3] = ["research", "planning", "implementation"];

async fn server() -> TestProcess {
    let mut server = TestProcess::prepare(&[]);
    let folder = server.folder().to_owned();
    std::fs::write(folder.join("work.sh"), PROGRAM).unwrap();
    let mut settings = "[pipeline]\n".to_owned();
    for phase in PHASES {
        settings.push_str(&format!("{phase} = \"by-{phase}\"\n"));
    }
    for phase in PHASES {
        settings.push_str(&format!(
            "[[agent]]\nname = \"by-{phase}\"\nrole = \"r\"\ngoal = \"g\"\nkind = \"command\"\n\
             config = {{ command = [\"sh\", \"{}\", \"{phase}\"] }}\n",
            folder.join("work.sh").display()
        ));
    }
    std::fs::write(folder.join("callboard.toml"), settings).unwrap();
    server.up().await;
    server
}

fn ran(folder: &Path) -> Vec<String> {
    std::fs::read_to_string(folder.join("ran")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn phases(journal: &[String]) -> Vec<String> {
    let entries = journal.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_phases = entries.filter(|entry| entry["type"].as_str().unwrap().starts_with("phase_"));
    of_phases.map(|entry| format!("{} {}", entry["type"].as_str().unwrap(), entry["phase"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn phases_are_done_in_order_and_kept_in_memory() {
    let server = server().await;
    let id = server.start_with(json!({"task": "pipeline", "input": {"content": "a bridge"}, "client_id": "ada"})).await;
    let session = server.until_status(&id, "completed").await;
    assert_eq!(session["result"]["output"], "came of implementation");
    let journal = server.journal(&id).await;
    let expected: Vec<String> = PHASES
        .iter()
        .flat_map(|phase| [format!("phase_started {phase}"), format!("phase_completed {phase}")])
        .collect();
    assert_eq!(phases(&journal), expected);
    assert_eq!(ran(server.folder()), PHASES);
    assert_eq!(server.get(&format!("/memory/ada/pipeline.{id}.planning")).await.ok(), json!("came of planning"));
}

#[tokio::test]
async fn a_phase_that_failed_is_tried_again_alone() {
    let server = server().await;
    std::fs::write(server.folder().join("fail-planning"), "").unwrap();
    let id = server.start_with(json!({"task": "pipeline", "input": {"content": "x"}})).await;
    server.until_status(&id, "waiting_retry").await;
    assert_eq!(server.answer(&id, "retry", json!({"value": true})).await.status, 200);
    server.until_status(&id, "completed").await;
    assert_eq!(ran(server.folder()), ["research", "planning", "planning", "implementation"]);
}

#[tokio::test]
async fn a_run_goes_on_in_its_phase_after_a_kill() {
    let mut server = server().await;
    let hold = server.folder().join("hold-implementation");
    std::fs::write(&hold, "").unwrap();
    let id = server.start_with(json!({"task": "pipeline", "input": {"content": "x"}})).await;
    let mut client = server.connect(&id, None).await;
    while client.until("stream").await["content"] != "implementation works" {}
    server.kill();
    server.up().await;
    std::fs::remove_file(hold).unwrap();
    server.until_status(&id, "completed").await;
    assert_eq!(ran(server.folder()), ["research", "planning", "implementation", "implementation"]);
    assert_eq!(phases(&server.journal(&id).await).len(), 6);
}

#[tokio::test]
async fn overrides_are_checked_by_name() {
    let server = server().await;
    for bad in [json!({"nonsense": 1}), json!({"approve_plan": "maybe"}), json!({"research": 7})] {
        let key = bad.as_object().unwrap().keys().next().unwrap().clone();
        let body = json!({"task": "pipeline", "input": {"content": "x"}, "config": bad});
        let refused = server.post("/start-task", body).await;
        assert_eq!((refused.code(422), &refused.body["errors"][0]["loc"][2]), ("invalid_body", &json!(key)));
    }
    let unknown = json!({"task": "pipeline", "input": {"content": "x", "folder": "none"}});
    assert_eq!(server.post("/start-task", unknown).await.body["errors"][0]["loc"][2], "folder");
    let refused = server.post("/start-task", json!({"task": "pipeline", "input": {}})).await;
    assert_eq!(refused.body["errors"][0]["loc"][2], "content");
}

#[tokio::test]
async fn a_task_on_the_socket_of_workflows_is_followed_and_answered_there() {
    let server = server().await;
    let mut client = Client::connect(&format!("ws://{}/ws?client_id=ada", server.address)).await.unwrap();
    client.say(json!({"type": "task", "content": "x", "config": {"nonsense": 1}})).await;
    assert!(client.until("error").await["message"].as_str().unwrap().contains("nonsense"));
    client.say(json!({"type": "task", "content": "x", "config": {"approve_plan": true}})).await;
    let id = client.until("task_accepted").await["session_id"].as_str().unwrap().to_owned();
    let question = client.until("request_confirmation").await;
    assert_eq!(question["session_id"], id.as_str());
    assert!(question["message"].as_str().unwrap().contains("came of planning"));
    client.say(json!({"type": "confirm", "value": true, "session_id": id, "request_id": "nonsense"})).await;
    let error = client.until("error").await;
    assert_eq!((&error["code"], &error["session_id"]), (&json!("no_open_request"), &json!(id)));
    client.say(json!({"type": "confirm", "value": true})).await;
    let end = client.until("task_completed").await;
    assert_eq!((&end["session_id"], &end["values"]["output"]), (&json!(id), &json!("came of implementation")));
    assert_eq!(server.get(&format!("/memory/ada/pipeline.{id}.research")).await.ok(), json!("came of research"));
}

#[tokio::test]
async fn a_plan_that_is_declined_is_not_carried_out() {
    let server = server().await;
    let body = json!({"task": "pipeline", "input": {"content": "x"}, "config": {"approve_plan": true}});
    let id = server.start_with(body).await;
    server.until_status(&id, "waiting_confirmation").await;
    server.answer(&id, "confirm", json!({"value": false})).await;
    server.until_status(&id, "cancelled").await;
    assert_eq!(ran(server.folder()), ["research", "planning"]);
}

#[tokio::test]
async fn without_a_model_the_usual_agents_fail_at_once_and_name_the_settings() {
    let server = TestProcess::start_with(&[]).await;
    let id = server.start_with(json!({"task": "pipeline", "input": {"content": "x"}})).await;
    let session = server.until_status(&id, "failed").await;
    assert!(session["error"].as_str().unwrap().contains("OPENAI_BASE_URL"), "{session}");
}
