//! How long the iterations of one live workflow take, gathered where they happen and reported once a second: an iteration
//! may be shorter than the work of reporting it.

use std::time::Duration;

use prometheus::Histogram;
use tokio::time::Instant;

/// How often what was gathered is reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// The parts that the durations between two powers of two are distinguished in.
const PARTS: u64 = 4;
/// Enough for any number of nanoseconds: a few single ones, and four for each power of two.
const CELLS: usize = 256;

/// The durations of iterations since they were last reported.
#[derive(Clone, Debug)]
pub struct Ticks {
    /// How many iterations there were, by how long they took.
    cells: Box<[u32; CELLS]>,
    began: Instant,
}

/// What the last iterations of a live workflow were like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Iterations a second.
    pub rate: f64,
    /// Microseconds that half of them took at most.
    pub p50_us: f64,
    /// Microseconds that 99 of 100 took at most.
    pub p99_us: f64,
}

impl Default for Ticks {
    fn default() -> Self {
        Self { cells: Box::new([0; CELLS]), began: Instant::now() }
    }
}

impl Ticks {
    /// One iteration has ended now, and took this long; gives whether a report is due.
    pub fn add(&mut self, took: Duration, now: Instant) -> bool {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(cell) = self.cells.get_mut(cell_of(nanos)) {
            *cell = cell.saturating_add(1);
        }
        now.duration_since(self.began) >= REPORT_EVERY
    }

    /// Puts what was gathered into a histogram of seconds and begins again; nothing where there was no iteration.
    pub fn take(&mut self, histogram: &Histogram, now: Instant) -> Option<Pace> {
        let passed = now.duration_since(std::mem::replace(&mut self.began, now));
        let cells = std::mem::replace(&mut *self.cells, [0; CELLS]);
        let count: u64 = cells.iter().map(|count| u64::from(*count)).sum();
        if count == 0 {
            return None;
        }
        // Counted here, and added to what all threads share at once.
        let local = histogram.local();
        for (cell, count) in cells.iter().enumerate().filter(|(_, count)| **count > 0) {
            (0..*count).for_each(|_| local.observe(middle_of(cell) / 1e9));
        }
        local.flush();
        let quantile = |share: f64| {
            let wanted = (count as f64 * share).ceil() as u64;
            let mut seen = 0;
            let cell = cells.iter().position(|count| {
                seen += u64::from(*count);
                seen >= wanted
            });
            middle_of(cell.unwrap_or(CELLS - 1)) / 1e3
        };
        let rate = count as f64 / passed.as_secs_f64().max(1e-3);
        Some(Pace { rate, p50_us: quantile(0.5), p99_us: quantile(0.99) })
    }
}

/// The cell of a number of nanoseconds: its power of two, and which quarter of the way to the next.
fn cell_of(nanos: u64) -> usize {
    if nanos < PARTS {
        return nanos as usize;
    }
    let power = u64::from(nanos.ilog2());
    let part = (nanos >> (power - 2)) % PARTS;
    ((power - 1) * PARTS + part) as usize
}

/// The middle of what a cell stands for, in nanoseconds.
fn middle_of(cell: usize) -> f64 {
    let cell = cell as u64;
    if cell < PARTS {
        return cell as f64;
    }
    let (power, part) = (cell / PARTS + 1, cell % PARTS);
    2_f64.powi(power as i32) * (1.0 + (part as f64 + 0.5) / PARTS as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Metrics;
    use super::*;

    fn histogram() -> Histogram {
        Metrics::install(1).unwrap().workflows().tick_seconds
    }

    #[test]
    fn what_is_told_is_what_was_gathered() {
        let mut ticks = Ticks::default();
        let begun = ticks.began;
        for _ in 0..98 {
            assert!(!ticks.add(Duration::from_micros(10), begun));
        }
        ticks.add(Duration::from_millis(50), begun);
        assert!(ticks.add(Duration::from_millis(50), begun + REPORT_EVERY));
        let pace = ticks.take(&histogram(), begun + 2 * REPORT_EVERY).unwrap();
        assert_eq!(pace.rate, 50.0);
        assert!((9.0..11.5).contains(&pace.p50_us), "{pace:?}");
        assert!((45_000.0..57_000.0).contains(&pace.p99_us), "{pace:?}");
        assert_eq!(ticks.take(&histogram(), begun + 3 * REPORT_EVERY), None);
    }

    proptest! {
            #[test]
            fn a_cell_is_never_far_from_what_is_in_it(nanos: u64) {
                let cell = cell_of(nanos);
                prop_assert!(cell < CELLS);
                let (real, reported) = (nanos as f64, middle_of(cell));
                prop_assert!((real - reported).abs() <= real * 0.13, "{nanos} {reported}");
            }

            #[test]
            fn longer_ones_stand_in_later_cells(one: u64, other: u64) {
    let (shorter, longer) = (one.min(other), one.max(other));
                prop_assert!(cell_of(shorter) <= cell_of(longer));
            }
        }
}
