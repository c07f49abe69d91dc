//! The forms in which events are told say the same.

use crate::event_sockets::socket::{Feed, numbers, say, saying};
use crate::support::{Setup, Value, json};

const FORMS: [&str; 6] = [
    "",
    "&compression=gzip",
    "&format=protobuf",
    "&format=protobuf&compression=gzip",
    "&batch_ms=20",
    "&batch_ms=20&format=protobuf&compression=gzip",
];

fn short(events: &[Value]) -> Vec<Value> {
    events.iter().map(|event| json!([event["id"], event["type"], event["data"], event["seq"]])).collect()
}

#[tokio::test]
async fn every_form_tells_the_same_live_and_again() {
    let app = saying(Setup::memory()).start().await;
    let path = "custom?subscriptions=custom.*";
    let mut feeds = Vec::new();
    for form in FORMS {
        feeds.push(Feed::open(&app, &format!("{path}{form}")).await);
    }
    let start = feeds[0].position();
    say(&app, 20, 0).await;
    let all = feeds[0].all_until("custom.done").await;
    assert_eq!(numbers(&all), (1..=20).collect::<Vec<u64>>());
    for (feed, form) in feeds[1..].iter_mut().zip(&FORMS[1..]) {
        assert_eq!(short(&feed.all_until("custom.done").await), short(&all), "{form}");
        assert!(!form.contains("batch") || feed.frames.iter().any(|(count, ..)| *count > 1), "{form}");
        assert!(!form.contains("protobuf") || feed.frames.iter().all(|(.., is_binary)| *is_binary), "{form}");
        let pong = feed.ask(json!({"action": "ping", "timestamp": "x"}), "pong").await;
        assert_eq!(pong["timestamp"], "x");
    }
    for form in FORMS {
        let mut feed = Feed::open(&app, &format!("{path}{form}&since={start}")).await;
        assert_eq!(short(&feed.all_until("custom.done").await), short(&all), "{form}");
    }
}

#[tokio::test]
async fn what_is_long_is_compressed_and_what_is_short_is_not() {
    let app = saying(Setup::memory()).start().await;
    let mut feed = Feed::open(&app, "custom?subscriptions=custom.said&compression=gzip").await;
    for (bytes, is_packed) in [(100, false), (3000, true)] {
        say(&app, 1, bytes).await;
        let event = feed.until("custom.said").await;
        assert_eq!(event["data"]["text"].as_str().unwrap().len() as u64, bytes);
        assert_eq!(feed.frames.last().unwrap().1, is_packed);
    }
}
