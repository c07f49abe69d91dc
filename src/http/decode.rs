//! Reads the fields of a JSON object and keeps everything that is wrong with them, so that one answer names it all.

use serde_json::{Map, Value};

use super::error::{Code, Problem};
use crate::domain::nesting::TooDeep;
use crate::session::messages::Fault;

/// The fields of a body that have not been read yet, and the faults of those that have.
///
/// A field that is `null` counts as left out.
#[derive(Debug)]
pub(super) struct Fields {
    map: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    /// The fields of a body; one that was left out has none.
    ///
    /// # Errors
    /// Where it is no object.
    pub(super) fn of(body: Option<Value>) -> Result<Self, Problem> {
        let map = match body {
            None => Map::new(),
            Some(Value::Object(map)) => map,
            Some(other) => {
                let fault = fault(&["body"], format!("must be an object, not {}", word(&other)), "wrong_type");
                return Err(Problem::invalid(Code::InvalidBody, vec![fault]));
            }
        };
        Ok(Self { map, faults: Vec::new() })
    }

    /// Whether a field was sent and has not been read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// A field that is a list of at most `most` texts of 1 to `longest` characters.
    pub(super) fn texts(&mut self, key: &str, most: usize, longest: usize) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for (at, value) in self.list(key, most)?.into_iter().enumerate() {
            let place = [key, &at.to_string()];
            let found = word(&value);
            let Value::String(text) = value else {
                self.wrong_type(&place, "a string", found);
                continue;
            };
            if (1..=longest).contains(&text.chars().count()) {
                texts.push(text);
            } else {
                self.fault(&place, format!("must have 1 to {longest} characters"), "wrong_length");
            }
        }
        Some(texts)
    }

    /// A field that is a list of at most `most` values.
    pub(super) fn list(&mut self, key: &str, most: usize) -> Option<Vec<Value>> {
        let value = self.value(key)?;
        let found = word(&value);
        let Value::Array(values) = value else {
            self.wrong_type(&[key], "a list", found);
            return None;
        };
        if values.len() > most {
            self.fault(&[key], format!("must have at most {most} entries"), "too_long");
            return None;
        }
        Some(values)
    }

    /// A field that has to be there, and be text of 1 to `most` characters.
    pub(super) fn required_text(&mut self, key: &str, most: usize) -> Option<String> {
        let text = self.text(key, most);
        if text.as_ref().is_some_and(String::is_empty) {
            self.fault(&[key], "must not be empty", "too_short");
            return None;
        }
        self.required(key, text)
    }

    /// A field that is one of these words.
    pub(super) fn one_of<T>(&mut self, key: &str, words: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let read = value.as_str().and_then(parse);
        if read.is_none() {
            self.fault(&[key], format!("must be {words}"), "invalid_value");
        }
        read
    }

    /// A field that is a whole number in this range.
    pub(super) fn whole(&mut self, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        let read = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|it| range.contains(it));
        if read.is_none() {
            let msg = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.fault(&[key], msg, "out_of_range");
        }
        read
    }

    /// A field that is a number above 0, up to `most`.
    pub(super) fn positive(&mut self, key: &str, most: f64) -> Option<f64> {
        let value = self.value(key)?;
        let read = value.as_f64().filter(|number| *number > 0.0 && *number <= most);
        if read.is_none() {
            self.fault(&[key], format!("must be a number above 0, at most {most}"), "out_of_range");
        }
        read
    }

    /// A field that is a whole number from 1.
    pub(super) fn count(&mut self, key: &str) -> Option<u64> {
        let value = self.value(key)?;
        let read = value.as_u64().filter(|number| *number > 0);
        if read.is_none() {
            self.fault(&[key], "must be a whole number from 1", "out_of_range");
        }
        read
    }

    /// Puts a field in, in the place of what was sent.
    pub(super) fn put(&mut self, key: &str, value: Value) {
        self.map.insert(key.to_owned(), value);
    }

    /// The name of a field that has two, as it was sent: the first one where both were.
    pub(super) fn called<'a>(&self, name: &'a str, alias: &'a str) -> &'a str {
        if self.has(alias) && !self.has(name) { alias } else { name }
    }

    /// A field as it stands.
    pub(super) fn value(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// A field that is text of at most `most` characters.
    pub(super) fn text(&mut self, key: &str, most: usize) -> Option<String> {
        let value = self.value(key)?;
        let found = word(&value);
        let Value::String(text) = value else {
            self.wrong_type(&[key], "a string", found);
            return None;
        };
        if text.chars().count() > most {
            self.fault(&[key], format!("must have at most {most} characters"), "too_long");
            return None;
        }
        Some(text)
    }

    /// A field that is `true` or `false`.
    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let read = value.as_bool();
        if read.is_none() {
            self.wrong_type(&[key], "true or false", word(&value));
        }
        read
    }

    /// A field that is an object.
    pub(super) fn object(&mut self, key: &str) -> Option<Map<String, Value>> {
        let value = self.value(key)?;
        let found = word(&value);
        let Value::Object(map) = value else {
            self.wrong_type(&[key], "an object", found);
            return None;
        };
        Some(map)
    }

    /// Whether something is wrong with a field.
    pub(super) fn has_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.loc.get(1).is_some_and(|name| name == key))
    }

    /// Says that a field has to be there; `value` is what was read of it.
    pub(super) fn required<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has_fault(key) {
            self.fault(&[key], "is missing", "missing");
        }
        value
    }

    /// The faults that were found so far are taken over from fields inside, which stand at this place.
    pub(super) fn take_over(&mut self, place: &[&str], faults: Vec<Fault>) {
        for mut fault in faults {
            fault.loc.splice(1..1, place.iter().map(|part| (*part).to_owned()));
            self.faults.push(fault);
        }
    }

    /// Keeps a fault at this place in the body.
    pub(super) fn fault(&mut self, path: &[&str], msg: impl Into<String>, kind: &str) {
        let mut loc = vec!["body"];
        loc.extend(path);
        self.faults.push(fault(&loc, msg, kind));
    }

    /// Keeps that a value is not what it must be; `found` is what [`word`] says of it.
    pub(super) fn wrong_type(&mut self, path: &[&str], wanted: &str, found: &str) {
        self.fault(path, format!("must be {wanted}, not {found}"), "wrong_type");
    }

    /// The fields that nobody has read, and all faults of the others.
    pub(super) fn rest(self) -> (Map<String, Value>, Vec<Fault>) {
        (self.map, self.faults)
    }

    /// All faults; a field that nobody has read is one.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        let unknown: Vec<String> = self.map.keys().cloned().collect();
        for key in unknown {
            self.fault(&[&key], "is not a field of this body", "unknown_field");
        }
        self.faults
    }
}

