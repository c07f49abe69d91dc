//! Years of a table against the sentence that introduces it, and against the order that all other tables keep.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::location_of_row;
use crate::check::years::years;
use crate::check::{Report, location_in};
use crate::table::{ColumnKind, RowKind, Table};
use crate::{Block, BlockKind, Document, Finding, Severity};

/// Tables that must keep a rule before another breaks it.
const PROOFS: usize = 3;

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut matching = 0_usize;
    let mut broken: Vec<(&Block, &Table, BTreeSet<i32>, BTreeSet<i32>)> = Vec::new();
    for pair in document.blocks().windows(2) {
        let [before, block] = pair else { continue };
        let BlockKind::Table(index) = block.kind else { continue };
        let Some(table) = document.tables().get(index) else { continue };
        let text = document.text(before.text);
        if !matches!(before.kind, BlockKind::Paragraph) || text.len() > 600 || !introduces(text) {
            continue;
        }
        let said: BTreeSet<i32> = years(text).into_iter().collect();
        let printed: BTreeSet<i32> = year_columns(document, table).into_iter().collect();
        if said.len() < 2 || printed.len() < 2 {
            continue;
        }
        if said == printed || said.is_subset(&printed) || printed.is_subset(&said) {
            matching += usize::from(said == printed);
        } else {
            broken.push((before, table, said, printed));
        }
    }
    let proven = matching >= PROOFS && broken.len() * 3 <= matching;
    for (before, table, said, printed) in broken {
        let list = |years: &BTreeSet<i32>| years.iter().rev().map(i32::to_string).collect::<Vec<_>>().join(", ");
        let text = document.text(before.text);
        let severity = if proven { Severity::Warning } else { Severity::Info };
        let finding = Finding::new(
            severity,
            "logic.period_mismatch",
            format!("the text announces {}, but table {} is about {}", list(&said), table.number, list(&printed)),
            location_in(before, text, 0),
            text,
        );
        report.finding(
            finding
                .values(list(&said), list(&printed))
                .proof(format!("{matching} other tables have the years that their text announces")),
        )?;
    }
    order(document, report)
}

fn introduces(text: &str) -> bool {
    let lower = text.to_lowercase();
    let last = lower.trim_end();
    last.contains("following table")
        || last.contains("table below")
        || last.contains("as follows")
        || last.ends_with(':')
}

/// The year of each amount column that names exactly one.
fn year_columns(document: &Document, table: &Table) -> Vec<i32> {
    let amounts = table.columns.iter().filter(|column| column.kind == ColumnKind::Amount);
    amounts
        .filter_map(|column| match years(document.text(column.heading)).as_slice() {
            [year] => Some(*year),
            _ => None,
        })
        .collect()
}

/// One table whose years run the other way than all others of the same years.
fn order(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut by_years: HashMap<Vec<i32>, (Vec<&Table>, Vec<&Table>)> = HashMap::new();
    for table in document.tables() {
        let columns = year_columns(document, table);
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if columns.len() < 2 || sorted.len() != columns.len() {
            continue;
        }
        let entry = by_years.entry(sorted.clone()).or_default();
        if columns == sorted {
            entry.0.push(table);
        } else if columns.iter().rev().eq(sorted.iter()) {
            entry.1.push(table);
        }
    }
    let mut odd: Vec<(&Table, usize)> = Vec::new();
    for (rising, falling) in by_years.values() {
        match (rising.as_slice(), falling.as_slice()) {
            ([one], many) | (many, [one]) if many.len() > PROOFS => odd.push((one, many.len())),
            _ => {}
        }
    }
    odd.sort_unstable_by_key(|(table, _)| table.number);
    for (table, others) in odd {
        let row = table.rows.iter().position(|row| row.kind == RowKind::Heading).unwrap_or(0);
        let columns: Vec<String> = year_columns(document, table).iter().map(i32::to_string).collect();
        let finding = Finding::new(
            Severity::Warning,
            "logic.period_sequence",
            format!("the years of table {} run the other way than in {others} other tables", table.number),
            location_of_row(table, row),
            &columns.join(", "),
        );
        report.finding(finding.proof(format!("{others} tables with the same years keep the other order")))?;
    }
    ControlFlow::Continue(())
}
