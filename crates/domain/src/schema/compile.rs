//! How a schema is compiled: with the dialect of patterns that forms have, each of which takes linear time and little
//! memory.

use jsonschema::{Keyword, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::super::dialect::{self, MAX_COMPILED};

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It is no JSON Schema.
    #[error("{0}")]
    Invalid(String),
    /// It is one, with a pattern that this server does not have.
    #[error("{0}")]
    Pattern(String),
}

/// Compiles a schema.
///
/// # Errors
/// [`Unusable`].
pub(super) fn compile(schema: &Value) -> Result<Validator, Unusable> {
    dialect::options().build(schema).map_err(|error| {
        let reason = error.to_string();
        // With an engine that has look-around, and its patterns left aside, it is a schema all the same.
        let small = PatternOptions::fancy_regex().size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
        let options = jsonschema::options().with_pattern_options(small);
        let lenient = options.with_keyword("pattern", |_, _, _| Ok(Box::new(Anything)));
        if lenient.build(schema).is_ok() { Unusable::Pattern(reason) } else { Unusable::Invalid(reason) }
    })
}

/// What everything fits.
struct Anything;

impl<'i> Keyword<'i> for Anything {
    fn validate(&self, _: &'i Value) -> Result<(), ValidationError<'i>> {
        Ok(())
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pattern_means_what_it_means_in_a_form() {
        let schema = compile(&json!({"type": "string", "pattern": r"^[\d]+$"})).unwrap();
        assert!(schema.is_valid(&json!("345")));
        assert!(!schema.is_valid(&json!("٣٤٥")));
        let wrong = json!("x");
        let error = schema.validate(&wrong).unwrap_err();
        assert_eq!(
            (error.to_string(), error.kind().keyword()),
            (r#""x" does not match "^[\\d]+$""#.to_owned(), "pattern")
        );
        let named = compile(&json!({"patternProperties": {r"^\w+$": {"type": "integer"}}})).unwrap();
        assert!(named.is_valid(&json!({"é": "x"})));
        assert!(!named.is_valid(&json!({"e": "x"})));
    }

    #[test]
    fn a_pattern_that_there_is_not_is_told_from_what_is_no_schema() {
        for schema in [
            json!({"properties": {"a": {"pattern": "(?=a)b"}}}),
            json!({"pattern": r"(a)\1"}),
            json!({"patternProperties": {"(?!a)b": {}}}),
            json!({"pattern": r"\p{L}{2000}"}),
        ] {
            assert!(matches!(compile(&schema), Err(Unusable::Pattern(_))), "{schema}: {:?}", compile(&schema).err());
        }
        let error = compile(&json!({"pattern": "(?=a)b"})).unwrap_err().to_string();
        assert!(error.contains("(?=a)b") && error.contains("look-around"), "{error}");
        for schema in [json!({"type": "nope"}), json!({"pattern": 5}), json!(5)] {
            assert!(matches!(compile(&schema), Err(Unusable::Invalid(_))), "{schema}");
        }
    }

    #[test]
    fn whole_numbers_are_compared_without_rounding() {
        let schema = compile(&json!({"maximum": 9_007_199_254_740_992_i64})).unwrap();
        assert!(!schema.is_valid(&json!(9_007_199_254_740_993_i64)));
        let schema = compile(&json!({"enum": [9_007_199_254_740_992_i64]})).unwrap();
        assert!(!schema.is_valid(&json!(9_007_199_254_740_993_i64)));
    }
}
