//! Command tasks: any program, in any language, as a task kind.
//!
//! The program is run without a shell, in a process group of its own, and speaks JSON lines (see `protocol`); any line
//! that is no message is output. What it asks, prints and does as steps is recorded, each in a lane where the order of the
//! others does not matter: output in the main one (from the second attempt on in `try-N`), what it overwrites in
//! `overwritten` within that, questions in `ask`, each step in `step/NAME`, the second one of that name in `step-2/NAME`.
//! After a restart of the server the program is started again, and what it had done is not done twice.

mod clock;
mod error;
mod lines;
mod message_type;
mod open_question;
mod overwritten;
mod process;
mod program;
mod protocol;
mod reading;
mod run;
mod step_value;
mod steps;
mod stop;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

pub(crate) use crate::process::Launcher;

use self::run::Start;
use crate::config::task::CommandTask;
use crate::domain::context::Source;
use crate::session::{TaskContext, TaskKind, TaskResult};

/// A task kind for each command of the settings, started by `launcher`.
#[must_use]
pub(crate) fn from_settings(settings: &[CommandTask], launcher: &Launcher) -> Vec<Arc<dyn TaskKind>> {
    settings
        .iter()
        .map(|settings| -> Arc<dyn TaskKind> {
            Arc::new(CommandKind { settings: Arc::new(settings.clone()), launcher: launcher.clone() })
        })
        .collect()
}

/// Plays a command in a lane of a task, with this input: what it says, asks and does as steps is in lanes of that. Its questions
/// come from `source`.
///
/// # Errors
/// Where it fails, in the words that clients get.
pub(crate) async fn play(
    lane: TaskContext,
    settings: Arc<CommandTask>,
    launcher: Launcher,
    input: &Value,
    source: Option<Source>,
) -> TaskResult {
    run::run(lane, settings, launcher, Start { input, config: &Value::Null, source }).await
}

/// The commands that could not be started now, with the reasons. No reason not to serve: a program may come later.
#[must_use]
pub(crate) fn faults(settings: &[CommandTask]) -> Vec<String> {
    settings
        .iter()
        .filter_map(|settings| Some(format!("task {:?}: {}", settings.name, program::check(settings).err()?)))
        .collect()
}

/// A program as a task kind.
struct CommandKind {
    settings: Arc<CommandTask>,
    launcher: Launcher,
}

impl TaskKind for CommandKind {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn description(&self) -> &str {
        &self.settings.description
    }

    fn input_schema(&self) -> Value {
        self.settings.input_schema.clone().unwrap_or(Value::Bool(true))
    }

    fn config_schema(&self) -> Value {
        self.settings.config_schema.clone().unwrap_or_else(|| json!({"type": "object"}))
    }

    fn run(&self, context: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        let (settings, launcher) = (self.settings.clone(), self.launcher.clone());
        async move {
            let (input, config) = (context.input().clone(), context.config().clone());
            run::run(context, settings, launcher, Start { input: &input, config: &config, source: None }).await
        }
        .boxed_local()
    }
}
