//! `question`: asks one person one thing; what a node of a live workflow asks is a session of this kind.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::answerers::Answerers;
use crate::domain::context::Context;
use crate::domain::request::{Confirmation, Field, Form, Values};
use crate::session::messages::Fault;
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};

/// The kind's name.
pub(crate) const NAME: &str = "question";

/// Asks, and completes with the answer: true or false, or the values of the form.
pub(super) struct Question;

impl TaskKind for Question {
    fn name(&self) -> &str {
        NAME
    }

    fn description(&self) -> &str {
        "Asks one person one thing, and completes with the answer."
    }

    fn is_internal(&self) -> bool {
        true
    }

    fn title(&self, input: &Value) -> Option<String> {
        let asked = input.get("confirmation").or_else(|| input.get("form"))?;
        let text = asked.get("message").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.or_else(|| input.pointer("/context/title").and_then(Value::as_str)).map(str::to_owned)
    }

    fn input_schema(&self) -> Value {
        let time = json!({"type": ["number", "null"], "exclusiveMinimum": 0});
        json!({
            "type": "object",
            "additionalProperties": false,
            "oneOf": [{"required": ["confirmation"]}, {"required": ["form"]}],
            "properties": {
                "context": {
                    "type": "object",
                    "description": "What the question is about.",
                    "additionalProperties": false,
                    "properties": {
                        "title": {"type": "string"}, "source": {"type": "object"}, "details": {"type": "object"}
                    }
                },
                "confirmation": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["message"],
                    "properties": {
                        "message": {"type": "string"},
                        "timeout": time,
                        "default": {"type": ["boolean", "null"]},
                        "answerers": {"type": "object"}
                    }
                },
                "form": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["fields"],
                    "properties": {
                        "message": {"type": ["string", "null"]},
                        "fields": {"type": "array", "items": {"type": "object"}},
                        "timeout": time,
                        "default": {"type": ["object", "null"]},
                        "answerers": {"type": "object"}
                    }
                }
            }
        })
    }

    fn check(&self, input: &Value, _: &Value) -> Vec<Fault> {
        let fields = input.pointer("/form/fields").and_then(|fields| Vec::<Field>::deserialize(fields).err());
        let context = input.get("context").and_then(|context| Context::deserialize(context).err());
        let fault = |loc: &[&str], error: serde_json::Error, kind: &str| {
            let loc = ["body", "input"].iter().chain(loc).map(|part| (*part).to_owned()).collect();
            Fault { loc, msg: error.to_string(), kind: kind.to_owned() }
        };
        let fields = fields.map(|error| fault(&["form", "fields"], error, "invalid_form"));
        fields.into_iter().chain(context.map(|error| fault(&["context"], error, "invalid_context"))).collect()
    }

    fn run(&self, context: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        run(context).boxed_local()
    }
}

async fn run(ctx: TaskContext) -> TaskResult {
    let input = ctx.input().clone();
    let timeout = |of: &Value| of.get("timeout").and_then(Value::as_f64);
    let message = |of: &Value| of.get("message").and_then(Value::as_str).map(str::to_owned);
    let context = input.get("context").map(Context::deserialize).transpose().map_err(TaskError::failed)?;
    let context = Box::new(context.unwrap_or_default());
    if let Some(asked) = input.get("confirmation") {
        let default = asked.get("default").and_then(Value::as_bool);
        let message = message(asked).unwrap_or_default();
        let (timeout, answerers) = (timeout(asked), answerers(asked)?);
        let question = Confirmation { message, timeout, default, context, answerers };
        return Ok(Value::Bool(ctx.confirm(question).await));
    }
    let asked = input.get("form").unwrap_or(&Value::Null);
    let fields = asked.get("fields").cloned().unwrap_or_default();
    let fields: Vec<Field> = serde_json::from_value(fields).map_err(TaskError::failed)?;
    let default: Option<Values> = asked.get("default").and_then(Value::as_object).cloned();
    let (timeout, answerers) = (timeout(asked), answerers(asked)?);
    let form = Form { message: message(asked), fields, timeout, default, context, answerers };
    ctx.ask(form).await.map(Value::Object)
}

/// Who may answer, as the input says.
fn answerers(asked: &Value) -> Result<Answerers, TaskError> {
    let said = asked.get("answerers").filter(|said| !said.is_null()).map(Answerers::deserialize).transpose();
    said.map(Option::unwrap_or_default).map_err(TaskError::failed)
}

/// The input that asks for a yes or no. What it is about can be added as its `context`.
#[must_use]
pub(crate) fn confirmation(question: &Confirmation) -> Value {
    json!({"confirmation": {
        "message": question.message, "timeout": question.timeout, "default": question.default,
        "answerers": question.answerers,
    }})
}

/// The input that asks for a form to be filled in; the same holds for it.
#[must_use]
pub(crate) fn form(form: &Form) -> Value {
    json!({"form": {
        "message": form.message, "fields": form.fields, "timeout": form.timeout, "default": form.default,
        "answerers": form.answerers,
    }})
}
