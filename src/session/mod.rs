//! Sessions: the actors that run tasks durably, and how to speak to them.

mod actor;
mod call;
pub mod client;
pub mod context;
mod describe;
pub mod directory;
pub(crate) mod environment;
mod handlers;
pub mod kind;
pub mod kinds;
mod loaded;
mod machine;
pub mod messages;
mod port;
pub mod queue;
pub(crate) mod retention;
mod running;
mod script;
pub(crate) mod slots;
mod starting;
mod timers;
mod unwritten;
mod wake;
mod watchers;

pub use client::Sessions;
pub use context::TaskContext;
pub use directory::Directory;
pub use kind::{TaskError, TaskKind, TaskResult};
pub use kinds::Kinds;
pub use queue::Queue;
