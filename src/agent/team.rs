//! The agents who work together in a session, and how far its tasks are.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::crew::Agent;
use crate::session::TaskContext;

/// The agents of a session. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Team {
    members: Rc<Vec<(String, Rc<Agent>)>>,
    tasks: Rc<Cell<Tasks>>,
}

/// How far the tasks of a session are.
#[derive(Clone, Copy, Debug, Default)]
struct Tasks {
    pending: usize,
    running: usize,
    done: usize,
}

impl Team {
    /// These agents, with so many tasks.
    #[must_use]
    pub(crate) fn new(members: Vec<(String, Rc<Agent>)>, pending: usize) -> Self {
        let tasks = Tasks { pending, ..Tasks::default() };
        Self { members: Rc::new(members), tasks: Rc::new(Cell::new(tasks)) }
    }

    /// A member.
    pub(super) fn member(&self, id: &str) -> Option<Rc<Agent>> {
        self.members.iter().find(|(of, _)| of == id).map(|(_, agent)| agent.clone())
    }

    /// The ids of all but this one.
    pub(super) fn others(&self, id: &str) -> Vec<&str> {
        self.members.iter().map(|(of, _)| of.as_str()).filter(|of| *of != id).collect()
    }

    /// Each of the others, with what it is, for a model that chooses among them.
    pub(super) fn describe_others(&self, id: &str) -> String {
        let others = self.members.iter().filter(|(of, _)| of != id);
        others.map(|(of, agent)| format!("- {of}: {}. Goal: {}\n", agent.role, agent.goal)).collect()
    }

    /// A task begins.
    pub(crate) fn begin(&self) {
        let Tasks { pending, running, done } = self.tasks.get();
        self.tasks.set(Tasks { pending: pending.saturating_sub(1), running: running + 1, done });
    }

    /// A task has ended.
    pub(crate) fn end(&self) {
        let Tasks { pending, running, done } = self.tasks.get();
        self.tasks.set(Tasks { pending, running: running.saturating_sub(1), done: done + 1 });
    }

    /// Writes how far the tasks are.
    pub(super) async fn write_update(&self, lane: &TaskContext, agent_id: &str) {
        let Tasks { pending, running, done } = self.tasks.get();
        let data = json!({"agent_id": agent_id, "pending": pending, "running": running, "done": done});
        lane.emit("manager.coordination_update", object(data)).await;
    }
}

/// The fields of an object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
