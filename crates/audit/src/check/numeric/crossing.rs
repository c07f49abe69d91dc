//! Cross-footing: which columns are sums or differences of others, learned from the rows.

use super::faults::{Fault, Faults};
use super::grid::{Grid, Role};
use super::sums::bits_of;
use crate::Severity;
use crate::table::ColumnKind;

/// Tables with more columns are not crossed.
const MOST_COLUMNS: usize = 40;
/// Rows from which a reading is learned.
const SAMPLE: usize = 200;
/// Columns that are tried with all patterns of signs.
const SIGNED: usize = 6;
/// Pairs of columns are tried among so many.
const PAIRED: usize = 14;

#[derive(Debug, Clone)]
struct Reading {
    target: usize,
    addends: Vec<(usize, i8)>,
    holds: usize,
    breaks: usize,
    bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It holds, with two addends that are not zero, for this many bits.
    Holds(u32),
    /// It says nothing here.
    Idle,
    Breaks {
        difference: i64,
        slack: i64,
    },
}

pub(super) fn check(grid: &Grid<'_>, faults: &mut Faults<'_>) {
    if !(3..=MOST_COLUMNS).contains(&grid.width()) {
        return;
    }
    let rows: Vec<usize> = (0..grid.height())
        .filter(|&row| {
            matches!(grid.role(row), Role::Total | Role::Result | Role::Unlabelled | Role::Line | Role::Memo)
        })
        .collect();
    if rows.len() < 3 {
        return;
    }
    let sample: Vec<usize> = rows.iter().copied().take(SAMPLE).collect();
    let mut accepted: Vec<Vec<usize>> = Vec::new();
    for target in 0..grid.width() {
        if !matches!(grid.kind(target), ColumnKind::Amount | ColumnKind::Change) {
            continue;
        }
        let Some(reading) = learn(grid, target, &sample) else { continue };
        let mut columns: Vec<usize> = reading.addends.iter().map(|&(column, _)| column).chain([target]).collect();
        columns.sort_unstable();
        // a + b = c and c − b = a are one reading.
        if accepted.contains(&columns) {
            continue;
        }
        accepted.push(columns);
        apply(grid, &reading, &rows, faults);
    }
}

fn learn(grid: &Grid<'_>, target: usize, sample: &[usize]) -> Option<Reading> {
    let mut best: Option<Reading> = None;
    let mut tried = 0_u32;
    let mut consider = |addends: Vec<(usize, i8)>| {
        tried += 1;
        let reading = read(grid, target, addends, sample);
        let better = best.as_ref().is_none_or(|best| {
            (reading.holds, usize::MAX - reading.breaks, usize::MAX - reading.addends.len())
                > (best.holds, usize::MAX - best.breaks, usize::MAX - best.addends.len())
        });
        if reading.holds >= 2 && better {
            best = Some(reading);
        }
    };
    let addable = |column: usize| column != target && matches!(grid.kind(column), ColumnKind::Amount);
    let left: Vec<usize> = (0..target).rev().filter(|&column| addable(column)).collect();
    let right: Vec<usize> = (target + 1..grid.width()).filter(|&column| addable(column)).collect();
    for side in [&left, &right] {
        for count in 2..=side.len() {
            consider(side.iter().take(count).map(|&column| (column, 1)).collect());
        }
    }
    let near: Vec<usize> = left.iter().take(SIGNED).copied().collect();
    for count in 2..=near.len() {
        for pattern in 1_u32..(1 << count) - 1 {
            let signs = near.iter().take(count).enumerate();
            consider(
                signs.map(|(index, &column)| (column, if pattern & (1 << index) != 0 { -1 } else { 1 })).collect(),
            );
        }
    }
    let others: Vec<usize> = (0..grid.width()).filter(|&column| addable(column)).take(PAIRED).collect();
    for &one in &others {
        for &two in &others {
            if one != two {
                consider(vec![(one, 1), (two, -1)]);
            }
            if one < two {
                consider(vec![(one, 1), (two, 1)]);
            }
        }
    }
    let best = best?;
    let bar = 14 + tried.max(1).ilog2();
    // At least three rows, or two that say much; and nearly all rows.
    let enough = best.holds >= 3 || (best.holds == 2 && best.bits >= 26 && best.breaks == 0);
    (enough && best.bits >= bar && best.breaks * 4 <= best.holds + 1).then_some(best)
}

fn read(grid: &Grid<'_>, target: usize, addends: Vec<(usize, i8)>, rows: &[usize]) -> Reading {
    let mut reading = Reading { target, addends, holds: 0, breaks: 0, bits: 0 };
    for &row in rows {
        match judge(grid, &reading, row) {
            Verdict::Holds(bits) => {
                reading.holds += 1;
                reading.bits = reading.bits.saturating_add(bits);
            }
            Verdict::Idle => {}
            Verdict::Breaks { .. } => reading.breaks += 1,
        }
    }
    reading
}

