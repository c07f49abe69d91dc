//! Why a command's attempt failed, in the words that clients get.

use crate::session::TaskError;

/// Why a command's attempt failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Error {
    /// It is not there, or the system refuses to run it.
    #[error("the command {program:?} cannot be started: {reason}")]
    Start { program: String, reason: String },
    /// It ended badly, and without a result.
    #[error("the command {how}{}", after(stderr))]
    Ended { how: String, stderr: String },
    /// It worked for too long.
    #[error("the command worked for longer than its limit of {limit} s{}", after(stderr))]
    TimedOut { limit: f64, stderr: String },
    /// It printed too much.
    #[error("the command printed more than its limit of {limit} bytes")]
    TooMuchOutput { limit: u64 },
    /// It asked for a form, and nobody filled it in.
    #[error("{0}")]
    Unanswered(TaskError),
    /// It does not keep to the protocol.
    #[error("protocol_error: line {line} of the command's output {what}")]
    Protocol {
        /// Which line, from 1.
        line: u64,
        what: String,
    },
    /// It said itself that it failed.
    #[error("{error}")]
    Reported {
        error: String,
        /// Whether it may be tried again.
        can_retry: bool,
    },
}

impl Error {
    /// Whether another attempt makes no sense: the command itself says so, or it is its program that has to be mended.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Error::Reported { can_retry: false, .. } | Error::Protocol { .. })
    }
}

fn after(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {stderr}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_and_the_end_of_stderr() {
        let ended = |stderr: &str| Error::Ended { how: "exited with code 3".into(), stderr: stderr.into() };
        assert_eq!(ended("").to_string(), "the command exited with code 3");
        assert_eq!(ended("no disk").to_string(), "the command exited with code 3: no disk");
        assert_eq!(
            Error::TimedOut { limit: 1.5, stderr: String::new() }.to_string(),
            "the command worked for longer than its limit of 1.5 s"
        );
    }
}
