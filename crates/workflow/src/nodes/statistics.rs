//! Maths: what is computed of a list of numbers.

use std::sync::Arc;

use serde_json::Value as Json;

use super::maths::finite;
use super::{Cx, NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![
        plain(
            Spec::new("Sum", "maths", "Adds up the numbers of a list.")
                .input(Input::new("values", Type::List, "The numbers."))
                .output(Output::new("result", Type::Number, "Their sum; 0 where there are none.")),
            |cx| {
                let result = sum(cx.list(0)?)?;
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            Spec::new("Statistics", "maths", "Describes a list of numbers; without any, only the count and the sum.")
                .input(Input::new("values", Type::List, "The numbers."))
                .output(Output::new("count", Type::Integer, "How many there are."))
                .output(Output::new("sum", Type::Number, "Their sum."))
                .output(Output::new("mean", Type::Number, "Their arithmetic mean."))
                .output(Output::new("min", Type::Number, "The smallest."))
                .output(Output::new("max", Type::Number, "The largest."))
                .output(Output::new("median", Type::Number, "The one in the middle, or the mean of the two there."))
                .output(Output::new("stddev", Type::Number, "Their standard deviation, as of a whole population.")),
            statistics,
        ),
    ]
}

fn numbers(items: &[Json]) -> Result<Vec<f64>, NodeError> {
    let number = |(at, item): (usize, &Json)| {
        item.as_f64().ok_or_else(|| NodeError::new(format!("item {at} of the list is no number: {}", shown(item))))
    };
    items.iter().enumerate().map(number).collect()
}

/// A value as an error shows it: only its beginning where it is long.
pub(super) fn shown(item: &Json) -> String {
    const LONGEST: usize = 60;
    match item {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) => item.to_string(),
        Json::String(text) if text.chars().nth(LONGEST).is_none() => format!("{text:?}"),
        Json::String(text) => format!("{:?}…", text.chars().take(LONGEST).collect::<String>()),
    }
}

fn sum(items: &[Json]) -> Result<Value, NodeError> {
    let numbers = numbers(items)?;
    let whole = items.iter().map(|item| item.as_i64().map(i128::from)).sum::<Option<i128>>();
    match whole.and_then(|whole| i64::try_from(whole).ok()) {
        Some(whole) => Ok(Value::Integer(whole)),
        None => finite(numbers.iter().sum()),
    }
}

fn statistics(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let items = cx.list(0)?;
    let total = sum(items)?;
    let mut sorted = numbers(items)?;
    sorted.sort_by(f64::total_cmp);
    cx.set(0, i64::try_from(sorted.len()).unwrap_or(i64::MAX));
    cx.set(1, total);
    let (Some(min), Some(max), Some(median)) = (sorted.first(), sorted.last(), median(&sorted)) else {
        (2..7).for_each(|output| cx.clear(output));
        return Ok(());
    };
    let count = sorted.len() as f64;
    let mean = sorted.iter().map(|number| number / count).sum::<f64>();
    let variance = sorted.iter().map(|number| (number - mean).powi(2) / count).sum::<f64>();
    for (output, number) in (2..).zip([mean, *min, *max, median, variance.sqrt()]) {
        cx.set(output, finite(number)?);
    }
    Ok(())
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    // Halves first, so that two large numbers do not overflow.
    Some(sorted.get(sorted.len() / 2 - 1)? / 2.0 + upper / 2.0)
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_list_is_summed_up() {
        let cases = [
            (json!([]), json!(0)),
            (json!([1, 2, 3]), json!(6)),
            (json!([1, 2.5]), json!(3.5)),
            (json!([i64::MAX, 1, -1]), json!(i64::MAX)),
            (json!([i64::MAX, i64::MAX]), json!(18_446_744_073_709_551_616.0)),
        ];
        for (values, expected) in cases {
            assert_eq!(Rig::new("Sum", json!({"values": values})).run(), Ok(json!({"result": expected})), "{values}");
        }
    }

    #[test]
    fn statistics_describe_a_list() {
        let mut rig = Rig::new("Statistics", json!({"values": [2, 4, 4, 4, 5, 5, 7, 9]}));
        let expected =
            json!({"count": 8, "sum": 40, "mean": 5.0, "min": 2.0, "max": 9.0, "median": 4.5, "stddev": 2.0});
        assert_eq!(rig.run(), Ok(expected));
        rig.set("values", json!([]));
        assert_eq!(rig.run(), Ok(json!({"count": 0, "sum": 0})));
    }

    #[test]
    fn what_is_no_number_is_named() {
        for class in ["Sum", "Statistics"] {
            let mut rig = Rig::new(class, json!({"values": [1, "x".repeat(99)]}));
            let expected = format!("item 1 of the list is no number: \"{}\"…", "x".repeat(60));
            assert_eq!(rig.run(), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn the_mean_and_the_median_lie_within(numbers in prop::collection::vec(-1e9..1e9f64, 1..20)) {
            let given = Rig::new("Statistics", json!({"values": numbers})).run().unwrap();
            let part = |name: &str| given[name].as_f64().unwrap();
            prop_assert!(part("min") <= part("median") && part("median") <= part("max"));
            prop_assert!(part("min") <= part("mean") + 1e-3 && part("mean") <= part("max") + 1e-3);
            prop_assert!(part("stddev") >= 0.0 && part("stddev") <= part("max") - part("min") + 1e-3);
        }
    }
}
