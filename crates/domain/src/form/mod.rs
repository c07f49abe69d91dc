//! Whether an answer fits its form, field by field.
//!
//! An answer that leaves a field out gets the field's default `value`. One that gives null, or a text in which there is
//! nothing to see, says that the field is empty: an error where it is required, else null, or the empty text where the
//! type is a text. So a person who clears a field that started with a value does not get that value back.

mod address;
mod choice;
mod faults;
mod fit;
mod invisible;
mod moment;
mod number;
#[cfg(test)]
mod properties;
mod text;

use serde_json::Value;

pub use self::faults::faults;
use self::fit::{fit, is_blank};
pub use self::text::MAX_TEXT;
pub use super::mask::MASK;
use super::pattern::Allowance;
use super::request::{Field, FieldError, FieldType, Values};

/// Most unknown names that are reported one by one, so that an error is not much longer than what caused it.
pub const MAX_UNKNOWN: usize = 100;

/// Checks `values` against `fields` and gives the values as the task gets them, in the order of the fields.
///
/// Values are turned into their field's type: HTML forms send numbers and truth values as text. Lengths count
/// characters or choices; a text without `max_length` may have [`MAX_TEXT`] characters.
///
/// # Errors
/// Everything that is wrong, in the order of the fields, then at most [`MAX_UNKNOWN`] names that the form does not
/// have. A message says what to do and never repeats a secret.
pub fn check(fields: &[Field], values: &Values) -> Result<Values, Vec<FieldError>> {
    let mut checked = Values::new();
    let mut errors = Vec::new();
    let allowance = Allowance::default();
    for field in fields {
        match answer(field, values.get(&field.name), &allowance) {
            Ok(Some(value)) => {
                checked.insert(field.name.clone(), value);
            }
            Ok(None) => {}
            Err(message) => errors.push(FieldError { field: field.name.clone(), message }),
        }
    }
    let known = |name: &str| fields.iter().any(|field| field.name == name);
    errors.extend(values.keys().filter(|name| !known(name)).take(MAX_UNKNOWN).map(|name| FieldError {
        field: name.clone(),
        message: "is not a field of this form; leave it out".to_owned(),
    }));
    if errors.is_empty() { Ok(checked) } else { Err(errors) }
}

/// The fields with each default value as the answer would have it, such as `true` for `"true"`, so that whoever shows the
/// form shows what leaving the field out means.
#[must_use]
pub fn with_read_defaults(mut fields: Vec<Field>) -> Vec<Field> {
    let allowance = Allowance::default();
    for field in &mut fields {
        if let Ok(Some(value)) = default(field, &allowance) {
            field.value = Some(value);
        }
    }
    fields
}

/// The default values of a form, where every required field has one: what an answer of `{}` means.
#[must_use]
pub fn defaults(fields: &[Field]) -> Option<Values> {
    check(fields, &Values::new()).ok()
}

/// The values with a [`MASK`] in place of each secret; a secret that was left empty stays null.
#[must_use]
pub fn masked(fields: &[Field], values: &Values) -> Values {
    let secret =
        |name: &str| fields.iter().any(|field| field.field_type == FieldType::Secret && field.name.as_str() == name);
    values
        .iter()
        .map(|(name, value)| {
            let shown = if !value.is_null() && secret(name) { Value::from(MASK) } else { value.clone() };
            (name.clone(), shown)
        })
        .collect()
}

/// The secrets among the values.
#[must_use]
pub fn secrets(fields: &[Field], values: &Values) -> Vec<String> {
    let secret = fields.iter().filter(|field| field.field_type == FieldType::Secret);
    secret.filter_map(|field| Some(values.get(&field.name)?.as_str()?.to_owned())).collect()
}

/// Whether a form asks for secrets, so that its answer must not be kept in the clear.
#[must_use]
pub fn has_secrets(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.field_type == FieldType::Secret)
}

/// The value that a field ends up with; none where it is left out.
fn answer(field: &Field, given: Option<&Value>, allowance: &Allowance) -> Result<Option<Value>, String> {
    let required = || "is required".to_owned();
    let Some(given) = given else {
        let default =
            default(field, allowance).map_err(|message| format!("its default value does not fit: {message}"))?;
        return if default.is_none() && field.required { Err(required()) } else { Ok(default) };
    };
    let value = fit(field, given, allowance)?;
    if field.required && is_blank(&value) { Err(required()) } else { Ok(Some(value)) }
}

