//! `ask_human`: a question to people, as any task asks one.

use serde_json::{Map, Value};

use super::{Given, text};
use crate::agent::Assignment;
use crate::domain::request::{Confirmation, Field, FieldType, Form};
use crate::session::{TaskContext, TaskError};

/// Most fields of a form.
const MOST_FIELDS: usize = 50;

/// Asks a person what a model wants to know.
pub(in crate::agent) async fn ask(
    lane: &TaskContext,
    work: &Assignment,
    arguments: &Map<String, Value>,
) -> Result<Given, TaskError> {
    let message = format!("{} asks: {}", work.agent_id, text(arguments, "message"));
    if text(arguments, "kind") == "confirm" {
        let yes = lane.confirm(Confirmation { context: work.question_context(), ..Confirmation::new(message) }).await;
        return Ok(Given::ok(if yes { "yes" } else { "no" }));
    }
    let fields = match fields(arguments) {
        Ok(fields) => fields,
        Err(error) => return Ok(Given::refused(error)),
    };
    let form = Form { message: Some(message), fields, context: work.question_context(), ..Form::default() };
    let values = lane.ask(form).await?;
    Ok(Given::ok(Value::Object(values).to_string()))
}

/// The fields of a form; one for an answer where there are none.
fn fields(arguments: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let list = arguments.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if list.len() > MOST_FIELDS {
        return Err(format!("a form has at most {MOST_FIELDS} fields"));
    }
    let read = |field: &Value| serde_json::from_value::<Field>(field.clone()).map_err(|error| error.to_string());
    let fields: Vec<Field> = list.iter().map(read).collect::<Result<_, _>>()?;
    if fields.is_empty() {
        return Ok(vec![Field::new("answer", FieldType::Text, "The answer")]);
    }
    match crate::domain::form::faults(&fields).first() {
        Some(fault) => Err(format!("the field {} is wrong: {}", fault.field, fault.message)),
        None => Ok(fields),
    }
}
