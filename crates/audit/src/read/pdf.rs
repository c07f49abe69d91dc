//! PDF: glyphs with their places become lines, so that a blank cell keeps its column.

mod glyphs;
mod guard;

use std::borrow::Cow;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::Document as Pdf;
use serde::{Deserialize, Serialize};

use self::glyphs::Glyphs;
use super::layout::{Chunk, Layout, Line};
use crate::document::{Builder, Place};
use crate::{Error, Limits};

/// The pages of a PDF as text with places: what a child process that reads a PDF hands back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pages(pub Vec<Page>);

/// A page: its lines from the top.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// Lines from the top.
    pub lines: Vec<PageLine>,
}

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLine {
    /// Whether a gap stands above it.
    pub gap: bool,
    /// Runs of text from left to right, each with its left and right edge in tenths of a point.
    pub runs: Vec<(u32, u32, String)>,
}

/// What [`main_child`] writes, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub enum ChildResult {
    /// The pages.
    #[serde(rename = "pages")]
    Pages(Pages),
    /// Why the PDF cannot be read.
    #[serde(rename = "error")]
    Error(String),
}

impl ChildResult {
    /// The pages, or why there are none.
    pub fn into_pages(self) -> Result<Pages, Error> {
        match self {
            ChildResult::Pages(pages) => Ok(pages),
            ChildResult::Error(reason) => Err(Error::malformed("PDF", reason)),
        }
    }
}

/// Reads a PDF from `input` and writes a [`ChildResult`] to `output`.
///
/// The entry point of a child process: its parent sets limits on memory and time, since no PDF library is safe from
/// every hostile file.
///
/// # Errors
/// When `input` cannot be read or `output` not be written; what is wrong with the PDF is written to `output`.
pub fn main_child(input: impl Read, output: impl Write, limits: &Limits) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    input.take(limits.bytes as u64 + 1).read_to_end(&mut bytes)?;
    let result = if bytes.len() > limits.bytes {
        ChildResult::Error(Error::TooLarge { what: "bytes", limit: limits.bytes as u64 }.to_string())
    } else {
        match read_pdf(&bytes, limits) {
            Ok(pages) => ChildResult::Pages(pages),
            Err(Error::Malformed { reason, .. }) => ChildResult::Error(reason),
            Err(error) => ChildResult::Error(error.to_string()),
        }
    };
    let mut output = std::io::BufWriter::new(output);
    serde_json::to_writer(&mut output, &result)?;
    output.flush()
}

/// Reads a PDF in this process.
pub fn read_pdf(bytes: &[u8], limits: &Limits) -> Result<Pages, Error> {
    // The library panics on much that is malformed; nothing of it is used after a panic.
    let read = catch_unwind(AssertUnwindSafe(|| extract(bytes, limits)));
    read.unwrap_or_else(|_| Err(Error::malformed("PDF", "its structure is damaged")))
}

fn extract(bytes: &[u8], limits: &Limits) -> Result<Pages, Error> {
    let pdf = Pdf::load_mem(bytes).map_err(|error| Error::malformed("PDF", error))?;
    if pdf.is_encrypted() {
        return Err(Error::malformed("PDF", "it is encrypted"));
    }
    guard::check(&pdf)?;
    let count = pdf.get_pages().len();
    if count > limits.pages {
        return Err(Error::TooLarge { what: "pages", limit: limits.pages as u64 });
    }
    let mut glyphs = Glyphs::new(limits);
    let outcome = pdf_extract::output_doc(&pdf, &mut glyphs);
    if let Some(error) = glyphs.refused() {
        return Err(error);
    }
    outcome.map_err(|error| Error::malformed("PDF", error))?;
    Ok(glyphs.into_pages())
}

pub(super) fn layout_pages(pages: Pages, builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut layout = Layout::default();
    for (number, page) in (1_u32..).zip(pages.0) {
        builder.pages = number;
        for (line_number, line) in (1_u32..).zip(page.lines) {
            if line.gap {
                layout.line(Line::default(), builder)?;
            }
            let chunks = line.runs.into_iter().map(|(start, end, text)| Chunk {
                start,
                end: end.max(start + 1),
                place: Place { line: line_number, column: 0, page: number },
                text: Cow::Owned(text),
            });
            layout.line(Line { chunks: chunks.collect() }, builder)?;
        }
        // Columns move from page to page: no table goes on over the edge.
        layout.end(builder)?;
    }
    Ok(())
}
