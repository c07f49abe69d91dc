//! One or several of the choices that a field gives.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::invisible::is_blank;
use crate::number;
use crate::request::Field;

/// Most choices that an error repeats.
const SHOWN: usize = 10;

/// One of the choices; an empty text that is no choice counts as empty.
pub(super) fn one(field: &Field, value: &Value) -> Result<Value, String> {
    let choices = field.choices.as_deref().unwrap_or_default();
    match Choices::new(choices).find(value) {
        Some((_, choice)) => Ok(choice.clone()),
        None if value.as_str().is_some_and(is_blank) => Ok(Value::Null),
        None => Err(format!("must be one of {}", list(choices))),
    }
}

/// Any of the choices, each at most once, in the order of the answer.
pub(super) fn several(field: &Field, value: &Value) -> Result<Value, String> {
    let given = value.as_array().ok_or("must be a list of choices")?;
    let choices = field.choices.as_deref().unwrap_or_default();
    let known = Choices::new(choices);
    let mut seen = HashSet::new();
    let mut chosen = Vec::new();
    for item in given {
        let (at, choice) =
            known.find(item).ok_or_else(|| format!("must only have choices out of {}", list(choices)))?;
        if !seen.insert(at) {
            return Err(format!("must not have {} twice", shown(choice)));
        }
        chosen.push(choice.clone());
    }
    let count = |count: usize| if count == 1 { "1 choice".to_owned() } else { format!("{count} choices") };
    if let Some(least) = field.min_length.filter(|least| !chosen.is_empty() && chosen.len() < *least) {
        return Err(format!("must have at least {}", count(least)));
    }
    if let Some(most) = field.max_length.filter(|most| chosen.len() > *most) {
        return Err(format!("must have at most {}", count(most)));
    }
    Ok(Value::Array(chosen))
}

/// The choices of a field, found in constant time: a list of files may be long, and so may be what is chosen of it.
pub(super) struct Choices<'a> {
    by_key: HashMap<(bool, String), (usize, &'a Value)>,
}

impl<'a> Choices<'a> {
    pub(super) fn new(choices: &'a [Value]) -> Self {
        let mut by_key = HashMap::with_capacity(choices.len());
        for (at, choice) in choices.iter().enumerate() {
            by_key.entry(key(choice)).or_insert((at, choice));
        }
        Self { by_key }
    }

    /// Whether two of the choices are the same.
    pub(super) fn has_twins(&self, choices: &[Value]) -> bool {
        self.by_key.len() < choices.len()
    }

    /// The choice that an answer means: the same value, or for a text the one that is written like it.
    fn find(&self, answer: &Value) -> Option<(usize, &'a Value)> {
        let (is_text, written) = key(answer);
        let exact = self.by_key.get(&(is_text, written.clone())).copied();
        exact.or_else(|| if is_text { self.by_key.get(&(false, written)).copied() } else { None })
    }
}

/// Whether a value is a text, and how it is written: a number the same way whether it has a point or not, as
/// JavaScript has no difference between them.
fn key(value: &Value) -> (bool, String) {
    match value {
        Value::String(text) => (true, text.clone()),
        Value::Number(number) => {
            (false, number::whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string()))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => (false, value.to_string()),
    }
}

/// A choice as an error shows it.
pub(super) fn shown(choice: &Value) -> String {
    choice.as_str().map_or_else(|| choice.to_string(), |text| format!("{text:?}"))
}

fn list(choices: &[Value]) -> String {
    let texts: Vec<String> = choices.iter().take(SHOWN).map(shown).collect();
    let more = choices.len().saturating_sub(SHOWN);
    if more == 0 { texts.join(", ") } else { format!("{} and {more} more", texts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::fit::cases;
    use serde_json::json;

    #[test]
    fn one_choice() {
        let wrong = Err(r#"must be one of "a", 2, true"#);
        cases(
            json!({"type": "select", "choices": ["a", 2, true]}),
            &[
                (json!("a"), Ok(json!("a"))),
                (json!(2), Ok(json!(2))),
                (json!(2.0), Ok(json!(2))),
                (json!("2"), Ok(json!(2))),
                (json!("true"), Ok(json!(true))),
                (json!(""), Ok(json!(null))),
                (json!("A"), wrong.clone()),
                (json!(["a"]), wrong.clone()),
                (json!(3), wrong),
            ],
        );
        cases(json!({"type": "select", "choices": ["", "a"]}), &[(json!(""), Ok(json!("")))]);
        cases(
            json!({"type": "select", "choices": ["2", 2]}),
            &[(json!("2"), Ok(json!("2"))), (json!(2), Ok(json!(2)))],
        );
        let (one, other) = ((1_i64 << 53) + 1, 1_i64 << 53);
        cases(
            json!({"type": "select", "choices": [other, one]}),
            &[
                (json!(one), Ok(json!(one))),
                (json!(one.to_string()), Ok(json!(one))),
                (json!(other as f64), Ok(json!(other))),
            ],
        );
        cases(json!({"type": "select"}), &[(json!("a"), Err("must be one of "))]);
    }

    #[test]
    fn several_choices() {
        let wrong = Err(r#"must only have choices out of "a", "b", 3"#);
        cases(
            json!({"type": "multiselect", "choices": ["a", "b", 3], "min_length": 2, "max_length": 2}),
            &[
                (json!(["b", "3"]), Ok(json!(["b", 3]))),
                (json!([]), Ok(json!([]))),
                (json!(""), Ok(json!(null))),
                (json!(["a"]), Err("must have at least 2 choices")),
                (json!(["a", "b", 3]), Err("must have at most 2 choices")),
                (json!([3, "3"]), Err("must not have 3 twice")),
                (json!(["a", "x"]), wrong.clone()),
                (json!([["a"]]), wrong.clone()),
                (json!([null]), wrong),
                (json!("a"), Err("must be a list of choices")),
                (json!({"a": true}), Err("must be a list of choices")),
            ],
        );
    }

    #[test]
    fn a_long_list_is_not_repeated_in_full() {
        let choices: Vec<Value> = (0..300).map(Value::from).collect();
        assert_eq!(list(&choices), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 290 more");
    }
}
