//! Schemas that are taken, schemas that are not, and what a check may cost.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A schema whose definitions each use the next one twice, in this way.
fn doubling(levels: usize, wrap: impl Fn(Value, Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for level in 0..levels {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        definitions.insert(format!("d{level}"), wrap(next.clone(), next));
    }
    definitions.insert(format!("d{levels}"), json!({"type": "string"}));
    json!({"$defs": definitions, "$ref": "#/$defs/d0"})
}

fn refused(schema: Value) -> BadSchema {
    Schema::compile(schema).expect_err("it is refused")
}

#[test]
fn what_doubles_with_each_definition_is_refused_in_whatever_way_it_does() {
    type Wrap = fn(Value, Value) -> Value;
    let ways: [Wrap; 9] = [
        |one, two| json!({"anyOf": [one, two]}),
        |one, two| json!({"allOf": [one, two]}),
        |one, two| json!({"not": {"oneOf": [one, two]}}),
        |one, two| json!({"if": one, "then": two}),
        |one, two| json!({"properties": {"a": one, "b": two}}),
        |one, two| json!({"items": one, "contains": two}),
        |one, two| json!({"prefixItems": [one], "unevaluatedItems": two}),
        |one, two| json!({"additionalProperties": one, "propertyNames": two}),
        |one, two| json!({"dependentSchemas": {"a": one}, "patternProperties": {"b": two}}),
    ];
    for (number, wrap) in ways.into_iter().enumerate() {
        let why = refused(doubling(22, wrap));
        assert!(matches!(why, BadSchema::TooLarge | BadSchema::TooDeep), "{number}: {why}");
        assert_eq!(refused(doubling(14, wrap)), BadSchema::TooLarge, "{number}");
        Schema::compile(doubling(4, wrap)).unwrap();
    }
}

#[test]
fn references_that_lead_nowhere_or_round_and_round_are_refused() {
    assert_eq!(refused(json!({"$ref": "#"})), BadSchema::Endless("#".into()));
    let round = json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
                       "items": {"$ref": "#/$defs/a"}});
    assert!(matches!(refused(round), BadSchema::Endless(_)));
    for reference in ["#/nope", "other.json", "https://json-schema.org/draft/2020-12/schema", "#name", "#%zz"] {
        assert!(matches!(refused(json!({"$ref": reference})), BadSchema::Reference(_)), "{reference}");
    }
    assert_eq!(refused(json!({"$dynamicRef": "#a"})), BadSchema::Unsupported("$dynamicRef"));
    assert_eq!(refused(json!({"items": {"$id": "x"}})), BadSchema::Unsupported("$id"));
    let mut chain = Map::from_iter([("d100".to_owned(), json!(true))]);
    chain.extend((0..100).map(|at| (format!("d{at}"), json!({"$ref": format!("#/$defs/d{}", at + 1)}))));
    assert_eq!(refused(json!({"$defs": chain, "$ref": "#/$defs/d0"})), BadSchema::TooDeep);
    let encoded = Schema::compile(json!({"$defs": {"a b/c": {"type": "string"}}, "$ref": "#/$defs/a%20b~1c"})).unwrap();
    assert_eq!(encoded.faults("data", &json!(1)).len(), 1);
}

#[test]
fn patterns_are_linear_and_small() {
    assert!(matches!(refused(json!({"pattern": "(?=a)b"})), BadSchema::Pattern(_)));
    assert!(matches!(refused(json!({"pattern": r"(a)\1"})), BadSchema::Pattern(_)));
    assert!(matches!(refused(json!({"pattern": "((a{500}){500}){500}"})), BadSchema::Pattern(_)));
    assert!(matches!(refused(json!({"type": "strin"})), BadSchema::Invalid(_)));
    let many: Vec<Value> = (0..200).map(|at| json!({"pattern": format!("a{at}")})).collect();
    assert_eq!(refused(json!({"anyOf": many})), BadSchema::TooLarge);
    let slow = Schema::compile(json!({"pattern": "^(a+)+$"})).unwrap();
    assert_eq!(slow.faults("data", &json!(format!("{}!", "a".repeat(50_000)))).len(), 1);
}

#[test]
fn a_pattern_that_takes_long_on_a_text_is_refused_before_it_begins() {
    let large = "(a?b?){500}c";
    let schemas = [
        (json!({"items": {"pattern": large}}), json!(["ab".repeat(50_000)])),
        (json!({"patternProperties": {large: true}}), json!({"ab".repeat(50_000): 1})),
        (json!({"propertyNames": {"pattern": large}}), json!({"ab".repeat(50_000): 1})),
    ];
    for (schema, value) in schemas {
        let schema = Schema::compile(schema).unwrap();
        assert_eq!(schema.faults("data", &value)[0].kind, "too_complex");
        assert!(schema.faults("data", &json!({"abc": 1})).is_empty());
    }
    let small = Schema::compile(json!({"pattern": "^[a-z ]*$"})).unwrap();
    assert!(small.faults("data", &json!("ab ".repeat(100_000))).is_empty());
}

