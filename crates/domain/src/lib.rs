//! The words and rules of Callboard: pure types, without IO or clock.

pub mod agent;
pub mod agent_entry;
pub mod answerers;
pub mod burst;
pub mod callback;
pub mod context;
pub mod dialect;
pub mod entry;
pub mod event;
pub mod fault;
pub mod form;
pub mod id;
pub mod json;
pub mod listed_request;
pub mod mask;
pub mod nesting;
pub mod number;
pub mod owner;
pub mod pattern;
pub mod record;
pub mod request;
pub mod schema;
pub mod secret;
pub mod status;
pub mod tail;
pub mod time;
