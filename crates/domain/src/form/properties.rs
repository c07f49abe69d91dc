//! What holds for every form and every answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MASK, check, defaults, faults, has_secrets, masked};
use crate::request::{Field, FieldType, Values};

const NAMES: [&str; 5] = ["a", "b", "c", "d", ""];

fn field_types() -> impl Strategy<Value = FieldType> {
    prop::sample::select(vec![
        FieldType::String,
        FieldType::Text,
        FieldType::Integer,
        FieldType::Number,
        FieldType::Boolean,
        FieldType::Select,
        FieldType::Multiselect,
        FieldType::Email,
        FieldType::Url,
        FieldType::Date,
        FieldType::Datetime,
        FieldType::Secret,
    ])
}

/// Values that often fit some type, and others.
fn answers() -> impl Strategy<Value = Value> {
    let likely = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!(" "),
        json!("a"),
        json!("x\ny"),
        json!("3"),
        json!(3),
        json!(3.0),
        json!(-2.5),
        json!(1e300),
        json!(u64::MAX),
        json!("true"),
        json!(true),
        json!(" a@b.example "),
        json!("https://example.org/ä"),
        json!("2026-01-31"),
        json!("2026-01-31T10:00"),
        json!("2026-01-31T10:00:00+02:00"),
        json!(["a"]),
        json!(["3", "a"]),
        json!([]),
        json!({"a": [1]}),
    ]);
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 16, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from));
    prop_oneof![4 => likely, 1 => nested]
}

prop_compose! {
    /// Any form, broken ones too.
    fn fields()(name in prop::sample::select(NAMES.to_vec()), field_type in field_types(), required: bool,
                value in prop::option::weighted(0.3, answers()),
                choices in prop::option::of(prop::collection::vec(answers(), 0..4)),
                min in prop::option::weighted(0.2, answers()), max in prop::option::weighted(0.2, answers()),
                min_length in prop::option::weighted(0.2, 0..4usize), max_length in prop::option::weighted(0.2, 0..6usize),
                pattern in prop::option::weighted(0.2, prop_oneof!["[a-z(){}+*?|.]{0,6}", Just(".*".to_owned())]))
        -> Field {
        Field { name: name.to_owned(), description: String::new(), field_type, value, required, choices, min, max,
                min_length, max_length, pattern }
    }
}

fn forms() -> impl Strategy<Value = Vec<Field>> {
    prop::collection::vec(fields(), 0..4)
}

/// An answer in which most names are those of the form.
fn values() -> impl Strategy<Value = Values> {
    let names = prop_oneof![8 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::hash_map(names, answers(), 0..5).prop_map(|values| values.into_iter().collect())
}

proptest! {
    #[test]
    fn every_error_names_a_field_or_what_is_none(form in forms(), values in values()) {
        for error in check(&form, &values).err().unwrap_or_default() {
            let is_field = form.iter().any(|field| field.name == error.field);
            prop_assert!(is_field || values.contains_key(&error.field));
            prop_assert!(!error.message.is_empty());
        }
        for fault in faults(&form) {
            prop_assert!(form.iter().any(|field| field.name == fault.field));
        }
    }

    #[test]
    fn a_checked_answer_checks_to_itself(form in forms(), values in values()) {
        if let (true, Ok(checked)) = (faults(&form).is_empty(), check(&form, &values)) {
            prop_assert_eq!(check(&form, &checked), Ok(checked.clone()));
        }
    }

    #[test]
    fn a_single_field_takes_again_what_it_gave(field in fields(), value in answers()) {
        let mut field = field;
        field.choices = matches!(field.field_type, FieldType::Select | FieldType::Multiselect)
            .then(|| vec![json!("a"), json!(3), json!("3"), json!(true)]);
        let given = Values::from_iter([(field.name.clone(), value)]);
        let form = [field];
        if let Ok(checked) = check(&form, &given) {
            prop_assert_eq!(check(&form, &checked), Ok(checked.clone()));
        }
    }

    #[test]
    fn every_required_field_of_a_checked_answer_is_there(form in forms(), values in values()) {
        if let Ok(checked) = check(&form, &values) {
            for field in form.iter().filter(|field| field.required) {
                prop_assert!(checked.get(&field.name).is_some_and(|value| !value.is_null()));
            }
        }
    }

    #[test]
    fn the_defaults_of_a_good_form_fit_it(form in forms()) {
        if let (true, Some(values)) = (faults(&form).is_empty(), defaults(&form)) {
            prop_assert_eq!(check(&form, &values), Ok(values.clone()));
        }
    }

    #[test]
    fn no_secret_is_told(form in forms(), values in values(), secret in "[A-Z]{12}") {
        let mut form = form;
        form.insert(0, Field::new("key", FieldType::Secret, ""));
        let mut values = values;
        values.insert("key".to_owned(), json!(secret.clone()));
        let masked = masked(&form, &values);
        prop_assert!(has_secrets(&form));
        prop_assert_eq!(masked.get("key"), Some(&json!(MASK)));
        prop_assert!(!serde_json::to_string(&masked).unwrap().contains(&secret));
        prop_assert_eq!(masked.len(), values.len());
        form[0].pattern = Some("[a-z]+".to_owned());
        let errors = check(&form, &values).unwrap_err();
        prop_assert!(!serde_json::to_string(&errors).unwrap().contains(&secret));
    }
}
