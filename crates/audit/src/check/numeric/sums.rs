//! Sums of candidate rows, column by column, and how much it says when they meet their total.

use super::grid::{Entry, Grid};
use super::slip::is_slip;

/// A column proves at most this much.
const MOST_BITS: u32 = 20;

/// In which columns a reading holds; a bit per column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    pub(super) holds: u64,
    pub(super) breaks: u64,
    /// Those of `holds` that say something: at least two addends are not zero, or one is and a total is expected.
    pub(super) firm: u64,
    pub(super) bits: u32,
    /// How far off the broken columns are, in bits.
    pub(super) miss: u32,
    /// Those of `breaks` that a slip of the pen explains.
    pub(super) slips: u64,
}

impl Verdict {
    pub(super) fn firm_columns(self) -> u32 {
        self.firm.count_ones()
    }
}

/// Sums of one candidate, column by column.
#[derive(Debug, Default)]
pub(super) struct Sums {
    columns: Vec<Sum>,
    given: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: i64,
    slack: i64,
    largest: i64,
    nonzero: u32,
    zeros: Option<u8>,
}

impl Sum {
    /// The finest digit in which this sum and its total differ from round figures.
    fn grain(&self, target: &Entry) -> i64 {
        let zeros = if target.value == 0 {
            self.zeros
        } else {
            Some(self.zeros.map_or(target.zeros, |zeros| zeros.min(target.zeros)))
        };
        target.slack().max(10_i64.pow(u32::from(zeros.unwrap_or(0))))
    }
}

/// The two largest figures of a row: a candidate that misses both is not worth the other columns.
#[derive(Clone, Copy)]
pub(super) struct Pivots {
    /// Column, target, and what rounding explains; then the running sum and the first item.
    list: [Option<Pivot>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Pivot {
    column: usize,
    value: i64,
    slack: i64,
    total: i64,
}

/// What a row adds to each of the pivots: its figure, and what rounding explains of that.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Terms([(i64, i64); 2]);

/// Which ways of adding up come near enough: all of them, all taken off, or the last one less the others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Near {
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) less: bool,
}

impl Pivot {
    fn meets(&self, total: i64) -> bool {
        (self.value - total).abs().saturating_mul(2) <= self.slack
    }
}

impl Pivots {
    pub(super) fn of(target: &[Entry], adds_up: u64) -> Self {
        let mut list: [Option<Pivot>; 2] = [None; 2];
        for (column, entry) in
            target.iter().enumerate().filter(|(column, entry)| entry.given && adds_up & (1 << column) != 0)
        {
            let pivot = Some(Pivot { column, value: entry.value, slack: entry.slack(), total: 0 });
            let larger = |than: &Option<Pivot>| than.is_none_or(|than| than.value.abs() < entry.value.abs());
            if larger(&list[0]) {
                list = [pivot, list[0]];
            } else if larger(&list[1]) {
                list[1] = pivot;
            }
        }
        Self { list }
    }

    /// What a row adds.
    pub(super) fn terms(&self, row: &[Entry]) -> Terms {
        Terms(self.list.map(|pivot| {
            let entry = pivot.and_then(|pivot| row.get(pivot.column)).copied().unwrap_or_default();
            (entry.value, entry.slack())
        }))
    }

    /// Adds a row, and says nothing about it.
    pub(super) fn take(&mut self, Terms(terms): &Terms, sign: i64) {
        for (pivot, (value, slack)) in self.list.iter_mut().zip(terms) {
            if let Some(pivot) = pivot {
                pivot.total += sign * value;
                pivot.slack += slack;
            }
        }
    }

    /// Whether the sum comes near enough.
    pub(super) fn is_met(&self) -> bool {
        self.list.iter().flatten().any(|pivot| pivot.meets(pivot.total))
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &[Entry], sign: i64) -> Near {
        let terms = self.terms(row);
        self.take(&terms, sign);
        let mut near = Near { plus: self.is_met(), ..Near::default() };
        for (pivot, (value, _)) in self.list.iter().zip(terms.0) {
            if let Some(pivot) = pivot {
                near.minus |= pivot.meets(-pivot.total);
                near.less |= pivot.meets(2 * value - pivot.total);
            }
        }
        near
    }
}

impl Sums {
    /// The sums of these rows.
    pub(super) fn of(&mut self, grid: &Grid<'_>, addends: &[(usize, i8)]) -> &Self {
        self.columns.clear();
        self.columns.resize(grid.width(), Sum::default());
        self.given = 0;
        for &(row, sign) in addends {
            self.add(grid.row(row), i64::from(sign));
        }
        self
    }

    fn add(&mut self, row: &[Entry], sign: i64) {
        for (column, (sum, entry)) in self.columns.iter_mut().zip(row).enumerate() {
            if entry.given {
                sum.total += sign * entry.value;
                sum.slack += entry.slack();
                sum.largest = sum.largest.max(entry.value.abs());
                if entry.value != 0 {
                    sum.nonzero += 1;
                    sum.zeros = Some(sum.zeros.map_or(entry.zeros, |zeros| zeros.min(entry.zeros)));
                }
                self.given |= 1 << column;
            }
        }
    }

    /// How the sums, as `total` takes them, compare with a row. Where a total is expected, `lone` addends count too.
    pub(super) fn judge(
        &self,
        target: &[Entry],
        adds_up: u64,
        lone: bool,
        total: impl Fn(usize, i64) -> i64,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        for (column, (sum, entry)) in self.columns.iter().zip(target).enumerate() {
            let bit = 1_u64 << column;
            if !entry.given || adds_up & bit == 0 || self.given & bit == 0 {
                continue;
            }
            if entry.value == 0 && sum.nonzero == 0 {
                continue;
            }
            let difference = (entry.value - total(column, sum.total)).abs();
            if difference.saturating_mul(2) > sum.slack + entry.slack() {
                verdict.breaks |= bit;
                if verdict.breaks.count_ones() <= 2 {
                    let unit = entry.slack().max(1);
                    if is_slip(entry.value / unit, total(column, sum.total) / unit) {
                        verdict.slips |= bit;
                        // A slip is one of about 64 ways to miss by so little.
                        verdict.bits +=
                            bits_of(entry.value.abs().max(sum.largest), 0, sum.grain(entry)).saturating_sub(6);
                    }
                }
                verdict.miss += ((difference / entry.slack().max(1)) + 1).unsigned_abs().ilog2();
                continue;
            }
            verdict.holds |= bit;
            let bits = bits_of(entry.value.abs().max(sum.largest), difference, sum.grain(entry));
            if sum.nonzero >= 2 {
                verdict.firm |= bit;
                verdict.bits += bits;
            } else if lone && sum.nonzero == 1 {
                verdict.firm |= bit;
                verdict.bits += bits / 2;
            }
        }
        verdict
    }
}

/// How surprising it is that a sum of this size misses its total by no more than this.
pub(super) fn bits_of(size: i64, difference: i64, unit: i64) -> u32 {
    let unit = unit.max(1);
    let chances = (size / unit) / (2 * (difference / unit) + 1);
    (chances + 1).unsigned_abs().max(1).ilog2().min(MOST_BITS)
}
