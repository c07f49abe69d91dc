//! Data: how lists are made, and what is made of them.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::bounded::{MOST_ITEMS, nested};
use super::maths::finite;
use super::order::{canonical, compare};
use super::statistics::shown;
use super::{Cx, NodeError, dotted, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let any = |name| Input::new(name, Type::Json, "An item.").optional().may_lack();
    vec![
        plain(
            class("MakeList", "Makes a list of the values that are given.")
                .input(any("a"))
                .input(any("b"))
                .input(any("c"))
                .input(any("d"))
                .input(any("e"))
                .input(any("f"))
                .output(Output::new("list", Type::List, "The list.")),
            |cx| {
                let given = (0..6).filter(|at| cx.has(*at)).map(|at| cx.input(at).to_json());
                let made = nested(given.collect())?;
                cx.set(0, made);
                Ok(())
            },
        ),
        plain(
            class("Item", "Takes one item out of a list.")
                .input(items())
                .input(Input::new("index", Type::Integer, "Which, from 0; negative: from the end.").or(0))
                .input(Input::new("fallback", Type::Json, "What it is where there is no such item.").optional())
                .output(Output::new("item", Type::Json, "The item.")),
            item,
        ),
        plain(
            class("Range", "Makes a list of numbers at equal distances.")
                .input(Input::new("from", Type::Number, "The first number.").or(0))
                .input(Input::new("to", Type::Number, "Where it ends, without it."))
                .input(Input::new("step", Type::Number, "The distance; negative to count down.").or(1))
                .output(Output::new("list", Type::List, "The numbers, at most 100,000.")),
            range,
        ),
    ]
    .into_iter()
    .chain(changes())
    .collect()
}

