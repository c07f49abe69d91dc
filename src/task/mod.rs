//! The task kinds that come with Callboard.

mod approval;
pub(crate) mod command;
mod long_running;
pub(crate) mod question;
mod streaming;
pub(crate) mod workflow;

use std::sync::Arc;

use serde_json::Value;

use crate::session::TaskKind;

/// The kinds that every server has.
#[must_use]
pub(crate) fn built_in() -> Vec<Arc<dyn TaskKind>> {
    vec![
        Arc::new(long_running::LongRunningTask),
        Arc::new(streaming::SimulateStreaming),
        Arc::new(approval::Approval),
        Arc::new(question::Question),
    ]
}

/// A whole number of the configuration; the schema has checked it.
fn number(config: &Value, key: &str, default: u64) -> u64 {
    config.get(key).and_then(Value::as_u64).unwrap_or(default)
}
