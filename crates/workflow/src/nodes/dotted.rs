//! Dotted paths into JSON: `orders.0.name`, `orders[-1].name`; a dot that belongs to a key is written `\.`.

use serde_json::{Map, Value as Json};

use super::NodeError;

/// Most steps of a path.
const LONGEST: usize = 64;

/// The steps of a path; none for an empty path, which stands for the whole.
pub(super) fn steps(path: &str) -> Result<Vec<String>, NodeError> {
    let mut steps = Vec::new();
    let mut step = String::new();
    let mut characters = path.chars().peekable();
    // Whether a bracket has just been closed, so that no empty step follows it.
    let mut closed = path.is_empty();
    while let Some(character) = characters.next() {
        match character {
            '\\' => step.extend(characters.next()),
            '.' | '[' => {
                let begins = character == '[' && steps.is_empty();
                if !step.is_empty() || !(closed || begins) {
                    steps.push(std::mem::take(&mut step));
                }
                closed = false;
                if character == '[' {
                    let inner: String = characters.by_ref().take_while(|inner| *inner != ']').collect();
                    if inner.parse::<i64>().is_err() {
                        return Err(format!("in the path {path:?} a place in brackets must be a whole number").into());
                    }
                    steps.push(inner);
                    closed = true;
                }
            }
            other => step.push(other),
        }
    }
    if !(closed && step.is_empty()) {
        steps.push(step);
    }
    if steps.len() > LONGEST {
        return Err(format!("a path has at most {LONGEST} steps").into());
    }
    Ok(steps)
}

/// What is at the end of a path.
pub(super) fn find<'a>(json: &'a Json, steps: &[String]) -> Option<&'a Json> {
    steps.iter().try_fold(json, |json, step| match json {
        Json::Object(map) => map.get(step),
        Json::Array(items) => items.get(place(step, items.len())?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

/// Puts a value at the end of a path; objects that are missing on the way are made.
pub(super) fn put(json: &mut Json, steps: &[String], value: Json) -> Result<(), NodeError> {
    let Some((step, rest)) = steps.split_first() else {
        *json = value;
        return Ok(());
    };
    if json.is_null() {
        *json = Json::Object(Map::new());
    }
    match json {
        Json::Object(map) => put(map.entry(step.as_str()).or_insert(Json::Null), rest, value),
        Json::Array(items) => {
            let length = items.len();
            let item = place(step, length).and_then(|at| items.get_mut(at));
            put(item.ok_or_else(|| NodeError::new(format!("{step:?} is no place in a list of {length}")))?, rest, value)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(format!("there is no {step:?} in what is neither an object nor a list").into())
        }
    }
}

/// A place in a list; negative ones count from the end.
pub(super) fn place(step: &str, length: usize) -> Option<usize> {
    at(step.parse().ok()?, length)
}

/// An index in a list; negative ones count from the end.
pub(super) fn at(index: i64, length: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    let at = if index < 0 { length.checked_sub(distance)? } else { distance };
    (at < length).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_path_has_steps() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[]),
            ("a", &["a"]),
            ("a.b.0", &["a", "b", "0"]),
            ("a[0].b", &["a", "0", "b"]),
            ("[1][-2]", &["1", "-2"]),
            ("a\\.b.c", &["a.b", "c"]),
            ("a..b", &["a", "", "b"]),
            ("a.", &["a", ""]),
        ];
        for (path, expected) in cases {
            assert_eq!(steps(path).unwrap(), expected, "{path}");
        }
        for path in ["a[", "a[x]", "a[0"] {
            assert_eq!(steps(path).is_err(), path != "a[0", "{path}");
        }
        assert!(steps(&"a.".repeat(99)).is_err());
    }

    #[test]
    fn places_count_from_both_ends() {
        let cases = [(0, Some(0)), (2, Some(2)), (3, None), (-1, Some(2)), (-3, Some(0)), (-4, None), (i64::MIN, None)];
        for (index, expected) in cases {
            assert_eq!(at(index, 3), expected, "{index}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_is_found(keys in prop::collection::vec("[a-c]{0,2}", 0..5), number in any::<i32>()) {
            let mut json = json!({"a": {"b": {}}});
            let keys: Vec<String> = keys;
            put(&mut json, &keys, json!(number)).unwrap();
            prop_assert_eq!(find(&json, &keys), Some(&json!(number)));
        }

        #[test]
        fn no_path_panics(path in "[a.\\[\\]0-9\\\\-]{0,12}|.{0,12}") {
            if let Ok(steps) = steps(&path) {
                find(&json!({"a": [1, {"a": 2}]}), &steps);
                let _ = put(&mut json!({"a": [1, {"a": 2}]}), &steps, json!(1));
            }
        }
    }
}
