//! Spreads of durations, and medians of rounds.

use std::fmt;
use std::time::Duration;

/// Durations seen, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<f64>);

impl Spread {
    /// Takes in one more.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration.as_secs_f64() * 1e3);
    }

    /// Takes in all of another.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value below which `share` (0 to 1) of them lie, in milliseconds; not a number where there is none.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99, worst) = (self.at(0.5), self.at(0.99), self.at(1.0));
        write!(f, "p50 {p50:.3} ms, p99 {p99:.3} ms, worst {worst:.3} ms (n = {})", self.len())
    }
}

/// The median of `values`; not a number where there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len() / 2), sorted.get(sorted.len().wrapping_sub(1) / 2)) {
        (Some(upper), Some(lower)) => f64::midpoint(*upper, *lower),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_durations_lies_below() {
        let mut spread = Spread::default();
        for milliseconds in (1..=100).rev() {
            spread.add(Duration::from_millis(milliseconds));
        }
        assert_eq!((spread.at(0.0), spread.at(0.5), spread.at(0.99), spread.at(1.0)), (1.0, 51.0, 100.0, 100.0));
        assert!(Spread::default().at(0.5).is_nan());
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
