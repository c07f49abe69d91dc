//! How much a schema says once its references are followed, each as often as it stands there.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::dialect::MAX_COMPILED;
use super::super::pattern;
use super::BadSchema;
use super::cost::size;
use super::parts::{Reach, parts, referred, words};

/// Most schemas that a schema may consist of.
pub(super) const MOST_NODES: usize = 5_000;

/// Most levels of schemas in schemas.
pub(super) const DEEPEST: usize = 64;

/// What a pattern counts, as its compiled form is large.
const PATTERN: usize = 50;

/// The states of a pattern that are not known, which is no more than fit into its bytes.
pub(super) const MOST_STATES: usize = MAX_COMPILED / 16;

/// The most states of a pattern that counts for no more than [`PATTERN`] on whatever text.
const FEW_STATES: usize = 40;

/// How much a schema says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// How many schemas it consists of; what it says of itself again further down counts once.
    pub(super) nodes: usize,
    /// Whether each of them looks at each value once at most: it does not refer to itself, and does not look again at what
    /// others have left. And none has a pattern that takes long.
    pub(super) is_plain: bool,
    /// How many states each of its patterns has.
    pub(super) patterns: HashMap<String, usize>,
}

/// Measures a schema.
///
/// # Errors
/// Where it says too much, or refers to what it must not.
pub(super) fn measure(root: &Value) -> Result<Measured, BadSchema> {
    let mut walk =
        Walk { root, open: Vec::new(), measured: Measured { nodes: 0, is_plain: true, patterns: HashMap::new() } };
    walk.visit(root, 0)?;
    Ok(walk.measured)
}

/// Whether a schema looks at what the others beside it have left.
pub(super) fn looks_again(schema: &Map<String, Value>) -> bool {
    schema.contains_key("unevaluatedProperties") || schema.contains_key("unevaluatedItems")
}

struct Walk<'a> {
    root: &'a Value,
    /// The schemas that this stands in, each with how far into the value it looks.
    open: Vec<(&'a Value, usize)>,
    measured: Measured,
}

impl<'a> Walk<'a> {
    /// Counts a schema that looks that far into the value.
    fn visit(&mut self, schema: &'a Value, level: usize) -> Result<(), BadSchema> {
        if self.open.len() >= DEEPEST {
            return Err(BadSchema::TooDeep);
        }
        self.count(1)?;
        let Value::Object(map) = schema else { return Ok(()) };
        self.refuse(map)?;
        self.measured.is_plain &= !looks_again(map);
        for (keyword, value) in words(map) {
            let patterns = match keyword {
                "pattern" => 1,
                "patternProperties" => value.as_object().map_or(0, Map::len),
                _ => 0,
            };
            let said = if keyword == "patternProperties" { 0 } else { size(value) };
            self.count(patterns * PATTERN + said)?;
            if let ("pattern", Value::String(text)) = (keyword, value) {
                self.pattern(text, pattern::states_in_ascii);
            }
            if let ("patternProperties", Value::Object(map)) = (keyword, value) {
                map.keys().for_each(|text| self.pattern(text, pattern::states));
            }
        }
        self.open.push((schema, level));
        for part in parts(map) {
            self.visit(part.schema, level + usize::from(part.reach != Reach::Here))?;
        }
        if let Some((reference, target)) = referred(self.root, map)? {
            match self.open.iter().rev().find(|(open, _)| std::ptr::eq(*open, target)) {
                Some((_, before)) if *before == level => return Err(BadSchema::Endless(reference.to_owned())),
                Some(_) => self.measured.is_plain = false,
                None => self.visit(target, level)?,
            }
        }
        self.open.pop();
        Ok(())
    }

    /// Remembers how many states a pattern has.
    fn pattern(&mut self, text: &str, states: fn(&str, usize) -> Option<usize>) {
        if !self.measured.patterns.contains_key(text) {
            let states = states(text, MAX_COMPILED).unwrap_or(MOST_STATES);
            self.measured.is_plain &= states <= FEW_STATES;
            self.measured.patterns.insert(text.to_owned(), states);
        }
    }

    fn count(&mut self, more: usize) -> Result<(), BadSchema> {
        self.measured.nodes = self.measured.nodes.saturating_add(more);
        if self.measured.nodes > MOST_NODES { Err(BadSchema::TooLarge) } else { Ok(()) }
    }

    /// Refuses what makes references lead elsewhere.
    fn refuse(&self, schema: &Map<String, Value>) -> Result<(), BadSchema> {
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if schema.contains_key(keyword) {
                return Err(BadSchema::Unsupported(keyword));
            }
        }
        let is_inner = !self.open.is_empty();
        for keyword in ["$id", "id"] {
            if is_inner && schema.get(keyword).is_some_and(Value::is_string) {
                return Err(BadSchema::Unsupported(keyword));
            }
        }
        Ok(())
    }
}
