//! A recorded conversation on `/ws`, held again word for word but for moments.
//!
//! With `RECORD_TRANSCRIPTS` set, what the server says is written anew, for a person to look at the difference.

use std::path::PathBuf;

use regex::Regex;

use crate::support::{Setup, Value, json};
use crate::workflow_live::stage::{chain, connect, start};

/// The text without moments and durations.
fn normal(text: &str) -> String {
    let moment = r#""(timestamp|start_time|started_at|duration_ms|seq|last_seq)":[0-9.e-]{4,}"#;
    let moment = Regex::new(moment).unwrap();
    moment.replace_all(text, r#""$1":0"#).into_owned()
}

#[tokio::test]
async fn the_socket_of_workflows_says_what_it_always_said() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "transcripts", "workflow.jsonl"].iter().collect();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_recording = std::env::var_os("RECORD_TRANSCRIPTS").is_some();
    let app = Setup::memory().start().await;
    start(&app, chain(), json!({})).await;
    crate::support::eventually(
        || "it is parked".to_owned(),
        async || (app.get("/workflows/chain/status").await.ok()["state"] == "parked").then_some(()),
    )
    .await;
    let mut client = connect(&app, "?workflow=chain&client_id=ada").await;
    let mut record = Vec::new();
    for line in lines {
        if let Some(said) = line.get("client") {
            let text = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
            client.say_text(&text).await;
            record.push(line.to_string());
            continue;
        }
        client.next().await.unwrap();
        let heard = normal(client.heard.last().unwrap());
        if !is_recording {
            assert_eq!(heard, line["server"].to_string());
        }
        record.push(format!("{{\"server\":{heard}}}"));
    }
    if is_recording {
        std::fs::write(path, record.join("\n") + "\n").unwrap();
    }
}
