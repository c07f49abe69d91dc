//! An open question as lists and events show it: what is asked, by which session, and until when.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::answerers::Answerers;
use super::context::Context;
use super::entry::{Class, Entry, Stamped};
use super::id::{RequestId, SessionId};
use super::owner::Owner;
use super::record::Internal;
use super::request::{Field, Values};
use super::time::Timestamp;

/// An open question. Moments are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ListedRequest {
    /// The session that asks.
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// Its task's name.
    pub task: String,
    /// What lists call the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub title: Option<String>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<BTreeMap<String, String>>", optional))]
    pub labels: BTreeMap<String, String>,
    /// The question's id.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// What is asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// What it is about; null in lists where that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional = nullable))]
    pub context: Option<Box<Context>>,
    /// Who may answer, and how many have to.
    #[serde(flatten)]
    pub answerers: Answerers,
    /// When it was asked.
    #[schema(value_type = f64)]
    pub asked_at: Timestamp,
    /// When its time runs out; null in lists where it does not.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional = nullable))]
    pub expires_at: Option<Timestamp>,
}

/// What is asked; `type` is that of the entry that asks.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Asked {
    /// Yes or no.
    RequestConfirmation {
        /// The question.
        message: String,
        /// The answer that is taken when the time has run out; null in lists where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional = nullable))]
        default: Option<bool>,
    },
    /// A form.
    RequestUserInput {
        /// What the form is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        message: Option<String>,
        /// What to fill in.
        fields: Vec<Field>,
        /// The answer that is taken when the time has run out, the values of secrets masked; null in lists where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        #[cfg_attr(feature = "ts", ts(optional, type = "Record<string, unknown> | null"))]
        default: Option<Values>,
    },
    /// Whether to try again.
    TaskFailed {
        /// What went wrong.
        message: String,
        /// The attempt that failed, from 1.
        attempt: u32,
    },
}

/// The session that asks, as far as its questions show it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Its id.
    pub session_id: SessionId,
    /// Its task's name.
    pub task: &'a str,
    /// Whose it is.
    pub owner: &'a Owner,
    /// What lists call it.
    pub title: Option<&'a str>,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
}

impl ListedRequest {
    /// The question that an entry asks, where it is one.
    #[must_use]
    pub fn of(asker: Asker<'_>, entry: &Entry, asked_at: Timestamp) -> Option<Self> {
        let (request_id, asked, context, expires_at, answerers) = match entry.clone() {
            Entry::RequestConfirmation { request_id, message, timeout: _, expires_at, default, context, answerers } => {
                (request_id, Asked::RequestConfirmation { message, default }, context, expires_at, answerers)
            }
            Entry::RequestUserInput {
                request_id,
                fields,
                message,
                timeout: _,
                expires_at,
                default,
                context,
                answerers,
            } => (request_id, Asked::RequestUserInput { message, fields, default }, context, expires_at, answerers),
            Entry::TaskFailed { error: message, attempt, request_id: Some(request_id), context, .. } => {
                (request_id, Asked::TaskFailed { message, attempt }, context, None, Answerers::default())
            }
            Entry::TaskFailed { request_id: None, .. }
            | Entry::Status { .. }
            | Entry::Stream { .. }
            | Entry::Progress { .. }
            | Entry::AnswerGiven { .. }
            | Entry::Answered { .. }
            | Entry::TaskCompleted { .. }
            | Entry::TaskCancelled { .. }
            | Entry::Recovered { .. }
            | Entry::Agent(_)
            | Entry::Custom(_) => return None,
        };
        let Asker { session_id, task, title, labels, .. } = asker;
        let (task, title, labels) = (task.to_owned(), title.map(str::to_owned), labels.clone());
        Some(Self { session_id, task, title, labels, request_id, asked, context, answerers, asked_at, expires_at })
    }

    /// Where it stands among all open questions.
    #[must_use]
    pub fn place(&self) -> RequestPlace {
        RequestPlace { asked_at: self.asked_at, request_id: self.request_id }
    }
}

/// Where a question stands among all open ones: the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestPlace {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Its id.
    pub request_id: RequestId,
}

/// The open questions of a journal, line by line.
#[derive(Debug, Default)]
pub struct OpenRequests(Vec<(RequestId, Stamped)>);

impl OpenRequests {
    /// Takes an entry in.
    pub fn push(&mut self, stamped: Stamped) {
        match stamped.entry.class() {
            Class::Request(id) => self.0.push((id, stamped)),
            Class::Answer(id) => self.0.retain(|(open, _)| *open != id),
            Class::Terminal => self.0.clear(),
            Class::State | Class::Output => {}
        }
    }

    /// Takes a record in: journals of earlier versions say only there when a question's time runs out.
    pub fn note(&mut self, record: &Internal) {
        let Internal::Deadline { request_id, at, .. } = record else { return };
        let asked = self.0.iter_mut().filter(|(id, _)| id == request_id);
        for (_, Stamped { entry, .. }) in asked {
            if let Entry::RequestConfirmation { expires_at, .. } | Entry::RequestUserInput { expires_at, .. } = entry {
                *expires_at = Some(*at);
            }
        }
    }

    /// Those that are open.
    pub fn all<'a>(&'a self, asker: Asker<'a>) -> impl Iterator<Item = ListedRequest> + 'a {
        self.0.iter().filter_map(move |(_, stamped)| ListedRequest::of(asker, &stamped.entry, stamped.timestamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stamped(entry: Entry) -> Stamped {
        Stamped { entry, lane: None, seq: 1, timestamp: Timestamp::from_micros(1_000_000) }
    }

    fn confirmation(request_id: RequestId) -> Entry {
        let (message, default) = ("Go?".to_owned(), Some(false));
        Entry::RequestConfirmation {
            request_id,
            message,
            timeout: Some(2.0),
            expires_at: None,
            default,
            context: None,
            answerers: Answerers::default(),
        }
    }

    #[test]
    fn what_is_answered_is_not_open_and_a_deadline_is_known() {
        let (first, second) = (RequestId::random(), RequestId::random());
        let mut open = OpenRequests::default();
        open.push(stamped(confirmation(first)));
        open.push(stamped(confirmation(second)));
        open.note(&Internal::Deadline { request_id: second, at: Timestamp::from_micros(3_000_000), default: None });
        open.push(stamped(Entry::Answered {
            request_id: first,
            by: "ada".into(),
            value: Some(true),
            values: None,
            timed_out: false,
            withdrawn: false,
            answers: Vec::new(),
        }));
        let (session_id, labels) = (SessionId::random(), BTreeMap::from([("crew".to_owned(), "c".to_owned())]));
        let asker = Asker { session_id, task: "t", owner: &Owner::SERVER, title: Some("Order"), labels: &labels };
        let all: Vec<_> = open.all(asker).map(|request| serde_json::to_value(request).unwrap()).collect();
        assert_eq!(
            all,
            [json!({
                "session_id": session_id, "task": "t", "title": "Order", "labels": {"crew": "c"},
                "request_id": second, "type": "request_confirmation", "message": "Go?", "default": false,
                "asked_at": 1.0, "expires_at": 3.0,
            })]
        );
    }
}
