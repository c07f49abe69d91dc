//! Workflows on the server: kept in the store, and live with inputs that people change meanwhile.
//!
//! What a graph is, what is wrong with it and how it runs stands in the crate `callboard-workflow`. An `executor` runs one
//! live workflow; the `supervisor` knows all of them.

pub mod client;
pub mod definitions;
pub mod executor;
pub mod host;
pub mod kept;
pub mod live;
pub mod messages;
pub mod refused;
pub mod routes;
pub mod supervisor;
pub mod work;

pub use callboard_workflow::{
    NodeState, Settings, catalogue, cx, definition, fault, graph, node, nodes, plan, port, validate, value,
};
