//! All task kinds of a server, by name, each with its compiled schemas.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;

use super::kind::TaskKind;
use super::messages::Fault;
use crate::domain::schema;

/// All task kinds of a server.
#[derive(Default)]
pub struct Kinds {
    by_name: BTreeMap<String, Registered>,
}

struct Registered {
    kind: Arc<dyn TaskKind>,
    input: Compiled,
    config: Compiled,
}

/// A schema, or why nothing can be checked by it.
type Compiled = Result<Validator, String>;

/// A task kind that cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is one of this name.
    #[error("there are two task kinds called {0:?}")]
    Duplicate(String),
    /// One of its schemas is no JSON Schema.
    #[error("the {part} schema of task {task:?} is not valid: {reason}")]
    Schema {
        /// The kind's name.
        task: String,
        /// `input` or `config`.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Kinds {
    /// Adds a kind. One of which a schema has a pattern that this server does not have is there, but cannot be started.
    ///
    /// # Errors
    /// Where its name is taken or one of its schemas is not valid.
    pub fn register(&mut self, kind: Arc<dyn TaskKind>) -> Result<(), Error> {
        let name = kind.name().to_owned();
        if self.by_name.contains_key(&name) {
            return Err(Error::Duplicate(name));
        }
        let compile = |part, schema: Value| match schema::compile(&schema) {
            Ok(validator) => Ok(Ok(validator)),
            Err(schema::Unusable::Pattern(reason)) => {
                log::error!(task = name.as_str(), schema = part, reason = reason.as_str(); "the task cannot be started: its schema has a pattern that cannot be used");
                Ok(Err(reason))
            }
            Err(schema::Unusable::Invalid(reason)) => Err(Error::Schema { task: name.clone(), part, reason }),
        };
        let input = compile("input", kind.input_schema())?;
        let config = compile("config", kind.config_schema())?;
        self.by_name.insert(name, Registered { kind, input, config });
        Ok(())
    }

    /// The kind with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn TaskKind>> {
        self.by_name.get(name).map(|registered| &registered.kind)
    }

    /// All kinds, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn TaskKind>> {
        self.by_name.values().map(|registered| &registered.kind)
    }

    /// The names of all kinds, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// What is wrong with this input and configuration, by the kind's schemas and then by its own check.
    ///
    /// An input or configuration that was left out counts as an empty object for a schema that wants an object.
    #[must_use]
    pub fn check(&self, name: &str, input: &Value, config: &Value) -> Vec<Fault> {
        let Some(registered) = self.by_name.get(name) else { return Vec::new() };
        let mut faults = registered.faults("input", &registered.input, input);
        faults.extend(registered.faults("config", &registered.config, config));
        if faults.is_empty() {
            faults = registered.kind.check(input, config);
        }
        faults
    }
}

impl Registered {
    fn faults(&self, part: &str, schema: &Compiled, value: &Value) -> Vec<Fault> {
        match schema {
            Ok(schema) => faults(part, schema, value),
            Err(reason) => {
                let msg = format!("cannot be checked, as the task's own schema cannot be used: {reason}");
                vec![Fault { loc: vec!["body".to_owned(), part.to_owned()], msg, kind: "unusable_schema".to_owned() }]
            }
        }
    }
}

/// What a schema says against a value, with the path to each fault in the request's body, where it stands at `part`.
#[must_use]
pub fn faults(part: &str, schema: &Validator, value: &Value) -> Vec<Fault> {
    let empty = Value::Object(serde_json::Map::new());
    let value = if value.is_null() && !schema.is_valid(value) { &empty } else { value };
    let mut faults = Vec::new();
    for error in schema.iter_errors(value) {
        let mut loc = vec!["body".to_owned(), part.to_owned()];
        loc.extend(error.instance_path().into_iter().map(|segment| segment.to_string()));
        let (kind, names) = word(&error);
        if names.is_empty() {
            faults.push(Fault { loc, msg: error.to_string(), kind });
            continue;
        }
        for name in names {
            let mut loc = loc.clone();
            loc.push(name);
            faults.push(Fault { loc, msg: error.to_string(), kind: kind.clone() });
        }
    }
    faults
}

/// The fault in a word, and the keys it is about where it is told of the object that holds them.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds are told by the schema's own keyword")]
fn word(error: &jsonschema::ValidationError<'_>) -> (String, Vec<String>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::context::TaskContext;
    use crate::session::kind::TaskResult;
    use futures::future::LocalBoxFuture;
    use serde_json::json;

    struct Steps;

    impl TaskKind for Steps {
        fn name(&self) -> &str {
            "steps"
        }

        fn config_schema(&self) -> Value {
            json!({"type": "object", "additionalProperties": false, "required": ["steps"],
                   "properties": {"steps": {"type": "integer", "maximum": 5}, "label": {"type": "string"}}})
        }

        fn run(&self, _: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
            Box::pin(async { Ok(Value::Null) })
        }
    }

    fn kinds() -> Kinds {
        let mut kinds = Kinds::default();
        kinds.register(Arc::new(Steps)).unwrap();
        kinds
    }

    fn locs(config: Value) -> Vec<String> {
        let mut locs: Vec<String> = kinds()
            .check("steps", &Value::Null, &config)
            .into_iter()
            .map(|fault| format!("{} {}", fault.loc.join("."), fault.kind))
            .collect();
        locs.sort();
        locs
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        assert_eq!(
            locs(json!({"steps": "x", "nope": 1, "label": 2})),
            ["body.config.label wrong_type", "body.config.nope unknown_field", "body.config.steps wrong_type"]
        );
        assert_eq!(locs(json!({"steps": 6})), ["body.config.steps maximum"]);
        assert_eq!(locs(Value::Null), ["body.config.steps missing"]);
        assert!(locs(json!({"steps": 5})).is_empty());
    }

    struct LookAround;

    impl TaskKind for LookAround {
        fn name(&self) -> &str {
            "look_around"
        }

        fn input_schema(&self) -> Value {
            json!({"properties": {"a": {"pattern": "(?=a)b"}}})
        }

        fn run(&self, _: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
            Box::pin(async { Ok(Value::Null) })
        }
    }

    #[test]
    fn a_kind_whose_schema_has_a_pattern_there_is_not_is_never_started() {
        let mut kinds = kinds();
        kinds.register(Arc::new(LookAround)).unwrap();
        for input in [Value::Null, json!({"a": "b"})] {
            let faults = kinds.check("look_around", &input, &Value::Null);
            assert_eq!(
                (faults.len(), faults[0].loc.join("."), faults[0].kind.as_str()),
                (1, "body.input".to_owned(), "unusable_schema")
            );
            assert!(faults[0].msg.contains("look-around"), "{}", faults[0].msg);
        }
    }

    #[test]
    fn a_name_is_taken_once() {
        assert!(matches!(kinds().register(Arc::new(Steps)), Err(Error::Duplicate(name)) if name == "steps"));
    }
}
