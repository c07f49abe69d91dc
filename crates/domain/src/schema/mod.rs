//! JSON Schemas that clients and settings bring: compiled once, and checked at a bounded cost.
//!
//! A check cannot be interrupted, so its cost is bounded beforehand: that of a schema when it is compiled (`parts` says
//! what it consists of, `measure` counts that), that of a value when it is checked (`cost`). Patterns are matched in
//! linear time (`compile`).

mod compile;
mod cost;
mod measure;
mod parts;

use std::collections::HashMap;

use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use super::fault::Fault;
use compile::{Unusable, compile};

/// Most steps of a check. Each takes a fraction of a microsecond.
const MOST_STEPS: usize = 1_000_000;

/// Most steps of a check whose faults are listed one by one: each step may make an error, which takes memory.
const DETAILED_STEPS: usize = 20_000;

/// Most faults that are listed of one value.
const MOST_FAULTS: usize = 50;

/// The most bytes of a fault's text, which quotes the value.
const LONGEST_TEXT: usize = 500;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    root: Value,
    validator: Validator,
    /// How many schemas it consists of, each counted as often as it is referred to.
    nodes: usize,
    /// Whether each of them looks at each value once at most.
    is_plain: bool,
    /// How many states each of its patterns has.
    patterns: HashMap<String, usize>,
}

/// Why a schema is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    /// It is none.
    #[error("must be a JSON Schema: {0}")]
    Invalid(String),
    /// One of its patterns needs more than linear time, or too much memory.
    #[error("has a pattern that cannot be used here, such as one with look-around or back-references: {0}")]
    Pattern(String),
    /// It says too much once its references are followed.
    #[error("is too large: with every reference followed, it may consist of {} parts", measure::MOST_NODES)]
    TooLarge,
    /// It is nested too deeply once its references are followed.
    #[error("is nested too deeply: with every reference followed, it may have {} levels", measure::DEEPEST)]
    TooDeep,
    /// It refers to itself without looking further into the value.
    #[error("refers to itself without end, at {0:?}")]
    Endless(String),
    /// It refers to something that is not part of it.
    #[error("refers to {0:?}; it may refer to \"#\" and to its own parts, such as \"#/$defs/name\"")]
    Reference(String),
    /// It uses a keyword that is not taken.
    #[error("has the keyword {0:?} in a place where it is not supported")]
    Unsupported(&'static str),
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Where it is none, or a check against it could cost too much.
    pub fn compile(root: Value) -> Result<Self, BadSchema> {
        let measured = measure::measure(&root)?;
        let validator = compile(&root).map_err(|unusable| match unusable {
            Unusable::Invalid(text) => BadSchema::Invalid(cut(text)),
            Unusable::Pattern(text) => BadSchema::Pattern(cut(text)),
        })?;
        let measure::Measured { nodes, is_plain, patterns } = measured;
        Ok(Self { root, validator, nodes, is_plain, patterns })
    }

    /// How many schemas it consists of, which is about how much memory it takes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// What the schema says against a value that stands at `part` in the request's body, as far as that can be said.
    ///
    /// A value that was left out counts as an empty object for a schema that wants an object.
    #[must_use]
    pub fn faults(&self, part: &str, value: &Value) -> Vec<Fault> {
        let fault = |msg: &str, kind: &str| {
            vec![Fault { loc: vec!["body".into(), part.into()], msg: msg.into(), kind: kind.into() }]
        };
        let is_cheap = self.is_plain && cost::size(value).saturating_mul(self.nodes) <= MOST_STEPS;
        if !is_cheap && cost::of(&self.root, &self.patterns, value, MOST_STEPS).is_none() {
            return fault("would take too long to check against its schema: it must be smaller", "too_complex");
        }
        let empty = Value::Object(Map::new());
        let is_valid = self.validator.is_valid(value);
        let value = if value.is_null() && !is_valid { &empty } else { value };
        if is_valid || self.validator.is_valid(value) {
            return Vec::new();
        }
        if cost::of(&self.root, &self.patterns, value, DETAILED_STEPS).is_none() {
            return fault("does not fit its schema", "schema");
        }
        self.validator
            .iter_errors(value)
            .take(MOST_FAULTS)
            .flat_map(|error| faults(part, &error))
            .take(MOST_FAULTS)
            .collect()
    }
}

/// The faults that an error of the validator is.
fn faults(part: &str, error: &ValidationError<'_>) -> Vec<Fault> {
    let mut loc = vec!["body".to_owned(), part.to_owned()];
    loc.extend(error.instance_path().into_iter().map(|segment| segment.to_string()));
    let (kind, names) = word(error);
    let msg = text(error);
    if names.is_empty() {
        return vec![Fault { loc, msg, kind }];
    }
    let named = names.into_iter().take(MOST_FAULTS).map(|name| {
        let loc = loc.iter().cloned().chain([name]).collect();
        Fault { loc, msg: msg.clone(), kind: kind.clone() }
    });
    named.collect()
}

/// The fault in a word, and the keys it is about where it is reported of the object that holds them.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds are named by the schema's own keyword")]
fn word(error: &ValidationError<'_>) -> (String, Vec<String>) {
    use jsonschema::error::ValidationErrorKind as Kind;
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => ("unknown_field".into(), unexpected.clone()),
        Kind::Required { property } => {
            ("missing".into(), vec![property.as_str().map_or_else(|| property.to_string(), str::to_owned)])
        }
        Kind::Type { .. } => ("wrong_type".into(), Vec::new()),
        kind => (kind.keyword().to_owned(), Vec::new()),
    }
}

fn text(error: &ValidationError<'_>) -> String {
    cut(error.to_string())
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}

#[cfg(test)]
mod tests;
