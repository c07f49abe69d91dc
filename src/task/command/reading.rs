//! Reads what a command prints: a message where it is one, else output.
//!
//! Invariant: a line that means to be a message is never passed on as output unless showing it is all that it asks for.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::message_type::{self, MessageType};
use super::protocol::{BadMessage, Printed};
use super::step_value::StepValue;
use crate::domain::answerers::{Answerers, Assignee};
use crate::domain::context::Context;
use crate::domain::form;
use crate::domain::json;
use crate::domain::request::{Field, Form, Values};
use crate::session::calls::Call;

/// Most bytes of a step's name.
const LONGEST_NAME: usize = 4096;

/// The longest time limit of a question, in seconds: a hundred years. Longer ones overflow clocks.
const LONGEST_WAIT: f64 = 100.0 * 365.25 * 86_400.0;

/// Reads a line without its end. What is no message is output.
pub(super) fn read(line: &[u8]) -> Printed {
    let message = message_type::bare(line);
    // Only an object is a message; most lines are none, and need not be parsed to see that.
    if message.first() != Some(&b'{') {
        return Printed::Output(text(line));
    }
    let begun = message_type::from_beginning(message);
    let read = begun.map(|kind| parse(kind, message));
    if let Some(Ok(said)) = read {
        return said;
    }
    // What stands behind a mistake is only seen from the end. A line that was cut off has no end, but what it has of a
    // beginning is without mistakes.
    let is_broken = serde_json::from_slice::<IgnoredAny>(message).is_err();
    let ended = if is_broken && message.ends_with(b"}") { message_type::from_end(message) } else { None };
    let Some(kind) = message_type::weightier(begun, ended) else { return Printed::Output(text(line)) };
    let reason = match read {
        Some(Err(reason)) if begun == Some(kind) => reason,
        _ => parse(kind, message).err().unwrap_or_else(|| "it is not JSON".into()),
    };
    unreadable(BadMessage { kind, reason }, line)
}

/// Reads the beginning of a line that is too long, of which `limit` bytes have come.
pub(super) fn read_beginning(piece: &[u8], limit: usize) -> Printed {
    let message = message_type::bare(piece);
    let kind = if message.first() == Some(&b'{') { message_type::from_beginning(message) } else { None };
    match kind {
        Some(kind) => unreadable(BadMessage { kind, reason: format!("it has more than {limit} bytes") }, piece),
        None => Printed::Output(text(piece)),
    }
}

/// A line as text: what is no UTF-8 is replaced.
pub(super) fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

fn unreadable(fault: BadMessage, line: &[u8]) -> Printed {
    if fault.kind.is_output() { Printed::Misfit { fault, line: text(line) } } else { Printed::Broken(fault) }
}

#[derive(Deserialize)]
struct Stream {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    content: String,
    save_state: Option<bool>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    done: Box<RawValue>,
    total: Box<RawValue>,
    #[serde(default)]
    label: String,
    save_state: Option<bool>,
}

#[derive(Deserialize)]
struct RequestConfirmation {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    message: String,
    timeout: Option<f64>,
    default: Option<bool>,
    context: Option<Box<RawValue>>,
    assignees: Option<Vec<Assignee>>,
    required_answers: Option<u32>,
    allow_own: Option<bool>,
}

#[derive(Deserialize)]
struct RequestUserInput {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    fields: Box<RawValue>,
    message: Option<String>,
    timeout: Option<f64>,
    default: Option<Box<RawValue>>,
    context: Option<Box<RawValue>>,
    assignees: Option<Vec<Assignee>>,
    required_answers: Option<u32>,
    allow_own: Option<bool>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    name: String,
}

#[derive(Deserialize)]
struct StepCompleted {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    name: String,
    value: Box<RawValue>,
}

#[derive(Deserialize)]
struct TaskCompleted {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    values: Box<RawValue>,
}

#[derive(Deserialize)]
struct TaskFailed {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    error: Box<RawValue>,
    #[serde(default)]
    can_retry: bool,
}

fn parse(kind: MessageType, message: &[u8]) -> Result<Printed, String> {
    match kind {
        MessageType::Stream => {
            let Stream { content, save_state, .. } = fields(message)?;
            Ok(Printed::Call(Call::Stream { content, save_state: save_state.unwrap_or(true) }))
        }
        MessageType::Progress => {
            let Progress { done, total, label, save_state, .. } = fields(message)?;
            let (done, total) = (amount("done", &done)?, amount("total", &total)?);
            let save_state = save_state.unwrap_or(true);
            Ok(Printed::Call(Call::Progress { done, total, label, save_state }))
        }
        MessageType::RequestConfirmation => {
            let asked: RequestConfirmation = fields(message)?;
            let answerers = answerers(true, asked.assignees, asked.required_answers, asked.allow_own)?;
            let (timeout, context) = (checked(asked.timeout)?, about(asked.context)?.non_empty());
            let RequestConfirmation { message, default, .. } = asked;
            Ok(Printed::Call(Call::RequestConfirmation { message, timeout, default, context, answerers }))
        }
        MessageType::RequestUserInput => fields(message).and_then(form).map(|form| Printed::Call(Call::from(form))),
        MessageType::Step => fields(message)
            .and_then(|Step { name, .. }| named(name))
            .map(|name| Printed::Call(Call::Step { name, repeatable: true })),
        MessageType::StepCompleted => {
            let StepCompleted { name, value, .. } = fields(message)?;
            let value = StepValue::read(&value).map_err(|reason| format!("value: {}", at_column(&reason)))?;
            Ok(Printed::StepCompleted { name: named(name)?, value })
        }
        MessageType::TaskCompleted => {
            let TaskCompleted { values, .. } = fields(message)?;
            exact("values", &values).map(Printed::Completed)
        }
        MessageType::TaskFailed => {
            let TaskFailed { error, can_retry, .. } = fields(message)?;
            let error = exact("error", &error)?;
            let error = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            Ok(Printed::Failed { error, can_retry })
        }
    }
}

