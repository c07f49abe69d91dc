//! `simulate_streaming`: lines and progress at a steady pace.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::number;
use crate::session::{TaskContext, TaskKind, TaskResult};

/// Prints a line and its progress for each step.
pub(super) struct SimulateStreaming;

impl TaskKind for SimulateStreaming {
    fn name(&self) -> &str {
        "simulate_streaming"
    }

    fn description(&self) -> &str {
        "A demonstration: prints a line and its progress for each of some steps."
    }

    fn config_schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "steps": {"type": "integer", "minimum": 1, "maximum": 100_000, "default": 10,
                          "description": "How many steps."},
                "step_delay_ms": {"type": "integer", "minimum": 0, "maximum": 86_400_000, "default": 500,
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
    let steps = number(ctx.config(), "steps", 10);
    let delay = Duration::from_millis(number(ctx.config(), "step_delay_ms", 500));
    for step in 1..=steps {
        let line = format!("Step {step}/{steps} completed");
        ctx.stream(line.clone()).await;
        ctx.progress(step, steps, line).await;
        if !delay.is_zero() && step < steps {
            ctx.sleep(delay).await;
        }
    }
    Ok(json!({"steps": steps}))
}
