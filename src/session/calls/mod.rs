//! The calls of a task on its context: how they are numbered, and what comes of them.
//!
//! A task may have several *lanes*, branches that go on side by side; each numbers its calls from 0.

pub(crate) mod child;
pub(crate) mod step;

use std::rc::Rc;

use serde_json::Value;

use crate::domain::entry::{Entry, json_bytes};
use crate::domain::record::Internal;
use crate::domain::request::{Confirmation, Form, Values};
use crate::session::calls::child::Wanted;

/// The name of a lane; the main one has none.
pub(crate) type Lane = Rc<str>;

/// One call of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallId {
    /// Its lane.
    pub lane: Option<Lane>,
    /// Which call of the lane, from 0.
    pub ordinal: u32,
}

/// What comes of a call that has to wait.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A confirmation was answered.
    Confirmed(bool),
    /// A form was filled in.
    Input(Values),
    /// The offer of another attempt was answered.
    Retry(bool),
    /// Nobody answered in time, and there is no default.
    TimedOut,
    /// A child has ended: its result, or the text of its error.
    Child(Result<Value, String>),
    /// The record that a step starts is in the store.
    Written,
}

/// What a task asks of its session.
#[derive(Debug)]
pub(crate) enum Call {
    /// Tell this.
    Tell(CallId, Entry),
    /// Show this line or progress of a lane to whoever is connected; it is no recorded call.
    Pass(Option<Lane>, Entry),
    /// Note this.
    Note(Internal),
    /// Note that a step starts, and say when that is written.
    StepStarted(CallId, Internal),
    /// Ask this.
    Confirm(CallId, Confirmation),
    /// Ask for this.
    Ask(CallId, Form),
    /// Offer another attempt after this error.
    OfferRetry(CallId, String),
    /// Start this child, and say how it ended.
    Child(CallId, Box<Wanted>),
    /// The answer to that call is not wanted any more.
    Withdraw(CallId),
}

impl Call {
    /// What the entry is that it makes, in words, and how many bytes that takes beside its usual fields. Lines and
    /// progress are cut where they are told.
    pub(crate) fn entry(&self) -> Option<(&str, usize)> {
        match self {
            Call::Tell(_, Entry::Stream { .. } | Entry::Progress { .. }) | Call::Pass(..) => None,
            Call::Tell(_, entry) => Some((entry.kind(), json_bytes(entry))),
            Call::Confirm(_, question) => Some(("question", json_bytes(&question.message))),
            Call::Ask(_, form) => Some(("form", json_bytes(&form.fields) + json_bytes(&form.message))),
            Call::Note(_) | Call::StepStarted(..) | Call::OfferRetry(..) | Call::Child(..) | Call::Withdraw(_) => None,
        }
    }
}

/// A call as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecordedCall {
    /// It told a line, progress or an entry of its own.
    Told,
    /// It asked.
    Asked(QuestionKind, Option<Outcome>),
    /// It did a step.
    Step {
        /// The step's name.
        name: String,
        /// Whether it may be done twice.
        repeatable: bool,
        /// What came of it, if it is known.
        outcome: Option<Result<Value, String>>,
    },
    /// It started a child.
    Child {
        /// What the task called it.
        name: String,
        /// How it ended, if it did: its result or error, or nothing where the task did not wait for that.
        outcome: Option<Option<Result<Value, String>>>,
    },
    /// It slept until then.
    Slept(crate::domain::time::Timestamp),
}

/// What kind of question a call asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuestionKind {
    /// Yes or no.
    Confirmation,
    /// A form.
    Form,
    /// Whether to try again; it was attempt number so and so that had failed.
    Retry(u32),
}

impl RecordedCall {
    /// The call in words, to tell what does not match.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        match self {
            RecordedCall::Told => "output".into(),
            RecordedCall::Asked(QuestionKind::Confirmation, _) => "a confirmation".into(),
            RecordedCall::Asked(QuestionKind::Form, _) => "a form".into(),
            RecordedCall::Asked(QuestionKind::Retry(_), _) => "the offer of another attempt".into(),
            RecordedCall::Step { name, .. } => format!("the step {name:?}"),
            RecordedCall::Child { name, .. } => format!("the child {name:?}"),
            RecordedCall::Slept(_) => "a pause".into(),
        }
    }
}
