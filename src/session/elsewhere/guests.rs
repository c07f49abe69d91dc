//! Those who follow a session of another server because it asks them something, for as long as the question is open.

use serde::Deserialize;

use super::mirror::Mirror;
use crate::auth::Principal;
use crate::auth::policy::is_among;
use crate::domain::answerers::Assignee;
use crate::domain::burst::{Burst, EncodedEntry};
use crate::domain::entry::Class;
use crate::domain::id::RequestId;
use crate::hub::close::CloseCode;

/// Whom a session asks something, as its journal says.
#[derive(Debug, Default)]
pub(super) struct OpenQuestions {
    /// Those that are put to somebody beside the session's owner.
    open: Vec<(RequestId, Vec<Assignee>)>,
}

/// What of a question matters here.
#[derive(Deserialize)]
struct PutTo {
    #[serde(default)]
    assignees: Vec<Assignee>,
}

impl OpenQuestions {
    /// Takes the next entry; gives whether it has closed a question that was put to somebody.
    fn push(&mut self, entry: &EncodedEntry) -> bool {
        let before = self.open.len();
        match entry.class {
            Class::Request(request) => match serde_json::from_slice(&entry.json) {
                Ok(PutTo { assignees }) if !assignees.is_empty() => self.open.push((request, assignees)),
                // An entry of the journal can be read; one that could not lets nobody in.
                Ok(_) | Err(_) => {}
            },
            Class::Answer(request) => self.open.retain(|(open, _)| *open != request),
            Class::Terminal => self.open.clear(),
            Class::Output | Class::State => {}
        }
        self.open.len() < before
    }

    /// Whether one of them is put to somebody, by name or by a group.
    pub(super) fn ask(&self, principal: &Principal) -> bool {
        self.open.iter().any(|(_, assignees)| is_among(principal, assignees))
    }
}

impl Mirror {
    /// Publishes the next entries and what is shown between them. Whoever is asked nothing any more leaves behind the entry
    /// that says so.
    pub(super) fn publish(&mut self, burst: Burst) {
        let (mut rest, mut at) = (burst, 0);
        while let Some(entry) = rest.entries.get(at) {
            at += 1;
            if !self.open_questions.push(entry) {
                continue;
            }
            let open = &self.open_questions;
            let leaving = self.watchers.take_guests(|guest| !open.ask(guest));
            if leaving.is_empty() {
                continue;
            }
            let behind = split_off(&mut rest, at);
            self.watchers.publish(self.id, std::mem::replace(&mut rest, behind));
            self.watchers.close_each(&leaving, CloseCode::Unknown);
            at = 0;
        }
        self.watchers.publish(self.id, rest);
    }
}

/// Takes what stands behind so many entries out of a burst that has no body.
fn split_off(burst: &mut Burst, at: usize) -> Burst {
    let entries = burst.entries.drain(at..).collect();
    let first = burst.passing.partition_point(|passing| passing.after < at);
    let mut passing = burst.passing.split_off(first);
    for passing in &mut passing {
        passing.after -= at;
    }
    Burst { entries, passing, ..Burst::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::somebody;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::{Entry, Unsaved};
    use crate::domain::time::Timestamp;

    fn question(request_id: RequestId, assignees: &[&str]) -> Entry {
        let assignees: Vec<String> = assignees.iter().map(|assignee| (*assignee).to_owned()).collect();
        let text = serde_json::json!({
            "type": "request_confirmation", "request_id": request_id, "message": "Go?", "assignees": assignees,
        });
        serde_json::from_value(text).unwrap()
    }

    fn answer(request_id: RequestId) -> Entry {
        let text =
            serde_json::json!({"type": "answered", "request_id": request_id, "by": "timeout", "timed_out": true});
        serde_json::from_value(text).unwrap()
    }

    fn encoded(entries: &[Entry]) -> Burst {
        let mut builder = BurstBuilder::default();
        for (seq, entry) in (1..).zip(entries) {
            builder.append(entry, None, seq, Timestamp::from_micros(1));
        }
        builder.finish()
    }

    #[test]
    fn a_question_asks_those_whom_it_names_until_it_is_answered_or_the_session_ends() {
        let (first, second) = (RequestId::random(), RequestId::random());
        let (bo, cy, dee) = (somebody("bo", &[], &[]), somebody("cy", &["ops"], &[]), somebody("dee", &[], &[]));
        let all = encoded(&[
            question(first, &["bo"]),
            question(second, &["group:ops", "bo"]),
            question(RequestId::random(), &[]),
            answer(first),
            Entry::Stream { content: "one".into() },
            Entry::TaskCompleted { values: true.into() },
        ]);
        let mut open = OpenQuestions::default();
        let mut seen = Vec::new();
        for entry in &all.entries {
            let has_closed = open.push(entry);
            seen.push((has_closed, open.ask(&bo), open.ask(&cy), open.ask(&dee)));
        }
        let expected = [
            (false, true, false, false),
            (false, true, true, false),
            (false, true, true, false),
            (true, true, true, false),
            (false, true, true, false),
            (true, false, false, false),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_shown_stays_where_it_stood_when_a_burst_is_split() {
        let line = |content: &str| Entry::Stream { content: content.into() };
        let mut builder = BurstBuilder::default();
        let timestamp = Timestamp::from_micros(1);
        let show = |builder: &mut BurstBuilder, entry: &Entry| {
            builder.pass(&Unsaved { entry, lane: None, save_state: false, timestamp });
        };
        for seq in 1..=3 {
            show(&mut builder, &line("before"));
            builder.append(&line("entry"), None, seq, timestamp);
        }
        show(&mut builder, &line("last"));
        let mut whole = Burst { body: bytes::Bytes::new(), ..builder.finish() };
        let behind = split_off(&mut whole, 2);
        let places = |burst: &Burst| burst.passing.iter().map(|passing| passing.after).collect::<Vec<_>>();
        assert_eq!((whole.entries.len(), places(&whole)), (2, vec![0, 1]));
        assert_eq!((behind.entries.len(), places(&behind)), (1, vec![0, 1]));
    }
}
