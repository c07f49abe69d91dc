//! `approval`: a gate for one decision.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::number;
use crate::domain::answerers::Answerers;
use crate::domain::request::Confirmation;
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};

/// Asks once, and does its work if the answer is yes.
pub(super) struct Approval;

impl TaskKind for Approval {
    fn name(&self) -> &str {
        "approval"
    }

    fn description(&self) -> &str {
        "A gate for one decision: asks for approval, and prints some lines once it is given."
    }

    fn config_schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "message": {"type": "string", "default": "Approve?", "description": "The question."},
                "lines": {"type": "integer", "minimum": 0, "maximum": 100_000, "default": 5,
                          "description": "Lines printed after a yes."},
                "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000,
                            "description": "Seconds until the default answer is taken."},
                "default": {"type": "boolean", "default": false, "description": "The answer when the time runs out."},
                "assignees": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 320},
                              "maxItems": Answerers::MOST,
                              "description": "Who may answer beside the owner: names, and group:NAME."},
                "required_answers": {"type": "integer", "minimum": 1, "maximum": Answerers::MOST,
                                     "description": "How many different people have to say yes; the first no decides."},
                "allow_own": {"type": "boolean", "default": true,
                              "description": "Whether the one who started the session may answer."}
            }
        })
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        run(ctx).boxed_local()
    }
}

async fn run(ctx: TaskContext) -> TaskResult {
    let config = ctx.config().clone();
    let message = config.get("message").and_then(Value::as_str).unwrap_or("Approve?").to_owned();
    let said = Some(&config).filter(|config| !config.is_null()).map(Answerers::deserialize);
    let answerers = said.transpose().map_err(TaskError::failed)?.unwrap_or_default();
    ctx.stream("Waiting for approval").await;
    let question = Confirmation {
        message,
        timeout: config.get("timeout").and_then(Value::as_f64),
        default: config.get("default").and_then(Value::as_bool),
        answerers,
        ..Confirmation::default()
    };
    if !ctx.confirm(question).await {
        return Ok(json!({"approved": false}));
    }
    let lines = number(&config, "lines", 5);
    for line in 1..=lines {
        ctx.stream(format!("Line {line}/{lines}")).await;
    }
    Ok(json!({"approved": true}))
}
