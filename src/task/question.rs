//! `question`: asks one person one thing; what a node of a live workflow asks is a session of this kind.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

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

    fn input_schema(&self) -> Value {
        let time = json!({"type": ["number", "null"], "exclusiveMinimum": 0});
        json!({
            "type": "object",
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "confirmation": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["message"],
                    "properties": {"message": {"type": "string"}, "timeout": time, "default": {"type": ["boolean", "null"]}}
                },
                "form": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["fields"],
                    "properties": {
                        "message": {"type": ["string", "null"]},
                        "fields": {"type": "array", "items": {"type": "object"}},
                        "timeout": time,
                        "default": {"type": ["object", "null"]}
                    }
                }
            }
        })
    }

    fn check(&self, input: &Value, _: &Value) -> Vec<Fault> {
        let Some(fields) = input.pointer("/form/fields") else { return Vec::new() };
        match serde_json::from_value::<Vec<Field>>(fields.clone()) {
            Ok(_) => Vec::new(),
            Err(error) => {
                let loc = ["body", "input", "form", "fields"].map(str::to_owned).to_vec();
                vec![Fault { loc, msg: error.to_string(), kind: "invalid_form".to_owned() }]
            }
        }
    }

    fn run(&self, context: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        run(context).boxed_local()
    }
}

async fn run(ctx: TaskContext) -> TaskResult {
    let input = ctx.input().clone();
    let timeout = |of: &Value| of.get("timeout").and_then(Value::as_f64);
    let message = |of: &Value| of.get("message").and_then(Value::as_str).map(str::to_owned);
    if let Some(asked) = input.get("confirmation") {
        let default = asked.get("default").and_then(Value::as_bool);
        let question = Confirmation { message: message(asked).unwrap_or_default(), timeout: timeout(asked), default };
        return Ok(Value::Bool(ctx.confirm(question).await));
    }
    let asked = input.get("form").unwrap_or(&Value::Null);
    let fields = asked.get("fields").cloned().unwrap_or_default();
    let fields: Vec<Field> = serde_json::from_value(fields).map_err(TaskError::failed)?;
    let default: Option<Values> = asked.get("default").and_then(Value::as_object).cloned();
    let form = Form { message: message(asked), fields, timeout: timeout(asked), default };
    ctx.ask(form).await.map(Value::Object)
}

/// The input that asks for a yes or no.
#[must_use]
pub(crate) fn confirmation(question: &Confirmation) -> Value {
    json!({"confirmation": {"message": question.message, "timeout": question.timeout, "default": question.default}})
}

/// The input that asks for a form to be filled in.
#[must_use]
pub(crate) fn form(form: &Form) -> Value {
    json!({"form": {
        "message": form.message, "fields": form.fields, "timeout": form.timeout, "default": form.default,
    }})
}