/// The default value of a field; none where there is none, or a blank one where something is required.
fn default(field: &Field, allowance: &Allowance) -> Result<Option<Value>, String> {
    let Some(value) = &field.value else { return Ok(None) };
    let value = fit(field, value, allowance)?;
    let missing = value.is_null() || field.required && is_blank(&value);
    Ok(Some(value).filter(|_| !missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(fields: Value) -> Vec<Field> {
        serde_json::from_value(fields).unwrap()
    }

    fn values(values: Value) -> Values {
        serde_json::from_value(values).unwrap()
    }

    fn errors(fields: &[Field], given: Value) -> Vec<String> {
        let errors = check(fields, &values(given)).unwrap_err();
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once_in_the_order_of_the_fields() {
        let fields = form(json!([
            {"name": "subject"},
            {"name": "to_address", "type": "email"},
            {"name": "copies", "type": "integer", "min": 1, "max": 5},
        ]));
        assert_eq!(
            errors(&fields, json!({"bcc": "x", "copies": 6, "to_address": "nobody"})),
            [
                "subject: is required",
                "to_address: must be an email address such as name@example.org",
                "copies: must be at most 5",
                "bcc: is not a field of this form; leave it out",
            ]
        );
    }

    #[test]
    fn the_answer_comes_in_the_order_and_types_of_the_form() {
        let fields = form(json!([{"name": "a", "type": "integer"}, {"name": "b", "type": "boolean"}, {"name": "c"}]));
        let checked = check(&fields, &values(json!({"c": "x", "b": "false", "a": "7"}))).unwrap();
        assert_eq!(serde_json::to_string(&checked).unwrap(), r#"{"a":7,"b":false,"c":"x"}"#);
    }

    #[test]
    fn a_field_left_out_gets_its_default() {
        let fields = form(json!([
            {"name": "a", "value": "x"},
            {"name": "b", "type": "integer", "value": "3", "required": false},
            {"name": "c", "required": false},
        ]));
        assert_eq!(check(&fields, &values(json!({}))), Ok(values(json!({"a": "x", "b": 3}))));
        assert_eq!(defaults(&fields), Some(values(json!({"a": "x", "b": 3}))));
    }

    #[test]
    fn a_form_shows_what_its_defaults_mean() {
        let fields = form(json!([
            {"name": "a", "type": "boolean", "value": "true"},
            {"name": "b", "type": "integer", "value": "9007199254740993"},
            {"name": "c", "type": "select", "choices": [1, 2], "value": "2"},
            {"name": "d", "type": "datetime", "value": "2026-10-25T02:30:00.25+01:00"},
            {"name": "e", "type": "email", "value": ""},
        ]));
        let shown: Vec<_> = with_read_defaults(fields).into_iter().map(|field| field.value.unwrap()).collect();
        let expected = json!([true, 9_007_199_254_740_993_i64, 2, "2026-10-25T02:30:00.25+01:00", ""]);
        assert_eq!(Value::from(shown), expected);
    }

    #[test]
    fn a_field_that_was_cleared_does_not_get_its_default() {
        let fields = form(json!([{"name": "a", "type": "integer", "value": 3, "required": false}]));
        assert_eq!(check(&fields, &values(json!({"a": ""}))), Ok(values(json!({"a": null}))));
        assert_eq!(check(&fields, &values(json!({"a": null}))), Ok(values(json!({"a": null}))));
        let fields = form(json!([{"name": "a", "type": "integer", "value": 3}]));
        assert_eq!(errors(&fields, json!({"a": " "})), ["a: is required"]);
        assert_eq!(errors(&fields, json!({"a": null})), ["a: is required"]);
    }

    #[test]
    fn required_means_not_blank() {
        for kind in ["string", "text", "secret", "email", "select", "number", "date"] {
            let fields = form(json!([{"name": "a", "type": kind, "choices": ["x"]}]));
            for blank in ["", "  \t", "\u{200B}", "\u{A0}\u{2066}\u{3164}"] {
                assert_eq!(errors(&fields, json!({"a": blank})), ["a: is required"], "{kind} {blank:?}");
            }
        }
        let fields = form(json!([{"name": "a", "type": "multiselect", "choices": ["x"]}]));
        assert_eq!(errors(&fields, json!({"a": []})), ["a: is required"]);
    }

    #[test]
    fn a_text_of_which_nothing_can_be_seen_is_empty() {
        for (kind, empty) in
            [("string", json!("")), ("text", json!("")), ("integer", json!(null)), ("date", json!(null))]
        {
            let fields = form(json!([{"name": "a", "type": kind, "required": false}]));
            for blank in ["\u{200B}", " \u{FEFF} "] {
                assert_eq!(check(&fields, &values(json!({"a": blank}))), Ok(values(json!({"a": empty}))), "{kind}");
            }
        }
        let fields = form(json!([{"name": "a", "min_length": 3, "pattern": "[a-z]+", "required": false}]));
        assert_eq!(check(&fields, &values(json!({"a": "\u{200B}"}))), Ok(values(json!({"a": ""}))));
    }

    #[test]
    fn names_are_only_names() {
        for name in ["__proto__", "constructor", "toString", "hasOwnProperty", "a.b", "$ref", "0", "ä b"] {
            let fields = form(json!([{"name": name}]));
            assert_eq!(check(&fields, &values(json!({name: "x"}))), Ok(values(json!({name: "x"}))));
            assert_eq!(errors(&fields, json!({})), [format!("{name}: is required")]);
        }
    }

    #[test]
    fn a_blank_default_is_no_default() {
        let fields = form(json!([{"name": "a", "value": ""}, {"name": "b", "type": "email", "value": ""}]));
        assert_eq!(errors(&fields, json!({})), ["a: is required", "b: is required"]);
        assert_eq!(defaults(&fields), None);
    }

    #[test]
    fn an_empty_form_takes_an_empty_answer() {
        assert_eq!(check(&[], &Values::new()), Ok(Values::new()));
        assert_eq!(errors(&[], json!({"a": 1})), ["a: is not a field of this form; leave it out"]);
    }

    #[test]
    fn unknown_names_are_told_up_to_a_limit() {
        let many: Values = (0..MAX_UNKNOWN * 2).map(|at| (at.to_string(), Value::Null)).collect();
        assert_eq!(check(&[], &many).unwrap_err().len(), MAX_UNKNOWN);
    }

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        let fields = form(json!([{"name": "user"}, {"name": "key", "type": "secret"},
                                 {"name": "pin", "type": "secret", "required": false}]));
        assert!(has_secrets(&fields));
        assert!(!has_secrets(&fields[..1]));
        let given = values(json!({"user": "ada", "key": "s3cret", "pin": null}));
        assert_eq!(masked(&fields, &given), values(json!({"user": "ada", "key": "***", "pin": null})));
    }
}
