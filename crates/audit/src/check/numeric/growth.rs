//! Columns of changes in percent: which two columns they compare is learned from the rows; rounded inputs are intervals.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Verdict;
use super::faults::Faults;
use crate::figure::{Figure, Interval, Unit};
use crate::table::{ColumnKind, RowKind, Table};
use crate::{Document, Finding, Severity};

/// Rows from which a reading is learned.
const SAMPLE: usize = 60;
/// Pairs of columns that are tried.
const PAIRS: usize = 60;
/// Rows that must prove a reading before it can be broken.
const PROOFS: usize = 3;

/// What a percentage is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Formula {
    /// `(new − old) / |old|`
    Growth,
    /// `new / old`
    Ratio,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    new: usize,
    old: usize,
    formula: Formula,
    holds: usize,
    breaks: usize,
    bits: u32,
}

pub(super) fn check(document: &Document, table: &Table, faults: &mut Faults<'_>) {
    let amounts: Vec<usize> = columns(table, |kind| matches!(kind, ColumnKind::Amount | ColumnKind::Rate));
    for target in columns(table, |kind| matches!(kind, ColumnKind::Change | ColumnKind::Share)) {
        // Changes at constant exchange rates and the like compare figures that are not in the table.
        let heading =
            table.columns.get(target).map(|column| document.text(column.heading).to_lowercase()).unwrap_or_default();
        if ADJUSTED.iter().any(|word| heading.contains(word)) {
            continue;
        }
        if let Some(reading) = learn(document, table, target, &amounts) {
            apply(document, table, target, reading, faults);
        }
    }
}

/// Words that mark a figure as computed from others than the printed ones.
pub(super) const ADJUSTED: &[&str] = &[
    "normalised",
    "normalized",
    "constant",
    "organic",
    "like-for-like",
    "like for like",
    "underlying",
    "cer",
    "currency-adjusted",
    "local currenc",
    "comparable",
    "excluding",
    "excl",
    "adjusted",
    "annualised",
    "annualized",
    "cagr",
    "pro forma",
    "same-store",
    "same store",
    "bereinigt",
    "lfl",
];

fn columns(table: &Table, wanted: impl Fn(ColumnKind) -> bool) -> Vec<usize> {
    table.columns.iter().enumerate().filter(|(_, column)| wanted(column.kind)).map(|(index, _)| index).collect()
}

/// Pairs of columns, those next to the target first.
fn pairs(target: usize, amounts: &[usize]) -> Vec<(usize, usize)> {
    let mut near: Vec<usize> = amounts.to_vec();
    near.sort_by_key(|&column| (column.abs_diff(target), column > target));
    near.truncate(8);
    let mut pairs = Vec::new();
    for (index, &one) in near.iter().enumerate() {
        for &two in near.iter().skip(index + 1) {
            // Reports print the newer year first, most of the time.
            pairs.push((one.min(two), one.max(two)));
            pairs.push((one.max(two), one.min(two)));
        }
    }
    pairs.truncate(PAIRS);
    pairs
}

fn learn(document: &Document, table: &Table, target: usize, amounts: &[usize]) -> Option<Reading> {
    let rows: Vec<usize> = rows_with(table, target).take(SAMPLE).collect();
    if rows.len() < PROOFS {
        return None;
    }
    let mut best: Option<Reading> = None;
    for (new, old) in pairs(target, amounts) {
        for formula in [Formula::Growth, Formula::Ratio] {
            let mut reading = Reading { new, old, formula, holds: 0, breaks: 0, bits: 0 };
            for (done, &row) in rows.iter().enumerate() {
                match judge(document, table, target, reading, row) {
                    Verdict::Holds(bits) => {
                        reading.holds += usize::from(bits > 0);
                        reading.bits += bits;
                    }
                    Verdict::Idle => {}
                    Verdict::Breaks(_) => reading.breaks += 1,
                }
                // What fails from the start is not worth the other rows.
                if done >= 6 && reading.breaks > reading.holds * 2 + 2 {
                    break;
                }
            }
            if best.is_none_or(|best| (reading.holds, best.breaks) > (best.holds, reading.breaks)) {
                best = Some(reading);
            }
        }
        if best.is_some_and(|best| best.holds >= PROOFS && best.breaks * 4 <= best.holds) {
            break;
        }
    }
    best.filter(|best| best.holds >= PROOFS && best.bits >= 12 && best.breaks * 2 <= best.holds)
}

fn rows_with(table: &Table, column: usize) -> impl Iterator<Item = usize> {
    (0..table.rows.len()).filter(move |&row| {
        let counts = table.rows.get(row).is_some_and(|row| matches!(row.kind, RowKind::Amount | RowKind::Rate));
        counts && table.figure(row, column).is_some_and(|figure| !figure.mark)
    })
}

