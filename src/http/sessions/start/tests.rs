//! What `POST /start-task` takes and what it says against the rest.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use serde_json::json;

use super::*;
use crate::session::{TaskContext, TaskKind, TaskResult};

struct Kind(&'static str, bool);

impl TaskKind for Kind {
    fn name(&self) -> &str {
        self.0
    }

    fn is_demo(&self) -> bool {
        self.1
    }

    fn config_schema(&self) -> Value {
        json!({"type": "object", "additionalProperties": false, "properties": {"steps": {"type": "integer"}}})
    }

    fn run(&self, _: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        Box::pin(async { Ok(Value::Null) })
    }
}

fn kinds() -> Kinds {
    let mut kinds = Kinds::default();
    for (name, demo) in [("one", true), ("two", true), ("other", false)] {
        kinds.register(Arc::new(Kind(name, demo))).unwrap();
    }
    kinds
}

fn faults(body: Value) -> Vec<String> {
    let problem = Fields::of(Some(body)).and_then(|fields| decode(fields, &kinds(), 2)).unwrap_err();
    assert_eq!(problem.code, Code::InvalidBody);
    let mut faults: Vec<_> = problem.errors.iter().map(|it| format!("{} {}", it.loc.join("."), it.kind)).collect();
    faults.sort();
    faults
}

#[test]
fn one_answer_names_every_bad_field() {
    let body = json!({"task": "one", "config": {"steps": "x", "nope": 1}, "priority": "urgent", "extra": 1,
                      "labels": {"a": 1, "b": "x".repeat(257)}, "on_disconnect": {"cancel_after": -1}});
    assert_eq!(
        faults(body),
        [
            "body.config.nope unknown_field",
            "body.config.steps wrong_type",
            "body.extra unknown_field",
            "body.labels.a wrong_type",
            "body.labels.b too_long",
            "body.on_disconnect invalid_value",
            "body.priority invalid_value",
        ]
    );
}

#[test]
fn wrong_types_are_faults() {
    assert_eq!(
        faults(json!({"task": "nope", "priority": 3})),
        ["body.priority invalid_value", "body.task unknown_task"]
    );
    for (body, fault) in [
        (json!({"task": 1}), "body.task wrong_type"),
        (json!({"task": "one", "config": []}), "body.config wrong_type"),
        (json!({"task": "one", "labels": "x"}), "body.labels wrong_type"),
        (json!({"task": "one", "labels": {"a": "", "b": "", "c": ""}}), "body.labels too_long"),
        (json!({"task": "one", "labels": {"": "x"}}), "body.labels. too_long"),
        (json!({"task": "one", "on_disconnect": "drop"}), "body.on_disconnect invalid_value"),
        (json!({"task": "one", "on_disconnect": {"cancel_after": 1, "x": 2}}), "body.on_disconnect invalid_value"),
        (json!({"task": "one", "priority": 3}), "body.priority invalid_value"),
        (json!({"priority": 3}), "body.priority invalid_value"),
        (json!("one"), "body wrong_type"),
    ] {
        assert_eq!(faults(body.clone()), [fault], "{body}");
    }
}

#[test]
fn what_is_right_is_taken() {
    let body = json!({"task": "other", "input": [1], "config": {"steps": 2}, "priority": "high", "labels": {"a": "b"},
                      "on_disconnect": {"cancel_after": 1.5}});
    let spec = decode(Fields::of(Some(body)).unwrap(), &kinds(), 2).unwrap();
    assert_eq!(spec.task, "other");
    assert_eq!((&spec.input, &spec.config), (&json!([1]), &json!({"steps": 2})));
    assert_eq!((spec.priority, spec.on_disconnect), (Priority::High, OnDisconnect::CancelAfter(1.5)));
    assert_eq!(spec.labels.get("a").map(String::as_str), Some("b"));
}

#[test]
fn an_unknown_task_is_not_found() {
    let problem = decode(Fields::of(Some(json!({"task": "nope"}))).unwrap(), &kinds(), 2).unwrap_err();
    assert_eq!(problem.code, Code::UnknownTask);
}

#[test]
fn without_a_task_any_demonstration_is_started_and_nothing_else() {
    let names: std::collections::BTreeSet<String> =
        (0..200).map(|_| decode(Fields::of(None).unwrap(), &kinds(), 2).unwrap().task).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["one", "two"]);
    assert!(decode(Fields::of(Some(json!({"task": null, "input": null}))).unwrap(), &kinds(), 2).is_ok());
    assert_eq!(decode(Fields::of(None).unwrap(), &Kinds::default(), 2).unwrap_err().code, Code::UnknownTask);
}

#[test]
fn the_digest_is_that_of_what_the_body_says() {
    let read = |text: &str| digest(Some(&serde_json::from_str(text).unwrap()));
    assert_eq!(read(r#"{"a": 1, "b": {"c": [1, 2], "d": null}}"#), read(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#));
    assert_eq!(digest(None), read("{}"));
    for other in [r#"{"a":[1]}"#, r#"{"a":"1"}"#, r#"{"a":{}}"#, r#"["a",1]"#, r#"{"a,b":1}"#, r#"{"a":[1,2]}"#] {
        assert_ne!(read(r#"{"a":1}"#), read(other), "{other}");
    }
    assert_ne!(read(r#"{"a":[1,2]}"#), read(r#"{"a":[12]}"#));
}
