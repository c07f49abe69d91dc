//! `[audits]`: how large documents may be, and what reading them may take.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How large documents may be, and what reading them may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Audits {
    /// Most bytes of a document.
    #[garde(range(min = 1, max = 268_435_456))]
    pub max_document_bytes: usize,
    /// Most bytes of the text that a document is read to: a workbook may show one text in many cells.
    #[garde(range(min = 1, max = 1_073_741_824))]
    pub max_text_bytes: usize,
    /// Most agents of one audit.
    #[garde(range(min = 1, max = 100))]
    pub max_agents: usize,
    /// Most findings of one agent; what is beyond is counted.
    #[garde(range(min = 1, max = 100_000))]
    pub max_findings: u64,
    /// Seconds after which an audit is cancelled whose last socket has gone, unless its start says otherwise.
    #[garde(range(min = 0.0, max = 31_536_000.0))]
    pub cancel_after: f64,
    /// Seconds that a socket waits for an audit that has not started yet.
    #[garde(range(min = 0.0, max = 300.0))]
    pub wait_for_start: f64,
    /// Most bytes of memory of the process that reads a PDF.
    #[garde(range(min = 67_108_864, max = 1_099_511_627_776))]
    pub pdf_memory_bytes: u64,
    /// Most seconds of computing of that process.
    #[garde(range(min = 1, max = 3600))]
    pub pdf_seconds: u64,
}

impl Default for Audits {
    fn default() -> Self {
        Self {
            max_document_bytes: 16_777_216,
            max_text_bytes: 67_108_864,
            max_agents: 20,
            max_findings: 1000,
            cancel_after: 30.0,
            wait_for_start: 5.0,
            pdf_memory_bytes: 2_147_483_648,
            pdf_seconds: 60,
        }
    }
}
