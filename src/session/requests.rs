//! What the entries of a row mean for the list of open questions, and for those who follow it.

use serde_json::{Map, Value, json};

use crate::domain::entry::{Class, Entry};
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::listed_request::{Asker, ListedRequest, RequestPlace};
use crate::domain::record::Spec;
use crate::domain::time::Timestamp;
use crate::session::state::{OpenRequest, SessionState};
use crate::store::{RequestChange, StoredRequest};

/// The most bytes of a question, as JSON, that an event carries whole.
const WHOLE: usize = 16 * 1024;

/// What an entry does to the open questions.
#[derive(Debug)]
pub(crate) struct RequestStep {
    pub(crate) change: RequestChange,
    pub(crate) event: NewEvent,
}

impl RequestStep {
    /// That of an entry which is written at `now`; `before` is the state that it is written to.
    pub(crate) fn of(
        id: SessionId,
        spec: &Spec,
        before: &SessionState,
        entry: &Entry,
        now: Timestamp,
    ) -> Option<RequestStep> {
        if let Class::Request(_) = entry.class() {
            return opened(id, spec, entry, now);
        }
        let Entry::Answered { request_id, by, value, values: _, timed_out, withdrawn, answers: _ } = entry else {
            return None;
        };
        let open = before.open().iter().find(|open| open.id == *request_id)?;
        let reason = match (withdrawn, timed_out) {
            (true, _) => "withdrawn",
            (false, true) => "timed_out",
            (false, false) => "answered",
        };
        let event = about(NewEvent::new(Kind::RequestClosed), id, spec, *request_id);
        let mut event = event.with("reason", reason).with("by", by.as_str());
        let assignees = &open.answerers.assignees;
        if !assignees.is_empty() {
            event = event.with("assignees", json!(assignees));
        }
        if let Some(value) = value {
            event = event.with("value", *value);
        }
        Some(RequestStep { change: RequestChange::Closed(place(open), assignees.clone()), event })
    }
}

fn opened(id: SessionId, spec: &Spec, entry: &Entry, now: Timestamp) -> Option<RequestStep> {
    let owner = spec.owner();
    let asker =
        Asker { session_id: id, task: &spec.task, owner: &owner, title: spec.title.as_deref(), labels: &spec.labels };
    let request = ListedRequest::of(asker, entry, now)?;
    let stored = StoredRequest::new(&request, owner);
    let mut event = NewEvent::new(Kind::RequestOpened);
    event.data = if stored.json.len() <= WHOLE {
        serde_json::from_slice(&stored.json).unwrap_or_default()
    } else {
        shortened(&request)
    };
    Some(RequestStep { change: RequestChange::Opened(Box::new(stored), request.answerers.assignees), event })
}

/// A question without what makes it large; whoever wants that reads the session.
fn shortened(request: &ListedRequest) -> Map<String, Value> {
    let mut data = match serde_json::to_value(request) {
        Ok(Value::Object(data)) => data,
        Ok(_) | Err(_) => Map::new(),
    };
    for large in ["message", "fields", "default", "context", "labels"] {
        data.shift_remove(large);
    }
    data.insert("cut".to_owned(), true.into());
    data
}

fn about(event: NewEvent, id: SessionId, spec: &Spec, request_id: RequestId) -> NewEvent {
    let event = event.with("session_id", id.to_string()).with("task", spec.task.as_str());
    event.with("request_id", request_id.to_string())
}

fn place(open: &OpenRequest) -> RequestPlace {
    RequestPlace { asked_at: open.asked_at, request_id: open.id }
}
