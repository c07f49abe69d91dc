//! What the writer measures of its commits.

use metrics::Histogram;

/// What the writer measures; by default nothing.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Seconds that a commit took.
    pub commit_seconds: Histogram,
    /// Rows that were written in one commit.
    pub commit_rows: Histogram,
}

impl Default for Measures {
    fn default() -> Self {
        Self { commit_seconds: Histogram::noop(), commit_rows: Histogram::noop() }
    }
}
