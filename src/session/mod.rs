//! Sessions: the actors that run tasks durably, and how to speak to them.

mod actor;
mod answer_guard;
mod answering;
mod call;
pub mod child;
mod children;
mod claims;
pub mod client;
pub mod context;
mod describe;
pub mod directory;
mod ends;
pub(crate) mod environment;
pub mod failed;
mod handlers;
mod happenings;
pub mod kind;
pub mod kinds;
mod loaded;
mod machine;
pub mod messages;
mod passing;
mod port;
pub mod queue;
pub(crate) mod retention;
mod running;
mod script;
mod secrets;
mod slot;
pub(crate) mod slots;
mod starting;
mod steps;
pub mod take_up;
mod timers;
mod unwritten;
mod wake;
mod watchers;

pub use child::ChildSpec;
pub use client::Sessions;
pub use context::TaskContext;
pub use directory::Directory;
pub use kind::{TaskError, TaskKind, TaskResult};
pub use kinds::Kinds;
pub use messages::Outcome;
pub use queue::Queue;

/// What plays a task without a session, for the tests of task kinds.
#[cfg(test)]
pub(crate) mod testing {
    pub(crate) use super::call::{Call, CallId, Outcome};
    pub(crate) use super::port::{Port, PortLimits};
    pub(crate) use super::script::{Script, WITHDRAWN};
}
