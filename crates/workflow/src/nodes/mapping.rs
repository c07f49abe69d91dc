//! Lists by expressions: each item made into another one, some kept, all put in order or into one.

use std::cmp::Ordering;
use std::sync::Arc;

use rhai::{Dynamic, Scope};
use serde_json::Value as Json;

use super::sandbox::{Compiled, Sandbox};
use super::script::{Form, Use, scripted};
use crate::node::{Cx, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// The classes of this family.
pub(super) fn classes(sandbox: &Arc<Sandbox>) -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description, items, expression| {
        Spec::new(name, "data", description)
            .input(Input::new("items", Type::List, items))
            .input(Input::new("expression", Type::Text, expression).code())
    };
    let list = Output::new("list", Type::List, "The list.");
    let scripted = |spec: Spec, use_: Use| {
        let spec = spec.input(Input::new("a", Type::Json, "A value that the expression knows as `a`.").optional());
        scripted(spec, sandbox, Form::Expression, 1, use_)
    };
    vec![
        scripted(
            class(
                "Map",
                "Makes another list by an expression in the language Rhai, which knows each `item` and its `index`.",
                "What is made into something else.",
                "What becomes of an item: `item.price * 2`.",
            )
            .output(list.clone()),
            map,
        ),
        scripted(
            class(
                "Filter",
                "Keeps the items for which an expression in the language Rhai is true; it knows `item` and `index`.",
                "What is looked through.",
                "Whether to keep an item: `item.price > 10`.",
            )
            .output(list.clone()),
            filter,
        ),
        scripted(
            class(
                "SortBy",
                "Puts a list in order by what an expression in the language Rhai gives for each `item`: a number, a \
                 text, true, false or nothing. Equal ones keep their order.",
                "What is put in order.",
                "By what: `item.name`, or `-item.price` for the largest first.",
            )
            .output(list),
            sort_by,
        ),
        scripted(reduce_spec(class), reduce),
    ]
}

fn reduce_spec(class: impl Fn(&'static str, &'static str, &'static str, &'static str) -> Spec) -> Spec {
    class(
        "Reduce",
        "Makes one value of a list: an expression in the language Rhai, which knows `result`, `item` and `index`, gives \
         the next `result`.",
        "What is put together.",
        "The next result: `result + item`.",
    )
    .input(Input::new("initial", Type::Json, "The result before the first item."))
    .output(Output::new("result", Type::Json, "The result after the last item."))
}

fn map(sandbox: &Sandbox, code: &Compiled, cx: &Cx<'_>) -> Result<Value, NodeError> {
    let mut list = Vec::new();
    each(sandbox, code, cx, 2, |_, given| {
        list.push(sandbox.taken(&given)?.to_json());
        Ok(())
    })?;
    Ok(Value::from(Json::Array(list)))
}

fn filter(sandbox: &Sandbox, code: &Compiled, cx: &Cx<'_>) -> Result<Value, NodeError> {
    let mut list = Vec::new();
    each(sandbox, code, cx, 2, |item, given| {
        if given.as_bool().map_err(|other| format!("the expression gives {other}, not true or false"))? {
            list.push(item.clone());
        }
        Ok(())
    })?;
    Ok(Value::from(Json::Array(list)))
}

fn sort_by(sandbox: &Sandbox, code: &Compiled, cx: &Cx<'_>) -> Result<Value, NodeError> {
    let mut list = Vec::new();
    each(sandbox, code, cx, 2, |item, given| {
        let key = sandbox.taken(&given)?;
        if matches!(key, Value::Json(_)) {
            return Err("a list or an object has no place in an order".into());
        }
        list.push((key, item.clone()));
        Ok(())
    })?;
    list.sort_by(|(one, _), (other, _)| order(one, other));
    Ok(Value::from(Json::Array(list.into_iter().map(|(_, item)| item).collect())))
}

/// The order of scalars: nothing, false, true, numbers, texts.
fn order(one: &Value, other: &Value) -> Ordering {
    let kind = |value: &Value| match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Number(_) => 2,
        Value::Text(_) => 3,
        Value::Json(_) => 4,
    };
    // Beyond 2^53, two whole numbers may be the same double.
    if let (Value::Integer(one), Value::Integer(other)) = (one, other) {
        return one.cmp(other);
    }
    let number = |value: &Value| value.as_number().unwrap_or(0.0);
    kind(one)
        .cmp(&kind(other))
        .then_with(|| one.as_bool().cmp(&other.as_bool()))
        .then_with(|| number(one).total_cmp(&number(other)))
        .then_with(|| one.as_text().cmp(&other.as_text()))
}

fn reduce(sandbox: &Sandbox, code: &Compiled, cx: &Cx<'_>) -> Result<Value, NodeError> {
    let items = cx.list(0)?;
    sandbox.within(code, || {
        let mut result = sandbox.given(cx.input(2))?;
        let mut scope = Scope::new();
        scope.push_dynamic("a", sandbox.given(cx.input(3))?);
        for (index, item) in items.iter().enumerate() {
            scope.push_dynamic("result", result);
            result = one(sandbox, code, &mut scope, item, index)?;
            // Each result is as good as the last one must be, so that none grows past the limits.
            sandbox.taken(&result).map_err(|error| at(index, &error))?;
        }
        sandbox.taken(&result)
    })
}

