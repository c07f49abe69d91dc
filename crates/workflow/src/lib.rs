//! Workflows: graphs of nodes, without a server: no actor, no IO.
//!
//! `graph` is what people draw, `validate` says what is wrong with it, `plan` is what runs: set up once, and then only
//! what has changed. `node` is what a node is, `nodes` has those that come with Callboard. `naive` is the reference that
//! the plan is compared with: it looks everything up anew and runs everything.

pub mod catalogue;
pub mod cx;
pub mod definition;
pub mod fault;
pub mod graph;
#[cfg(test)]
mod naive;
pub mod node;
pub mod nodes;
pub mod plan;
pub mod port;
mod settings;
mod state;
pub mod validate;
pub mod value;

pub use settings::Settings;
pub use state::NodeState;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: callboard_meter::Meter<std::alloc::System> = callboard_meter::Meter(std::alloc::System);
