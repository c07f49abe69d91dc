//! Task kinds that are written in a test.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use callboard::session::{TaskContext, TaskKind, TaskResult};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

struct Kind<F> {
    name: &'static str,
    run: F,
}

impl<F, Fut> TaskKind for Kind<F>
where
    F: Fn(TaskContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = TaskResult> + 'static,
{
    fn name(&self) -> &str {
        self.name
    }

    fn config_schema(&self) -> Value {
        Value::Bool(true)
    }

    fn run(&self, context: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        (self.run)(context).boxed_local()
    }
}

/// A task kind of this name that takes any configuration.
pub fn kind<F, Fut>(name: &'static str, run: F) -> Arc<dyn TaskKind>
where
    F: Fn(TaskContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = TaskResult> + 'static,
{
    Arc::new(Kind { name, run })
}

/// Adds a line to a file: an effect outside that can be counted.
pub fn note(path: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

/// The lines that were noted.
pub fn noted(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}
