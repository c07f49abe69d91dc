//! A client for servers that speak chat completions, as they really speak it.
//!
//! [`Client`] is one `[model.NAME]` of the settings. [`Client::complete`] makes one call: it waits its turn (`gate`),
//! sends a [`Request`],
//! reads the stream (`sse`, `chunk`), puts the reply together (`turn`), and tries again where that helps (`retry`,
//! `error`). What servers
//! do to the standard is taken care of in those files; each has a case for every oddity that was seen. `format` is
//! structured output,
//! `usage` tokens and what they cost. Dropping the future of a call closes its connection.

mod chunk;
mod client;
mod error;
mod format;
mod gate;
mod request;
mod retry;
mod settings;
mod sse;
mod turn;
mod usage;

pub use callboard_domain::agent_entry::TurnWarning;
pub use client::{Client, Progress};
pub use error::Error;
pub use request::{Arguments, Message, Request, Tool, ToolCall};
pub use settings::Settings;
pub use turn::{Answer, Turn};
pub use usage::{Price, Usage, estimate};
