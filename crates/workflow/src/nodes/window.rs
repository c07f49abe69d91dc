//! The last values of a number, and what they amount to.
//!
//! Sums are kept in two halves, so that nothing is ever subtracted: what has left the window leaves no rounding behind.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::stateful;
use crate::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// Most values of a window.
const MOST: f64 = 100_000.0;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let number = |name, description| Output::new(name, Type::Number, description);
    let p95 = "The smallest of the values that at least 95 % of them do not exceed (nearest rank).";
    vec![stateful::<Window>(
        Spec::new("Window", "state", "Keeps the last values of a number, and tells what they amount to.")
            .input(Input::new("value", Type::Number, "Each of its changes is one value more."))
            .input(Input::new("size", Type::Integer, "How many values are kept.").or(10).at_least(1.0).at_most(MOST))
            .input(Input::new("trigger", Type::Json, "Whose changes count the value once more.").optional())
            .input(Input::new("with_list", Type::Boolean, "Whether to give the values as well.").or(false))
            .output(number("sum", "Their sum."))
            .output(number("average", "Their average."))
            .output(number("min", "The smallest."))
            .output(number("max", "The largest."))
            .output(number("p95", p95))
            .output(Output::new("count", Type::Integer, "How many there are."))
            .output(Output::new("list", Type::List, "The values, the oldest first, where `with_list` is true.")),
    )]
}

#[derive(Default)]
struct Window {
    last: Last,
}

impl Node for Window {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let size = usize::try_from(cx.integer(1)?).ok().filter(|size| *size > 0 && *size as f64 <= MOST);
        let size = size.ok_or("the size must be from 1 to 100,000")?;
        if cx.changed(0) || cx.changed(2) {
            self.last.push(cx.number(0)?);
        }
        while self.last.values.len() > size {
            self.last.pop();
        }
        let (last, count) = (&self.last, self.last.values.len());
        let sum = last.sum();
        let given = [sum, sum / count as f64, last.min(), last.max(), last.p95()];
        for (output, number) in given.into_iter().enumerate() {
            cx.set(output, Value::number(number).ok_or("the sum is too large for a number")?);
        }
        cx.set(5, i64::try_from(count).unwrap_or(i64::MAX));
        if cx.boolean(3)? {
            cx.set(6, serde_json::Value::from_iter(last.values.iter().copied()));
        } else {
            cx.clear(6);
        }
        Ok(Next::Done)
    }
}

/// A number by its place among all numbers, and which of the equal ones it is.
type Place = (i64, u64);

/// The last values; adding and dropping one takes the time of a search, `O(log n)`.
#[derive(Default)]
struct Last {
    values: VecDeque<f64>,
    /// For each older value, the youngest first: the sum of it and of the older values that came after it.
    older_sums: Vec<f64>,
    /// The sum of the values that came since the older ones were summed.
    younger_sum: f64,
    /// The number of the oldest value, counted from the first that ever came.
    oldest: u64,
    /// The values up to the 95th percentile.
    lower: BTreeSet<Place>,
    /// The values above it.
    upper: BTreeSet<Place>,
}

impl Last {
    fn push(&mut self, value: f64) {
        let place = (rank(value), self.oldest + self.values.len() as u64);
        self.values.push_back(value);
        self.younger_sum += value;
        if self.lower.last().is_some_and(|last| place < *last) {
            self.lower.insert(place);
        } else {
            self.upper.insert(place);
        }
        self.balance();
    }

    fn pop(&mut self) {
        if self.older_sums.is_empty() {
            let mut sum = 0.0;
            self.older_sums.extend(self.values.iter().rev().map(|value| {
                sum += value;
                sum
            }));
            self.younger_sum = 0.0;
        }
        self.older_sums.pop();
        if let Some(value) = self.values.pop_front() {
            let place = (rank(value), self.oldest);
            self.oldest += 1;
            if !self.lower.remove(&place) {
                self.upper.remove(&place);
            }
        }
        self.balance();
    }