/// The fields of a message; others are ignored.
fn fields<'a, T: Deserialize<'a>>(message: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(message).map_err(|error| match json::read(message) {
        // It says what a number should have been, which the parser does not.
        Err(json::Unreadable::Syntax(reason)) => at_column(&reason),
        Err(json::Unreadable::Number(_) | json::Unreadable::Deep(_)) | Ok(_) => at_column(&error.to_string()),
    })
}

/// The value of a field, in which no number is rounded.
fn exact(field: &str, value: &RawValue) -> Result<Value, String> {
    json::read(value.get().as_bytes()).map_err(|error| match error {
        json::Unreadable::Syntax(reason) => format!("{field}: {}", at_column(&reason)),
        json::Unreadable::Number(lost) => {
            let separator = if lost.path.is_empty() { ": " } else { "." };
            format!("{field}{separator}{lost}")
        }
        json::Unreadable::Deep(deep) => format!("{field}: {deep}"),
    })
}

fn amount(field: &str, value: &RawValue) -> Result<Number, String> {
    let value = exact(field, value)?;
    let number = value.as_number().filter(|number| number.as_f64().is_some_and(|number| number >= 0.0));
    number.cloned().ok_or_else(|| format!("{field}: a number from 0 is wanted"))
}

fn form(asked: RequestUserInput) -> Result<Form, String> {
    let answerers = answerers(false, asked.assignees, asked.required_answers, asked.allow_own)?;
    let RequestUserInput { fields, message, timeout, default, context, .. } = asked;
    let fields: Vec<Field> =
        serde_json::from_value(exact("fields", &fields)?).map_err(|error| format!("fields: {error}"))?;
    let default = match default.map(|values| exact("default", &values)).transpose()? {
        None | Some(Value::Null) => None,
        Some(Value::Object(values)) => Some(fitting(&fields, values)?),
        Some(_) => return Err("default: an object is wanted".into()),
    };
    Ok(Form { message, fields, timeout: checked(timeout)?, default, context: Box::new(about(context)?), answerers })
}

/// Who may answer a question, and how many have to.
fn answerers(
    is_confirmation: bool,
    assignees: Option<Vec<Assignee>>,
    required_answers: Option<u32>,
    allow_own: Option<bool>,
) -> Result<Answerers, String> {
    let (assignees, allow_own) = (assignees.unwrap_or_default(), allow_own.unwrap_or(true));
    let answerers = Answerers { assignees, required_answers, allow_own };
    answerers.fault(is_confirmation).map_or(Ok(answerers), Err)
}

/// What a question is about.
fn about(context: Option<Box<RawValue>>) -> Result<Context, String> {
    #[derive(Deserialize)]
    struct Said {
        title: Option<String>,
        source: Option<Value>,
        details: Option<Value>,
    }

    let Some(context) = context.map(|context| exact("context", &context)).transpose()? else {
        return Ok(Context::default());
    };
    if context.is_null() {
        return Ok(Context::default());
    }
    if !context.is_object() {
        return Err("context: an object is wanted".into());
    }
    let said: Said = serde_json::from_value(context).map_err(|error| format!("context: {error}"))?;
    let mut context = Context { title: said.title, ..Context::default() };
    match said.details {
        None | Some(Value::Null | Value::Object(_)) => context.add_details(said.details.unwrap_or_default()),
        Some(_) => return Err("context.details: an object is wanted".into()),
    }
    if let Some(source) = said.source.filter(|source| !source.is_null()) {
        context.source = match serde_json::from_value(source) {
            Ok(source) => Some(source),
            Err(_) => return Err("context.source: node_id, agent_id or session_id is wanted".into()),
        };
    }
    Ok(context)
}

/// A time limit that a clock can hold.
fn checked(timeout: Option<f64>) -> Result<Option<f64>, String> {
    match timeout {
        Some(seconds) if !(seconds > 0.0 && seconds <= LONGEST_WAIT) => {
            Err("timeout: more than 0 and at most a hundred years of seconds are wanted".into())
        }
        fine => Ok(fine),
    }
}

/// A default answer that fits its form. A form that is broken itself is left to the session, which says what is wrong.
fn fitting(fields: &[Field], values: Values) -> Result<Values, String> {
    if !form::faults(fields).is_empty() {
        return Ok(values);
    }
    form::check(fields, &values).map_err(|errors| {
        let words = errors.first().map(|error| format!("{}: {}", error.field, error.message)).unwrap_or_default();
        format!("default: {words}")
    })
}

fn named(name: String) -> Result<String, String> {
    if (1..=LONGEST_NAME).contains(&name.len()) {
        return Ok(name);
    }
    Err(format!("name: 1 to {LONGEST_NAME} bytes are wanted"))
}

/// A message is one line, so that only the column says where.
fn at_column(reason: &str) -> String {
    reason.replace(" at line 1 column ", " at column ")
}

#[cfg(test)]
mod tests;
