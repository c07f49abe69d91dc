//! How large a document may be.

use serde::{Deserialize, Serialize};

/// How large a document may be. A reader stops with [`Error::TooLarge`](crate::Error::TooLarge) at the first limit passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Bytes that a compressed file may unpack to.
    pub unpacked_bytes: u64,
    /// Bytes of text that the document is read to, at most 4 GiB: what a workbook stores once and shows in many cells counts
    /// once for each, as what reads the cells copies it.
    pub text_bytes: usize,
    /// Cells of all tables, blank ones that stand between others included.
    pub cells: usize,
    /// Columns of one table.
    pub columns: usize,
    /// Tables, headings, paragraphs and list items.
    pub blocks: usize,
    /// Pages of a PDF, sheets of a workbook.
    pub pages: usize,
    /// Characters that a PDF may draw.
    pub glyphs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            unpacked_bytes: 256 << 20,
            text_bytes: 64 << 20,
            cells: 2_000_000,
            columns: 1_024,
            blocks: 2_000_000,
            pages: 5_000,
            glyphs: 20_000_000,
        }
    }
}
