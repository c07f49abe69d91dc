//! Whole numbers and others, and what lies between two of them.

use serde_json::{Number, Value};

use crate::json;
use crate::number::compare;
use crate::request::Field;

/// A whole number that fits 64 bits: a JSON integer, a float without a fraction, or a text of digits.
pub(super) fn integer(field: &Field, value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::String(text) => whole_text(text.trim())?,
        Value::Number(number) => whole(number)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(not_whole()),
    };
    within(field, Number::from(number))
}

/// Any finite number; a text of one, too.
pub(super) fn number(field: &Field, value: &Value) -> Result<Value, String> {
    within(field, parse(value).ok_or("must be a number")?)
}

/// A number, as an answer or a limit may write it.
pub(super) fn parse(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(f64::is_finite).then(|| number.clone()),
        Value::String(text) => {
            let text = text.trim();
            let whole = text.parse::<i64>().ok().map(Number::from);
            let whole = whole.or_else(|| text.parse::<u64>().ok().map(Number::from));
            whole.or_else(|| text.parse::<f64>().ok().filter(|_| json::is_kept(text)).and_then(Number::from_f64))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn whole(number: &Number) -> Result<i64, String> {
    // -2^63 and 2^63 are floats without rounding; every float from the first to below the second fits 64 bits.
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    if let Some(number) = number.as_i64() {
        return Ok(number);
    }
    match number.as_f64() {
        Some(float) if float.fract() != 0.0 => Err(not_whole()),
        Some(float) if (-EDGE..EDGE).contains(&float) && number.is_f64() => Ok(float as i64),
        Some(_) | None => Err(too_large()),
    }
}

fn whole_text(text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>()
        .map_err(|error| if matches!(error.kind(), PosOverflow | NegOverflow) { too_large() } else { not_whole() })
}

fn not_whole() -> String {
    "must be a whole number".to_owned()
}

fn too_large() -> String {
    format!("must be between {} and {}", i64::MIN, i64::MAX)
}

fn within(field: &Field, number: Number) -> Result<Value, String> {
    let limit = |limit: &Option<Value>| limit.as_ref().and_then(parse);
    if let Some(min) = limit(&field.min).filter(|min| compare(&number, min).is_lt()) {
        return Err(format!("must be at least {min}"));
    }
    if let Some(max) = limit(&field.max).filter(|max| compare(&number, max).is_gt()) {
        return Err(format!("must be at most {max}"));
    }
    Ok(Value::Number(number))
}

#[cfg(test)]
mod tests {
    use crate::form::fit::cases;
    use serde_json::json;

    #[test]
    fn integers() {
        let wrong = Err("must be a whole number");
        let large = Err("must be between -9223372036854775808 and 9223372036854775807");
        cases(
            json!({"type": "integer"}),
            &[
                (json!(3), Ok(json!(3))),
                (json!(3.0), Ok(json!(3))),
                (json!("3"), Ok(json!(3))),
                (json!(" -3 "), Ok(json!(-3))),
                (json!(-0.0), Ok(json!(0))),
                (json!(i64::MAX), Ok(json!(i64::MAX))),
                (json!(i64::MIN), Ok(json!(i64::MIN))),
                (json!(i64::MIN as f64), Ok(json!(i64::MIN))),
                (json!("9223372036854775807"), Ok(json!(i64::MAX))),
                (json!(""), Ok(json!(null))),
                (json!(3.5), wrong.clone()),
                (json!("3.5"), wrong.clone()),
                (json!("three"), wrong.clone()),
                (json!("0x10"), wrong.clone()),
                (json!(true), wrong.clone()),
                (json!([3]), wrong.clone()),
                (json!({}), wrong),
                (json!(u64::MAX), large.clone()),
                (json!(1u64 << 63), large.clone()),
                (json!(9.3e18), large.clone()),
                (json!("9223372036854775808"), large.clone()),
                (json!("-9223372036854775809"), large),
            ],
        );
    }

    #[test]
    fn numbers() {
        let wrong = Err("must be a number");
        cases(
            json!({"type": "number"}),
            &[
                (json!(3), Ok(json!(3))),
                (json!(3.5), Ok(json!(3.5))),
                (json!("3"), Ok(json!(3))),
                (json!(" 3.5 "), Ok(json!(3.5))),
                (json!("1e3"), Ok(json!(1000.0))),
                (json!(u64::MAX), Ok(json!(u64::MAX))),
                (json!("18446744073709551615"), Ok(json!(u64::MAX))),
                (json!("9007199254740993"), Ok(json!((1_i64 << 53) + 1))),
                (json!("18446744073709551616"), wrong.clone()),
                (json!("9007199254740993.0"), wrong.clone()),
                (json!(" "), Ok(json!(null))),
                (json!("inf"), wrong.clone()),
                (json!("NaN"), wrong.clone()),
                (json!("1e999"), wrong.clone()),
                (json!("1,5"), wrong.clone()),
                (json!(false), wrong),
            ],
        );
    }

    #[test]
    fn limits_belong_to_the_range() {
        cases(
            json!({"type": "integer", "min": 1, "max": "5"}),
            &[
                (json!(1), Ok(json!(1))),
                (json!("5"), Ok(json!(5))),
                (json!(0), Err("must be at least 1")),
                (json!(6), Err("must be at most 5")),
            ],
        );
        cases(
            json!({"type": "number", "min": 0.5, "max": 1}),
            &[
                (json!(0.5), Ok(json!(0.5))),
                (json!(0.49), Err("must be at least 0.5")),
                (json!(1.1), Err("must be at most 1")),
            ],
        );
    }

    #[test]
    fn large_whole_numbers_are_not_rounded_to_their_limit() {
        let most = (1i64 << 53) + 1;
        cases(
            json!({"type": "integer", "max": most - 1}),
            &[(json!(most), Err("must be at most 9007199254740992")), (json!(most - 1), Ok(json!(most - 1)))],
        );
        cases(
            json!({"type": "number", "min": (1i64 << 53) as f64, "max": u64::MAX - 1}),
            &[
                (json!(most - 2), Err("must be at least 9007199254740992.0")),
                (json!(most), Ok(json!(most))),
                (json!(u64::MAX), Err("must be at most 18446744073709551614")),
            ],
        );
    }
}
