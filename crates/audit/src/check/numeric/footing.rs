//! Footing: which rows are sums of others, learned from all columns at once; totals may stand below or above their lines.
//!
//! Rows are put on a stack; a row that a reading explains takes its addends off it, so that subtotals count once. How
//! much a match proves is counted in bits: a five-digit sum that holds exactly by chance is one in 2^16.

use std::collections::HashSet;

use super::faults::{Fault, Faults};
use super::grid::{Grid, Role, WIDTH};
use super::sums::{Pivots, Sums, Terms, Verdict, bits_of};
use crate::Severity;
use crate::finding::shorten;
use crate::table::ColumnKind;

/// How far up a row without the word total looks.
const REACH: usize = 64;
/// How many of the last items are tried with all patterns of signs.
const SIGNED: usize = 5;
/// How many of the last items are tried in pairs.
const PAIRED: usize = 8;

/// A row explained by others.
#[derive(Debug, Clone)]
struct Reading {
    target: usize,
    /// Rows and their signs.
    addends: Vec<(usize, i8)>,
    verdict: Verdict,
    /// How much must speak for it.
    bar: u32,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All lines since a heading or a total, added up for a row that says it is a total.
    Block,
    /// Everything since some row, added up.
    Sum,
    /// With signs that were tried out.
    Signed,
}

/// Learns how the rows of a grid add up and reports what breaks it.
pub(super) fn check(grid: &Grid<'_>, faults: &mut Faults<'_>) {
    // Amounts prove amounts, and shares prove shares.
    for kind in [ColumnKind::Amount, ColumnKind::Share] {
        let adds_up = columns_that(grid, |other| other == kind);
        if adds_up != 0 {
            check_columns(grid, adds_up, faults);
        }
    }
}

fn check_columns(grid: &Grid<'_>, adds_up: u64, faults: &mut Faults<'_>) {
    let down: Vec<usize> = (0..grid.height()).collect();
    let up: Vec<usize> = (0..grid.height()).rev().collect();
    let mut readings = Search::new(grid, adds_up).run(&down, true);
    let below: HashSet<Vec<usize>> =
        readings.iter().filter(|reading| reading.form != Form::Signed).map(rows_of).collect();
    let mut above = Search::new(grid, adds_up).run(&up, false);
    above.retain(|reading| !below.contains(&rows_of(reading)));
    // Whether totals stand above their lines in this table is proven by others that do, wholly.
    let proven_above =
        above.iter().filter(|reading| reading.verdict.breaks == 0 && reading.verdict.firm_columns() >= 2).count();
    above.retain(|reading| reading.verdict.breaks == 0 || (proven_above >= 1 && reading.verdict.bits >= 24));
    // "Gross profit = sales − costs" is what a report means, not "sales = costs + gross profit".
    let named = |row: usize| matches!(grid.role(row), Role::Total | Role::Result | Role::Unlabelled);
    let results: HashSet<Vec<usize>> =
        readings.iter().filter(|reading| reading.form == Form::Signed && named(reading.target)).map(rows_of).collect();
    above.retain(|reading| named(reading.target) || !results.contains(&rows_of(reading)));
    let sums_above: HashSet<Vec<usize>> = above.iter().map(rows_of).collect();
    readings.retain(|reading| reading.form != Form::Signed || !sums_above.contains(&rows_of(reading)));
    readings.extend(above);

    let whole: HashSet<usize> =
        readings.iter().filter(|reading| reading.verdict.breaks == 0).map(|reading| reading.target).collect();
    for reading in &readings {
        if reading.verdict.firm_columns() >= 2 {
            for column in bits(reading.verdict.firm) {
                faults.prove_in(grid, reading.target, column);
            }
        }
        if reading.verdict.breaks != 0 && !whole.contains(&reading.target) {
            report(grid, reading, faults);
        }
    }
}

fn columns_that(grid: &Grid<'_>, wanted: impl Fn(ColumnKind) -> bool) -> u64 {
    (0..grid.width()).filter(|&column| wanted(grid.kind(column))).fold(0, |all, column| all | 1 << column)
}

fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..WIDTH).filter(move |&column| mask & (1 << column) != 0)
}

/// The rows of a reading in order: two readings of the same rows say the same.
fn rows_of(reading: &Reading) -> Vec<usize> {
    let mut rows: Vec<usize> = reading.addends.iter().map(|&(row, _)| row).chain([reading.target]).collect();
    rows.sort_unstable();
    rows
}

