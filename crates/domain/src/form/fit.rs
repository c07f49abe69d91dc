//! Whether one value fits one field, by the field's type.

use serde_json::Value;

use super::{address, choice, invisible, moment, number, text};
use crate::pattern::Allowance;
use crate::request::{Field, FieldType};

/// The value as the task gets it; null where it counts as empty. Whether something is required is not asked here.
///
/// # Errors
/// What to do instead, for people.
pub(super) fn fit(field: &Field, value: &Value, allowance: &Allowance) -> Result<Value, String> {
    let text = value.as_str().map(str::trim);
    let empty = match field.field_type {
        // An empty text is a text, and may be a choice.
        FieldType::String | FieldType::Text | FieldType::Secret | FieldType::Select => false,
        FieldType::Integer
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Multiselect
        | FieldType::Email
        | FieldType::Url
        | FieldType::Date
        | FieldType::Datetime => text.is_some_and(invisible::is_blank),
    };
    if value.is_null() || empty {
        return Ok(Value::Null);
    }
    match field.field_type {
        FieldType::String => text::line(field, value, allowance),
        FieldType::Text | FieldType::Secret => text::text(field, value, allowance),
        FieldType::Integer => number::integer(field, value),
        FieldType::Number => number::number(field, value),
        FieldType::Boolean => boolean(value),
        FieldType::Select => choice::one(field, value),
        FieldType::Multiselect => choice::several(field, value),
        FieldType::Email => address::email(field, text, allowance),
        FieldType::Url => address::url(field, text, allowance),
        FieldType::Date => moment::date(field, text),
        FieldType::Datetime => moment::datetime(field, text),
    }
}

fn boolean(value: &Value) -> Result<Value, String> {
    match (value.as_bool(), value.as_str().map(str::trim)) {
        (Some(value), _) => Ok(Value::Bool(value)),
        (None, Some("true")) => Ok(Value::Bool(true)),
        (None, Some("false")) => Ok(Value::Bool(false)),
        (None, _) => Err("must be true or false".to_owned()),
    }
}

/// Whether a value that fits says nothing.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => invisible::is_blank(text),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// For tests: a field from its JSON, its name being `a`.
#[cfg(test)]
pub(super) fn field(mut json: Value) -> Field {
    json["name"] = "a".into();
    serde_json::from_value(json).unwrap()
}

/// For tests: what becomes of each value, the error as text.
#[cfg(test)]
pub(super) fn cases(json: Value, cases: &[(Value, Result<Value, &str>)]) {
    let field = field(json);
    for (given, expected) in cases {
        assert_eq!(
            fit(&field, given, &Allowance::default()),
            expected.clone().map_err(str::to_owned),
            "{given} in {field:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn booleans() {
        let wrong = Err("must be true or false");
        cases(
            json!({"type": "boolean"}),
            &[
                (json!(true), Ok(json!(true))),
                (json!(false), Ok(json!(false))),
                (json!("true"), Ok(json!(true))),
                (json!(" false "), Ok(json!(false))),
                (json!(""), Ok(json!(null))),
                (json!(null), Ok(json!(null))),
                (json!("yes"), wrong.clone()),
                (json!("True"), wrong.clone()),
                (json!(1), wrong.clone()),
                (json!([true]), wrong),
            ],
        );
    }
}
