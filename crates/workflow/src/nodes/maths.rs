//! Maths: what is computed of one or two numbers.

use std::sync::Arc;

use super::order::{as_json, compare};
use super::{Cx, NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

const OPERATIONS: &[&str] = &["add", "subtract", "multiply", "divide", "power", "modulo", "minimum", "maximum"];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "maths", description);
    vec![
        plain(
            class("Math", "Computes a number from two.")
                .input(Input::new("operation", Type::Text, "What is done with them.").one_of(OPERATIONS).or("add"))
                .input(Input::new("a", Type::Number, "The first number."))
                .input(Input::new("b", Type::Number, "The second number."))
                .output(Output::new("result", Type::Number, "The result; whole where both numbers and it are whole.")),
            |cx| {
                let result = compute(cx.text(0)?, cx.input(1), cx.input(2))?;
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            class("Round", "Rounds a number; halves go away from zero.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(
                    Input::new(
                        "digits",
                        Type::Integer,
                        "Digits after the point; negative ones round to tens and so on.",
                    )
                    .or(0)
                    .at_least(-15.0)
                    .at_most(15.0),
                )
                .output(Output::new("result", Type::Number, "The rounded number; whole where it has no digits.")),
            |cx| {
                let result = round(cx.input(0), cx.integer(1)?)?;
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            class("Clamp", "Keeps a number within a range.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(Input::new("min", Type::Number, "The least that comes out.").or(0))
                .input(Input::new("max", Type::Number, "The most that comes out.").or(1))
                .output(Output::new("result", Type::Number, "The number, or the end of the range that it is beyond.")),
            clamp,
        ),
        plain(
            class("Scale", "Carries a number over from one range to another in proportion.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(Input::new("from_min", Type::Number, "Where the first range begins.").or(0))
                .input(Input::new("from_max", Type::Number, "Where the first range ends.").or(1))
                .input(Input::new("to_min", Type::Number, "Where the second range begins.").or(0))
                .input(Input::new("to_max", Type::Number, "Where the second range ends.").or(100))
                .output(Output::new("result", Type::Number, "The number in the second range, or as far beyond it.")),
            scale,
        ),
    ]
}

/// A number, where it is one: neither too large nor undefined.
pub(super) fn finite(number: f64) -> Result<Value, NodeError> {
    Value::number(number).ok_or(NodeError::new(if number.is_nan() {
        "the result is no number"
    } else {
        "the result is too large for a number"
    }))
}

/// A number without a fraction, as a whole number where it fits.
pub(super) fn whole(number: f64) -> Result<Value, NodeError> {
    let value = finite(number)?;
    Ok(value.as_integer().map_or(value, Value::Integer))
}

fn compute(operation: &str, a: &Value, b: &Value) -> Result<Value, NodeError> {
    if let (Value::Integer(a), Value::Integer(b)) = (a, b) {
        if let Some(whole) = compute_whole(operation, *a, *b) {
            return Ok(Value::Integer(whole));
        }
        if let Some(wide) = compute_wide(operation, *a, *b) {
            return exact(wide).ok_or_else(|| too_large(&wide));
        }
        if operation == "power" && *b > 0 && !a.unsigned_abs().is_power_of_two() {
            return Err(too_large(&format!("{a} to the power of {b}")));
        }
    }
    if let "minimum" | "maximum" = operation
        && let Some(order) = compare(&as_json(a), &as_json(b)).filter(|_| a.as_number().is_some())
    {
        return Ok(if order.is_le() == (operation == "minimum") { a.clone() } else { b.clone() });
    }
    if let Some(large) = [a, b].into_iter().find(|value| is_rounded(value)) {
        return Err(too_large(large));
    }
    let (Some(a), Some(b)) = (a.as_number(), b.as_number()) else { return Err("a number is missing".into()) };
    let by_zero = |what: &'static str| if b == 0.0 { Err(NodeError::new(what)) } else { Ok(()) };
    finite(match operation {
        "add" => a + b,
        "subtract" => a - b,
        "multiply" => a * b,
        "divide" => {
            by_zero("division by zero")?;
            a / b
        }
        "power" => {
            if a == 0.0 && b < 0.0 {
                return Err("zero has no negative powers".into());
            }
            if a < 0.0 && b.fract() != 0.0 {
                return Err(format!("{a} to the power of {b} is no real number").into());
            }
            a.powf(b)
        }
        "modulo" => {
            by_zero("modulo by zero")?;
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        }
        unknown => return Err(unknown_choice(unknown, OPERATIONS)),
    })
}

/// What stays a whole number; `None` where it does not.
fn compute_whole(operation: &str, a: i64, b: i64) -> Option<i64> {
    match operation {
        "add" => a.checked_add(b),
        "subtract" => a.checked_sub(b),
        "multiply" => a.checked_mul(b),
        "divide" if a.checked_rem(b) == Some(0) => a.checked_div(b),
        "power" => a.checked_pow(u32::try_from(b).ok()?),
        "modulo" => {
            let rest = a.checked_rem(b)?;
            if rest != 0 && (rest < 0) != (b < 0) { rest.checked_add(b) } else { Some(rest) }
        }
        _ => None,
    }
}

/// What is whole, where that takes more than 64 bits; `None` where it is not, or takes more than 128.
fn compute_wide(operation: &str, a: i64, b: i64) -> Option<i128> {
    let (a, b) = (i128::from(a), i128::from(b));
    match operation {
        "add" => a.checked_add(b),
        "subtract" => a.checked_sub(b),
        "multiply" => a.checked_mul(b),
        "divide" if a.checked_rem(b) == Some(0) => a.checked_div(b),
        "power" => a.checked_pow(u32::try_from(b).ok()?),
        _ => None,
    }
}

/// A whole number of more bits than integers have, where it can be held without being rounded.
fn exact(whole: i128) -> Option<Value> {
    let number = whole as f64;
    if number as i128 == whole {
        return Value::number(number);
    }
    u64::try_from(whole).ok().map(|whole| Value::from(serde_json::Value::from(whole)))
}

/// Whether a number is another one in floating point.
fn is_rounded(value: &Value) -> bool {
    match value {
        Value::Integer(whole) => *whole as f64 as i128 != i128::from(*whole),
        Value::Json(_) => value.as_number().is_some(),
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => false,
    }
}

fn too_large(what: &dyn std::fmt::Display) -> NodeError {
    format!("{what} is too large to be computed with exactly").into()
}

/// An error that names a choice there is not.
pub(super) fn unknown_choice(unknown: &str, choices: &[&str]) -> NodeError {
    format!("{unknown:?} is none of {}", choices.join(", ")).into()
}

fn round(value: &Value, digits: i64) -> Result<Value, NodeError> {
    if let (Value::Integer(_) | Value::Json(_), 0..) = (value, digits)
        && value.as_number().is_some()
    {
        return Ok(value.clone());
    }
    let number = value.as_number().ok_or(NodeError::new("a number is missing"))?;
    let places = i32::try_from(digits.clamp(-15, 15)).unwrap_or(0);
    let unit = 10f64.powi(places.abs());
    if places <= 0 {
        return whole((number / unit).round() * unit);
    }
    let scaled = number * unit;
    // A number so large has no digits after the point that could be rounded.
    finite(if scaled.is_finite() { scaled.round() / unit } else { number })
}

fn clamp(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (number, min, max) = (cx.number(0)?, cx.number(1)?, cx.number(2)?);
    if min > max {
        return Err(format!("min is {min}, which is more than max, {max}").into());
    }
    let nearest = if number < min {
        1
    } else if number > max {
        2
    } else {
        0
    };
    let result = cx.input(nearest).clone();
    cx.set(0, result);
    Ok(())
}

fn scale(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (from_min, from_max, to_min, to_max) = (cx.number(1)?, cx.number(2)?, cx.number(3)?, cx.number(4)?);
    if from_min == from_max {
        return Err(format!("from_min and from_max are both {from_min}: a range has two ends").into());
    }
    let part = (cx.number(0)? - from_min) / (from_max - from_min);
    cx.set(0, finite(to_min + part * (to_max - to_min))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn whole_numbers_stay_whole_where_they_can() {
        let big = i64::MAX;
        let cases: &[(&str, Json, Json, Json)] = &[
            ("add", json!(2), json!(3), json!(5)),
            ("add", json!(2.5), json!(3), json!(5.5)),
            ("add", json!(big), json!(1), json!(9_223_372_036_854_775_808.0)),
            ("subtract", json!(2), json!(3), json!(-1)),
            ("multiply", json!(big), json!(2), json!(u64::MAX - 1)),
            ("divide", json!(7), json!(2), json!(3.5)),
            ("divide", json!(6), json!(2), json!(3)),
            ("divide", json!(i64::MIN), json!(-1), json!(9_223_372_036_854_775_808.0)),
            ("power", json!(2), json!(10), json!(1024)),
            ("power", json!(2), json!(-1), json!(0.5)),
            ("power", json!(2), json!(64), json!(18_446_744_073_709_551_616.0)),
            ("modulo", json!(7), json!(3), json!(1)),
            ("modulo", json!(-7), json!(3), json!(2)),
            ("modulo", json!(7), json!(-3), json!(-2)),
            ("modulo", json!(-7.5), json!(2), json!(0.5)),
            ("modulo", json!(i64::MIN), json!(-1), json!(0.0)),
            ("minimum", json!(2), json!(3), json!(2)),
            ("maximum", json!(2), json!(2.5), json!(2.5)),
            ("add", json!(big - 1), json!(1000), json!(9_223_372_036_854_776_806_u64)),
            ("add", json!(big), json!(big), json!(u64::MAX - 1)),
            ("divide", json!((1_i64 << 60) + 3), json!(1), json!((1_i64 << 60) + 3)),
            ("power", json!(2), json!(200), json!(2f64.powi(200))),
            ("maximum", json!((1_i64 << 53) + 1), json!(0.5), json!((1_i64 << 53) + 1)),
            ("minimum", json!(u64::MAX), json!(u64::MAX - 1), json!(u64::MAX - 1)),
        ];
        for (operation, a, b, expected) in cases {
            let inputs = json!({"operation": operation, "a": a, "b": b});
            assert_eq!(Rig::new("Math", inputs).run(), Ok(json!({"result": expected})), "{a} {operation} {b}");
        }
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let cases = [
            ("divide", json!(1), json!(0), "division by zero"),
            ("divide", json!(1.5), json!(0.0), "division by zero"),
            ("modulo", json!(1), json!(0), "modulo by zero"),
            ("power", json!(0), json!(-1), "zero has no negative powers"),
            ("power", json!(-8), json!(0.5), "-8 to the power of 0.5 is no real number"),
            ("multiply", json!(1e300), json!(1e300), "the result is too large for a number"),
            ("add", json!("1"), json!(1), "a number is missing"),
            ("minimum", json!("1"), json!("2"), "a number is missing"),
            ("add", json!(u64::MAX), json!(1), "18446744073709551615 is too large to be computed with exactly"),
            (
                "multiply",
                json!((1_i64 << 53) + 1),
                json!((1_i64 << 53) + 1),
                "81129638414606699710187514626049 is too large to be computed with exactly",
            ),
            ("add", json!((1_i64 << 53) + 1), json!(0.5), "9007199254740993 is too large to be computed with exactly"),
            ("divide", json!((1_i64 << 53) + 1), json!(2), "9007199254740993 is too large to be computed with exactly"),
            ("power", json!(3), json!(100), "3 to the power of 100 is too large to be computed with exactly"),
            (
                "root",
                json!(1),
                json!(1),
                "\"root\" is none of add, subtract, multiply, divide, power, modulo, minimum, maximum",
            ),
        ];
        for (operation, a, b, expected) in cases {
            let inputs = json!({"operation": operation, "a": a, "b": b});
            assert_eq!(Rig::new("Math", inputs).run(), Err(expected.to_owned()), "{a} {operation} {b}");
        }
    }

    #[test]
    fn numbers_are_rounded_clamped_and_scaled() {
        let cases = [
            ("Round", json!({"value": 2.5}), json!(3)),
            ("Round", json!({"value": -2.5}), json!(-3)),
            ("Round", json!({"value": 2.346, "digits": 2}), json!(2.35)),
            ("Round", json!({"value": 1250, "digits": -2}), json!(1300)),
            ("Round", json!({"value": 1e300, "digits": 15}), json!(1e300)),
            ("Round", json!({"value": 7, "digits": 3}), json!(7)),
            ("Clamp", json!({"value": 7, "min": 0, "max": 5}), json!(5)),
            ("Clamp", json!({"value": -7.5, "min": 0, "max": 5}), json!(0)),
            ("Clamp", json!({"value": 3, "min": 0, "max": 5}), json!(3)),
            ("Scale", json!({"value": 0.5}), json!(50.0)),
            ("Scale", json!({"value": 15, "from_min": 10, "from_max": 20, "to_min": 1, "to_max": 0}), json!(0.5)),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(json!({"result": expected})), "{class} {inputs}");
        }
    }

    #[test]
    fn a_range_has_two_ends_in_order() {
        let mut clamp = Rig::new("Clamp", json!({"value": 1, "min": 5, "max": 2}));
        assert_eq!(clamp.run(), Err("min is 5, which is more than max, 2".to_owned()));
        let mut scale = Rig::new("Scale", json!({"value": 1, "from_min": 2, "from_max": 2}));
        assert_eq!(scale.run(), Err("from_min and from_max are both 2: a range has two ends".to_owned()));
    }

    proptest! {
        #[test]
        fn whole_and_real_arithmetic_agree(at in 0..OPERATIONS.len(), a in -99..99i64, b in -9..9i64) {
            let operation = OPERATIONS[at];
            let whole = compute(operation, &Value::Integer(a), &Value::Integer(b));
            let real = compute(operation, &Value::Number(a as f64), &Value::Number(b as f64));
            match (whole, real) {
                (Ok(whole), Ok(real)) => {
                    let (whole, real) = (whole.as_number().unwrap(), real.as_number().unwrap());
                    prop_assert!((whole - real).abs() <= real.abs() * 1e-9, "{} and {}", whole, real);
                }
                (whole, real) => prop_assert_eq!(whole.is_err(), real.is_err()),
            }
        }
    }
}