struct Search<'g> {
    grid: &'g Grid<'g>,
    adds_up: u64,
    stack: Vec<usize>,
    /// Candidates that may still be tried beyond the usual reach.
    budget: usize,
    scratch: Sums,
}

impl<'g> Search<'g> {
    fn new(grid: &'g Grid<'g>, adds_up: u64) -> Self {
        Self {
            grid,
            adds_up,
            stack: Vec::new(),
            budget: grid.height().saturating_mul(64) + 100_000,
            scratch: Sums::default(),
        }
    }

    /// Goes through the rows in order; the readings that hold wholly, or in part.
    fn run(mut self, order: &[usize], signed: bool) -> Vec<Reading> {
        let mut readings = Vec::new();
        for &row in order {
            match self.grid.role(row) {
                Role::Break | Role::Rate => continue,
                Role::Total | Role::Result | Role::Unlabelled | Role::Line | Role::Memo => {}
            }
            let given = self
                .grid
                .row(row)
                .iter()
                .enumerate()
                .any(|(column, entry)| entry.given && self.adds_up & (1 << column) != 0);
            if !given {
                continue;
            }
            if let Some(reading) = self.explain(row, signed) {
                let rows: HashSet<usize> = reading.addends.iter().map(|&(row, _)| row).collect();
                // "Assets less liabilities is equity" is true and explains nothing away: both are added up further on.
                let names = matches!(self.grid.role(row), Role::Result | Role::Unlabelled);
                if reading.form == Form::Signed && !names {
                    readings.push(reading);
                    self.stack.push(row);
                    continue;
                }
                // Addends are the top of the stack, or near it.
                let near = reading.addends.len() + 4 * REACH;
                let mut top = self.stack.split_off(self.stack.len().saturating_sub(near));
                top.retain(|row| !rows.contains(row));
                self.stack.append(&mut top);
                readings.push(reading);
            }
            self.stack.push(row);
        }
        readings
    }

    fn explain(&mut self, target: usize, signed: bool) -> Option<Reading> {
        let role = self.grid.role(target);
        let labelled = role == Role::Total;
        let mut best = Best::default();
        self.sums(target, 0, labelled, &mut best, signed, false);
        let memos = self.stack.iter().rev().take_while(|&&row| self.grid.role(row) == Role::Memo).count();
        if memos > 0 && memos < self.stack.len() {
            self.sums(target, memos, labelled, &mut best, false, false);
        }
        if self.stack.iter().rev().take(REACH).any(|&row| self.grid.is_less(row)) {
            self.sums(target, 0, labelled, &mut best, false, true);
        }
        if signed && best.whole.is_none() && self.grid.height() < 20_000 {
            self.signs(target, labelled, &mut best);
            self.pairs(target, labelled, &mut best);
        }
        best.whole.or(best.part)
    }

