//! Sessions: the actors that run tasks durably, and how to speak to them.

pub mod client;
pub mod context;
pub mod directory;
pub mod kind;
pub mod kinds;
pub mod messages;

pub use client::Sessions;
pub use context::TaskContext;
pub use directory::Directory;
pub use kind::{TaskError, TaskKind, TaskResult};
pub use kinds::Kinds;
