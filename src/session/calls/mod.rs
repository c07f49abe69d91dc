//! The calls of a task on its session, one file each: how a task makes it, what it gives where it is recorded, what is
//! decided, and what its lines change.
//!
//! [`Call`] and [`Outcome`] are what goes through the task channel, in types that serialize: a task function makes calls
//! through its context, and what a child process prints becomes the same calls.
//! A task may have several *lanes*, branches that go on side by side; each numbers its calls from 0.

pub(crate) mod ask;
pub(crate) mod asking;
pub(crate) mod attempts;
pub(crate) mod child;
pub(crate) mod confirm;
pub(crate) mod say;
pub(crate) mod sleep;
pub(crate) mod step;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use self::child::ChildSpec;
use crate::domain::agent_entry::AgentEntry;
use crate::domain::answerers::Answerers;
use crate::domain::context::Context;
use crate::domain::entry::{JsonSize, json_size};
use crate::domain::request::{Confirmation, Field, Form, Values};
use crate::domain::time::Timestamp;

/// The name of a lane; the main one has none.
pub(crate) type Lane = Rc<str>;

/// The place of a call in its task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct CallId {
    pub(crate) lane: Option<Lane>,
    /// Which call of the lane, from 0.
    pub(crate) ordinal: u32,
}

impl CallId {
    /// The lane's name, as records have it.
    pub(crate) fn lane_name(&self) -> Option<String> {
        self.lane.as_deref().map(str::to_owned)
    }
}

/// A call, with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MadeCall {
    pub(crate) at: CallId,
    #[serde(flatten)]
    pub(crate) call: Call,
}

/// What a task asks of its session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Call {
    /// Write a line of output; one that is not saved only reaches whoever is connected now, and is no recorded call.
    Stream { content: String, save_state: bool },
    /// Write how far the task is; not saved as with a line.
    Progress { done: Number, total: Number, label: String, save_state: bool },
    /// Write an entry of the task kind's own type.
    Emit { kind: String, data: Map<String, Value> },
    /// Write what an agent says; a part of a reply that is not complete only reaches whoever is connected now.
    Report { entry: Box<AgentEntry> },
    /// Ask a yes-or-no question.
    RequestConfirmation {
        message: String,
        timeout: Option<f64>,
        default: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<Box<Context>>,
        #[serde(default)]
        answerers: Answerers,
    },
    /// Ask for a form to be filled in.
    RequestUserInput {
        message: Option<String>,
        fields: Vec<Field>,
        timeout: Option<f64>,
        default: Option<Values>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<Box<Context>>,
        #[serde(default)]
        answerers: Answerers,
    },
    /// Offer another attempt after this error.
    OfferRetry { error: String },
    /// Record that a step begins, and say when that is written.
    Step { name: String, repeatable: bool },
    /// Say when all is written that was before the step with this place is done again, which had begun and has no outcome.
    StepAgain,
    /// Record what came of the step that began with this place.
    StepCompleted { outcome: Result<Value, String> },
    /// Record that the task sleeps until then.
    Sleep { until: Timestamp },
    /// Start this child, and say how it ended.
    Child { name: String, spec: Box<ChildSpec> },
    /// The outcome of the call with this place is not wanted any more.
    Withdraw,
}

impl Call {
    /// What the entry or record is that it makes, in words, and how large that is beside its usual fields. Lines
    /// and progress are cut where they are made, and errors where they come from.
    pub(crate) fn written(&self, sealed: Option<&str>) -> Option<(&str, JsonSize)> {
        match self {
            Call::Emit { kind, data } => Some((kind, json_size(&Emitted { kind, data }))),
            Call::Report { entry } => Some((entry.kind(), json_size(&**entry))),
            Call::RequestConfirmation { message, context, answerers, .. } => {
                Some(("question", json_size(message) + json_size(context) + json_size(answerers)))
            }
            Call::RequestUserInput { fields, message, default, context, answerers, .. } => {
                let asked = json_size(fields) + json_size(message) + json_size(answerers);
                Some(("form", asked + json_size(default) + json_size(context)))
            }
            Call::Step { name, .. } => Some(("name of a step", json_size(name))),
            // A sealed outcome is there twice, once as it may be seen; others were bounded before they came here.
            Call::StepCompleted { outcome: Ok(value) } => {
                sealed.map(|sealed| ("outcome of a step with secrets", json_size(sealed) + json_size(value)))
            }
            Call::Child { spec, .. } => {
                let ChildSpec { input, config, labels, .. } = &**spec;
                Some(("start of a child", json_size(input) + json_size(config) + json_size(labels)))
            }
            Call::Stream { .. }
            | Call::Progress { .. }
            | Call::OfferRetry { .. }
            | Call::StepAgain
            | Call::StepCompleted { outcome: Err(_) }
            | Call::Sleep { .. }
            | Call::Withdraw => None,
        }
    }
}

