//! What a live workflow is made of and how it runs: its executor's alone.
//!
//! The executor publishes it, so that the supervisor can read it where the executor is given up; nobody else keeps a copy.

use std::collections::BTreeMap;

use super::messages::Inputs;
use crate::workflow::client::LiveOptions;
use crate::workflow::definition::Definition;

/// What a live workflow is made of and how it runs.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// What runs.
    pub definition: Definition,
    /// How.
    pub options: LiveOptions,
    /// The inputs that were changed.
    pub inputs: Inputs,
    /// Whether it moves by single steps.
    pub is_paused: bool,
    /// What its nodes have asked of sessions.
    pub asked: Asked,
}

impl Spec {
    /// Whether it is live again after a restart of a server that is the only one.
    #[must_use]
    pub(crate) fn comes_back(&self) -> bool {
        !self.is_paused && self.options.autostart.unwrap_or(self.definition.autostart)
    }
}

/// What nodes have asked of sessions: so each of these is found again by its idempotency key.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Asked {
    /// Tells one start of the workflow from another.
    run: String,
    /// By node: how often what it asked came to an end.
    done: BTreeMap<String, u64>,
}

impl Asked {
    /// Nothing was asked yet, since a start that is like no other.
    #[must_use]
    pub(crate) fn nothing() -> Self {
        Self { run: format!("{:016x}", rand::random::<u64>()), done: BTreeMap::new() }
    }

    /// What stands for what this node asks next.
    #[must_use]
    pub(crate) fn key(&self, workflow_id: &str, node_id: &str) -> String {
        let done = self.done.get(node_id).copied().unwrap_or(0);
        format!("workflow {workflow_id} {} {node_id} {done}", self.run)
    }

    /// What this node asked has come to an end.
    pub(crate) fn end(&mut self, node_id: &str) {
        *self.done.entry(node_id.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_its_key_until_it_ends() {
        let mut asked = Asked::nothing();
        let first = asked.key("w", "a");
        asked.end("b");
        let stored = serde_json::to_string(&asked).unwrap();
        assert_eq!(serde_json::from_str::<Asked>(&stored).unwrap().key("w", "a"), first);
        asked.end("a");
        assert_ne!(asked.key("w", "a"), first);
        assert_ne!(Asked::nothing().key("w", "a"), first, "another start");
    }
}