    /// Moves values between the halves, until the lower one has those up to the 95th percentile.
    fn balance(&mut self) {
        let wanted = (self.values.len() * 95).div_ceil(100);
        while self.lower.len() > wanted {
            self.upper.extend(self.lower.pop_last());
        }
        while self.lower.len() < wanted {
            match self.upper.pop_first() {
                Some(place) => self.lower.insert(place),
                None => break,
            };
        }
    }

    fn sum(&self) -> f64 {
        self.older_sums.last().unwrap_or(&0.0) + self.younger_sum
    }

    fn min(&self) -> f64 {
        value(self.lower.first())
    }

    fn max(&self) -> f64 {
        value(self.upper.last().or_else(|| self.lower.last()))
    }

    fn p95(&self) -> f64 {
        value(self.lower.last())
    }
}

/// A whole number that is larger where the number is larger: the order of [`f64::total_cmp`].
fn rank(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn value(place: Option<&Place>) -> f64 {
    place.map_or(0.0, |(rank, _)| f64::from_bits((if *rank < 0 { rank ^ i64::MAX } else { *rank }).cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    fn naive(values: &[f64]) -> serde_json::Value {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let sum: f64 = values.iter().sum();
        let rank = (0.95 * values.len() as f64).ceil() as usize;
        json!({
            "sum": sum, "average": sum / values.len() as f64, "min": sorted[0], "max": sorted[sorted.len() - 1],
            "p95": sorted[rank - 1], "count": values.len(), "list": values,
        })
    }

    proptest! {
        #[test]
        fn a_window_is_what_its_last_values_amount_to(
            values in prop::collection::vec((-50..50i64).prop_map(|whole| whole as f64 / 4.0), 1..80),
            size in 1..30usize,
        ) {
            let mut window = Rig::new("Window", json!({"value": 0, "size": size, "with_list": true}));
            for end in 1..=values.len() {
                let given = window.set("value", json!(values[end - 1])).run().unwrap();
                prop_assert_eq!(given, naive(&values[end.saturating_sub(size)..end]));
            }
        }

        #[test]
        fn a_place_is_a_number_and_back(one in any::<f64>(), other in any::<f64>()) {
            prop_assert_eq!(value(Some(&(rank(one), 0))).to_bits(), one.to_bits());
            prop_assert_eq!(rank(one).cmp(&rank(other)), one.total_cmp(&other));
        }
    }

    #[test]
    fn a_smaller_size_drops_the_oldest_and_other_inputs_add_nothing() {
        let mut window = Rig::new("Window", json!({"value": 1, "size": 3, "with_list": true}));
        window.run().unwrap();
        for value in [2, 3] {
            window.set("value", json!(value)).run().unwrap();
        }
        assert_eq!(window.set("size", json!(2)).run().unwrap()["list"], json!([2.0, 3.0]));
        assert_eq!(window.set("trigger", json!("again")).run().unwrap()["list"], json!([3.0, 3.0]));
        assert_eq!(window.set("with_list", json!(false)).run().unwrap().get("list"), None);
    }

    #[test]
    fn what_left_the_window_leaves_nothing_behind() {
        let mut window = Rig::new("Window", json!({"value": 1e300, "size": 1}));
        window.run().unwrap();
        assert_eq!(window.set("value", json!(0.25)).run().unwrap()["sum"], json!(0.25));
    }

    #[test]
    fn sums_and_sizes_that_cannot_be_are_errors() {
        let mut window = Rig::new("Window", json!({"value": 1.7e308}));
        window.run().unwrap();
        assert_eq!(window.set("value", json!(1.6e308)).run(), Err("the sum is too large for a number".to_owned()));
        for size in [0, -1, 100_001] {
            let error = window.set("size", json!(size)).run();
            assert_eq!(error, Err("the size must be from 1 to 100,000".to_owned()), "{size}");
        }
    }
}
