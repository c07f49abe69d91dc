//! Sessions: the actors that run tasks durably, and how to speak to them.
//!
//! `state/` decides, purely; `calls/` has one file for each call of a task; `task/` is what a task function gets;
//! `actor/` performs what was decided; `directory/` knows which sessions are in memory. `protocol` is what the actors
//! send to each other, `client` how everything above speaks to them.

pub(crate) mod actor;
pub(crate) mod calls;
pub(crate) mod client;
pub(crate) mod directory;
pub(crate) mod elsewhere;
pub(crate) mod environment;
pub(crate) mod fail;
pub(crate) mod load;
pub(crate) mod messages;
pub(crate) mod permits;
pub(crate) mod protocol;
pub(crate) mod queue;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod row_queue;
pub(crate) mod state;
pub(crate) mod task;

pub(crate) use actor::events::HAS_CALLBACK;
pub use calls::ask::Ask;
pub use calls::asking::Asking;
pub use calls::child::ChildSpec;
pub use calls::confirm::Confirm;
pub(crate) use client::Sessions;
pub(crate) use directory::Directory;
pub(crate) use queue::Queue;
pub use task::context::{CleanupGuard, TaskContext};
pub use task::kind::{LongCheck, TaskError, TaskKind, TaskResult};
pub(crate) use task::kinds::Kinds;

/// What plays a task without a session, for the tests of task kinds.
#[cfg(test)]
pub(crate) mod testing {
    pub(crate) use super::calls::{Call, CallId, MadeCall, Outcome};
    pub(crate) use super::state::WITHDRAWN;
    pub(crate) use super::task::channel::{ChannelLimits, TaskChannel};
    pub(crate) use super::task::recorded_calls::RecordedCalls;
}
