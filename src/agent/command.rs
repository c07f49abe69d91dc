//! Agents of kind `command`: a program of the settings, which speaks the protocol of command tasks.

use std::sync::Arc;

use serde_json::Value;

use super::review::Note;
use super::{Agents, Assignment, Output};
use crate::config::task::CommandTask;
use crate::session::{TaskContext, TaskError};
use crate::task::command;

impl Agents {
    /// Runs the agent's program on its task.
    pub(super) async fn run_command(
        &self,
        lane: &TaskContext,
        work: &Assignment,
        notes: &[Note],
    ) -> Result<Output, TaskError> {
        let config = Value::Object(work.agent.config.clone());
        let mut settings: CommandTask = serde_json::from_value(config).map_err(|error| {
            TaskError::Failed(format!("tool: the agent's config is not that of a command: {error}"))
        })?;
        settings.name.clone_from(&work.agent_id);
        settings.timeout = settings.timeout.or(work.agent.max_execution_time);
        let (input, settings) = (work.to_input(notes), Arc::new(settings));
        let source = work.question_context().source;
        let play =
            || command::play(lane.clone(), settings.clone(), self.shared.launcher.clone(), &input, source.clone());
        // A program that came to its end is not started again, though what it said is in lanes of its own.
        let end = lane.lane("end");
        let played = match end.channel.is_recorded(&end.channel.place(end.own_lane())) {
            true => end.step("output", play).await,
            false => match play().await {
                Ok(values) => end.step("output", || async { Ok(values) }).await,
                Err(error) => Err(error),
            },
        };
        match played {
            Ok(values) => Ok(Output::of_program(values, work.tainted)),
            Err(TaskError::Failed(error)) => Err(TaskError::Failed(format!("tool: {error}"))),
            Err(cancelled @ TaskError::Cancelled(_)) => Err(cancelled),
        }
    }
}
