//! What holds for every class of the catalogue.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::built_in;
use super::rig::Rig;
use crate::node::Spec;
use crate::port::Type;
use crate::settings::Settings;

const CATEGORIES: [&str; 8] = ["inputs", "maths", "comparison", "logic", "text", "data", "random", "output"];

fn specs() -> Vec<Spec> {
    built_in(&Settings::default()).unwrap().all().map(|class| class.spec().clone()).collect()
}

#[test]
fn every_class_and_port_is_described_in_a_sentence() {
    let specs = specs();
    assert!(specs.len() >= 30, "{}", specs.len());
    for spec in specs {
        let class = spec.class;
        let inputs = spec.inputs.iter().map(|input| input.description);
        let outputs = spec.outputs.iter().map(|output| output.description);
        for text in inputs.chain(outputs).chain([spec.description]) {
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{class}: {text}");
        }
    }
}

#[test]
fn each_family_has_its_category() {
    let specs = specs();
    for category in CATEGORIES {
        assert!(specs.iter().any(|spec| spec.category == category), "{category}");
    }
}

#[test]
fn defaults_are_what_their_inputs_take() {
    for spec in specs() {
        for input in &spec.inputs {
            let misfit = input.default.as_ref().and_then(|value| input.misfit(value));
            assert_eq!(misfit, None, "{}.{}", spec.class, input.name);
            assert!(!input.required || input.default.is_none(), "{}.{}", spec.class, input.name);
        }
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        prop_oneof![any::<i64>(), -3..12i64].prop_map(|value| json!(value)),
        prop_oneof![prop::num::f64::NORMAL, -2.0..2.0f64].prop_map(|value| json!(value)),
        ".{0,8}".prop_map(|value| json!(value)),
        "[$a.\\[\\]0-9(){}%,|*-]{0,8}".prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// A value that an input takes, where `any` is not one by itself.
fn fitted(ty: Type, any: Json) -> Json {
    match ty {
        Type::Json => any,
        Type::Text => any.as_str().map_or_else(|| any.to_string(), str::to_owned).into(),
        Type::Number => {
            if any.is_number() {
                any
            } else {
                json!(1.5)
            }
        }
        Type::Integer => {
            if any.is_i64() {
                any
            } else {
                json!(1)
            }
        }
        Type::Boolean => json!(any == json!(true)),
        Type::List => {
            if any.is_array() {
                any
            } else {
                json!([any])
            }
        }
        Type::Object => {
            if any.is_object() {
                any
            } else {
                json!({"a": any})
            }
        }
    }
}

proptest! {
    // Each case runs every class.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_class_panics(values in prop::collection::vec(any_json(), 8), given in any::<u8>(), fits in any::<bool>(), choice in 0..20usize) {
        for spec in specs().into_iter().filter(|spec| CATEGORIES.contains(&spec.category)) {
            let mut inputs = Map::new();
            for (at, input) in spec.inputs.iter().enumerate().filter(|(at, input)| input.required || given & (1 << at) != 0) {
                let value = values[at].clone();
                let value = match input.choices.get(choice % input.choices.len().max(1)) {
                    Some(choice) if fits => json!(choice),
                    _ if fits => fitted(input.ty, value),
                    _ => value,
                };
                inputs.insert(input.name.to_owned(), value);
            }
            let mut rig = Rig::new(spec.class, Json::Object(inputs.clone()));
            let faults = rig.faults();
            let first = rig.run();
            if fits && let Ok(outputs) = &first {
                for output in &spec.outputs {
                    let value = outputs.get(output.name);
                    prop_assert!(value.is_none_or(|value| output.ty.admits(&value.clone().into())), "{} {}", spec.class, outputs);
                }
            }
            prop_assert!(faults.is_empty() || first.is_err(), "{} with {:?} has faults but runs", spec.class, inputs);
            let _ = rig.run();
        }
    }

    #[test]
    fn what_is_missing_is_told(class in prop::sample::select(specs().into_iter().map(|spec| spec.class).collect::<Vec<_>>())) {
        let spec = built_in(&Settings::default()).unwrap().get(class).unwrap().spec().clone();
        let typed = spec.inputs.iter().any(|input| input.required && input.ty != Type::Json);
        let ran = Rig::new(class, json!({})).run();
        prop_assert!(!typed || ran.is_err(), "{}", class);
    }
}