/// An entry of the task kind's own type, as it stands on the wire.
#[derive(Serialize)]
struct Emitted<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    data: &'a Map<String, Value>,
}

impl From<Confirmation> for Call {
    fn from(question: Confirmation) -> Self {
        let Confirmation { message, timeout, default, context, answerers } = question;
        Call::RequestConfirmation { message, timeout, default, context: context.non_empty(), answerers }
    }
}

impl From<Form> for Call {
    fn from(form: Form) -> Self {
        let Form { message, fields, timeout, default, context, answerers } = form;
        Call::RequestUserInput { message, fields, timeout, default, context: context.non_empty(), answerers }
    }
}

/// What comes of a call that has to wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// A confirmation was answered.
    Confirm { value: bool },
    /// A form was filled in.
    UserInput { values: Values },
    /// The offer of another attempt was answered.
    Retry { value: bool },
    /// Nobody answered in time, and there is no default.
    TimedOut,
    /// A child has ended: its result, or the text of its error.
    ChildEnded { result: Result<Value, String> },
    /// The record that a step begins is in the store: it is to be done.
    StepRun,
}

/// A call as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecordedCall {
    /// It said a line, progress or an entry of its own.
    Said,
    /// It asked; the answer, if there is one.
    Asked(QuestionKind, Option<Outcome>),
    /// It did a step.
    Step {
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
    Slept(Timestamp),
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

impl QuestionKind {
    /// The question in words.
    #[must_use]
    pub(crate) fn describe(self) -> &'static str {
        match self {
            QuestionKind::Confirmation => "a confirmation",
            QuestionKind::Form => "a form",
            QuestionKind::Retry(_) => "the offer of another attempt",
        }
    }
}

impl RecordedCall {
    /// The call in words, to say what does not match.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        match self {
            RecordedCall::Said => "output".into(),
            RecordedCall::Asked(kind, _) => kind.describe().into(),
            RecordedCall::Step { name, .. } => format!("the step {name:?}"),
            RecordedCall::Child { name, .. } => format!("the child {name:?}"),
            RecordedCall::Slept(_) => "a pause".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_and_outcomes_are_json_that_comes_back_as_it_was() {
        let lane = |lane: &str, ordinal| CallId { lane: Some(lane.into()), ordinal };
        let spec = ChildSpec { task: "t".into(), input: json!([1]), ..ChildSpec::default() };
        for call in [
            Call::Stream { content: "a".into(), save_state: false },
            Call::Progress { done: 1.into(), total: 2.into(), label: String::new(), save_state: true },
            Call::Emit { kind: "custom.a".into(), data: Map::new() },
            Call::Report { entry: Box::new(AgentEntry::AgentStarted { agent_id: "a".into(), task: None }) },
            Call::from(Confirmation::new("?").or_after(1.5, true)),
            Call::from(Confirmation::new("?").titled("t").about(json!({"a": 1}))),
            Call::from(Confirmation::new("?").assigned_to(["bo".parse().unwrap()]).requiring(2).for_others()),
            Call::from(Form::default()),
            Call::OfferRetry { error: "e".into() },
            Call::Step { name: "s".into(), repeatable: true },
            Call::StepCompleted { outcome: Err("e".into()) },
            Call::Sleep { until: Timestamp::from_micros(1_500_000) },
            Call::Child { name: "c".into(), spec: Box::new(spec) },
            Call::Withdraw,
        ] {
            let made = MadeCall { at: lane("l", 3), call };
            let text = serde_json::to_string(&made).unwrap();
            assert_eq!(serde_json::from_str::<MadeCall>(&text).unwrap(), made, "{text}");
        }
        for outcome in [
            Outcome::Confirm { value: true },
            Outcome::UserInput { values: Values::new() },
            Outcome::Retry { value: false },
            Outcome::TimedOut,
            Outcome::ChildEnded { result: Ok(json!({"a": 1})) },
            Outcome::StepRun,
        ] {
            let text = serde_json::to_string(&outcome).unwrap();
            assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome, "{text}");
        }
    }
}
