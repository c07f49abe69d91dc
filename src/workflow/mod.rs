//! Workflows on the server: kept in the store, and live with inputs that people change meanwhile.
//!
//! What a graph is, what is wrong with it and how it runs stands in the crate `callboard-workflow`. An `executor` runs one
//! live workflow; the `supervisor` knows all of them.

pub(crate) mod client;
pub(crate) mod context;
pub(crate) mod definitions;
pub(crate) mod elsewhere;
pub(crate) mod executor;
pub(crate) mod host;
pub(crate) mod kept;
pub(crate) mod key;
pub(crate) mod live;
pub(crate) mod messages;
pub(crate) mod refused;
pub(crate) mod routes;
pub(crate) mod supervisor;
pub(crate) mod work;

pub use callboard_workflow::{
    NodeState, Settings, catalogue, cx, definition, fault, graph, node, nodes, plan, port, validate, value,
};