/// Gives each item with what the expression makes of it; `extra` is the input that it knows as `a`.
fn each(
    sandbox: &Sandbox,
    code: &Compiled,
    cx: &Cx<'_>,
    extra: usize,
    mut visit: impl FnMut(&Json, Dynamic) -> Result<(), NodeError>,
) -> Result<(), NodeError> {
    let items = cx.list(0)?;
    sandbox.within(code, || {
        let mut scope = Scope::new();
        scope.push_dynamic("a", sandbox.given(cx.input(extra))?);
        for (index, item) in items.iter().enumerate() {
            let given = one(sandbox, code, &mut scope, item, index)?;
            visit(item, given).map_err(|error| at(index, &error))?;
        }
        Ok(())
    })
}

/// What the expression makes of one item.
fn one(
    sandbox: &Sandbox,
    code: &Compiled,
    scope: &mut Scope<'_>,
    item: &Json,
    index: usize,
) -> Result<Dynamic, NodeError> {
    scope.push_dynamic("item", sandbox.given(&Value::from(item.clone()))?);
    scope.push_dynamic("index", Dynamic::from_int(i64::try_from(index).unwrap_or(i64::MAX)));
    let given = sandbox.run(code, scope).map_err(|error| at(index, &error));
    // Only `a` stays for the next item.
    scope.rewind(1);
    given
}

fn at(index: usize, error: &NodeError) -> NodeError {
    NodeError::new(format!("at index {index}: {error}"))
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn run(class: &str, items: &Json, expression: &str) -> Result<Json, String> {
        let mut rig = Rig::new(class, json!({"items": items, "expression": expression, "initial": 0, "a": 10}));
        assert_eq!(rig.faults(), []);
        rig.run()
    }

    #[test]
    fn lists_are_made_by_expressions() {
        let people = json!([{"name": "Bo", "age": 30}, {"name": "Al", "age": 40}, {"name": "Cy", "age": 30}]);
        for (class, items, expression, expected) in [
            ("Map", json!([1, 2.5]), "item * 2", json!({"list": [2, 5.0]})),
            (
                "Map",
                json!([5, 5]),
                "#{at: index, sum: item + a}",
                json!({"list": [{"at": 0, "sum": 15}, {"at": 1, "sum": 15}]}),
            ),
            ("Map", json!([]), "item.nothing", json!({"list": []})),
            ("Filter", json!([1, 2, 3, 4]), "item % 2 == 0", json!({"list": [2, 4]})),
            ("Filter", people.clone(), "item.age > 35", json!({"list": [{"name": "Al", "age": 40}]})),
            ("SortBy", json!([3, 1, 2.5]), "-item", json!({"list": [3, 2.5, 1]})),
            (
                "SortBy",
                json!(["b", 2, null, true, "a", 1.5, false]),
                "item",
                json!({"list": [null, false, true, 1.5, 2, "a", "b"]}),
            ),
            ("Reduce", json!([1, 2, 3]), "result + item * a", json!({"result": 60})),
            ("Reduce", json!([]), "result + item", json!({"result": 0})),
        ] {
            assert_eq!(run(class, &items, expression), Ok(expected), "{class} {expression}");
        }
        let by_age = run("SortBy", &people, "item.age").unwrap();
        let names: Vec<&Json> = by_age["list"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
        assert_eq!(names, ["Bo", "Cy", "Al"], "equal ones keep their order");
    }

    #[test]
    fn an_error_tells_at_which_item() {
        for (class, items, expression, message) in [
            ("Map", json!([1, "x"]), "item - 1", "at index 1: Function not found"),
            ("Map", json!([0]), "|x| x", "at index 0: the result is not JSON"),
            ("Filter", json!([1]), "item", "at index 0: the expression gives i64, not true or false"),
            ("SortBy", json!([1, [2]]), "item", "at index 1: a list or an object has no place"),
            ("Reduce", json!([1, 0]), "item / 0", "at index 0: Division by zero"),
        ] {
            let error = run(class, &items, expression).unwrap_err();
            assert!(error.starts_with(message), "{class} {expression}: {error}");
        }
    }

    #[test]
    fn a_bad_expression_is_a_fault() {
        for class in ["Map", "Filter", "SortBy", "Reduce"] {
            let rig = Rig::new(class, json!({"items": [], "expression": "item +", "initial": 0}));
            assert_eq!(rig.faults().len(), 1, "{class}");
        }
    }

    #[test]
    fn all_items_share_one_allowance() {
        let items = json!(vec![0; 300_000]);
        for class in ["Map", "Filter"] {
            let error = run(class, &items, "(item + 1) * (item + 2) * (item + 3) > 0").unwrap_err();
            assert!(error.contains("it takes too"), "{error}");
        }
        let nested = run("Reduce", &json!(vec![0; 1000]), "[result]").unwrap_err();
        assert_eq!(nested, "at index 64: the result is nested too deeply");
        let double = run("Reduce", &json!(vec![0; 100]), "[result, result]").unwrap_err();
        assert!(double.starts_with("at index "), "{double}");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_of_the_list_in_its_order(items in prop::collection::vec(-9..9i64, 0..20), least in -9..9i64) {
            let given = run("Filter", &json!(items), &format!("item >= {least}"));
            let kept: Vec<i64> = items.into_iter().filter(|item| *item >= least).collect();
            prop_assert_eq!(given, Ok(json!({"list": kept})));
        }
    }
}