    /// The last 1, 2, 3, … items added up, or the first of them less the rest; with `less`, rows that say so are taken off.
    fn sums(&mut self, target: usize, skip: usize, labelled: bool, best: &mut Best, signed: bool, less: bool) {
        let row = self.grid.row(target);
        let role = self.grid.role(target);
        let base = match role {
            Role::Total => 4,
            Role::Unlabelled => 7,
            Role::Result => 9,
            Role::Line | Role::Memo | Role::Break | Role::Rate => 13,
        };
        let likely = matches!(role, Role::Total | Role::Unlabelled);
        let base = if signed || labelled || less { base } else { base + 4 };
        let sign_of = |grid: &Grid<'_>, item: usize| if less && grid.is_less(item) { -1_i8 } else { 1 };
        let mut pivots = Pivots::of(row, self.adds_up);
        for count in 0..self.stack.len().saturating_sub(skip) {
            let Some(&item) = self.stack.iter().rev().nth(skip + count) else { break };
            if count >= REACH {
                if !labelled || self.budget == 0 {
                    break;
                }
                self.budget -= 1;
            }
            let signed = signed && count < REACH && count > 0;
            let near = pivots.add(self.grid.row(item), i64::from(sign_of(self.grid, item)));
            if !near.plus && !(signed && (near.minus || near.less)) {
                continue;
            }
            let chosen = |stack: &[usize], last: i8, others: i8| -> Vec<(usize, i8)> {
                let items = stack.iter().rev().skip(skip).take(count + 1).copied().enumerate();
                items
                    .map(|(index, row)| (row, if index == count { last } else { others } * sign_of(self.grid, row)))
                    .collect()
            };
            let mut consider = |addends: Vec<(usize, i8)>, lone: bool, bar: u32, form: Form| {
                let verdict = self.scratch.of(self.grid, &addends).judge(row, self.adds_up, lone, |_, total| total);
                let verdict = with_lost_signs(self.grid, target, &addends, verdict);
                // One line is its own total only where a total is expected, and where several columns agree.
                if (count > 0 || (labelled && verdict.firm_columns() >= 2)) && best.wants(verdict, bar, form) {
                    best.take(Reading { target, addends, verdict, bar, form });
                }
            };
            // Each further candidate makes a chance match likelier; that all lines since a heading or a total are
            // meant needs little proof.
            let bar = base + (count + 1).ilog2();
            if near.plus {
                let next = self.stack.iter().rev().nth(skip + count + 1).copied();
                let canonical = likely && count > 0 && begins_block(self.grid, item, next);
                let (bar, form) = if canonical { (4, Form::Block) } else { (bar, Form::Sum) };
                consider(chosen(&self.stack, 1, 1), likely, bar, form);
            }
            let bar = bar.max(13) + 2;
            if signed && near.minus {
                consider(chosen(&self.stack, -1, -1), false, bar, Form::Signed);
            }
            if signed && near.less {
                consider(chosen(&self.stack, 1, -1), false, bar, Form::Signed);
            }
        }
    }

    /// The last few items with every pattern of signs.
    fn signs(&mut self, target: usize, labelled: bool, best: &mut Best) {
        let row = self.grid.row(target);
        // A row of no special name is rarely a difference.
        let reach = if self.grid.role(target) == Role::Line { SIGNED - 2 } else { SIGNED };
        let items: Vec<usize> = self.stack.iter().rev().take(reach).copied().collect();
        let fresh = Pivots::of(row, self.adds_up);
        // Looked up once: there are thousands of patterns.
        let terms: Vec<Terms> = items.iter().map(|&item| fresh.terms(self.grid.row(item))).collect();
        let base = if labelled || self.grid.role(target) == Role::Result { 15 } else { 18 };
        for count in 2..=items.len() {
            for pattern in 1_u32..(1 << count) - 1 {
                let sign = |index: usize| if pattern & (1 << index) != 0 { -1_i8 } else { 1 };
                let mut pivots = fresh;
                for (index, terms) in terms.iter().take(count).enumerate() {
                    pivots.take(terms, i64::from(sign(index)));
                }
                if !pivots.is_met() {
                    continue;
                }
                let addends: Vec<(usize, i8)> =
                    items.iter().take(count).enumerate().map(|(index, &row)| (row, sign(index))).collect();
                let verdict = self.scratch.of(self.grid, &addends).judge(row, self.adds_up, false, |_, total| total);
                let bar = base + count.ilog2();
                if best.wants(verdict, bar, Form::Signed) {
                    best.take(Reading { target, addends, verdict, bar, form: Form::Signed });
                }
            }
        }
    }

    /// Two of the last items, added or subtracted, whatever stands between them.
    fn pairs(&mut self, target: usize, labelled: bool, best: &mut Best) {
        let row = self.grid.row(target);
        let reach = if self.grid.role(target) == Role::Line { PAIRED / 2 } else { PAIRED };
        let fresh = Pivots::of(row, self.adds_up);
        let items: Vec<(usize, Terms)> =
            self.stack.iter().rev().take(reach).map(|&item| (item, fresh.terms(self.grid.row(item)))).collect();
        let bar = if labelled { 18 } else { 22 };
        for (index, &(one, ref its_terms)) in items.iter().enumerate() {
            for &(two, ref others_terms) in items.iter().skip(index + 1) {
                for (first, second) in [(1_i8, 1_i8), (-1, 1), (1, -1)] {
                    let mut pivots = fresh;
                    pivots.take(its_terms, i64::from(first));
                    pivots.take(others_terms, i64::from(second));
                    if !pivots.is_met() {
                        continue;
                    }
                    let addends = vec![(one, first), (two, second)];
                    let verdict =
                        self.scratch.of(self.grid, &addends).judge(row, self.adds_up, false, |_, total| total);
                    // A pair far apart is believed only when it holds everywhere.
                    if verdict.breaks == 0 && verdict.firm_columns() >= 2 && best.wants(verdict, bar, Form::Signed) {
                        best.take(Reading { target, addends, verdict, bar, form: Form::Signed });
                    }
                }
            }
        }
    }
}

