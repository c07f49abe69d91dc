//! A recorded conversation, held again word for word.
//!
//! A transcript has a line of JSON for each message, under who says it. Ids are numbered and moments are empty. With
//! `RECORD_TRANSCRIPTS` set, what the server says is written anew, for a person to look at the difference.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use regex::{Captures, Regex};

use crate::event_sockets::socket::{Feed, saying};
use crate::support::{Setup, Value, json};

/// What a client says, and after which type of message it says the next.
const SAID: [(&str, &str); 8] = [
    (r#"{"action":"subscribe","subscriptions":["custom.*","execution.completed"]}"#, "subscribed"),
    (r#"{"action":"set_filter","filter":{"min_priority":"normal"}}"#, "filter_set"),
    (r#"{"action":"ping","timestamp":1}"#, "pong"),
    ("{", "error"),
    (r#"{"action":"dance"}"#, "error"),
    (r#"{"action":"subscribe","subscriptions":["nope"]}"#, "error"),
    (r#"{"action":"set_filter","filter":{"types":["nope"]}}"#, "error"),
    (r#"{"action":"unsubscribe","subscriptions":["execution.completed"]}"#, "unsubscribed"),
];

struct Numbers(HashMap<String, usize>);

impl Numbers {
    /// The message with numbers for ids, and without moments.
    fn normal(&mut self, message: &Value) -> Value {
        let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
        let text = message.to_string();
        let numbered = id.replace_all(&text, |found: &Captures<'_>| {
            let next = self.0.len() + 1;
            format!("<id {}>", self.0.entry(found[0].to_owned()).or_insert(next))
        });
        let moment = Regex::new(r#""(timestamp|server_time)":"[^"]*""#).unwrap();
        let timeless = moment.replace_all(&numbered, r#""$1":"""#);
        let changing = Regex::new(r#""(epoch|connection_id)":"[^"]*""#).unwrap();
        let told = changing.replace_all(&timeless, r#""$1":"""#);
        let counted = Regex::new(r#""(seq|last_seq|[a-z_]*(seconds|_ms))":[0-9.]+"#).unwrap();
        serde_json::from_str(&counted.replace_all(&told, r#""$1":0"#)).unwrap()
    }
}

#[tokio::test]
async fn an_event_socket_says_what_it_always_said() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "transcripts", "feed.jsonl"].iter().collect();
    let app = saying(Setup::memory()).start().await;
    let mut feed = Feed::open(&app, "custom?client_id=someone").await;
    let mut numbers = Numbers(HashMap::new());
    let mut lines = vec![json!({"server": numbers.normal(&feed.established.clone())})];
    for (text, answer) in SAID {
        let said = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        lines.push(json!({"client": said}));
        feed.say_text(text).await;
        let answer = feed.until(answer).await;
        lines.push(json!({"server": numbers.normal(&answer)}));
    }
    crate::event_sockets::socket::say(&app, 2, 3).await;
    for event in feed.all_until("custom.done").await {
        lines.push(json!({"server": numbers.normal(&event)}));
    }
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let text = text.join("\n") + "\n";
    if std::env::var_os("RECORD_TRANSCRIPTS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(path).unwrap());
}
