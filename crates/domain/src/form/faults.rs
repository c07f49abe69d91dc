//! What is wrong with a form itself, so that a task that asks a broken one fails at once and says why.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use super::choice::{self, Choices};
use super::fit::fit;
use super::{moment, number};
use crate::number::compare;
use crate::pattern::Allowance;
use crate::request::{Field, FieldError, FieldType};

/// Everything that is wrong with a form, in the order of its fields; a form without fields is a form.
///
/// A setting that a field's type does not use is a fault as well: `max` on a text was meant to be `max_length`.
#[must_use]
pub fn faults(fields: &[Field]) -> Vec<FieldError> {
    let mut names = HashSet::new();
    let mut errors = Vec::new();
    let allowance = Allowance::default();
    for field in fields {
        let name_fault = if field.name.trim().is_empty() {
            Some("has no name".to_owned())
        } else if !names.insert(field.name.as_str()) {
            Some("is there twice".to_owned())
        } else {
            None
        };
        let settings = settings(field, &allowance);
        // Where the settings are wrong, what they say of the default means nothing.
        let value = if settings.is_empty() { default_value(field, &allowance) } else { None };
        let messages = name_fault.into_iter().chain(settings).chain(value);
        errors.extend(messages.map(|message| FieldError { field: field.name.clone(), message }));
    }
    errors
}

/// What a type of field can be limited by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    /// `min_length`, `max_length`, `pattern`.
    Text,
    /// `min`, `max`.
    Range,
    /// `choices`.
    Choice,
    /// `choices`, `min_length`, `max_length`.
    Choices,
    /// Nothing.
    None,
}

fn limits(field_type: FieldType) -> Limits {
    match field_type {
        FieldType::String | FieldType::Text | FieldType::Secret | FieldType::Email | FieldType::Url => Limits::Text,
        FieldType::Integer | FieldType::Number | FieldType::Date | FieldType::Datetime => Limits::Range,
        FieldType::Select => Limits::Choice,
        FieldType::Multiselect => Limits::Choices,
        FieldType::Boolean => Limits::None,
    }
}

fn settings(field: &Field, allowance: &Allowance) -> Vec<String> {
    let limits = limits(field.field_type);
    let mut faults = Vec::new();
    let mut unused = |name: &str, is_set: bool, is_used: bool| {
        if is_set && !is_used {
            faults.push(format!("has {name}, which a field of its type does not use"));
        }
    };
    let has_lengths = matches!(limits, Limits::Text | Limits::Choices);
    let has_choices = matches!(limits, Limits::Choice | Limits::Choices);
    unused("choices", field.choices.is_some(), has_choices);
    unused("min", field.min.is_some(), limits == Limits::Range);
    unused("max", field.max.is_some(), limits == Limits::Range);
    unused("min_length", field.min_length.is_some(), has_lengths);
    unused("max_length", field.max_length.is_some(), has_lengths);
    unused("pattern", field.pattern.is_some(), limits == Limits::Text);
    if has_choices {
        faults.extend(choices(field));
    }
    if limits == Limits::Range {
        faults.extend(range(field));
    }
    if let (Some(min), Some(max)) = (field.min_length, field.max_length)
        && min > max
    {
        faults.push(format!("has a min_length of {min} above its max_length of {max}"));
    }
    if let Some(Err(reason)) = field.pattern.as_deref().map(|pattern| allowance.matches(pattern, "")) {
        faults.push(format!("has a pattern that {reason}"));
    }
    faults
}

fn choices(field: &Field) -> Option<String> {
    let choices = field.choices.as_deref().unwrap_or_default();
    if choices.is_empty() {
        return Some("has no choices".to_owned());
    }
    if let Some(odd) = choices.iter().find(|choice| choice.is_null() || choice.is_array() || choice.is_object()) {
        return Some(format!("has the choice {odd}, which is no text, number, true or false"));
    }
    if Choices::new(choices).has_twins(choices) {
        return Some("has the same choice twice".to_owned());
    }
    let least =
        field.min_length.filter(|least| field.field_type == FieldType::Multiselect && *least > choices.len())?;
    Some(format!("has a min_length of {least} and only {} choices", choices.len()))
}

fn range(field: &Field) -> Vec<String> {
    match field.field_type {
        FieldType::Date => bounds(field, moment::day_of, "a day such as 2026-01-31", Ord::cmp),
        FieldType::Datetime => bounds(field, moment::moment_of, "a date and time such as 2026-01-31T13:45", Ord::cmp),
        FieldType::Integer
        | FieldType::Number
        | FieldType::String
        | FieldType::Text
        | FieldType::Boolean
        | FieldType::Select
        | FieldType::Multiselect
        | FieldType::Email
        | FieldType::Url
        | FieldType::Secret => bounds(field, number::parse, "a number", compare),
    }
}

