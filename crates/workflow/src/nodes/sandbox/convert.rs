//! Values as scripts have them, and back.

use rhai::{Array, Dynamic, Map};
use serde_json::{Number, Value as Json};

use crate::node::NodeError;
use crate::value::Value;

/// How deep the lists and objects of a result may be nested.
const DEEPEST: usize = 64;

/// A value as scripts have it; `fits` says whether more may be taken, as an object of a few bytes takes hundreds.
pub(super) fn dynamic(value: &Value, fits: &impl Fn() -> Result<(), NodeError>) -> Result<Dynamic, NodeError> {
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::Text(text) => (&**text).into(),
        Value::Json(json) => return from_json(json, fits),
    })
}

fn from_json(json: &Json, fits: &impl Fn() -> Result<(), NodeError>) -> Result<Dynamic, NodeError> {
    fits()?;
    Ok(match json {
        Json::Null => Dynamic::UNIT,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => match number.as_u64() {
                Some(large) => Dynamic::from(large),
                None => number.as_f64().map_or(Dynamic::UNIT, Dynamic::from_float),
            },
        },
        Json::String(text) => text.into(),
        Json::Array(list) => {
            Dynamic::from_array(list.iter().map(|item| from_json(item, fits)).collect::<Result<Array, _>>()?)
        }
        Json::Object(map) => {
            let entries = map.iter().map(|(key, item)| Ok((key.as_str().into(), from_json(item, fits)?)));
            Dynamic::from_map(entries.collect::<Result<Map, NodeError>>()?)
        }
    })
}

/// What a script gave, of at most `largest` bytes as JSON.
pub(super) fn value(dynamic: &Dynamic, largest: usize) -> Result<Value, NodeError> {
    let mut left = largest;
    json(dynamic, DEEPEST, &mut left).map(Value::from)
}

fn json(dynamic: &Dynamic, deeper: usize, left: &mut usize) -> Result<Json, NodeError> {
    if let Ok(text) = dynamic.as_immutable_string_ref() {
        spend(left, text.len() + 2)?;
        return Ok(text.as_str().into());
    }
    if let Ok(list) = dynamic.as_array_ref() {
        let deeper = deeper.checked_sub(1).ok_or("the result is nested too deeply")?;
        spend(left, 2)?;
        return list.iter().map(|item| json(item, deeper, left)).collect();
    }
    if let Ok(map) = dynamic.as_map_ref() {
        let deeper = deeper.checked_sub(1).ok_or("the result is nested too deeply")?;
        spend(left, 2)?;
        let mut object = serde_json::Map::new();
        for (key, item) in map.iter() {
            spend(left, key.len() + 4)?;
            object.insert(key.to_string(), json(item, deeper, left)?);
        }
        return Ok(Json::Object(object));
    }
    spend(left, 5)?;
    scalar(dynamic)
}

fn scalar(dynamic: &Dynamic) -> Result<Json, NodeError> {
    if dynamic.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(value) = dynamic.as_bool() {
        return Ok(value.into());
    }
    if let Ok(whole) = dynamic.as_int() {
        return Ok(whole.into());
    }
    if let Ok(number) = dynamic.as_float() {
        let number = Number::from_f64(number).ok_or_else(|| format!("the result is {number}, which is no number"))?;
        return Ok(Json::Number(number));
    }
    if let Some(large) = dynamic.read_lock::<u64>() {
        return Ok((*large).into());
    }
    if let Ok(letter) = dynamic.as_char() {
        return Ok(letter.to_string().into());
    }
    Err(format!("the result is not JSON: it has a value of the type {}", dynamic.type_name()).into())
}

fn spend(left: &mut usize, bytes: usize) -> Result<(), NodeError> {
    *left = left.checked_sub(bytes).ok_or("the result is too large")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Json::from),
            ".{0,8}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(".{0,3}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_survives_a_script(json in any_json()) {
            let given = value(&dynamic(&Value::from(json.clone()), &|| Ok(())).unwrap(), 4096).unwrap();
            prop_assert_eq!(given.to_json(), json);
        }
    }

    #[test]
    fn results_are_limited_in_size_and_depth() {
        let nested = |depth| (0..depth).fold(Dynamic::UNIT, |inner, _| Dynamic::from_array(vec![inner]));
        assert!(value(&nested(DEEPEST), 4096).is_ok());
        assert_eq!(value(&nested(DEEPEST + 1), 4096), Err("the result is nested too deeply".into()));
        assert_eq!(value(&"123456".into(), 8), Ok("123456".into()));
        assert_eq!(value(&"1234567".into(), 8), Err("the result is too large".into()));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for (dynamic, message) in [
            (Dynamic::from_float(f64::NAN), "the result is NaN, which is no number"),
            (Dynamic::from_float(f64::INFINITY), "the result is inf, which is no number"),
            (Dynamic::from_blob(vec![1]), "the result is not JSON: it has a value of the type blob"),
        ] {
            assert_eq!(value(&Dynamic::from_array(vec![dynamic]), 99), Err(message.into()));
        }
    }
}
