//! A value that travels from node to node: JSON, cheap to clone and quick to compare.
//!
//! Invariant: what is a scalar in JSON is a scalar here; `Json` holds only lists, objects, and whole numbers from 2^63 on,
//! which neither of the other numbers holds exactly.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Number;

use callboard_domain::nesting::DEEPEST_JSON;

/// A value that travels from node to node.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number; always finite.
    Number(f64),
    /// A text.
    Text(Arc<str>),
    /// A list, an object, or a whole number beyond those of [`Value::Integer`].
    Json(Arc<serde_json::Value>),
}

impl Value {
    /// A number, whole where `number` is what adding whole numbers would give: `None` where it is not finite.
    #[must_use]
    pub fn number(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Number(number))
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Number(value) => Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into),
            Value::Text(text) => (**text).into(),
            Value::Json(json) => (**json).clone(),
        }
    }

    /// As a number, where it is one; beyond 2^53 it may be rounded.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(value) => Some(*value as f64),
            Value::Number(value) => Some(*value),
            Value::Json(json) => json.as_f64(),
            Value::Null | Value::Boolean(_) | Value::Text(_) => None,
        }
    }

    /// As a whole number, where it is one; `2.0` is.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(value) => Some(*value),
            // The largest double below 2^63 and everything smaller can be converted without loss.
            Value::Number(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Some(*value as i64),
            Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) | Value::Json(_) => None,
        }
    }

    /// As yes or no, where it is that.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Boolean(value) = self { Some(*value) } else { None }
    }

    /// As a text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// As a list, where it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[serde_json::Value]> {
        if let Value::Json(json) = self { json.as_array().map(Vec::as_slice) } else { None }
    }

    /// As an object, where it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&serde_json::Map<String, serde_json::Value>> {
        if let Value::Json(json) = self { json.as_object() } else { None }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// About how many bytes it takes as JSON.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Value::Null | Value::Boolean(_) => 5,
            Value::Integer(_) | Value::Number(_) => 12,
            Value::Text(text) => text.len() + 2,
            Value::Json(json) => json_size(json),
        }
    }
}

/// How much a value takes, as text and in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// About how many bytes as JSON.
    pub json: usize,
    /// About how many bytes in memory, apart from the slot that it stands in.
    pub memory: usize,
}

impl Value {
    /// How much it takes; nothing where it is nested deeper than JSON may be.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        match self {
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => {
                Some(Measure { json: self.size(), memory: 0 })
            }
            Value::Text(text) => Some(Measure { json: text.len() + 2, memory: text.len() + 16 }),
            Value::Json(json) => {
                let mut whole = Measure::default();
                measure(json, DEEPEST_JSON, &mut whole)?;
                Some(whole)
            }
        }
    }
}

/// Bytes of an entry of an object, apart from its key and its value: the key's place and the index.
const ENTRY: usize = 48;

fn measure(json: &serde_json::Value, levels: usize, whole: &mut Measure) -> Option<()> {
    whole.memory += size_of::<serde_json::Value>();
    match json {
        serde_json::Value::Null | serde_json::Value::Bool(_) => whole.json += 5,
        serde_json::Value::Number(_) => whole.json += 12,
        serde_json::Value::String(text) => {
            whole.json += text.len() + 2;
            whole.memory += text.len();
        }
        serde_json::Value::Array(items) => {
            let levels = levels.checked_sub(1)?;
            whole.json += 2 + items.len();
            items.iter().try_for_each(|item| measure(item, levels, whole))?;
        }
        serde_json::Value::Object(map) => {
            let levels = levels.checked_sub(1)?;
            whole.json += 2;
            for (key, item) in map {
                whole.json += key.len() + 4;
                whole.memory += key.len() + ENTRY;
                measure(item, levels, whole)?;
            }
        }
    }
    Some(())
}

/// About how many bytes JSON takes.
pub(super) fn json_size(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Null | serde_json::Value::Bool(_) => 5,
        serde_json::Value::Number(_) => 12,
        serde_json::Value::String(text) => text.len() + 2,
        serde_json::Value::Array(list) => 2 + list.iter().map(|item| json_size(item) + 1).sum::<usize>(),
        serde_json::Value::Object(map) => {
            2 + map.iter().map(|(key, item)| key.len() + json_size(item) + 4).sum::<usize>()
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(one), Value::Boolean(other)) => one == other,
            (Value::Integer(one), Value::Integer(other)) => one == other,
            (Value::Number(one), Value::Number(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => Arc::ptr_eq(one, other) || one == other,
            (Value::Json(one), Value::Json(other)) => Arc::ptr_eq(one, other) || one == other,
            (
                Value::Null
                | Value::Boolean(_)
                | Value::Integer(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::Json(_),
                _,
            ) => false,
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Boolean(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Value::Integer(whole),
                None if number.is_u64() => Value::Json(Arc::new(number.into())),
                None => number.as_f64().map_or(Value::Null, Value::Number),
            },
            serde_json::Value::String(text) => Value::Text(text.into()),
            list_or_object @ (serde_json::Value::Array(_) | serde_json::Value::Object(_)) => {
                Value::Json(Arc::new(list_or_object))
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Boolean(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Integer(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Number(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Json(json) => json.serialize(serializer),
        }
    }
}

/// A text as it is; everything else as JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Json(_) => {
                write!(f, "{}", self.to_json())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            any::<i64>().prop_map(|value| json!(value)),
            any::<u64>().prop_map(|value| json!(value)),
            (-1e9..1e9f64).prop_map(|value| json!(value)),
            ".{0,8}".prop_map(|value| json!(value)),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_survives(json in any_json()) {
            let value = Value::from(json.clone());
            prop_assert_eq!(value.to_json(), json.clone());
            prop_assert_eq!(serde_json::to_value(&value).unwrap(), json.clone());
            prop_assert!(value == Value::from(json));
            prop_assert_eq!(value.measure().map(|measure| measure.json), Some(value.size()));
        }
    }

    #[test]
    fn a_double_without_fraction_is_a_whole_number_where_that_loses_nothing() {
        assert_eq!(Value::Number(2.0).as_integer(), Some(2));
        assert_eq!(Value::Number(2.5).as_integer(), None);
        assert_eq!(Value::Number(1e19).as_integer(), None);
    }
}
