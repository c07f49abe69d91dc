//! What a check costs: the schema is walked over the value as a validator does that stops nowhere, counting steps.

use std::collections::HashMap;

use serde_json::Value;

use super::measure::{MOST_STATES, looks_again};
use super::parts::{Part, Reach, parts, referred, words};

/// Most levels of a walk: a validator takes some stack for each.
const DEEPEST: usize = 200;

/// The bytes of text that count as much as a value.
const BYTES: usize = 64;

/// Visits of a pattern's states that take as long as a step.
const VISITS: usize = 50;

/// How much a value says: how many values it is, where long texts count more.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() / BYTES,
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|(name, one)| name.len() / BYTES + size(one)).sum::<usize>(),
    }
}

/// How many steps a check of `value` takes; `None` where that is more than `most`.
pub(super) fn of(root: &Value, patterns: &HashMap<String, usize>, value: &Value, most: usize) -> Option<usize> {
    let mut walk = Walk { root, patterns, left: most };
    walk.apply(root, value, 0)?;
    Some(most - walk.left)
}

struct Walk<'a> {
    root: &'a Value,
    /// How many states each pattern has.
    patterns: &'a HashMap<String, usize>,
    left: usize,
}

impl<'a> Walk<'a> {
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.left = self.left.checked_sub(steps)?;
        Some(())
    }

    /// How many steps it takes to match a pattern with texts of so many bytes: each state may be visited for each byte.
    fn matching(&self, pattern: &str, bytes: usize) -> usize {
        let states = self.patterns.get(pattern).copied().unwrap_or(MOST_STATES);
        states.saturating_mul(bytes) / VISITS
    }

    /// Applies a schema to a value; `None` where that costs too much.
    fn apply(&mut self, schema: &'a Value, value: &Value, depth: usize) -> Option<()> {
        self.spend(1)?;
        let Value::Object(map) = schema else { return Some(()) };
        if depth >= DEEPEST {
            return None;
        }
        for (keyword, said) in words(map) {
            self.spend(match (keyword, value) {
                ("uniqueItems", Value::Array(items)) => size(value) * items.len().min(16),
                ("pattern", Value::String(text)) => {
                    size(value) + said.as_str().map_or(0, |pattern| self.matching(pattern, text.len()))
                }
                ("patternProperties", Value::Object(members)) => {
                    let bytes: usize = members.keys().map(String::len).sum();
                    let patterns = said.as_object().into_iter().flat_map(serde_json::Map::keys);
                    patterns.map(|pattern| members.len() + self.matching(pattern, bytes)).sum()
                }
                ("enum" | "const", _) => size(said),
                _ => 1,
            })?;
        }
        let parts = parts(map);
        let before = self.left;
        for part in parts.iter().filter(|part| part.reach == Reach::Here) {
            self.apply(part.schema, value, depth + 1)?;
        }
        // What is not taken was found when the schema was compiled.
        if let Some((_, target)) = referred(self.root, map).ok()? {
            self.apply(target, value, depth + 1)?;
        }
        if looks_again(map) {
            // For each member, what is said elsewhere is looked at again.
            let members = value.as_object().map_or(0, serde_json::Map::len) + value.as_array().map_or(0, Vec::len);
            self.spend((before - self.left).saturating_mul(members))?;
        }
        parts.iter().filter(|part| part.reach != Reach::Here).try_for_each(|part| self.descend(*part, value, depth + 1))
    }

    /// Applies a schema to the parts of a value that it is for.
    fn descend(&mut self, part: Part<'a>, value: &Value, depth: usize) -> Option<()> {
        let Part { reach, schema } = part;
        self.spend(1)?;
        match (reach, value) {
            (Reach::Member(name), Value::Object(members)) => {
                members.get(name).map_or(Some(()), |one| self.apply(schema, one, depth))
            }
            (Reach::Matching | Reach::Members, Value::Object(members)) => {
                members.values().try_for_each(|one| self.apply(schema, one, depth))
            }
            (Reach::Names, Value::Object(members)) => {
                members.keys().try_for_each(|name| self.apply(schema, &Value::String(name.clone()), depth))
            }
            (Reach::Item(at), Value::Array(items)) => {
                items.get(at).map_or(Some(()), |one| self.apply(schema, one, depth))
            }
            (Reach::Items, Value::Array(items)) => items.iter().try_for_each(|one| self.apply(schema, one, depth)),
            _ => Some(()),
        }
    }
}
