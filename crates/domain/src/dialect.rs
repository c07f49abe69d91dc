//! How patterns are read in JSON Schemas: as forms read them.

use jsonschema::{Keyword, PatternOptions, ValidationError, ValidationOptions};
use regex::Regex;
use serde_json::Value;

use super::pattern;

/// Most bytes of a compiled pattern, and about as many again while it is matched: a schema may have many.
pub const MAX_COMPILED: usize = 256 << 10;

/// What to compile a schema with, so that its patterns are those of forms, and none takes more than linear time.
#[must_use]
pub fn options() -> ValidationOptions<'static> {
    let linear = PatternOptions::regex().size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
    jsonschema::options().with_pattern_options(linear).with_keyword("pattern", |_, value, _| {
        let text = value.as_str().ok_or_else(|| ValidationError::schema("a pattern is a string"))?;
        let compiled = pattern::compile_within(text, MAX_COMPILED)
            .map_err(|reason| ValidationError::schema(format!("the pattern {text} {reason}")))?;
        Ok(Box::new(Pattern { text: text.to_owned(), compiled }))
    })
}

/// `pattern`, as forms have it.
struct Pattern {
    text: String,
    compiled: Regex,
}

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("{instance} does not match {:?}", self.text)))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|text| self.compiled.is_match(text))
    }
}