#[test]
fn a_tree_may_refer_to_itself_and_costs_what_it_costs() {
    let tree = json!({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}});
    let tree = Schema::compile(tree).unwrap();
    let wide = json!({"children": vec![json!({"children": []}); 1000]});
    assert!(tree.faults("data", &wide).is_empty());
    // Each level is looked at twice from the one above it.
    let twice = json!({"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
    let twice = Schema::compile(twice).unwrap();
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
    assert!(twice.faults("data", &deep(5)).is_empty());
    assert_eq!(twice.faults("data", &deep(60))[0].kind, "too_complex");
}

#[test]
fn a_check_of_much_against_much_is_refused_before_it_begins() {
    let many: Vec<Value> = (0..2000).map(|at| json!({"const": at})).collect();
    let schema = Schema::compile(json!({"items": {"anyOf": many}})).unwrap();
    assert!(schema.faults("data", &json!([5, 1999])).is_empty());
    assert_eq!(schema.faults("data", &json!(vec![-1; 5000]))[0].kind, "too_complex");
    let nested = json!({"unevaluatedProperties": false, "allOf": [{"unevaluatedProperties": false, "allOf": [
        {"patternProperties": {"a": {"unevaluatedProperties": false, "allOf": [{"minProperties": 0}]}}}]}]});
    let nested = Schema::compile(nested).unwrap();
    let members: Map<String, Value> = (0..2000).map(|at| (format!("a{at}"), json!({}))).collect();
    assert_eq!(nested.faults("data", &Value::Object(members))[0].kind, "too_complex");
}

#[test]
fn faults_are_few_and_short_however_much_is_wrong() {
    let schema =
        Schema::compile(json!({"properties": {"x": true}, "additionalProperties": false, "items": {"type": "string"}}))
            .unwrap();
    let members: Map<String, Value> = (0..10_000).map(|at| (format!("k{at}"), json!(1))).collect();
    for value in [Value::Object(members), json!(vec![1; 9_000]), json!([["x".repeat(5000)], 1])] {
        let faults = schema.faults("data", &value);
        assert!((1..=MOST_FAULTS).contains(&faults.len()), "{}", faults.len());
        assert!(faults.iter().all(|fault| fault.msg.len() <= LONGEST_TEXT && fault.loc[..2] == ["body", "data"]));
    }
    let one = schema.faults("data", &json!({"k": 1})).remove(0);
    assert_eq!((one.loc.join("."), one.kind.as_str()), ("body.data.k".into(), "unknown_field"));
}

/// Any JSON that is built of the words of schemas.
fn any_schema() -> impl Strategy<Value = Value> {
    let reference = prop_oneof![Just("#"), Just("#/$defs/a"), Just("#/$defs/b"), Just("#/items")];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        Just(json!({"type": "string"})),
        reference.prop_map(|reference| json!({"$ref": reference})),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let keyword = proptest::sample::select(vec![
            "not",
            "if",
            "then",
            "items",
            "contains",
            "additionalProperties",
            "propertyNames",
            "unevaluatedProperties",
            "unevaluatedItems",
        ]);
        let list = proptest::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let map = proptest::sample::select(vec!["properties", "patternProperties", "dependentSchemas", "$defs"]);
        let names = proptest::sample::select(vec!["a", "b"]);
        prop_oneof![
            (keyword, inner.clone()).prop_map(|(keyword, one)| json!({keyword: one})),
            (list, proptest::collection::vec(inner.clone(), 1..4)).prop_map(|(list, all)| json!({list: all})),
            (map, proptest::collection::btree_map(names, inner.clone(), 1..3)).prop_map(|(map, all)| json!({map: all})),
            (inner.clone(), inner).prop_map(|(one, two)| {
                let mut all = one;
                if let (Value::Object(all), Value::Object(two)) = (&mut all, two) {
                    all.extend(two);
                }
                all
            }),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(null)), any::<i32>().prop_map(Value::from), "[ab]{0,3}".prop_map(Value::from)];
    leaf.prop_recursive(6, 60, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_says_the_same_as_the_validator_alone(schema in any_schema(), value in any_value()) {
        if let Ok(compiled) = Schema::compile(schema.clone()) {
            let faults = compiled.faults("data", &value);
            let is_valid = jsonschema::validator_for(&schema).unwrap().is_valid(&value);
            let is_refused = faults.iter().any(|fault| fault.kind == "too_complex");
            prop_assert!(is_refused || value.is_null() || faults.is_empty() == is_valid);
        }
    }
}
