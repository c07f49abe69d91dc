//! Data: what is read from objects, and how they are made and changed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::bounded::nested;
use super::order::as_json;
use super::{Cx, Given, NodeError, checked, dotted, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let key = || Input::new("key", Type::Text, "A dotted path, such as orders.0.name; from the end with -1.");
    let more = |name| {
        Input::new(name, Type::Object, "An object whose keys count more than those before.").optional().may_lack()
    };
    vec![
        checked(
            class("Pick", "Takes the value at a path out of JSON.")
                .input(Input::new("json", Type::Json, "The JSON."))
                .input(key())
                .input(Input::new("fallback", Type::Json, "What it is where there is nothing at the path.").optional())
                .output(Output::new("value", Type::Json, "The value.")),
            bad_key,
            pick,
        ),
        checked(
            class("SetKey", "Puts a value at a path of an object.")
                .input(Input::new("object", Type::Object, "The object.").or(Json::Object(Map::new())))
                .input(key())
                .input(Input::new("value", Type::Json, "The value."))
                .output(object()),
            bad_key,
            set_key,
        ),
        plain(
            class("Merge", "Makes one object of several; where they share a key, the last one counts.")
                .input(Input::new("a", Type::Object, "The object to begin with."))
                .input(more("b"))
                .input(more("c"))
                .input(more("d"))
                .input(Input::new("deep", Type::Boolean, "Whether objects within them are merged too.").or(false))
                .output(object()),
            merge,
        ),
    ]
    .into_iter()
    .chain(keys())
    .collect()
}

