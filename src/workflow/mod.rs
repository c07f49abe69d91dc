//! Workflows: graphs of nodes, run once as a session or live with inputs that people turn meanwhile.
//!
//! `graph` is what people draw, `validate` says what is wrong with it, `plan` is what runs: set up once, and then only
//! what has changed. `node` is what a node is, `nodes` has those that come with Callboard. An `executor` runs one live
//! workflow; the `supervisor` knows all of them.

pub mod catalogue;
pub mod client;
pub mod cx;
pub mod definition;
pub mod definitions;
pub mod executor;
pub mod fault;
pub mod graph;
pub mod host;
pub mod kept;
pub mod live;
pub mod messages;
#[cfg(test)]
mod naive;
pub mod node;
pub mod nodes;
pub mod plan;
pub mod port;
pub mod refused;
pub mod routes;
pub mod supervisor;
pub mod validate;
pub mod value;
pub mod work;
