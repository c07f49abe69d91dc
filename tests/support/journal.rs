//! What must hold for every journal, and how its entries are read.

use serde_json::Value;

pub fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The `seq` of an entry; none of what is no entry.
pub fn seq(text: &str) -> Option<u64> {
    read(text)["seq"].as_u64()
}

/// The entries among these messages.
pub fn entries(heard: &[String]) -> Vec<String> {
    heard.iter().filter(|text| seq(text).is_some()).cloned().collect()
}

/// The types of these entries, in order.
pub fn kinds(entries: &[String]) -> Vec<String> {
    entries.iter().map(|text| read(text)["type"].as_str().unwrap().to_owned()).collect()
}

/// The values of this field in the entries of this type.
pub fn all(entries: &[String], kind: &str, field: &str) -> Vec<Value> {
    let wanted = entries.iter().map(|text| read(text)).filter(|entry| entry["type"] == kind);
    wanted.map(|entry| entry[field].clone()).collect()
}

/// The streamed lines, in order.
pub fn streams(entries: &[String]) -> Vec<String> {
    all(entries, "stream", "content").iter().map(|content| content.as_str().unwrap().to_owned()).collect()
}

pub fn is_terminal(entry: &Value) -> bool {
    match entry["type"].as_str() {
        Some("task_completed" | "task_cancelled") => true,
        Some("task_failed") => entry["can_retry"] == false,
        _ => false,
    }
}

/// What a story looks like without ids, moments and numbers: `type` and what matters of each entry.
pub fn story(entries: &[String]) -> Vec<String> {
    let tell = |text: &String| {
        let entry = read(text);
        let word = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let kind = word("type");
        match kind.as_str() {
            "status" => format!("status {}", word("status")),
            "stream" => word("content"),
            _ => kind,
        }
    };
    entries.iter().map(tell).collect()
}

/// Checks what holds for every journal: 1, 2, 3… without a gap, moments that do not go back, one end that is last with
/// the status of the same word before it, and one answer for each question.
#[track_caller]
pub fn check(journal: &[String]) {
    let entries: Vec<Value> = journal.iter().map(|text| read(text)).collect();
    let mut asked = std::collections::HashSet::new();
    let mut answered = std::collections::HashSet::new();
    let mut before = 0.0;
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], at as u64 + 1, "no gap and no double: {entry}");
        let timestamp = entry["timestamp"].as_f64().unwrap();
        assert!(timestamp >= before, "time goes on: {entry}");
        before = timestamp;
        match entry["type"].as_str().unwrap() {
            "answered" => {
                assert!(asked.contains(&entry["request_id"].to_string()), "it was asked: {entry}");
                assert!(answered.insert(entry["request_id"].to_string()), "it was answered once: {entry}");
            }
            _ if entry["request_id"].is_string() => {
                assert!(asked.insert(entry["request_id"].to_string()), "it was asked once: {entry}");
            }
            _ => {}
        }
        if is_terminal(entry) {
            assert_eq!(at + 1, entries.len(), "the end is last: {entry}");
            let word = entry["type"].as_str().unwrap().trim_start_matches("task_");
            assert_eq!(entries[at - 1]["status"], word, "its status stands before it: {}", entries[at - 1]);
        }
    }
}

/// Checks that what a client heard is a stretch of the journal, byte for byte, without gap or double.
#[track_caller]
pub fn check_stretch(heard: &[String], journal: &[String]) {
    let Some(first) = heard.first() else { return };
    let at = usize::try_from(seq(first).unwrap() - 1).unwrap();
    assert!(journal.len() >= at + heard.len(), "the journal lost entries: {} of {}", journal.len(), at + heard.len());
    for (told, kept) in heard.iter().zip(&journal[at..]) {
        assert_eq!(told, kept, "what was heard is what the journal has");
    }
}

/// A snapshot by its definition: at most so many entries; oldest output left out first, then oldest state; questions that
/// are over are not in it, open ones and the end always are.
pub fn snapshot(journal: &[String], most: usize) -> Vec<String> {
    let entries: Vec<Value> = journal.iter().map(|text| read(text)).collect();
    let ended = entries.iter().any(is_terminal);
    let answered =
        |id: &Value| ended || entries.iter().any(|entry| entry["type"] == "answered" && entry["request_id"] == *id);
    let is_request = |entry: &Value| entry["type"] != "answered" && entry["request_id"].is_string();
    let is_output = |entry: &Value| entry["type"] == "stream" || entry["type"] == "progress";
    let mut kept: Vec<usize> =
        (0..entries.len()).filter(|at| !(is_request(&entries[*at]) && answered(&entries[*at]["request_id"]))).collect();
    let mut leave_out = |droppable: &dyn Fn(&Value) -> bool| {
        while kept.len() > most {
            let Some(oldest) = kept.iter().position(|at| droppable(&entries[*at])) else { break };
            kept.remove(oldest);
        }
    };
    leave_out(&is_output);
    leave_out(&|entry| !is_output(entry) && !is_request(entry) && !is_terminal(entry));
    kept.into_iter().map(|at| journal[at].clone()).collect()
}
