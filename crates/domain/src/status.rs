//! Where a session stands, and how urgent it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a session, in the words of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for a permit to run.
    Queued,
    /// Its task works.
    Running,
    /// Waits for a person's yes or no.
    WaitingConfirmation,
    /// Waits for a person to fill in a form.
    WaitingInput,
    /// Waits for a person to decide on another attempt.
    WaitingRetry,
    /// Was cancelled and cleans up.
    Cancelling,
    /// Ended with a result.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody stopped it.
    Cancelled,
}

impl Status {
    /// Every status, in the order of a session's life.
    pub const ALL: [Status; 9] = [
        Status::Queued,
        Status::Running,
        Status::WaitingConfirmation,
        Status::WaitingInput,
        Status::WaitingRetry,
        Status::Cancelling,
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::WaitingConfirmation => "waiting_confirmation",
            Status::WaitingInput => "waiting_input",
            Status::WaitingRetry => "waiting_retry",
            Status::Cancelling => "cancelling",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// The status with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the session has ended for good.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::Cancelled)
    }

    /// Whether a person is awaited.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Status::WaitingConfirmation | Status::WaitingInput | Status::WaitingRetry)
    }

    /// Whether a restart has to take the session up again at once, rather than when somebody asks for it.
    #[must_use]
    pub const fn is_resumed_at_start(self) -> bool {
        matches!(self, Status::Queued | Status::Running | Status::Cancelling)
    }
}

/// How urgent a session is in the queue; higher ones get a free permit first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After all others.
    Low,
    /// What is meant where nothing is said.
    #[default]
    Normal,
    /// Before normal ones.
    High,
    /// Before all others.
    Critical,
}

impl Priority {
    /// Every priority, least urgent first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Critical => "critical",
        }
    }

    /// The priority with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == word)
    }
}

/// What happens to a session when its last connection goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// It goes on.
    #[default]
    Keep,
    /// It is cancelled after that many seconds, unless somebody comes back before.
    CancelAfter(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_serde() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        for priority in Priority::ALL {
            assert_eq!(serde_json::to_value(priority).unwrap(), priority.as_str());
            assert_eq!(Priority::parse(priority.as_str()), Some(priority));
        }
        assert_eq!(Status::parse("stopped"), None);
    }

    #[test]
    fn on_disconnect_is_a_word_or_an_object() {
        assert_eq!(serde_json::to_string(&OnDisconnect::Keep).unwrap(), r#""keep""#);
        let cancel: OnDisconnect = serde_json::from_str(r#"{"cancel_after": 30}"#).unwrap();
        assert_eq!(cancel, OnDisconnect::CancelAfter(30.0));
    }
}
