//! `long_running_task`: a form, work, a failure with a retry, and a confirmation.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::number;
use crate::domain::request::{Field, FieldType};
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};

/// How often a person may have it tried again.
const MAX_RETRIES: u32 = 2;

/// Pretends to send an email, and shows everything that a task can ask of a person.
pub(super) struct LongRunningTask;

impl TaskKind for LongRunningTask {
    fn name(&self) -> &str {
        "long_running_task"
    }

    fn description(&self) -> &str {
        "A demonstration of all that a task can ask: a form, a retry after a simulated failure, and a confirmation."
    }

    fn config_schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "step_delay_ms": {"type": "integer", "minimum": 0, "maximum": 86_400_000, "default": 800,
                                  "description": "Milliseconds that a step takes."}
            }
        })
    }

    fn is_demo(&self) -> bool {
        true
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        run(ctx).boxed_local()
    }
}

async fn run(ctx: TaskContext) -> TaskResult {
    let delay = Duration::from_millis(number(ctx.config(), "step_delay_ms", 800));
    ctx.stream("Task started!").await;
    let values = ctx
        .ask(vec![
            Field::new("subject", FieldType::String, "Subject of the email"),
            Field::new("body", FieldType::String, "Body of the email"),
            Field::new("to_address", FieldType::Email, "Recipient's email address"),
        ])
        .await?;
    for step in 1..=5 {
        ctx.stream(format!("Processing email step {step}/5...")).await;
        if !delay.is_zero() {
            ctx.sleep(delay).await;
        }
    }
    ctx.attempts(MAX_RETRIES, |attempt| async move {
        if attempt == 1 { Err(TaskError::failed("Simulated task failure")) } else { Ok(()) }
    })
    .await?;
    if !ctx.confirm("Send the email?").await {
        ctx.stream("Task cancelled by user.").await;
        return Err(TaskError::Cancelled("the email was not confirmed".into()));
    }
    Ok(Value::Object(values))
}
