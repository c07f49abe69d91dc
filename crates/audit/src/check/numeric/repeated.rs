//! One figure in two tables: where several rows of the same name and period agree, one that differs is a finding.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rust_decimal::Decimal;

use super::faults::{column_name, location, row_name};
use crate::check::Report;
use crate::figure::{Interval, Unit};
use crate::table::{ColumnKind, RowKind, Table, label_key};
use crate::{Document, Finding, Severity};

/// A label that more tables have says nothing.
const MOST_TABLES: usize = 8;
/// Rows that must agree.
const PROOFS: usize = 4;
/// Columns of one table that are compared.
const COLUMNS: usize = 12;

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let tables = document.tables();
    if tables.len() < 2 {
        return ControlFlow::Continue(());
    }
    let mut places: HashMap<String, Vec<(u32, u32)>> = HashMap::new();
    for (index, table) in tables.iter().enumerate() {
        for (row, info) in table.rows.iter().enumerate().filter(|(_, row)| row.kind == RowKind::Amount) {
            let key = label_key(document.text(info.label));
            if key.len() < 3 {
                continue;
            }
            let list = places.entry(key).or_default();
            if list.len() <= MOST_TABLES * 2 {
                list.push((u32::try_from(index).unwrap_or(u32::MAX), u32::try_from(row).unwrap_or(u32::MAX)));
            }
        }
    }
    let mut shared: HashMap<(u32, u32), Vec<(u32, u32)>> = HashMap::new();
    for list in places.values() {
        // A label that one table has twice does not say which row is meant.
        let unique: Vec<(u32, u32)> = list
            .iter()
            .copied()
            .filter(|(table, _)| list.iter().filter(|(other, _)| other == table).count() == 1)
            .collect();
        if !(2..=MOST_TABLES).contains(&unique.len()) {
            continue;
        }
        for (position, one) in unique.iter().enumerate() {
            for two in unique.iter().skip(position + 1) {
                shared.entry((one.0, two.0)).or_default().push((one.1, two.1));
            }
        }
    }
    let mut pairs: Vec<_> = shared.into_iter().filter(|(_, rows)| rows.len() > PROOFS).collect();
    pairs.sort_unstable_by_key(|(tables, _)| *tables);
    for ((one, two), mut rows) in pairs {
        let (Some(first), Some(second)) = (tables.get(one as usize), tables.get(two as usize)) else { continue };
        rows.sort_unstable();
        compare(document, first, second, &rows, report)?;
    }
    ControlFlow::Continue(())
}

/// The year and part of it that a column is about.
fn period(heading: &str) -> Option<String> {
    let lower = heading.to_lowercase();
    if ["restated", "adjusted", "pro forma", "budget", "forecast", "unaudited", "parent", "reported", "previously"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return None;
    }
    let years: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| {
            word.len() == 4
                && (word.starts_with("19") || word.starts_with("20"))
                && word.bytes().all(|b| b.is_ascii_digit())
        })
        .collect();
    let [year] = years.as_slice() else { return None };
    let part = ["three", "six", "nine", "q1", "q2", "q3", "q4", "quarter", "half", "h1", "h2"]
        .iter()
        .find(|word| lower.contains(*word))
        .copied()
        .unwrap_or("");
    Some(format!("{year}{part}"))
}

/// Columns of amounts and the period that each is about.
fn dated_columns(document: &Document, table: &Table) -> Vec<(usize, String)> {
    let amounts = table.columns.iter().enumerate().filter(|(_, column)| column.kind == ColumnKind::Amount);
    amounts.filter_map(|(index, column)| Some((index, period(document.text(column.heading))?))).take(COLUMNS).collect()
}

fn compare(
    document: &Document,
    first: &Table,
    second: &Table,
    rows: &[(u32, u32)],
    report: &mut Report<'_>,
) -> ControlFlow<()> {
    let (left, right) = (dated_columns(document, first), dated_columns(document, second));
    for (one, period) in &left {
        for (two, _) in right.iter().filter(|(_, other)| other == period) {
            let mut agreeing = Vec::new();
            let mut differing = Vec::new();
            for &(row_one, row_two) in rows {
                let (row_one, row_two) = (row_one as usize, row_two as usize);
                let (Some(here), Some(there)) = (amount(first, row_one, *one), amount(second, row_two, *two)) else {
                    continue;
                };
                if here.meets(there) { agreeing.push(row_one) } else { differing.push((row_one, row_two, here, there)) }
            }
            agreeing.sort_unstable();
            if agreeing.len() < PROOFS || differing.len() * 4 > agreeing.len() {
                continue;
            }
            report.summary.proven += agreeing.len() as u64;
            for (row_one, row_two, here, there) in differing {
                // The opposite sign is the same figure seen from the other side.
                if (Interval { low: -here.high, high: -here.low }).meets(there) {
                    continue;
                }
                let middle =
                    |interval: Interval| ((interval.low + interval.high) / Decimal::TWO).normalize().to_string();
                let names: Vec<String> = agreeing.iter().take(5).map(|&row| row_name(document, first, row)).collect();
                let message = format!(
                    "{} in {} is {} here and {} in table {}",
                    row_name(document, second, row_two),
                    column_name(document, second, *two),
                    middle(there),
                    middle(here),
                    first.number
                );
                let text = second.cell(row_two, *two).map(|cell| document.text(cell.text)).unwrap_or_default();
                let evidence = format!("{}: {text}", row_name(document, second, row_two));
                let severity = if agreeing.len() > PROOFS { Severity::Error } else { Severity::Warning };
                let finding = Finding::new(
                    severity,
                    "numeric.repeated_figure",
                    message,
                    location(second, row_two, *two),
                    &evidence,
                );
                let proof = format!(
                    "{} rows agree with table {} (line {}): {}",
                    agreeing.len(),
                    first.number,
                    first.rows.get(row_one).map_or(0, |row| row.line),
                    names.join(", ")
                );
                report.finding(finding.values(middle(here), middle(there)).proof(proof))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// What a cell may have been before rounding, in single units.
fn amount(table: &Table, row: usize, column: usize) -> Option<Interval> {
    let figure = table.figure(row, column)?;
    if figure.mark || figure.unit != Unit::Plain || figure.mantissa() == 0 {
        return None;
    }
    figure.interval().times(Decimal::from(10_i64.checked_pow(u32::from(table.power))?))
}
