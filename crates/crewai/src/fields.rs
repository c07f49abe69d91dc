//! The fields of an object in a file, taken one by one; what is left over was not expected.

#![expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of values are wrong in the same way")]

use serde_json::{Map, Value};

use crate::fault::Faults;

/// The fields of an object that have not been taken yet.
pub(crate) struct Fields<'a> {
    map: Map<String, Value>,
    pub(crate) loc: Vec<String>,
    pub(crate) faults: &'a mut Faults,
}

impl<'a> Fields<'a> {
    /// Those of a value, which stands there.
    pub(crate) fn of(value: Value, loc: Vec<String>, faults: &'a mut Faults) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { map, loc, faults }),
            other => {
                faults.fault(&loc, format!("must be an object, not {}", word(&other)), "wrong_type");
                None
            }
        }
    }

    /// The place of a field.
    pub(crate) fn at(&self, key: &str) -> Vec<String> {
        at(&self.loc, key)
    }

    /// A field as it stands; nothing where it is null.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// The first of these fields that is there, with its name.
    pub(crate) fn take_any<'k>(&mut self, keys: &[&'k str]) -> Option<(&'k str, Value)> {
        let mut found = None;
        for key in keys {
            let value = self.take(key);
            found = found.or_else(|| Some((*key, value?)));
        }
        found
    }

    /// A field that is text, with the space around it taken away as folded YAML leaves some.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text.trim().to_owned()),
            other => {
                self.wrong(key, "text", &other);
                None
            }
        }
    }

    /// A field that has to be text with something in it.
    pub(crate) fn required_text(&mut self, key: &str) -> Option<String> {
        let is_there = self.has(key);
        let text = self.text(key);
        if !is_there {
            let loc = self.at(key);
            self.faults.fault(&loc, "is missing", "missing");
        } else if text.as_ref().is_some_and(String::is_empty) {
            let loc = self.at(key);
            self.faults.fault(&loc, "must not be empty", "too_short");
            return None;
        }
        text
    }

    /// A field that is true or false.
    pub(crate) fn boolean(&mut self, key: &str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(value) => Some(value),
            other => {
                self.wrong(key, "true or false", &other);
                None
            }
        }
    }

    /// A field that is a number.
    pub(crate) fn number(&mut self, key: &str) -> Option<Value> {
        match self.take(key)? {
            number @ Value::Number(_) => Some(number),
            other => {
                self.wrong(key, "a number", &other);
                None
            }
        }
    }

    /// A field that is a list of texts; each with its place.
    pub(crate) fn texts(&mut self, key: &str) -> Vec<(Vec<String>, String)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Value::Array(values) = value else {
            self.wrong(key, "a list", &value);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (number, value) in values.into_iter().enumerate() {
            let loc = at(&self.at(key), &number.to_string());
            match value {
                Value::String(text) => texts.push((loc, text)),
                // What names Python is a fault already.
                Value::Object(object) if object.contains_key("python") => {}
                other => self.faults.fault(&loc, format!("must be text, not {}", word(&other)), "wrong_type"),
            }
        }
        texts
    }

    /// Refuses fields that change what comes of a run, unless they are off.
    pub(crate) fn refuse(&mut self, keys: &[(&str, &str)]) {
        for (key, why) in keys {
            if let Some(value) = self.take(key).filter(|value| !is_off(value)) {
                let loc = self.at(key);
                if !names_python(&value) {
                    self.faults.fault(&loc, *why, "unsupported");
                }
            }
        }
    }

    /// Warns of what nobody has taken.
    pub(crate) fn finish(self) {
        for (key, value) in self.map {
            if !is_off(&value) && !names_python(&value) {
                self.faults.warn(&at(&self.loc, &key), "makes no difference here and is left out");
            }
        }
    }

    pub(crate) fn wrong(&mut self, key: &str, wanted: &str, found: &Value) {
        // What names Python is a fault already.
        if !names_python(found) {
            let loc = self.at(key);
            self.faults.fault(&loc, format!("must be {wanted}, not {}", word(found)), "wrong_type");
        }
    }
}

/// A place inside another one.
pub(crate) fn at(loc: &[String], key: &str) -> Vec<String> {
    loc.iter().cloned().chain([key.to_owned()]).collect()
}

/// Says of every `{"python": …}` that it is not run here.
pub(crate) fn refuse_python(value: &Value, loc: &mut Vec<String>, faults: &mut Faults) {
    match value {
        Value::Object(map) if map.contains_key("python") => {
            faults.fault(loc, "names Python code, which is not run here", "python");
        }
        Value::Object(map) => {
            for (key, value) in map {
                loc.push(key.clone());
                refuse_python(value, loc, faults);
                loc.pop();
            }
        }
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                loc.push(number.to_string());
                refuse_python(value, loc, faults);
                loc.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether `{"python": …}` stands anywhere in a value.
fn names_python(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("python") || map.values().any(names_python),
        Value::Array(values) => values.iter().any(names_python),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a value says that something is not wanted.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// What kind of value it is, for people.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
