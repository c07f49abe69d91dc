//! Recorded conversations, held again word for word.
//!
//! A transcript has a line of JSON for each message, under who says it. Ids are numbered and moments are 0. With
//! `RECORD_TRANSCRIPTS` set, what the server says is written anew, for a person to look at the difference.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use regex::{Captures, Regex};
use reqwest::Method;

use crate::support::{Client, Setup, Value, json};

/// A conversation as it is written down, and where.
struct Transcript {
    path: PathBuf,
    lines: Vec<Value>,
    /// Numbers of ids, by id.
    numbers: HashMap<String, usize>,
    /// What is said, as it is written anew.
    record: Option<Vec<Value>>,
}

impl Transcript {
    fn read(name: &str) -> Self {
        let path = [env!("CARGO_MANIFEST_DIR"), "tests", "transcripts", name].iter().collect::<PathBuf>();
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let record = std::env::var_os("RECORD_TRANSCRIPTS").map(|_| Vec::new());
        Self { path, lines, numbers: HashMap::new(), record }
    }

    /// The text with numbers for ids, and without moments.
    fn normal(&mut self, text: &str) -> String {
        let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
        let numbered = id.replace_all(text, |found: &Captures<'_>| {
            let next = self.numbers.len() + 1;
            format!("<id {}>", self.numbers.entry(found[0].to_owned()).or_insert(next))
        });
        let moment = Regex::new(r#""timestamp":[0-9.]{9,}"#).unwrap();
        moment.replace_all(&numbered, r#""timestamp":0"#).into_owned()
    }

    /// The text with the ids of this conversation in the place of their numbers.
    fn own(&self, text: &str) -> String {
        let replace = |text: String, (id, number): (&String, &usize)| text.replace(&format!("<id {number}>"), id);
        self.numbers.iter().fold(text.to_owned(), replace)
    }

    fn note(&mut self, who: &str, what: Value) {
        if let Some(record) = &mut self.record {
            record.push(json!({who: what}));
        }
    }

    fn finish(self) {
        if let Some(record) = self.record {
            let lines: Vec<String> = record.iter().map(Value::to_string).collect();
            fs::write(self.path, lines.join("\n") + "\n").unwrap();
        }
    }
}

/// The next message; when recording, none where nothing comes for a while.
async fn hear(client: &mut Client, recording: bool) -> Option<String> {
    if recording && tokio::time::timeout(Duration::from_millis(500), client.next()).await.ok().flatten().is_none() {
        return None;
    }
    if !recording {
        client.next().await.expect("the server goes on");
    }
    client.heard.last().cloned()
}

#[tokio::test]
async fn a_session_s_socket_says_what_it_always_said() {
    let mut transcript = Transcript::read("session.jsonl");
    let app = Setup::memory().start().await;
    let id = app.start("long_running_task", json!({"step_delay_ms": 0})).await;
    app.until_status(&id, "waiting_input").await;
    let mut client = app.connect(&id, Some(0)).await;
    let recording = transcript.record.is_some();
    for line in transcript.lines.clone() {
        if let Some(said) = line.get("client") {
            if recording {
                while let Some(text) = hear(&mut client, true).await {
                    let said = serde_json::from_str(&transcript.normal(&text)).unwrap();
                    transcript.note("server", said);
                }
            }
            let text = said.as_str().map_or_else(|| transcript.own(&said.to_string()), str::to_owned);
            client.say_text(&text).await;
            transcript.note("client", said.clone());
        } else if !recording {
            let text = hear(&mut client, false).await.unwrap();
            assert_eq!(transcript.normal(&text), line["server"].to_string());
        }
    }
    while recording && let Some(text) = hear(&mut client, true).await {
        let said = serde_json::from_str(&transcript.normal(&text)).unwrap();
        transcript.note("server", said);
    }
    transcript.finish();
}

#[tokio::test]
async fn an_event_stream_says_what_it_always_said() {
    let mut transcript = Transcript::read("events.jsonl");
    let app = Setup::memory().start().await;
    let id = app.start("approval", json!({"lines": 2})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let answer = app.answer(&id, "confirm", json!({"value": true})).await;
    answer.ok();
    app.until_status(&id, "completed").await;
    let mut lines = transcript.lines.clone().into_iter().peekable();
    while let Some(line) = lines.next() {
        let last = line["client"]["Last-Event-ID"].as_str().unwrap();
        let path = format!("/sessions/{id}/events");
        let request =
            app.request(Method::GET, &path).header("Accept", "text/event-stream").header("Last-Event-ID", last);
        let answer = request.send().await.unwrap();
        transcript.note("client", line["client"].clone());
        let text = transcript.normal(&answer.text().await.unwrap());
        let mut expected = String::new();
        while let Some(block) = lines.next_if(|line| line.get("server").is_some()) {
            expected += block["server"].as_str().unwrap();
        }
        if transcript.record.is_some() {
            text.split_inclusive("\n\n").for_each(|block| transcript.note("server", json!(block)));
        } else {
            assert_eq!(text, expected);
        }
    }
    transcript.finish();
}
