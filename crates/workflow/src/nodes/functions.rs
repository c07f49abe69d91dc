//! Maths: functions of one number.

use std::sync::Arc;

use super::maths::{finite, unknown_choice, whole};
use super::{NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

const FUNCTIONS: &[&str] = &[
    "absolute",
    "negate",
    "sign",
    "square",
    "square_root",
    "floor",
    "ceiling",
    "truncate",
    "sine",
    "cosine",
    "tangent",
    "arc_sine",
    "arc_cosine",
    "arc_tangent",
    "exponential",
    "logarithm",
    "logarithm_10",
    "to_radians",
    "to_degrees",
];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![plain(
        Spec::new("Function", "maths", "Computes a function of one number; angles are in radians.")
            .input(Input::new("function", Type::Text, "The function.").one_of(FUNCTIONS).or("absolute"))
            .input(Input::new("value", Type::Number, "The number."))
            .output(Output::new("result", Type::Number, "The function's value.")),
        |cx| {
            let result = apply(cx.text(0)?, cx.input(1))?;
            cx.set(0, result);
            Ok(())
        },
    )]
}

fn apply(function: &str, value: &Value) -> Result<Value, NodeError> {
    if let Value::Integer(number) = value
        && let Some(result) = apply_whole(function, *number)
    {
        return Ok(Value::Integer(result));
    }
    let number = value.as_number().ok_or(NodeError::new("a number is missing"))?;
    let needs = |holds: bool, what: &str| {
        if holds { Ok(()) } else { Err(NodeError::new(format!("{function} needs {what}, not {number}"))) }
    };
    finite(match function {
        "absolute" => number.abs(),
        "negate" => -number,
        "sign" if number == 0.0 => 0.0,
        "sign" => number.signum(),
        "square" => number * number,
        "square_root" => {
            needs(number >= 0.0, "a number of at least 0")?;
            number.sqrt()
        }
        "floor" => return whole(number.floor()),
        "ceiling" => return whole(number.ceil()),
        "truncate" => return whole(number.trunc()),
        "sine" => number.sin(),
        "cosine" => number.cos(),
        "tangent" => number.tan(),
        "arc_sine" | "arc_cosine" => {
            needs(number.abs() <= 1.0, "a number from -1 to 1")?;
            if function == "arc_sine" { number.asin() } else { number.acos() }
        }
        "arc_tangent" => number.atan(),
        "exponential" => number.exp(),
        "logarithm" | "logarithm_10" => {
            needs(number > 0.0, "a number above 0")?;
            if function == "logarithm" { number.ln() } else { number.log10() }
        }
        "to_radians" => number.to_radians(),
        "to_degrees" => number.to_degrees(),
        unknown => return Err(unknown_choice(unknown, FUNCTIONS)),
    })
}

/// What stays a whole number; `None` where it does not.
fn apply_whole(function: &str, number: i64) -> Option<i64> {
    match function {
        "absolute" => number.checked_abs(),
        "negate" => number.checked_neg(),
        "sign" => Some(number.signum()),
        "square" => number.checked_mul(number),
        "floor" | "ceiling" | "truncate" => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn functions_give_their_values() {
        let cases = [
            ("absolute", json!(-3), json!(3)),
            ("absolute", json!(i64::MIN), json!(9_223_372_036_854_775_808.0)),
            ("negate", json!(1.5), json!(-1.5)),
            ("sign", json!(-0.0), json!(0.0)),
            ("sign", json!(-9), json!(-1)),
            ("square", json!(-9), json!(81)),
            ("square_root", json!(9), json!(3.0)),
            ("floor", json!(-1.5), json!(-2)),
            ("ceiling", json!(1.2), json!(2)),
            ("truncate", json!(-1.5), json!(-1)),
            ("floor", json!(1e300), json!(1e300)),
            ("cosine", json!(0), json!(1.0)),
            ("arc_sine", json!(0), json!(0.0)),
            ("exponential", json!(0), json!(1.0)),
            ("logarithm", json!(1), json!(0.0)),
            ("logarithm_10", json!(1000), json!(3.0)),
            ("to_degrees", json!(0), json!(0.0)),
        ];
        for (function, value, expected) in cases {
            let inputs = json!({"function": function, "value": value});
            assert_eq!(Rig::new("Function", inputs).run(), Ok(json!({"result": expected})), "{function} {value}");
        }
    }

    #[test]
    fn what_a_function_cannot_take_is_named() {
        let cases = [
            ("square_root", json!(-1), "square_root needs a number of at least 0, not -1"),
            ("logarithm", json!(0), "logarithm needs a number above 0, not 0"),
            ("arc_cosine", json!(1.5), "arc_cosine needs a number from -1 to 1, not 1.5"),
            ("exponential", json!(1000), "the result is too large for a number"),
            ("sine", json!("x"), "a number is missing"),
        ];
        for (function, value, expected) in cases {
            let inputs = json!({"function": function, "value": value});
            assert_eq!(Rig::new("Function", inputs).run(), Err(expected.to_owned()), "{function} {value}");
        }
    }

    proptest! {
        #[test]
        fn every_function_gives_a_finite_number_or_says_why(at in 0..FUNCTIONS.len(), number in any::<f64>()) {
            if let Ok(result) = apply(FUNCTIONS[at], &Value::Number(number)) {
                prop_assert!(result.as_number().is_some_and(f64::is_finite));
            }
        }
    }
}
