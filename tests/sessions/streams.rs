//! Server-sent events, and that every way to read a journal gives the same bytes.

use reqwest::Method;

use crate::support::journal::{check, seq};
use crate::support::{Api, Setup, journal, json};

/// One server-sent event.
#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    kind: String,
    data: String,
}

/// Reads an event stream to its end.
async fn events(api: &Api, id: &str, last: Option<u64>) -> Vec<Event> {
    let mut request = api.request(Method::GET, &format!("/sessions/{id}/events")).header("Accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last.to_string());
    }
    let answer = request.send().await.unwrap();
    if answer.status() == 204 {
        return Vec::new();
    }
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = answer.text().await.unwrap();
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {event:?}")).to_owned()
    };
    let events = text.split("\n\n").filter(|event| event.lines().any(|line| line.starts_with("data:")));
    events
        .map(|event| Event { id: field(event, "id: "), kind: field(event, "event: "), data: field(event, "data: ") })
        .collect()
}

#[tokio::test]
async fn an_event_stream_has_the_journal_from_where_the_client_was_and_ends_with_it() {
    let app = Setup::sqlite().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 40, "step_delay_ms": 2})).await;
    let mut socket = app.connect(&id, Some(0)).await;
    // One from the beginning while it runs, the others after the end.
    let live = events(&app, &id, None).await;
    socket.until_end().await;
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(socket.entries(), journal, "the socket's bytes are those of /events");
    for (last, events) in [
        (0, live),
        (0, events(&app, &id, Some(0)).await),
        (17, events(&app, &id, Some(17)).await),
        (journal.len() - 1, events(&app, &id, Some(journal.len() as u64 - 1)).await),
        (journal.len(), events(&app, &id, Some(journal.len() as u64)).await),
    ] {
        let data: Vec<&String> = events.iter().map(|event| &event.data).collect();
        assert_eq!(data, journal[last..].iter().collect::<Vec<_>>());
        for event in &events {
            assert_eq!(event.id, seq(&event.data).unwrap().to_string());
            assert_eq!(event.kind, journal::read(&event.data)["type"]);
        }
    }
}

#[tokio::test]
async fn events_are_given_in_parts_that_fit_together() {
    let app = Setup::sqlite().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 50, "step_delay_ms": 0})).await;
    app.until_status(&id, "completed").await;
    let journal = app.journal(&id).await;
    let all: Vec<_> = journal.iter().map(|text| journal::read(text)).collect();
    for limit in [1, 7, 1000] {
        for since in [0, 1, 50, all.len() - 1, all.len(), all.len() + 5] {
            let page = app.get(&format!("/sessions/{id}/events?since={since}&limit={limit}")).await.ok();
            let expected: Vec<_> = all.iter().skip(since).take(limit).cloned().collect();
            assert_eq!(page["events"], json!(expected), "since {since}, limit {limit}");
            assert_eq!(page["last_seq"], all.len());
        }
    }
}
