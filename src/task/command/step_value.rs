//! The value of a step, given back to its program as it was recorded, numbers of any size included.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::domain::json;

/// The key under which a value is recorded as text: one with numbers that a [`Value`] would change.
const AS_TEXT: &str = "$json";

#[derive(Clone, Debug)]
pub(super) struct StepValue(Box<RawValue>);

impl StepValue {
    /// The value that this JSON is.
    ///
    /// # Errors
    /// Why it cannot be read; a number of any size can.
    pub(super) fn read(value: &RawValue) -> Result<Self, String> {
        match json::read(value.get().as_bytes()) {
            Ok(_) | Err(json::Unreadable::Number(_)) => Ok(Self(value.to_owned())),
            Err(json::Unreadable::Syntax(reason)) => Err(reason),
            Err(json::Unreadable::Deep(deep)) => Err(deep.to_string()),
        }
    }

    pub(super) fn json(&self) -> &RawValue {
        &self.0
    }
}

impl PartialEq for StepValue {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// What a value that is recorded as text was.
fn text_of(map: &Map<String, Value>) -> Option<&str> {
    map.get(AS_TEXT).filter(|_| map.len() == 1).and_then(Value::as_str)
}

impl Serialize for StepValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match json::read(self.0.get().as_bytes()) {
            // One that looks like a value recorded as text becomes one, too, so that it is not taken for it.
            Ok(value) if value.as_object().and_then(text_of).is_none() => value.serialize(serializer),
            Ok(_) | Err(_) => json!({AS_TEXT: self.0.get()}).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StepValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.as_object().and_then(text_of).map_or_else(|| value.to_string(), str::to_owned);
        RawValue::from_string(text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let value = StepValue::read(&RawValue::from_string(text.into()).unwrap()).unwrap();
        let recorded = serde_json::to_value(&value).unwrap();
        serde_json::from_value::<StepValue>(recorded).unwrap().json().get().to_owned()
    }

    #[test]
    fn every_value_comes_back_as_it_was() {
        for text in [
            "null",
            "1",
            r#"{"a":[true,"b"]}"#,
            "123456789012345678901",
            r#"{"order":-123456789012345678901234567890,"b":1e400}"#,
            r#"{"$json":"[1]"}"#,
            r#"{"$json":"[1]","b":1}"#,
        ] {
            assert_eq!(kept(text), text);
        }
        // What was recorded before values could be text is read as it stands.
        let old: StepValue = serde_json::from_value(json!({"a": 1})).unwrap();
        assert_eq!(old.json().get(), r#"{"a":1}"#);
    }

    #[test]
    fn only_numbers_may_be_what_a_value_cannot_hold() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let raw: Result<Box<RawValue>, _> = RawValue::from_string(deep);
        assert!(raw.map_or(true, |raw| StepValue::read(&raw).is_err()));
    }
}
