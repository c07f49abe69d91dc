//! What a live workflow needs of others: people are asked, and tasks run, in sessions of their own; operators are notified
//! what broke.
//!
//! Sessions stand on a later layer; whoever wires the server hands in who keeps them.

use futures::future::BoxFuture;

use super::key::WorkflowKey;
use super::node::NodeError;
use super::value::Value;
use crate::domain::context::Source;
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::request::{Confirmation, Form};

/// What a node of a live workflow needs of a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionWork {
    /// Whose workflow it is, and so whose the session.
    pub owner: Owner,
    /// The workflow that the node is of.
    pub workflow_id: String,
    /// The node.
    pub node_id: String,
    /// What it needs.
    pub what: What,
    /// Stands for this and nothing else: what was asked under it before a restart is found by it.
    pub key: String,
}

/// What a node needs of a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A person who says yes or no; gives a boolean.
    Confirm(Confirmation),
    /// A person who fills in a form; gives an object.
    Ask(Form),
    /// A task; gives what it completes with.
    Task {
        /// The kind's name.
        task: String,
        /// What it works on.
        input: serde_json::Value,
        /// How it works.
        config: serde_json::Value,
        /// The node, as what it starts names it.
        source: Option<Source>,
    },
}

/// Keeps the sessions that nodes of live workflows need.
pub(crate) trait Host: Send + Sync + 'static {
    /// Starts a session for this work, or finds the one that was started under its key before.
    fn start(&self, work: SessionWork) -> BoxFuture<'static, Result<SessionId, NodeError>>;

    /// Waits for a session's end; gives what it completed with.
    fn outcome(&self, session_id: SessionId) -> BoxFuture<'static, Result<Value, NodeError>>;

    /// Cancels a session whose node does not wait for it any more.
    fn cancel(&self, session_id: SessionId, reason: &'static str);

    /// A live workflow has broken down, or goes on only without one of its nodes.
    fn trouble(&self, workflow: &WorkflowKey, error: &str);
}