fn judge(document: &Document, table: &Table, target: usize, reading: Reading, row: usize) -> Verdict {
    let figures = (table.figure(row, target), table.figure(row, reading.new), table.figure(row, reading.old));
    let (Some(printed), Some(new), Some(old)) = figures else { return Verdict::Idle };
    let label = table.rows.get(row).map(|row| document.text(row.label)).unwrap_or_default();
    let rate = |figure: &Figure| matches!(figure.unit, Unit::Percent | Unit::Points);
    if matches!(printed.unit, Unit::Points | Unit::Times) || rate(new) || rate(old) || is_percentage(label) {
        return Verdict::Idle;
    }
    percent(new, old, reading.formula).map_or(Verdict::Idle, |range| compare(printed, range, new, old))
}

/// Changes of rates are given in points.
fn is_percentage(label: &str) -> bool {
    let label = label.to_lowercase();
    label.contains('%')
        || label.contains("percent")
        || label.contains("per cent")
        || label.ends_with(" rate")
        || label.ends_with("margin")
        || label.contains("ratio")
}

/// All percentages that the two figures can have given before they were rounded.
fn percent(new: &Figure, old: &Figure, formula: Formula) -> Option<Interval> {
    let (new, old) = (new.interval(), old.interval());
    if old.has_zero() || new.has_zero() || (new.low.is_sign_negative() != old.low.is_sign_negative()) {
        return None;
    }
    let ratio = new.over(old)?.times(Decimal::ONE_HUNDRED)?;
    let range = match formula {
        Formula::Ratio => ratio,
        Formula::Growth => ratio.plus(-Decimal::ONE_HUNDRED)?,
    };
    // A loss that shrinks grows, or falls, as one likes.
    (!new.low.is_sign_negative() || formula == Formula::Ratio).then_some(range)
}

fn compare(printed: &Figure, range: Interval, new: &Figure, old: &Figure) -> Verdict {
    let shown = printed.interval();
    if shown.meets(range) {
        let width = range.width() + shown.width();
        let chances = Decimal::ONE_HUNDRED.checked_div(width).and_then(|chances| chances.to_u32()).unwrap_or(0);
        return Verdict::Holds((chances + 1).ilog2().saturating_sub(1).min(12));
    }
    let mirrored = Interval { low: -shown.high, high: -shown.low };
    let points = new.interval().minus(old.interval());
    let turned = percent(old, new, Formula::Growth);
    let otherwise = mirrored.meets(range)
        || points.is_some_and(|points| points.meets(shown))
        || turned.is_some_and(|turned| turned.meets(mirrored))
        // Half of what accounts print is cut off instead of rounded.
        || shown.widened(printed.half_unit()).meets(range);
    if otherwise { Verdict::Idle } else { Verdict::Breaks(range) }
}

fn apply(document: &Document, table: &Table, target: usize, reading: Reading, faults: &mut Faults<'_>) {
    let mut holding = Vec::new();
    let mut broken = Vec::new();
    for row in rows_with(table, target) {
        match judge(document, table, target, reading, row) {
            Verdict::Holds(bits) if bits > 0 => holding.push(row),
            Verdict::Holds(_) | Verdict::Idle => {}
            Verdict::Breaks(range) => broken.push((row, range)),
        }
    }
    for &row in &holding {
        faults.prove(row, target);
    }
    let proven = holding.len() >= PROOFS && broken.len() * 3 <= holding.len();
    let names: Vec<String> = holding.iter().take(5).map(|&row| faults.row_name(row)).collect();
    let proof = format!(
        "{} rows hold as {} from {} and {}: {}",
        holding.len(),
        match reading.formula {
            Formula::Growth => "growth",
            Formula::Ratio => "a ratio",
        },
        faults.column_name(reading.new),
        faults.column_name(reading.old),
        names.join(", ")
    );
    for (row, range) in broken {
        let (Some(printed), Some(new), Some(old)) =
            (table.figure(row, target), table.figure(row, reading.new), table.figure(row, reading.old))
        else {
            continue;
        };
        let decimals = u32::from(printed.decimals()) + 1;
        let (low, high) = (range.low.round_dp(decimals), range.high.round_dp(decimals));
        let exact =
            percent_of(new, old, reading.formula).map_or(low, |exact| exact.round_dp(u32::from(printed.decimals())));
        let message = format!(
            "{} from {} to {} is {exact} %, at most between {low} and {high} % before rounding, not {}",
            faults.row_name(row),
            old.value(),
            new.value(),
            printed.value()
        );
        let text = table.cell(row, target).map(|cell| document.text(cell.text)).unwrap_or_default();
        let evidence = format!("{}: {text}", faults.row_name(row));
        let severity = if proven { Severity::Error } else { Severity::Info };
        let finding = Finding::new(severity, "numeric.growth", message, faults.location(row, target), &evidence);
        faults.finding(finding.values(exact.to_string(), printed.value().to_string()).proof(proof.clone()));
    }
}

fn percent_of(new: &Figure, old: &Figure, formula: Formula) -> Option<Decimal> {
    let ratio = new.value().checked_div(old.value())?.checked_mul(Decimal::ONE_HUNDRED)?;
    Some(if formula == Formula::Growth { ratio - Decimal::ONE_HUNDRED } else { ratio })
}