/// The same, where a break speaks for the reading that a lost sign explains: that a miss is just twice an addend which stands the
/// other way round wherever the reading holds is hardly chance.
fn with_lost_signs(grid: &Grid<'_>, target: usize, addends: &[(usize, i8)], mut verdict: Verdict) -> Verdict {
    if verdict.firm == 0 || verdict.breaks.count_ones() > 2 {
        return verdict;
    }
    for column in bits(verdict.breaks & !verdict.slips) {
        if lost_sign(grid, target, addends, verdict.firm, column).is_some() {
            verdict.slips |= 1 << column;
            let total = grid.entry(target, column);
            let size = addends.iter().map(|&(row, _)| grid.entry(row, column).value.abs()).max().unwrap_or_default();
            // One of as many ways to miss as there are addends.
            verdict.bits += bits_of(total.value.abs().max(size), 0, total.slack()).saturating_sub(6);
        }
    }
    verdict
}

/// The addend whose sign is lost in a column that breaks a reading, where there is one: turned round it gives the total, and it
/// stands that way in all of these columns.
fn lost_sign(
    grid: &Grid<'_>,
    target: usize,
    addends: &[(usize, i8)],
    holding: u64,
    column: usize,
) -> Option<(usize, i8)> {
    let total = grid.entry(target, column);
    let signed = |&(row, sign): &(usize, i8)| i64::from(sign) * grid.entry(row, column).value;
    let missing = total.value - addends.iter().map(signed).sum::<i64>();
    let slack = total.slack() + addends.iter().map(|&(row, _)| grid.entry(row, column).slack()).sum::<i64>();
    addends.iter().copied().find(|addend| {
        let (row, value) = (addend.0, grid.entry(addend.0, column).value);
        let turned = missing.saturating_add(signed(addend).saturating_mul(2));
        value != 0
            && turned.abs().saturating_mul(2) <= slack
            && bits(holding).all(|other| grid.entry(row, other).value.signum() == -value.signum())
    })
}

/// Whether a block of lines begins with `item`: a heading, a total, or nothing stands before it.
fn begins_block(grid: &Grid<'_>, item: usize, next: Option<usize>) -> bool {
    let heading = item.checked_sub(1).is_some_and(|above| grid.role(above) == Role::Break);
    heading || next.is_none_or(|next| grid.role(next) == Role::Total)
}

/// The best reading that holds in all columns, and the best that holds in some.
#[derive(Default)]
struct Best {
    whole: Option<Reading>,
    part: Option<Reading>,
}

impl Best {
    fn score(verdict: Verdict, bar: u32, form: Form) -> i64 {
        i64::from(verdict.bits)
            - i64::from(bar)
            - 6 * i64::from(verdict.breaks.count_ones())
            - i64::from(verdict.miss / 4)
            + if form == Form::Block { 4 } else { 0 }
    }

    fn wants(&self, verdict: Verdict, bar: u32, form: Form) -> bool {
        if verdict.firm == 0 || verdict.bits < bar {
            return false;
        }
        if verdict.breaks == 0 {
            return self
                .whole
                .as_ref()
                .is_none_or(|best| Self::score(verdict, bar, form) > Self::score(best.verdict, best.bar, best.form));
        }
        // What holds in part is believed only when most of what is there speaks for it.
        let (holds, breaks) = (verdict.firm_columns(), verdict.breaks.count_ones());
        let enough = match form {
            Form::Block => breaks <= holds && verdict.bits >= bar + 2,
            Form::Sum => breaks <= holds && verdict.bits >= bar + 5,
            Form::Signed => {
                // A row of no special name is believed by its columns alone.
                let slips = bar < 18 && verdict.slips == verdict.breaks && breaks <= holds;
                (breaks * 2 <= holds || slips) && verdict.bits >= bar + 8
            }
        };
        self.whole.is_none()
            && enough
            && self
                .part
                .as_ref()
                .is_none_or(|best| Self::score(verdict, bar, form) > Self::score(best.verdict, best.bar, best.form))
    }

