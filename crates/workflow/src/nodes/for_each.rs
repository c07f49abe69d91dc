//! Lists item by item: one item an iteration, and what becomes of them together again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::bounded::LARGEST_TEXT;
use super::stateful;
use crate::cx::Wake;
use crate::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// Bytes that an item takes beside what is in it.
const ITEM: usize = 64;

/// Most items that are collected.
const MOST: usize = 100_000;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![
        stateful::<ForEach>(
            class("ForEach", "Gives the items of a list, one in each iteration; starts anew when the list changes.")
                .input(Input::new("items", Type::List, "The list."))
                .output(Output::new("item", Type::Json, "The item of this iteration."))
                .output(Output::new("index", Type::Integer, "Which item it is, from 0."))
                .output(Output::new("done", Type::Boolean, "Whether it is the last one."))
                .output(Output::new("count", Type::Integer, "How many items there are.")),
        ),
        stateful::<Collect>(
            class(
                "Collect",
                "Puts together again what became of the items of a ForEach: link `index` and `done` to its outputs, and \
                 `value` to what was made of `item` by nodes that do not wait, so that all three are of one iteration. \
                 An index of 0 begins a new list; the list is given when `done` is true. Items whose way to here was \
                 not taken are left out.",
            )
            .input(Input::new("value", Type::Json, "What became of the item.").optional().may_lack())
            .input(Input::new("index", Type::Integer, "Which item it is, from 0.").at_least(0.0).optional().may_lack())
            .input(Input::new("done", Type::Boolean, "Whether it is the last one."))
            .output(Output::new("list", Type::List, "All of them, in the order of their indices.")),
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "flow", description)
}

/// Gives items; keeps which one comes next.
#[derive(Default)]
struct ForEach {
    next: usize,
}

impl Node for ForEach {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if cx.changed(0) {
            self.next = 0;
        }
        let items = cx.list(0)?;
        let count = items.len();
        let Some(item) = items.get(self.next).cloned() else {
            if count == 0 {
                cx.clear(0);
                cx.clear(1);
                cx.set(2, true);
                cx.set(3, 0);
            }
            return Ok(Next::Done);
        };
        let index = self.next;
        self.next += 1;
        cx.set(0, item);
        cx.set(1, whole(index));
        cx.set(2, self.next == count);
        cx.set(3, whole(count));
        if self.next < count {
            cx.wake(Wake::Again);
        }
        Ok(Next::Done)
    }
}

fn whole(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Collects; keeps what came so far, by index.
#[derive(Default)]
struct Collect {
    so_far: BTreeMap<i64, (Json, usize)>,
    /// Bytes of all of them.
    bytes: usize,
}

impl Collect {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn remove(&mut self, index: i64) {
        self.bytes -= self.so_far.remove(&index).map_or(0, |(_, bytes)| bytes);
    }
}

impl Node for Collect {
    fn kept(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if cx.has(1) {
            let index = cx.integer(1)?;
            if index == 0 {
                self.clear();
            }
            self.remove(index);
            if cx.has(0) {
                let bytes = cx.input(0).measure().map_or(0, |measure| measure.memory) + ITEM;
                self.bytes += bytes;
                self.so_far.insert(index, (cx.input(0).to_json(), bytes));
            }
        } else {
            self.clear();
        }
        if self.bytes > LARGEST_TEXT {
            self.clear();
            return Err(format!("the items take more than {LARGEST_TEXT} bytes together").into());
        }
        if self.so_far.len() > MOST {
            self.clear();
            return Err(format!("there are more than {MOST} items").into());
        }
        if cx.boolean(2)? {
            let list: Vec<Json> = self.so_far.values().map(|(item, _)| item.clone()).collect();
            cx.set(0, Json::Array(list));
        }
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use crate::cx::Wake;
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    /// All that a node gives until it does not ask to run again.
    fn visit(rig: &mut Rig) -> Vec<Json> {
        let mut seen = vec![rig.run().unwrap()];
        while rig.wake == Some(Wake::Again) {
            seen.push(rig.run().unwrap());
        }
        seen
    }

    proptest! {
        #[test]
        fn each_item_is_visited_once_and_collected_in_order(items in prop::collection::vec(0..5i64, 0..20)) {
            let mut each = Rig::new("ForEach", json!({"items": items}));
            let mut collect = Rig::new("Collect", json!({"done": false}));
            let seen = visit(&mut each);
            prop_assert_eq!(seen.len(), items.len().max(1));
            let mut list = None;
            for (at, given) in seen.iter().enumerate() {
                prop_assert_eq!(given.get("item").cloned(), items.get(at).map(|item| json!(item)));
                prop_assert_eq!(&given["done"], &json!(at + 1 >= items.len()));
                prop_assert_eq!(&given["count"], &json!(items.len()));
                for (port, from) in [("value", "item"), ("index", "index"), ("done", "done")] {
                    match given.get(from) {
                        Some(value) => collect.set(port, value.clone()),
                        None => collect.unset(port),
                    };
                }
                prop_assert_eq!(list, None, "the list is given only when it is complete");
                list = collect.run().unwrap().get("list").cloned();
            }
            prop_assert_eq!(list, Some(json!(items)));
        }
    }

    #[test]
    fn another_list_begins_anew() {
        let mut each = Rig::new("ForEach", json!({"items": [1, 2, 3]}));
        each.run().unwrap();
        assert_eq!(each.run().unwrap()["item"], json!(2));
        each.set("items", json!(["a", "b"]));
        let items: Vec<Json> = visit(&mut each).iter().map(|given| given["item"].clone()).collect();
        assert_eq!(items, [json!("a"), json!("b")]);
        assert_eq!(visit(each.set("items", json!([]))), [json!({"done": true, "count": 0})]);
    }

    #[test]
    fn a_new_list_is_collected_from_its_first_item_and_ways_not_taken_are_left_out() {
        let mut collect = Rig::new("Collect", json!({"value": "a", "index": 0, "done": false}));
        assert_eq!(collect.run(), Ok(json!({})));
        collect.set("index", json!(1)).unset("value").run().unwrap();
        let given = collect.set("index", json!(2)).set("value", json!("c")).set("done", json!(true)).run();
        assert_eq!(given, Ok(json!({"list": ["a", "c"]})));
        let given = collect.set("index", json!(0)).set("value", json!("z")).run();
        assert_eq!(given, Ok(json!({"list": ["z"]})));
        assert_eq!(collect.unset("index").unset("value").run(), Ok(json!({"list": []})));
    }
}
