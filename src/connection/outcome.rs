//! What came of something that a socket's client asked for, as the audit trail tells it apart.

use crate::session::messages::Refused;
use crate::workflow::refused::Refused as WorkflowRefused;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// What it is about is not there for whoever asked, or not for them to change.
    Denied,
    /// It failed for another reason.
    Failed,
}

impl<T> From<&Result<T, Refused>> for Outcome {
    fn from(result: &Result<T, Refused>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(Refused::UnknownSession | Refused::NotAsked(_) | Refused::NotOwned) => Self::Denied,
            Err(_) => Self::Failed,
        }
    }
}

impl<T> From<&Result<T, WorkflowRefused>> for Outcome {
    fn from(result: &Result<T, WorkflowRefused>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(WorkflowRefused::UnknownWorkflow) => Self::Denied,
            Err(_) => Self::Failed,
        }
    }
}
