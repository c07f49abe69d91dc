//! Tasks: a task kind of the server as a node.

use std::sync::Arc;

use serde_json::json;

use super::stateful;
use crate::node::{Cx, Next, Node, NodeClass, NodeError, Reply, Spec, Work};
use crate::port::{Input, Output, Type};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![stateful::<RunTask>(
        Spec::new("RunTask", "tasks", "Runs a task in a session of its own, and waits until it has completed.")
            .input(Input::new("task", Type::Text, "The kind of the task."))
            .input(Input::new("input", Type::Json, "What the task works on.").or(json!({})))
            .input(Input::new("config", Type::Json, "How the task works.").or(json!({})))
            .output(Output::new("values", Type::Json, "What the task completed with."))
            .waits(),
    )]
}

#[derive(Default)]
struct RunTask;

impl Node for RunTask {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let task = cx.text(0)?.trim().to_owned();
        if task.is_empty() {
            return Err("the kind of the task is missing".into());
        }
        Ok(Next::Wait(Work::Task { task, input: settings(cx, 1), config: settings(cx, 2) }))
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let Reply::Completed(values) = reply else { return Err("the task gave nothing".into()) };
        cx.set(0, values);
        Ok(Next::Done)
    }
}

/// An input as a task wants it: nothing is an empty object.
fn settings(cx: &Cx<'_>, input: usize) -> serde_json::Value {
    let given = cx.input(input);
    if given.is_null() { json!({}) } else { given.to_json() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;

    #[test]
    fn a_task_is_waited_for() {
        let mut rig = Rig::new("RunTask", json!({"task": "approval", "input": {"a": 1}}));
        assert_eq!(rig.run(), Ok(json!({})));
        let Some(Work::Task { task, input, config }) = rig.work.take() else { panic!("it starts no task") };
        assert_eq!((task.as_str(), input, config), ("approval", json!({"a": 1}), json!({})));
        let given = rig.resume(Reply::Completed(json!({"x": [1]}).into()));
        assert_eq!(given, Ok(json!({"values": {"x": [1]}})));
        assert_eq!(rig.resume(Reply::Confirmed(true)), Err("the task gave nothing".to_owned()));
    }

    #[test]
    fn a_task_without_a_kind_is_an_error() {
        assert_eq!(Rig::new("RunTask", json!({"task": " "})).run(), Err("the kind of the task is missing".to_owned()));
    }
}
