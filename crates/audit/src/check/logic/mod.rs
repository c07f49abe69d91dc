//! `logic_consistency`: periods, dates, references, counts and terms that contradict each other within one document.

mod captions;
mod counts;
mod dates;
mod periods;
mod references;
mod terms;

use std::ops::ControlFlow;

use super::Report;
use crate::{Document, Location};

pub(super) fn run(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let total = 5;
    report.progress(0, total)?;
    periods::check(document, report)?;
    report.progress(1, total)?;
    captions::check(document, report)?;
    report.progress(2, total)?;
    references::check(document, report)?;
    report.progress(3, total)?;
    counts::check(document, report)?;
    report.progress(4, total)?;
    terms::check(document, report)?;
    report.progress(total, total)
}

/// Some text around an offset, cut at whole characters.
fn around(text: &str, start: usize, end: usize) -> &str {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let from = floor(start.saturating_sub(60));
    let to = floor(end.saturating_add(60));
    text.get(from..to).unwrap_or_default().trim()
}

/// Where a row of a table is.
fn location_of_row(table: &crate::table::Table, row: usize) -> Location {
    Location {
        line: table.rows.get(row).map_or(table.place.line, |row| row.line).max(1),
        page: Some(table.place.page).filter(|&page| page > 0),
        table: Some(table.number),
        row: u32::try_from(row + 1).ok(),
        ..Location::default()
    }
}
