//! `numeric_validation`: how a table adds up is learned from the table; what breaks a reading that holds elsewhere is a finding.

mod balance;
mod base;
mod crossing;
mod facts;
mod faults;
mod footing;
mod grid;
mod growth;
mod prose;
mod repeated;
mod shares;
mod slip;
mod sums;
mod text;

use std::ops::ControlFlow;

use self::faults::Faults;
use self::grid::Grid;
use super::Report;
use crate::Document;
use crate::figure::Interval;

/// Progress is reported after this many tables.
const STRIDE: usize = 64;

/// What one row says of a reading of percentages.
enum Verdict {
    /// It holds, for this many bits.
    Holds(u32),
    /// It says nothing here.
    Idle,
    /// The percentage should lie in there.
    Breaks(Interval),
}

pub(super) fn run(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let tables = document.tables();
    let total = tables.len() + 3;
    report.progress(0, total)?;
    for (index, table) in tables.iter().enumerate() {
        let mut faults = Faults::new(document, table, report.limit);
        for grid in Grid::of(document, table) {
            footing::check(&grid, &mut faults);
            crossing::check(&grid, &mut faults);
            balance::check(&grid, &mut faults);
        }
        growth::check(document, table, &mut faults);
        shares::check(document, table, &mut faults);
        report.summary.cells += faults.figures();
        report.summary.proven += faults.proven();
        report.summary.dropped += faults.dropped();
        for finding in faults.into_findings() {
            report.finding(finding)?;
        }
        // A single large table is the longest that a stop has to wait for.
        if index % STRIDE == STRIDE - 1 || table.cell_count() > 10_000 {
            report.progress(index + 1, total)?;
        }
    }
    repeated::check(document, report)?;
    report.progress(total - 2, total)?;
    facts::check(document, report)?;
    report.progress(total - 1, total)?;
    prose::check(document, report)?;
    report.progress(total, total)
}
