//! Data: what a JSONPath finds (RFC 9535).

mod cost;

use std::sync::Arc;

use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::bounded::{LARGEST_TEXT, MOST_ITEMS};
use super::order::as_json;
use super::{Cx, Next, Node, NodeError, Value, stateful_checked};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use callboard_domain::{nesting, pattern};

/// Most bytes of a path.
const LONGEST: usize = 1_000;

/// How deep a path may nest, filters within filters and chains of conditions included.
const DEEPEST: usize = 100;

/// How many filters may stand within one another: the parser reads each of them up to four times, once for each of the
/// forms that a condition can have, so that they multiply.
const DEEPEST_FILTER: usize = 4;

/// Most `..` of a path, each of which may visit everything once for all that was found before.
const MOST_DESCENTS: usize = 3;

/// Most commas of a path, each of which may find the same once more.
const MOST_COMMAS: usize = 16;

/// Most steps that a path may take on a document.
const MOST_STEPS: f64 = 4_000_000.0;

/// Most bytes that a regular expression of a path takes.
const LARGEST_PATTERN: usize = 64 * 1024;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![stateful_checked::<Finder>(
        Spec::new("JsonPath", "data", "Finds all values in JSON that a JSONPath describes.")
            .input(Input::new("json", Type::Json, "The JSON."))
            .input(Input::new("path", Type::Text, "The path, such as $.orders[*].total.").or("$").code())
            .output(Output::new("matches", Type::List, "What was found, in order.")),
        |given| {
            let path = given.constant(1).and_then(Value::as_text);
            let error = path.and_then(|path| parse(path).err());
            error.map(|error| (1, error.to_string())).into_iter().collect()
        },
    )]
}

/// A path that was parsed.
struct Path {
    path: JsonPath,
    /// How many states its regular expressions have together.
    states: usize,
}

/// The path that was parsed last, with its text.
#[derive(Default)]
struct Finder {
    parsed: Option<(String, Path)>,
}

impl Node for Finder {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let text = cx.text(1)?;
        let path = match self.parsed.take().filter(|(of, _)| of == text) {
            Some((_, path)) => path,
            None => parse(text)?,
        };
        let json = as_json(cx.input(0));
        let found = if cost::steps(text, &json, path.states) > MOST_STEPS {
            Err("the path takes too long on this JSON: filters within filters, or with $ in them, multiply".into())
        } else {
            find(&path.path, &json)
        };
        self.parsed = Some((text.to_owned(), path));
        cx.set(0, found?);
        Ok(Next::Done)
    }
}

fn parse(text: &str) -> Result<Path, NodeError> {
    if text.len() > LONGEST {
        return Err(format!("the path is longer than {LONGEST} bytes").into());
    }
    if text.matches("..").count() > MOST_DESCENTS || text.matches(',').count() > MOST_COMMAS {
        return Err(format!("a path has at most {MOST_DESCENTS} times .. and {MOST_COMMAS} commas").into());
    }
    nesting::check_text(text, DEEPEST).map_err(|error| NodeError::new(error.to_string()))?;
    if cost::deepest_filter(text) > DEEPEST_FILTER {
        return Err(format!("more than {DEEPEST_FILTER} filters stand within one another").into());
    }
    let patterns = cost::patterns(text).ok_or("a regular expression of a path must stand in it as a text")?;
    let mut states = 0;
    for pattern in patterns {
        let built = regex::RegexBuilder::new(&pattern).size_limit(LARGEST_PATTERN).build();
        if matches!(built, Err(regex::Error::CompiledTooBig(_))) {
            return Err("a regular expression of the path is too large".into());
        }
        // One that cannot be read matches nothing.
        states += pattern::states(&pattern, LARGEST_PATTERN).unwrap_or(0);
    }
    let path = JsonPath::parse(text).map_err(|error| format!("the path cannot be read: {error}"))?;
    Ok(Path { path, states })
}

fn find(path: &JsonPath, json: &Json) -> Result<Json, NodeError> {
    let nodes = path.query(json);
    if nodes.len() > MOST_ITEMS {
        return Err(format!("the path finds more than {MOST_ITEMS} values").into());
    }
    let mut size = 0;
    let mut found = Vec::with_capacity(nodes.len());
    for node in nodes.all() {
        let node = Value::from(node.clone());
        size += node.size();
        if size > LARGEST_TEXT {
            return Err(format!("what the path finds is larger than {LARGEST_TEXT} bytes").into());
        }
        found.push(node.to_json());
    }
    Ok(Json::from(found))
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_path_finds_values() {
        let shop = json!({"orders": [{"id": 1, "total": 5}, {"id": 2, "total": 15.5}]});
        let cases = [
            ("$", json!([shop])),
            ("$.orders[*].total", json!([5, 15.5])),
            ("$.orders[?@.total > 10].id", json!([2])),
            ("$..id", json!([1, 2])),
            ("$.orders[-1].id", json!([2])),
            ("$.none", json!([])),
        ];
        for (path, expected) in cases {
            let mut rig = Rig::new("JsonPath", json!({"json": shop, "path": path}));
            assert_eq!(rig.run(), Ok(json!({"matches": expected})), "{path}");
            assert!(rig.set("json", json!(1)).run().is_ok(), "{path}");
        }
    }

    #[test]
    fn a_bad_path_is_known_before_it_runs() {
        let faults = |path: &str| Rig::new("JsonPath", json!({"json": 1, "path": path})).faults();
        assert!(matches!(&faults("$[")[..], [(1, text)] if text.starts_with("the path cannot be read: ")));
        assert_eq!(faults("$..a..b..c..d"), [(1, "a path has at most 3 times .. and 16 commas".to_owned())]);
        assert_eq!(faults(&"$".repeat(1001)), [(1, "the path is longer than 1000 bytes".to_owned())]);
        // Each filter within a filter doubles or quadruples what reading takes: twenty of them take days.
        let nested = format!("${}{}", "[?match(value(@".repeat(9), "), 'a')]".repeat(9));
        assert_eq!(faults(&nested), [(1, "more than 4 filters stand within one another".to_owned())]);
        assert_eq!(faults("$[?@[?@[?@[?@.a]]]]"), []);
        assert_eq!(faults("$.a"), []);
    }

    #[test]
    fn what_is_found_has_a_limit() {
        let wide = json!(vec![vec![0; 100]; 100]);
        let mut rig = Rig::new("JsonPath", json!({"json": wide, "path": "$[*,*,*,*][*,*,*,*]"}));
        assert_eq!(rig.run(), Err("the path finds more than 100000 values".to_owned()));
        let long = json!(["x".repeat(2_000_000)]);
        let mut rig = Rig::new("JsonPath", json!({"json": long, "path": "$[0,0,0,0,0,0,0,0,0]"}));
        assert_eq!(rig.run(), Err("what the path finds is larger than 16777216 bytes".to_owned()));
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "\\$[a-c.\\[\\]*?@(),:0-9<=&'-]{0,14}|.{0,10}") {
            let _ = Rig::new("JsonPath", json!({"json": {"a": [1, {"b": 2}]}, "path": path})).run();
        }
    }
}
