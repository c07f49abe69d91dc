//! How JSON values compare: `2` and `2.0` are one number, and only numbers and texts have an order.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::value::Value;
use callboard_domain::number;

/// A value as JSON, without copying a list or an object.
pub(super) fn as_json(value: &Value) -> Cow<'_, Json> {
    match value {
        Value::Json(json) => Cow::Borrowed(json),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Text(_) => {
            Cow::Owned(value.to_json())
        }
    }
}

/// Which of two numbers or two texts comes first; `None` for anything else. It is a total order on each of both.
pub(super) fn compare(a: &Json, b: &Json) -> Option<Ordering> {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => Some(number::compare(a, b)),
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether two values are the same, with numbers compared as numbers wherever they stand.
pub(super) fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => number::compare(a, b).is_eq(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// A text that two values share exactly where they are [`equal`].
pub(super) fn canonical(json: &Json) -> String {
    let mut text = String::new();
    write(json, &mut text);
    text
}

fn write(json: &Json, text: &mut String) {
    match json {
        Json::Null | Json::Bool(_) | Json::String(_) => text.push_str(&json.to_string()),
        Json::Number(number) => match number::whole(number) {
            Some(whole) => text.push_str(&whole.to_string()),
            None => text.push_str(&number.as_f64().unwrap_or_default().to_string()),
        },
        Json::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (key, item) in entries {
                text.push_str(&Json::from(key.as_str()).to_string());
                text.push(':');
                write(item, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_equal_has_one_canonical_text() {
        let cases = [
            (json!(2), json!(2.0), true),
            (json!(2), json!(2.5), false),
            (json!(0.0), json!(-0.0), true),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), false),
            (json!({"a": 1, "b": [2.0]}), json!({"b": [2], "a": 1}), true),
            (json!([1, 2]), json!([2, 1]), false),
            (json!("1"), json!(1), false),
            (json!(["a", "b"]), json!(["a\",\"b"]), false),
            (json!(null), json!(false), false),
        ];
        for (a, b, expected) in cases {
            assert_eq!(equal(&a, &b), expected, "{a} and {b}");
            assert_eq!(canonical(&a) == canonical(&b), expected, "{a} and {b}");
        }
    }

    fn any_number() -> impl Strategy<Value = Json> {
        prop_oneof![
            any::<i64>().prop_map(|value| json!(value)),
            any::<u64>().prop_map(|value| json!(value)),
            prop::num::f64::NORMAL.prop_map(|value| json!(value)),
            (-3..3i32).prop_map(|value| json!(f64::from(value) / 2.0)),
            (-3..3i32).prop_map(|value| json!(value)),
            any::<i64>().prop_map(|value| json!(value as f64)),
        ]
    }

    proptest! {
        #[test]
        fn numbers_have_a_total_order(a in any_number(), b in any_number(), c in any_number()) {
            let compare = |a, b| compare(a, b).unwrap();
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b).is_eq(), equal(&a, &b));
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
