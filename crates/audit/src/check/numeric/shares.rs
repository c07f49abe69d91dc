//! Columns of percentages of a total: of which column and row is learned from the rows.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Verdict;
use super::faults::Faults;
use crate::figure::{Figure, Interval, Unit};
use crate::table::{ColumnKind, RowKind, Table, is_total_label};
use crate::{Document, Finding, Severity};

/// Rows that must prove a reading before it can be broken.
const PROOFS: usize = 3;
/// Rows that are tried as the whole.
const BASES: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Reading {
    amounts: usize,
    base: usize,
    holds: usize,
    breaks: usize,
    bits: u32,
}

pub(super) fn check(document: &Document, table: &Table, faults: &mut Faults<'_>) {
    let of_kind = |kind: ColumnKind| {
        table.columns.iter().enumerate().filter(move |(_, column)| column.kind == kind).map(|(index, _)| index)
    };
    let amounts: Vec<usize> = of_kind(ColumnKind::Amount).collect();
    for (position, target) in of_kind(ColumnKind::Share).enumerate() {
        let rows: Vec<usize> = (0..table.rows.len())
            .filter(|&row| {
                table.rows.get(row).is_some_and(|row| row.kind == RowKind::Amount)
                    && table.figure(row, target).is_some_and(|figure| !figure.mark)
            })
            .collect();
        if rows.len() < PROOFS + 1 {
            continue;
        }
        let bases = bases(document, table, target, &rows);
        // The amounts just before, those in the same place of the other half, and then the rest.
        let mut order: Vec<usize> = amounts.iter().copied().filter(|&column| column < target).rev().take(1).collect();
        order.extend(amounts.get(position));
        order.extend(amounts.iter().take(8));
        let mut best: Option<Reading> = None;
        for &column in &order {
            for &base in &bases {
                let reading = read(table, target, column, base, &rows);
                if best.is_none_or(|best| (reading.holds, best.breaks) > (best.holds, reading.breaks)) {
                    best = Some(reading);
                }
            }
            if best.is_some_and(|best| best.holds >= PROOFS && best.breaks == 0) {
                break;
            }
        }
        if let Some(reading) =
            best.filter(|best| best.holds >= PROOFS && best.bits >= 12 && best.breaks * 3 <= best.holds)
        {
            apply(document, table, target, reading, &rows, faults);
        }
    }
}

/// Rows that may be the whole: those at 100 %, totals, the first and the last.
fn bases(document: &Document, table: &Table, target: usize, rows: &[usize]) -> Vec<usize> {
    let whole = |row: &usize| table.figure(*row, target).is_some_and(|figure| figure.value() == Decimal::ONE_HUNDRED);
    let total = |row: &usize| table.rows.get(*row).is_some_and(|row| is_total_label(document.text(row.label)));
    let mut bases: Vec<usize> = rows.iter().copied().filter(whole).chain(rows.iter().copied().filter(total)).collect();
    bases.extend(rows.first().into_iter().chain(rows.last()));
    let mut seen = Vec::new();
    bases.retain(|base| {
        !seen.contains(base) && seen.len() < BASES && {
            seen.push(*base);
            true
        }
    });
    bases
}

fn read(table: &Table, target: usize, amounts: usize, base: usize, rows: &[usize]) -> Reading {
    let mut reading = Reading { amounts, base, holds: 0, breaks: 0, bits: 0 };
    for (done, &row) in rows.iter().enumerate() {
        match judge(table, target, reading, row) {
            Verdict::Holds(bits) => {
                reading.holds += usize::from(bits > 0);
                reading.bits += bits;
            }
            Verdict::Idle => {}
            Verdict::Breaks(_) => reading.breaks += 1,
        }
        if done >= 6 && reading.breaks > reading.holds + 2 {
            break;
        }
    }
    reading
}

fn judge(table: &Table, target: usize, reading: Reading, row: usize) -> Verdict {
    if row == reading.base {
        return Verdict::Idle;
    }
    let figures =
        (table.figure(row, target), table.figure(row, reading.amounts), table.figure(reading.base, reading.amounts));
    let (Some(printed), Some(part), Some(whole)) = figures else { return Verdict::Idle };
    let plain = |figure: &Figure| figure.unit == Unit::Plain && !figure.mark;
    if !matches!(printed.unit, Unit::Percent | Unit::Plain) || !plain(part) || !plain(whole) {
        return Verdict::Idle;
    }
    let range = part.interval().over(whole.interval()).and_then(|ratio| ratio.times(Decimal::ONE_HUNDRED));
    let Some(range) = range else { return Verdict::Idle };
    let shown = printed.interval();
    if shown.meets(range) {
        let width = range.width() + shown.width();
        let chances = Decimal::ONE_HUNDRED.checked_div(width).and_then(|chances| chances.to_u32()).unwrap_or(0);
        return Verdict::Holds((chances + 1).ilog2().min(12));
    }
    let mirrored = Interval { low: -shown.high, high: -shown.low };
    // One digit more or less makes the column add up to 100: that is done on purpose.
    let nearly = shown.widened(printed.half_unit() + printed.half_unit()).meets(range);
    if mirrored.meets(range) || nearly { Verdict::Idle } else { Verdict::Breaks(range) }
}

fn apply(document: &Document, table: &Table, target: usize, reading: Reading, rows: &[usize], faults: &mut Faults<'_>) {
    let mut holding = Vec::new();
    let mut broken = Vec::new();
    for &row in rows {
        match judge(table, target, reading, row) {
            Verdict::Holds(bits) if bits > 0 => holding.push(row),
            Verdict::Holds(_) | Verdict::Idle => {}
            Verdict::Breaks(range) => broken.push((row, range)),
        }
    }
    for &row in &holding {
        faults.prove(row, target);
    }
    let names: Vec<String> = holding.iter().take(5).map(|&row| faults.row_name(row)).collect();
    let proof = format!(
        "{} rows hold as a share of {} in {}: {}",
        holding.len(),
        faults.row_name(reading.base),
        faults.column_name(reading.amounts),
        names.join(", ")
    );
    let severity = if broken.len() * 3 <= holding.len() { Severity::Error } else { Severity::Info };
    for (row, range) in broken {
        let Some(printed) = table.figure(row, target) else { continue };
        let middle = ((range.low + range.high) / Decimal::TWO).round_dp(u32::from(printed.decimals()));
        let text = table.cell(row, target).map(|cell| document.text(cell.text)).unwrap_or_default();
        let message = format!(
            "{} is {middle} % of {}, not {}",
            faults.row_name(row),
            faults.row_name(reading.base),
            printed.value()
        );
        let evidence = format!("{}: {text}", faults.row_name(row));
        let finding = Finding::new(severity, "numeric.share", message, faults.location(row, target), &evidence);
        faults.finding(finding.values(middle.to_string(), printed.value().to_string()).proof(proof.clone()));
    }
}