/// What makes another list of a list.
fn changes() -> Vec<Arc<dyn NodeClass>> {
    let key =
        || Input::new("key", Type::Text, "The dotted path to what counts in each item; else all of it.").optional();
    let list = || Output::new("items", Type::List, "The list.");
    vec![
        plain(
            class("Sort", "Sorts a list of numbers or of texts; items without a value come last.")
                .input(items())
                .input(key())
                .input(Input::new("descending", Type::Boolean, "Whether the largest comes first.").or(false))
                .output(list()),
            sort,
        ),
        plain(
            class("Unique", "Leaves out the items of a list that were there before.")
                .input(items())
                .input(key())
                .output(list()),
            unique,
        ),
        plain(
            class("GroupBy", "Puts the items of a list that share a value into groups.")
                .input(items())
                .input(Input::new("key", Type::Text, "The dotted path to the value that they share."))
                .output(Output::new("groups", Type::List, "Objects of key, count and items, in order of appearance.")),
            group_by,
        ),
        plain(class("Reverse", "Turns a list round.").input(items()).output(list()), |cx| {
            let reversed: Vec<Json> = cx.list(0)?.iter().rev().cloned().collect();
            cx.set(0, Json::from(reversed));
            Ok(())
        }),
        plain(
            class("Flatten", "Puts the items of the lists in a list one after the other; other items stay.")
                .input(items())
                .output(list()),
            flatten,
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "data", description)
}

fn items() -> Input {
    Input::new("items", Type::List, "The list.")
}

fn unique(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let steps = steps(cx, 1)?;
    let mut seen = HashSet::new();
    let of = |item| dotted::find(item, &steps).unwrap_or(&Json::Null);
    let unique: Vec<Json> = cx.list(0)?.iter().filter(|item| seen.insert(canonical(of(item)))).cloned().collect();
    cx.set(0, Json::from(unique));
    Ok(())
}

fn flatten(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let flat = |item: &Json| item.as_array().cloned().unwrap_or_else(|| vec![item.clone()]);
    let flat: Vec<Json> = cx.list(0)?.iter().flat_map(flat).collect();
    cx.set(0, Json::from(flat));
    Ok(())
}

fn steps(cx: &Cx<'_>, input: usize) -> Result<Vec<String>, NodeError> {
    if cx.has(input) { dotted::steps(cx.text(input)?) } else { Ok(Vec::new()) }
}

fn item(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (items, index) = (cx.list(0)?, cx.integer(1)?);
    let found = dotted::at(index, items.len()).and_then(|at| items.get(at));
    let value = match found {
        Some(found) => Value::from(found.clone()),
        None if cx.has(2) => cx.input(2).clone(),
        None => return Err(format!("there is no item {index} in a list of {}", items.len()).into()),
    };
    cx.set(0, value);
    Ok(())
}

fn range(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (from, to, step) = (cx.number(0)?, cx.number(1)?, cx.number(2)?);
    if step == 0.0 {
        return Err("step is 0: a range needs a distance".into());
    }
    let count = ((to - from) / step).ceil().max(0.0);
    if count > MOST_ITEMS as f64 || !count.is_finite() {
        return Err(format!("the range has more than {MOST_ITEMS} numbers").into());
    }
    let whole = cx.input(0).as_integer().zip(cx.input(2).as_integer());
    let number = |at: i64| match whole.and_then(|(from, step)| from.checked_add(step.checked_mul(at)?)) {
        Some(whole) => Ok(Json::from(whole)),
        None => finite(from + step * at as f64).map(|number| number.to_json()),
    };
    let numbers = (0..count as i64).map(number).collect::<Result<Vec<Json>, NodeError>>()?;
    cx.set(0, Json::from(numbers));
    Ok(())
}

fn sort(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let steps = steps(cx, 1)?;
    let descending = cx.boolean(2)?;
    let of = |item| dotted::find(item, &steps).filter(|value| !value.is_null());
    let mut keyed: Vec<(Option<&Json>, &Json)> = cx.list(0)?.iter().map(|item| (of(item), item)).collect();
    let mut present = keyed.iter().filter_map(|(key, _)| *key);
    if let Some(first) = present.next()
        && let Some(other) = std::iter::once(first).chain(present).find(|other| compare(first, other).is_none())
    {
        let (first, other) = (shown(first), shown(other));
        return Err(format!("only numbers or only texts can be sorted, not {first} with {other}").into());
    }
    keyed.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) => {
            let order = compare(a, b).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let sorted: Vec<Json> = keyed.into_iter().map(|(_, item)| item.clone()).collect();
    cx.set(0, Json::from(sorted));
    Ok(())
}

fn group_by(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let steps = steps(cx, 1)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(Json, Vec<Json>)> = Vec::new();
    for item in cx.list(0)? {
        let key = dotted::find(item, &steps).unwrap_or(&Json::Null);
        let place = *places.entry(canonical(key)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, items)) => items.push(item.clone()),
            None => groups.push((key.clone(), vec![item.clone()])),
        }
    }
    let group = |(key, items): (Json, Vec<Json>)| json!({"key": key, "count": items.len(), "items": items});
    let groups: Json = groups.into_iter().map(group).collect();
    cx.set(0, nested(groups)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn lists_are_made_and_changed() {
        let people = json!([{"n": 2}, {"x": 0}, {"n": 1.5}, {"n": 2.0}]);
        let cases = [
            ("MakeList", json!({"a": 1, "c": null, "f": "x"}), json!({"list": [1, null, "x"]})),
            ("MakeList", json!({}), json!({"list": []})),
            ("Item", json!({"items": [1, 2], "index": -1}), json!({"item": 2})),
            ("Item", json!({"items": [], "fallback": "none"}), json!({"item": "none"})),
            ("Range", json!({"to": 3}), json!({"list": [0, 1, 2]})),
            ("Range", json!({"from": 3, "to": 0, "step": -2}), json!({"list": [3, 1]})),
            ("Range", json!({"to": 1, "step": 0.5}), json!({"list": [0.0, 0.5]})),
            ("Range", json!({"from": 5, "to": 1}), json!({"list": []})),
            ("Sort", json!({"items": [3, 1.5, null, 2]}), json!({"items": [1.5, 2, 3, null]})),
            ("Sort", json!({"items": ["b", "a"], "descending": true}), json!({"items": ["b", "a"]})),
            (
                "Sort",
                json!({"items": people, "key": "n", "descending": true}),
                json!({"items": [{"n": 2}, {"n": 2.0}, {"n": 1.5}, {"x": 0}]}),
            ),
            ("Unique", json!({"items": [1, 1.0, "1", [1], [1.0]]}), json!({"items": [1, "1", [1]]})),
            ("Unique", json!({"items": people, "key": "n"}), json!({"items": [{"n": 2}, {"x": 0}, {"n": 1.5}]})),
            (
                "GroupBy",
                json!({"items": people, "key": "n"}),
                json!({"groups": [
                    {"key": 2, "count": 2, "items": [{"n": 2}, {"n": 2.0}]},
                    {"key": null, "count": 1, "items": [{"x": 0}]},
                    {"key": 1.5, "count": 1, "items": [{"n": 1.5}]},
                ]}),
            ),
            ("Reverse", json!({"items": [1, 2]}), json!({"items": [2, 1]})),
            ("Flatten", json!({"items": [1, [2, [3]], []]}), json!({"items": [1, 2, [3]]})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn what_cannot_be_done_with_a_list_says_why() {
        let cases = [
            ("Item", json!({"items": [1], "index": 1}), "there is no item 1 in a list of 1"),
            ("Range", json!({"to": 1, "step": 0}), "step is 0: a range needs a distance"),
            ("Range", json!({"to": 1e9}), "the range has more than 100000 numbers"),
            ("Sort", json!({"items": [1, "a"]}), "only numbers or only texts can be sorted, not 1 with \"a\""),
            ("Sort", json!({"items": [{}]}), "only numbers or only texts can be sorted, not an object with an object"),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Err(expected.to_owned()), "{class} {inputs}");
        }
    }

    #[test]
    fn a_list_of_lists_has_an_end() {
        let deep = (0..128).fold(json!(1), |inner, _| json!([inner]));
        let mut rig = Rig::new("MakeList", json!({"a": deep}));
        assert_eq!(rig.run(), Err("it is nested more than 100 deep".to_owned()));
    }

    proptest! {
        #[test]
        fn sorting_gives_the_same_items_in_order(numbers in prop::collection::vec(any::<i64>(), 0..20), down in any::<bool>()) {
            let mut expected = numbers.clone();
            expected.sort_unstable();
            if down {
                expected.reverse();
            }
            let given = Rig::new("Sort", json!({"items": numbers, "descending": down})).run();
            prop_assert_eq!(given, Ok(json!({"items": expected})));
        }
    }
}
