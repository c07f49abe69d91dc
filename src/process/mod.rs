//! Programs that the server runs for its users: how they are started, and how they end; and what this process may open.

pub(crate) mod descriptors;
mod exit;
mod group;
mod launcher;
mod program;
mod tail;
mod terminal;
pub(crate) mod threads;
pub(crate) mod watched_files;

pub(crate) use exit::Exit;
pub(crate) use group::{Console, Group, Input, Killed, Output, Pipes, REAP};
pub use launcher::Launcher;
pub(crate) use program::{Program, words};
pub(crate) use tail::Tail;
pub(crate) use terminal::{Keyboard, Screen, terminal};