/// What turns keys and values into an object, and back.
fn keys() -> Vec<Arc<dyn NodeClass>> {
    let any = |name| Input::new(name, Type::Json, "A value.").optional().may_lack();
    vec![
        plain(
            class("MakeObject", "Makes an object of values and the names of their keys.")
                .input(Input::new("keys", Type::Text, "The names, with commas between them.").or("a, b, c, d, e, f"))
                .input(any("a"))
                .input(any("b"))
                .input(any("c"))
                .input(any("d"))
                .input(any("e"))
                .input(any("f"))
                .output(object()),
            make_object,
        ),
        plain(
            class("Keys", "Takes an object apart.")
                .input(Input::new("object", Type::Object, "The object."))
                .output(Output::new("keys", Type::List, "Its keys."))
                .output(Output::new("values", Type::List, "Its values, in the order of the keys.")),
            |cx| {
                let object = cx.object(0)?;
                let keys: Vec<Json> = object.keys().map(|key| key.as_str().into()).collect();
                let values: Vec<Json> = object.values().cloned().collect();
                cx.set(0, Json::from(keys));
                cx.set(1, Json::from(values));
                Ok(())
            },
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "data", description)
}

fn object() -> Output {
    Output::new("object", Type::Object, "The object.")
}

fn bad_key(given: &Given<'_>) -> Vec<(usize, String)> {
    let error = given.constant(1).and_then(Value::as_text).and_then(|path| dotted::steps(path).err());
    error.map(|error| (1, error.to_string())).into_iter().collect()
}

fn pick(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let steps = dotted::steps(cx.text(1)?)?;
    let found = dotted::find(&as_json(cx.input(0)), &steps).cloned();
    let value = match found {
        Some(found) => found.into(),
        None if cx.has(2) => cx.input(2).clone(),
        None => return Err(format!("there is nothing at {:?}", cx.text(1)?).into()),
    };
    cx.set(0, value);
    Ok(())
}

fn set_key(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let steps = dotted::steps(cx.text(1)?)?;
    if steps.is_empty() {
        return Err("key is empty: it must name where the value goes".into());
    }
    let mut object = Json::Object(cx.object(0)?.clone());
    dotted::put(&mut object, &steps, cx.input(2).to_json())?;
    cx.set(0, nested(object)?);
    Ok(())
}

fn merge(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let deep = cx.boolean(4)?;
    let mut merged = cx.object(0)?.clone();
    for input in (1..4).filter(|input| cx.has(*input)) {
        merge_into(&mut merged, cx.object(input)?, deep);
    }
    cx.set(0, Json::Object(merged));
    Ok(())
}

fn merge_into(merged: &mut Map<String, Json>, more: &Map<String, Json>, deep: bool) {
    for (key, value) in more {
        match (merged.get_mut(key), value) {
            (Some(Json::Object(within)), Json::Object(more)) if deep => merge_into(within, more, deep),
            (Some(there), value) => *there = value.clone(),
            (None, value) => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
}

fn make_object(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let keys: Vec<&str> = cx.text(0)?.split(',').map(str::trim).collect();
    let mut object = Map::new();
    for input in (1..7).filter(|input| cx.has(*input)) {
        let named = keys.get(input - 1).filter(|key| !key.is_empty());
        let Some(key) = named else {
            return Err(format!("keys names no key for value {input}: it has {} names", keys.len()).into());
        };
        if object.insert((*key).to_owned(), cx.input(input).to_json()).is_some() {
            return Err(format!("keys names {key:?} twice").into());
        }
    }
    cx.set(0, nested(Json::Object(object))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn objects_are_read_made_and_changed() {
        let order = json!({"lines": [{"name": "x"}, {"name": "y"}]});
        let (a, b) = (json!({"a": 1, "o": {"x": 1}}), json!({"b": 2, "o": {"y": 2}}));
        let cases = [
            ("Pick", json!({"json": order, "key": "lines.0.name"}), json!({"value": "x"})),
            ("Pick", json!({"json": order, "key": "lines[-1].name"}), json!({"value": "y"})),
            ("Pick", json!({"json": order, "key": ""}), json!({"value": order})),
            ("Pick", json!({"json": order, "key": "total", "fallback": 0}), json!({"value": 0})),
            ("SetKey", json!({"key": "a.b", "value": 1}), json!({"object": {"a": {"b": 1}}})),
            (
                "SetKey",
                json!({"object": order, "key": "lines.1", "value": 7}),
                json!({"object": {"lines": [{"name": "x"}, 7]}}),
            ),
            ("Merge", json!({"a": a, "c": b}), json!({"object": {"a": 1, "o": {"y": 2}, "b": 2}})),
            (
                "Merge",
                json!({"a": a, "b": b, "deep": true}),
                json!({"object": {"a": 1, "o": {"x": 1, "y": 2}, "b": 2}}),
            ),
            ("MakeObject", json!({"keys": "name, age", "a": "x", "b": 5}), json!({"object": {"name": "x", "age": 5}})),
            ("MakeObject", json!({"b": null}), json!({"object": {"b": null}})),
            ("Keys", json!({"object": {"b": 1, "a": 2}}), json!({"keys": ["b", "a"], "values": [1, 2]})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let cases = [
            ("Pick", json!({"json": {"a": 1}, "key": "b"}), "there is nothing at \"b\""),
            ("Pick", json!({"json": 5, "key": "a.b"}), "there is nothing at \"a.b\""),
            ("SetKey", json!({"key": "", "value": 1}), "key is empty: it must name where the value goes"),
            ("SetKey", json!({"object": {"a": [1]}, "key": "a.1", "value": 1}), "\"1\" is no place in a list of 1"),
            (
                "SetKey",
                json!({"object": {"a": 1}, "key": "a.b", "value": 1}),
                "there is no \"b\" in what is neither an object nor a list",
            ),
            ("MakeObject", json!({"keys": "x", "b": 1}), "keys names no key for value 2: it has 1 names"),
            ("MakeObject", json!({"keys": "x,x", "a": 1, "b": 1}), "keys names \"x\" twice"),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Err(expected.to_owned()), "{class} {inputs}");
        }
        let faults = Rig::new("Pick", json!({"json": 1, "key": "a[x]"})).faults();
        assert_eq!(faults, [(1, "in the path \"a[x]\" a place in brackets must be a whole number".to_owned())]);
    }
}