fn bounds<T>(
    field: &Field,
    read: fn(&Value) -> Option<T>,
    expected: &str,
    order: fn(&T, &T) -> Ordering,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut bound = |name: &str, value: &Option<Value>| {
        let value = value.as_ref()?;
        let bound = read(value);
        if bound.is_none() {
            faults.push(format!("has a {name} of {value}, which is not {expected}"));
        }
        bound
    };
    let (min, max) = (bound("min", &field.min), bound("max", &field.max));
    if let (Some(low), Some(high), Some(min), Some(max)) = (min, max, &field.min, &field.max)
        && order(&low, &high).is_gt()
    {
        faults.push(format!("has a min of {} above its max of {}", choice::shown(min), choice::shown(max)));
    }
    faults
}

fn default_value(field: &Field, allowance: &Allowance) -> Option<String> {
    let value = field.value.as_ref().filter(|value| !value.is_null())?;
    if field.field_type == FieldType::Secret && value.as_str() != Some("") {
        return Some("is a secret and has a default value, which everybody would see".to_owned());
    }
    let message = fit(field, value, allowance).err()?;
    Some(format!("has a default value that does not fit: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::fit::field;
    use serde_json::json;

    fn messages(field_json: Value) -> Vec<String> {
        faults(&[field(field_json)]).into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn good_forms_have_no_faults() {
        assert!(faults(&[]).is_empty());
        for good in [
            json!({}),
            json!({"value": null}),
            json!({"value": ""}),
            json!({"type": "email", "value": ""}),
            json!({"type": "secret", "min_length": 8, "value": ""}),
            json!({"type": "integer", "min": 1, "max": 1, "value": "1"}),
            json!({"type": "date", "min": "2026-01-01", "max": "2026-01-02", "value": "2026-01-02"}),
            json!({"type": "select", "choices": ["a", 1, "1", true], "value": 1}),
            json!({"type": "multiselect", "choices": ["a", "b"], "min_length": 1, "max_length": 2, "value": ["b"]}),
            json!({"pattern": "[a-z]+", "min_length": 1, "max_length": 1, "value": "x"}),
            json!({"type": "boolean", "value": false}),
        ] {
            assert_eq!(messages(good.clone()), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        for (bad, message) in [
            (json!({"type": "select"}), "has no choices"),
            (json!({"type": "multiselect", "choices": []}), "has no choices"),
            (json!({"type": "select", "choices": [{}]}), "has the choice {}, which is no text, number, true or false"),
            (json!({"type": "select", "choices": [1, 1.0]}), "has the same choice twice"),
            (
                json!({"type": "multiselect", "choices": ["a"], "min_length": 2}),
                "has a min_length of 2 and only 1 choices",
            ),
            (json!({"type": "integer", "min": 2, "max": 1}), "has a min of 2 above its max of 1"),
            (json!({"type": "number", "min": "x"}), "has a min of \"x\", which is not a number"),
            (json!({"type": "date", "max": 5}), "has a max of 5, which is not a day such as 2026-01-31"),
            (
                json!({"type": "datetime", "min": "2026-01-02T00:00", "max": "2026-01-01T00:00Z"}),
                "has a max of \"2026-01-01T00:00Z\", which is not a date and time such as 2026-01-31T13:45",
            ),
            (
                json!({"type": "datetime", "min": "2026-01-02T00:00", "max": "2026-01-01T00:00:00Z"}),
                "has a min of \"2026-01-02T00:00\" above its max of \"2026-01-01T00:00:00Z\"",
            ),
            (json!({"min_length": 2, "max_length": 1}), "has a min_length of 2 above its max_length of 1"),
            (json!({"pattern": "("}), "has a pattern that is no regular expression: unclosed group"),
            (json!({"max": 5}), "has max, which a field of its type does not use"),
            (json!({"type": "boolean", "choices": [true]}), "has choices, which a field of its type does not use"),
            (json!({"type": "integer", "value": "x"}), "has a default value that does not fit: must be a whole number"),
            (
                json!({"type": "select", "choices": ["a"], "value": "b"}),
                "has a default value that does not fit: must be one of \"a\"",
            ),
            (
                json!({"type": "secret", "value": "hunter2"}),
                "is a secret and has a default value, which everybody would see",
            ),
        ] {
            assert_eq!(messages(bad.clone()), [message], "{bad}");
        }
    }

    #[test]
    fn names_must_be_there_and_differ() {
        let fields: Vec<Field> = ["a", " ", "a"].map(|name| Field::new(name, FieldType::String, "")).to_vec();
        let told: Vec<_> = faults(&fields).into_iter().map(|error| (error.field, error.message)).collect();
        assert_eq!(told, [(" ".into(), "has no name".to_owned()), ("a".into(), "is there twice".to_owned())]);
    }
}
