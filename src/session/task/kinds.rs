//! All task kinds of a server, by name, each with its compiled schemas.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::record::Spec;
use crate::domain::schema::{BadSchema, Schema};
use crate::session::messages::Fault;
use crate::session::task::kind::TaskKind;

/// The most characters of a title.
const LONGEST_TITLE: usize = 120;

/// All task kinds of a server.
#[derive(Default)]
pub(crate) struct Kinds {
    by_name: BTreeMap<String, Registered>,
}

struct Registered {
    kind: Arc<dyn TaskKind>,
    input: Usable,
    config: Usable,
}

/// A schema, or why nothing fits it.
type Usable = Result<Schema, BadSchema>;

/// A task kind that cannot be registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is one of this name.
    #[error("there are two task kinds called {0:?}")]
    Duplicate(String),
    /// One of its schemas is not taken.
    #[error("the {part} schema of task {task:?} {reason}")]
    Schema {
        /// The kind's name.
        task: String,
        /// `input` or `config`.
        part: &'static str,
        /// What is wrong with it.
        reason: BadSchema,
    },
}

impl Kinds {
    /// Adds a kind. One of which a schema has a pattern that this server does not have is there, but cannot be started.
    ///
    /// # Errors
    /// Where its name is taken or one of its schemas is not valid.
    pub(crate) fn register(&mut self, kind: Arc<dyn TaskKind>) -> Result<(), Error> {
        let name = kind.name().to_owned();
        if self.by_name.contains_key(&name) {
            return Err(Error::Duplicate(name));
        }
        let compile = |part, schema: Value| match Schema::compile(schema) {
            Err(bad @ BadSchema::Pattern(_)) => {
                let task = name.as_str();
                log::error!(task; "the task cannot be started: its {part} schema {bad}");
                Ok(Err(bad))
            }
            Err(reason) => Err(Error::Schema { task: name.clone(), part, reason }),
            Ok(schema) => Ok(Ok(schema)),
        };
        let input = compile("input", kind.input_schema())?;
        let config = compile("config", kind.config_schema())?;
        self.by_name.insert(name, Registered { kind, input, config });
        Ok(())
    }

    /// The kind with this name.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn TaskKind>> {
        self.by_name.get(name).map(|registered| &registered.kind)
    }

    /// All kinds, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn TaskKind>> {
        self.by_name.values().map(|registered| &registered.kind)
    }

    /// The names of all kinds, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// What lists call a session that is started so: in one line, and cut where it is long.
    #[must_use]
    pub(crate) fn title(&self, spec: &Spec) -> Option<String> {
        let given = || spec.title.clone().or_else(|| self.get(&spec.task)?.title(&spec.input));
        let labelled = || spec.labels.get("title").cloned();
        let member = || spec.input.get("title")?.as_str().map(str::to_owned);
        let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let title =
            [given(), labelled(), member()].into_iter().flatten().map(one_line).find(|text| !text.is_empty())?;
        match title.char_indices().nth(LONGEST_TITLE) {
            Some((end, _)) => Some(format!("{}…", title.get(..end).unwrap_or_default())),
            None => Some(title),
        }
    }

    /// What is wrong with this input and configuration, by the kind's schemas and then by its own check.
    ///
    /// An input or configuration that was left out counts as an empty object for a schema that wants an object.
    #[must_use]
    pub(crate) fn check(&self, name: &str, input: &Value, config: &Value) -> Vec<Fault> {
        let Some(registered) = self.by_name.get(name) else { return Vec::new() };
        let mut faults = against("input", &registered.input, input);
        faults.extend(against("config", &registered.config, config));
        if faults.is_empty() {
            faults = registered.kind.check(input, config);
        }
        faults
    }
}

fn against(part: &str, schema: &Usable, value: &Value) -> Vec<Fault> {
    match schema {
        Ok(schema) => schema.faults(part, value),
        Err(bad) => {
            let msg = format!("cannot be checked, because the task's schema {bad}");
            vec![Fault { loc: vec!["body".into(), part.into()], msg, kind: "unusable_schema".into() }]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::task::context::TaskContext;
    use crate::session::task::kind::TaskResult;
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
    fn a_session_is_called_by_its_start_its_kind_its_label_or_its_input() {
        struct Named;

        impl TaskKind for Named {
            fn name(&self) -> &str {
                "named"
            }

            fn title(&self, input: &Value) -> Option<String> {
                input.as_str().map(str::to_owned)
            }

            fn run(&self, _: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
                Box::pin(async { Ok(Value::Null) })
            }
        }

        let mut kinds = kinds();
        kinds.register(Arc::new(Named)).unwrap();
        let mut spec = Spec::new("named");
        assert_eq!(kinds.title(&spec), None);
        spec.input = json!({"title": "  \n", "name": "x"});
        assert_eq!(kinds.title(&spec), None, "a title in which there is nothing to see");
        spec.input = json!({"title": "the\n  input"});
        assert_eq!(kinds.title(&spec).as_deref(), Some("the input"));
        spec.labels.insert("title".into(), "the label".into());
        assert_eq!(kinds.title(&spec).as_deref(), Some("the label"));
        spec.input = json!("é".repeat(121));
        assert_eq!(kinds.title(&spec), Some(format!("{}…", "é".repeat(120))));
        spec.title = Some("the start".into());
        assert_eq!(kinds.title(&spec).as_deref(), Some("the start"));
    }

    #[test]
    fn a_name_is_taken_once() {
        assert!(matches!(kinds().register(Arc::new(Steps)), Err(Error::Duplicate(name)) if name == "steps"));
    }
}
