//! Questions to a human, and their answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answerers::{Answerers, Assignee};
use super::context::Context;

/// The values of a filled-in form, by field name.
pub type Values = Map<String, Value>;

/// What a field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line of text.
    #[default]
    String,
    /// Several lines of text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// Any number; a whole number is exact up to 64 bits.
    Number,
    /// Yes or no.
    Boolean,
    /// One of `choices`.
    Select,
    /// Any of `choices`.
    Multiselect,
    /// An email address, also of another script.
    Email,
    /// An absolute URL.
    Url,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A moment: RFC 3339, or a local time without an offset; handed on as it was written.
    Datetime,
    /// Text that is never shown or journaled in the clear.
    Secret,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The key of its value in the answer.
    pub name: String,
    /// What to fill in, for people.
    #[serde(default)]
    pub description: String,
    /// What it takes.
    #[serde(rename = "type", default)]
    pub field_type: FieldType,
    /// The value that it starts with, and has where an answer leaves it out.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub value: Option<Value>,
    /// Whether it must be filled in.
    #[serde(default = "yes")]
    pub required: bool,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "unknown[]"))]
    pub choices: Option<Vec<Value>>,
    /// The smallest number, or the earliest date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "unknown"))]
    pub min: Option<Value>,
    /// The largest number, or the latest date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "unknown"))]
    pub max: Option<Value>,
    /// The fewest characters (Unicode code points), or choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub min_length: Option<usize>,
    /// The most characters (Unicode code points), or choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub max_length: Option<usize>,
    /// A regular expression that the whole text must match, as of Rust's `regex`, with ASCII `\d`, `\w`, `\s`; it has no
    /// look-around.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub pattern: Option<String>,
}

impl Field {
    /// A required field of that type.
    #[must_use]
    pub fn new(name: impl Into<String>, field_type: FieldType, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            field_type,
            value: None,
            required: true,
            choices: None,
            min: None,
            max: None,
            min_length: None,
            max_length: None,
            pattern: None,
        }
    }

    /// The same field, which may be left empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same field with a value to start with.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same field with choices.
    #[must_use]
    pub fn with_choices<T: Into<Value>>(mut self, choices: impl IntoIterator<Item = T>) -> Self {
        self.choices = Some(choices.into_iter().map(Into::into).collect());
        self
    }
}

fn yes() -> bool {
    true
}

/// A yes-or-no question, with what to do when nobody answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confirmation {
    /// The question.
    pub message: String,
    /// Seconds to wait for an answer; for ever where there is none.
    pub timeout: Option<f64>,
    /// The answer when the time has run out; `false` where there is none.
    pub default: Option<bool>,
    /// What it is about.
    pub context: Box<Context>,
    /// Who may answer, and how many have to.
    pub answerers: Answerers,
}

impl Confirmation {
    /// A question that waits for ever.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The same question, answered by `default` after `seconds`.
    #[must_use]
    pub fn or_after(mut self, seconds: f64, default: bool) -> Self {
        self.timeout = Some(seconds);
        self.default = Some(default);
        self
    }

    /// The same question with a title: what it is about, in a few words.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.context.title = Some(title.into());
        self
    }

    /// The same question with details: an object of the values that led to it.
    #[must_use]
    pub fn about(mut self, details: impl Into<Value>) -> Self {
        self.context.add_details(details.into());
        self
    }

    /// The same question, put to these people and groups as well: they see the session while it is open, and may answer.
    #[must_use]
    pub fn assigned_to(mut self, assignees: impl IntoIterator<Item = Assignee>) -> Self {
        self.answerers.assignees.extend(assignees);
        self
    }

    /// The same question, which takes so many different people to say yes, and one to say no.
    #[must_use]
    pub fn requiring(mut self, answers: u32) -> Self {
        self.answerers.required_answers = Some(answers);
        self
    }

    /// The same question, which whoever started the session may not answer.
    #[must_use]
    pub fn for_others(mut self) -> Self {
        self.answerers.allow_own = false;
        self
    }
}

impl<T: Into<String>> From<T> for Confirmation {
    fn from(message: T) -> Self {
        Confirmation::new(message)
    }
}

/// A form, with what to do when nobody fills it in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// What the form is for.
    pub message: Option<String>,
    /// What to fill in.
    pub fields: Vec<Field>,
    /// Seconds to wait for an answer; for ever where there is none.
    pub timeout: Option<f64>,
    /// The answer when the time has run out; an error for the task where there is none.
    pub default: Option<Values>,
    /// What it is about.
    pub context: Box<Context>,
    /// Who may answer, and how many have to.
    pub answerers: Answerers,
}

impl Form {
    /// A form that waits for ever.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Form { fields, ..Form::default() }
    }

    /// The same form, answered by `default` after `seconds`.
    #[must_use]
    pub fn or_after(mut self, seconds: f64, default: Values) -> Self {
        self.timeout = Some(seconds);
        self.default = Some(default);
        self
    }

    /// The same form with a title: what it is about, in a few words.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.context.title = Some(title.into());
        self
    }

    /// The same form with details: an object of the values that led to it.
    #[must_use]
    pub fn about(mut self, details: impl Into<Value>) -> Self {
        self.context.add_details(details.into());
        self
    }

    /// The same form, put to these people and groups as well: they see the session while it is open, and may fill it in.
    #[must_use]
    pub fn assigned_to(mut self, assignees: impl IntoIterator<Item = Assignee>) -> Self {
        self.answerers.assignees.extend(assignees);
        self
    }

    /// The same form, which whoever started the session may not fill in.
    #[must_use]
    pub fn for_others(mut self) -> Self {
        self.answerers.allow_own = false;
        self
    }
}

impl From<Vec<Field>> for Form {
    fn from(fields: Vec<Field>) -> Self {
        Form::new(fields)
    }
}

/// What somebody answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// To a confirmation; to a retry as well.
    Confirm(bool),
    /// To a form.
    Input(Values),
    /// To the offer of another attempt.
    Retry(bool),
}

/// What is wrong with one field of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong, for people.
    pub message: String,
}