    fn take(&mut self, reading: Reading) {
        if reading.verdict.breaks == 0 {
            self.whole = Some(reading);
        } else {
            self.part = Some(reading);
        }
    }
}

fn report(grid: &Grid<'_>, reading: &Reading, faults: &mut Faults<'_>) {
    let holding: Vec<String> = bits(reading.verdict.firm)
        .take(6)
        .filter_map(|column| grid.columns.get(column))
        .map(|&column| faults.column_name(column))
        .collect();
    for column in bits(reading.verdict.breaks) {
        let mut sum = 0_i64;
        let mut slack = grid.entry(reading.target, column).slack();
        let mut addends = Vec::new();
        let Some(&table_column) = grid.columns.get(column) else { continue };
        for &(row, sign) in &reading.addends {
            let entry = grid.entry(row, column);
            sum += i64::from(sign) * entry.value;
            slack += entry.slack();
            if entry.given {
                addends.push((row, table_column, sign));
            }
        }
        let target = grid.entry(reading.target, column);
        let difference = target.value - sum;
        let severity = severity(grid, reading, column, sum, difference);
        let shown = |value: i64| rust_decimal::Decimal::new(value, u32::from(grid.scale)).normalize().to_string();
        let parts: Vec<String> = reading
            .addends
            .iter()
            .rev()
            .take(6)
            .map(|&(row, sign)| format!("{} {}", if sign < 0 { "−" } else { "+" }, faults.row_name(row)))
            .collect();
        let more =
            if reading.addends.len() > 6 { format!(" and {} more", reading.addends.len() - 6) } else { String::new() };
        let message = format!(
            "{} in {} is {}, but its lines add up to {} ({}{more})",
            faults.row_name(reading.target),
            faults.column_name(table_column),
            shown(target.value),
            shown(sum),
            shorten(parts.join(" ").trim_start_matches("+ "), 300),
        );
        let proof = format!("the same rows add up in {}", holding.join(", "));
        let lost = match reading.form {
            Form::Block | Form::Sum => lost_sign(grid, reading.target, &reading.addends, reading.verdict.firm, column),
            // Which signs are meant was tried out.
            Form::Signed => None,
        };
        faults.fault(Fault {
            rule: "numeric.footing",
            severity,
            target: (reading.target, table_column),
            addends,
            lost_sign: lost.map(|(row, sign)| (row, table_column, sign)),
            difference,
            slack,
            scale: grid.scale,
            message,
            proof,
        });
    }
}

/// How far a broken column is to be believed.
fn severity(grid: &Grid<'_>, reading: &Reading, column: usize, sum: i64, difference: i64) -> Severity {
    let target = grid.entry(reading.target, column);
    let values = reading.addends.iter().map(|&(row, sign)| (grid.entry(row, column), i64::from(sign)));
    let values: Vec<i64> =
        values.filter(|(entry, _)| entry.given && entry.value != 0).map(|(entry, sign)| sign * entry.value).collect();
    // An average lies between its parts, and is printed otherwise than sums are.
    let between =
        values.iter().min().zip(values.iter().max()).is_some_and(|(low, high)| (*low..=*high).contains(&target.value));
    let proven = bits(reading.verdict.firm).map(|column| grid.entry(reading.target, column).power);
    let alike = proven.into_iter().any(|power| power == target.power);
    let given = reading.addends.iter().filter(|&&(row, _)| grid.entry(row, column).given).count();
    let share = grid.kind(column) == ColumnKind::Share;
    if values.is_empty()
        || (given < 2 && reading.addends.len() > 1)
        || (between && values.len() > 1 && (share || !alike))
    {
        return Severity::Info;
    }
    // A running total or a stock: the last or the first line again.
    let repeats = values.first() == Some(&target.value) || values.last() == Some(&target.value);
    if repeats && values.len() > 1 {
        return Severity::Info;
    }
    let flipped = values.iter().any(|value| (2 * value).abs() == difference.abs());
    if reading.form == Form::Signed && (flipped || difference.abs() > sum.abs().max(target.value.abs()) / 4) {
        return Severity::Info;
    }
    if reading.verdict.firm_columns() >= 2 || reading.verdict.bits >= reading.bar + 8 {
        Severity::Error
    } else {
        Severity::Warning
    }
}