/// A fault at this place in the request.
pub(super) fn fault(loc: &[&str], msg: impl Into<String>, kind: &str) -> Fault {
    Fault { loc: loc.iter().map(|part| (*part).to_owned()).collect(), msg: msg.into(), kind: kind.to_owned() }
}

/// The answer to a body that nests too deep.
pub(super) fn too_deep(TooDeep { limit }: TooDeep) -> Problem {
    Problem::invalid(
        Code::InvalidBody,
        vec![fault(&["body"], format!("must be nested at most {limit} deep"), "too_deep")],
    )
}

/// What kind of JSON a value is, for people.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_is_kept() {
        let mut fields = Fields::of(Some(json!({"a": 1, "b": "too long", "c": [], "d": null, "e": 2}))).unwrap();
        assert_eq!(fields.boolean("a"), None);
        assert_eq!(fields.text("b", 3), None);
        assert_eq!(fields.object("c"), None);
        let missing = fields.boolean("d");
        assert_eq!(fields.required("d", missing), None);
        assert_eq!(fields.required::<bool>("a", None), None);
        let faults: Vec<String> =
            fields.finish().into_iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect();
        assert_eq!(
            faults,
            ["body.a wrong_type", "body.b too_long", "body.c wrong_type", "body.d missing", "body.e unknown_field"]
        );
    }

    #[test]
    fn a_body_that_is_no_object_is_one_fault() {
        let problem = Fields::of(Some(json!([1]))).unwrap_err();
        assert_eq!(problem.code, Code::InvalidBody);
        assert_eq!(problem.errors[0].loc, ["body"]);
        assert!(Fields::of(None).unwrap().finish().is_empty());
    }
}
