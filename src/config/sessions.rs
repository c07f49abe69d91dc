//! `[sessions]`: how many run, how long they are kept, what they may emit.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How many sessions run, how long they are kept, what they may emit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Most sessions that run at once; those that wait for people do not count.
    #[garde(range(min = 1))]
    pub max_running_sessions: usize,
    /// Most sessions that wait for a permit to run; one more is refused (503).
    #[garde(range(min = 1))]
    pub max_queued_sessions: usize,
    /// Seconds after which an ended session is removed; 0 keeps it for ever.
    #[garde(range(min = 0.0, max = crate::domain::time::LONGEST_SECONDS))]
    pub retention: f64,
    /// Most messages that a snapshot replays.
    #[garde(range(min = 1, max = 10_000))]
    pub snapshot_messages: usize,
    /// Bytes of its journal's end that a session keeps in memory.
    #[garde(range(min = 1024))]
    pub tail_bytes: usize,
    /// Most bytes of one entry as clients get it. A longer line is cut and marked so; a task whose result or question is
    /// larger fails.
    #[garde(range(min = 1024, max = 268_435_456))]
    pub max_entry_bytes: usize,
    /// Bytes that a session's task may be ahead of the store.
    #[garde(range(min = 4096))]
    pub max_unwritten_bytes: usize,
    /// Seconds after which a session that only waits, and that nobody watches, leaves memory.
    #[garde(range(min = 0.0, max = crate::domain::time::LONGEST_SECONDS))]
    pub park_after: f64,
    /// Seconds that a cancelled task's clean-up may take.
    #[garde(range(min = 0.0, max = 600.0))]
    pub cleanup_timeout: f64,
    /// Seconds in which an answer that names no question and repeats the one before is not taken for the next question.
    #[garde(range(min = 0.0, max = 60.0))]
    pub answer_guard: f64,
    /// Most labels on a session, and in a filter of a list.
    #[garde(range(max = 256))]
    pub max_labels: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            max_running_sessions: 1000,
            max_queued_sessions: 100_000,
            retention: 7.0 * 86_400.0,
            snapshot_messages: 100,
            tail_bytes: 262_144,
            max_entry_bytes: 1_048_576,
            max_unwritten_bytes: 1_048_576,
            park_after: 0.25,
            cleanup_timeout: 7.0,
            answer_guard: 0.5,
            max_labels: 32,
        }
    }
}
