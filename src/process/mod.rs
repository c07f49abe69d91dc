//! Programs that the server runs for its users: how they are started, and how they end; and what this process may open.

pub mod descriptors;
mod exit;
mod group;
mod launcher;
mod program;
mod tail;
mod terminal;
pub mod threads;

pub use exit::Exit;
pub use group::{Console, Group, Input, Killed, Output, Pipes, REAP};
pub use launcher::Launcher;
pub use program::{Program, words};
pub use tail::Tail;
pub use terminal::{Keyboard, Screen, terminal};