fn judge(grid: &Grid<'_>, reading: &Reading, row: usize) -> Verdict {
    let target = grid.entry(row, reading.target);
    if !target.given {
        return Verdict::Idle;
    }
    let (mut sum, mut slack, mut nonzero, mut given, mut largest) = (0, target.slack(), 0, 0, target.value.abs());
    let mut zeros = target.zeros;
    for &(column, sign) in &reading.addends {
        let entry = grid.entry(row, column);
        sum += i64::from(sign) * entry.value;
        slack += entry.slack();
        nonzero += u32::from(entry.value != 0);
        given += usize::from(entry.given);
        if entry.value != 0 {
            zeros = zeros.min(entry.zeros);
        }
        largest = largest.max(entry.value.abs());
    }
    if nonzero == 0 || given == 0 {
        return Verdict::Idle;
    }
    let difference = target.value - sum;
    if difference.abs().saturating_mul(2) <= slack {
        return if nonzero >= 2 {
            Verdict::Holds(bits_of(largest, difference.abs(), target.slack().max(10_i64.pow(u32::from(zeros)))))
        } else {
            Verdict::Idle
        };
    }
    // A change may be printed as better or worse instead of up or down.
    let mirrored =
        grid.kind(reading.target) == ColumnKind::Change && (target.value + sum).abs().saturating_mul(2) <= slack;
    // Where a part is blank, it may be left out on purpose.
    if mirrored || given < reading.addends.len() { Verdict::Idle } else { Verdict::Breaks { difference, slack } }
}

fn apply(grid: &Grid<'_>, reading: &Reading, rows: &[usize], faults: &mut Faults<'_>) {
    let mut holding: Vec<usize> = Vec::new();
    let mut broken: Vec<(usize, i64, i64)> = Vec::new();
    for &row in rows {
        match judge(grid, reading, row) {
            Verdict::Holds(_) => holding.push(row),
            Verdict::Idle => {}
            Verdict::Breaks { difference, slack } => broken.push((row, difference, slack)),
        }
    }
    for &row in &holding {
        faults.prove_in(grid, row, reading.target);
    }
    if broken.len() * 4 > holding.len() + 1 {
        return;
    }
    let Some(&column) = grid.columns.get(reading.target) else { return };
    let names: Vec<String> = holding.iter().take(5).map(|&row| faults.row_name(row)).collect();
    for (row, difference, slack) in broken {
        let parts: Vec<String> = reading
            .addends
            .iter()
            .filter_map(|&(index, sign)| {
                Some(format!("{} {}", if sign < 0 { "−" } else { "+" }, faults.column_name(*grid.columns.get(index)?)))
            })
            .collect();
        let target = grid.entry(row, reading.target);
        let shown = |value: i64| rust_decimal::Decimal::new(value, u32::from(grid.scale)).normalize().to_string();
        let message = format!(
            "{} in {} is {}, but {} gives {}",
            faults.row_name(row),
            faults.column_name(column),
            shown(target.value),
            parts.join(" ").trim_start_matches("+ "),
            shown(target.value - difference),
        );
        let addends =
            reading.addends.iter().filter_map(|&(index, sign)| Some((row, *grid.columns.get(index)?, sign))).collect();
        faults.fault(Fault {
            rule: "numeric.cross_footing",
            severity: severity(grid, reading, row, holding.len(), difference),
            target: (row, column),
            addends,
            lost_sign: None,
            difference,
            slack,
            scale: grid.scale,
            message,
            proof: format!("the same columns add up in {} rows: {}", holding.len(), names.join(", ")),
        });
    }
}

fn severity(grid: &Grid<'_>, reading: &Reading, row: usize, holding: usize, difference: i64) -> Severity {
    let target = grid.entry(row, reading.target).value;
    let values: Vec<i64> =
        reading.addends.iter().map(|&(column, sign)| i64::from(sign) * grid.entry(row, column).value).collect();
    let sums = reading.addends.iter().all(|&(_, sign)| sign > 0);
    let between =
        values.iter().min().zip(values.iter().max()).is_some_and(|(low, high)| (*low..=*high).contains(&target));
    // A stock, an average or a maximum over periods is no sum.
    if sums && between {
        return Severity::Info;
    }
    let flipped = values.iter().any(|value| (2 * value).abs() == difference.abs());
    if !sums && flipped {
        return Severity::Info;
    }
    if holding >= 3 { Severity::Error } else { Severity::Warning }
}
