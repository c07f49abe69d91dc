//! What a refusal is on a socket: the word in `error`, and the code that a connection is closed with.

use std::borrow::Cow;

use super::inbound::FORBIDDEN;
use crate::hub::close::CloseCode;
use crate::session::messages::Refused;
use crate::workflow::refused::Refused as WorkflowRefused;

/// The stable word in the `code` of an `error` message.
#[must_use]
pub(crate) fn word(refused: &Refused) -> &'static str {
    match refused {
        Refused::UnknownSession => "unknown_session",
        Refused::UnknownTask(_) => "unknown_task",
        Refused::Invalid(_) | Refused::Rejected { .. } => "invalid_message",
        Refused::IdempotencyConflict => "idempotency_conflict",
        Refused::ExecutionExists => "execution_exists",
        Refused::NotEnded => "not_ended",
        Refused::NoOpenRequest => "no_open_request",
        Refused::AmbiguousRequest => "ambiguous_request",
        Refused::NotAsked(_) | Refused::NotOwned => FORBIDDEN,
        Refused::AlreadyAnswered { .. } => "already_answered",
        Refused::QueueFull => "queue_full",
        Refused::ShuttingDown => "shutting_down",
        Refused::Unavailable(_) | Refused::Elsewhere | Refused::Locked => "store_unavailable",
    }
}

/// What is wrong, for people; nothing about the inside.
#[must_use]
pub(crate) fn text(refused: &Refused) -> Cow<'static, str> {
    match refused {
        Refused::Unavailable(_) | Refused::Elsewhere => Cow::Borrowed("the server cannot do that now; try again"),
        Refused::Invalid(faults) => {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("{} {}", place(&fault.loc), fault.msg)).collect();
            Cow::Owned(format!("{refused}: {}", faults.join("; ")))
        }
        Refused::UnknownSession
        | Refused::UnknownTask(_)
        | Refused::Rejected { .. }
        | Refused::IdempotencyConflict
        | Refused::ExecutionExists
        | Refused::NotEnded
        | Refused::NoOpenRequest
        | Refused::AmbiguousRequest
        | Refused::NotAsked(_)
        | Refused::NotOwned
        | Refused::AlreadyAnswered { .. }
        | Refused::QueueFull
        | Refused::Locked
        | Refused::ShuttingDown => Cow::Owned(refused.to_string()),
    }
}

/// Where a fault is, as a client of a socket has written it: there is no body.
fn place(loc: &[String]) -> String {
    loc.get(1..).unwrap_or_default().join(".")
}

/// The stable word in the `code` of an `error` message about workflows.
#[must_use]
pub(crate) fn workflow_word(refused: &WorkflowRefused) -> &'static str {
    match refused {
        WorkflowRefused::UnknownWorkflow => "unknown_workflow",
        WorkflowRefused::NotSet(error) => error.word(),
        WorkflowRefused::InvalidId(_) => "invalid_value",
        WorkflowRefused::AmbiguousNode(_) => "ambiguous_node",
        WorkflowRefused::Invalid(_) => "invalid_graph",
        WorkflowRefused::AlreadyExists => "workflow_exists",
        WorkflowRefused::VersionConflict(_) => "version_conflict",
        WorkflowRefused::AlreadyRunning => "already_running",
        WorkflowRefused::Ending => "workflow_ending",
        WorkflowRefused::TooManyLive => "too_many_live",
        WorkflowRefused::TooManyOfOne(_) => "rate_limited",
        WorkflowRefused::ShuttingDown => "shutting_down",
        WorkflowRefused::Unavailable(_) => "store_unavailable",
    }
}

/// What is wrong with what was wanted of workflows, for people; nothing about the inside.
#[must_use]
pub(crate) fn workflow_text(refused: &WorkflowRefused) -> String {
    if let WorkflowRefused::Unavailable(_) = refused {
        return "the server cannot do that now; try again".to_owned();
    }
    refused.to_string()
}

/// The code for a connection that cannot watch what it wants to.
#[must_use]
pub(crate) fn workflow_code(refused: &WorkflowRefused) -> CloseCode {
    match refused {
        WorkflowRefused::UnknownWorkflow => CloseCode::Unknown,
        WorkflowRefused::NotSet(_)
        | WorkflowRefused::InvalidId(_)
        | WorkflowRefused::AmbiguousNode(_)
        | WorkflowRefused::Invalid(_)
        | WorkflowRefused::AlreadyExists
        | WorkflowRefused::VersionConflict(_)
        | WorkflowRefused::AlreadyRunning
        | WorkflowRefused::Ending => CloseCode::ProtocolError,
        WorkflowRefused::TooManyOfOne(_) => CloseCode::TooManyMessages,
        WorkflowRefused::TooManyLive | WorkflowRefused::ShuttingDown | WorkflowRefused::Unavailable(_) => {
            CloseCode::GoingAway
        }
    }
}

/// The code for a connection that cannot be attached to its session.
#[must_use]
pub(crate) fn code(refused: &Refused) -> CloseCode {
    match refused {
        Refused::UnknownSession | Refused::UnknownTask(_) => CloseCode::Unknown,
        Refused::Invalid(_)
        | Refused::Rejected { .. }
        | Refused::IdempotencyConflict
        | Refused::ExecutionExists
        | Refused::NotEnded
        | Refused::NoOpenRequest
        | Refused::AmbiguousRequest
        | Refused::NotAsked(_)
        | Refused::NotOwned
        | Refused::AlreadyAnswered { .. } => CloseCode::ProtocolError,
        // Both mean that the client is to come back, which is what helps.
        Refused::QueueFull | Refused::ShuttingDown | Refused::Elsewhere | Refused::Locked | Refused::Unavailable(_) => {
            CloseCode::GoingAway
        }
    }
}
