//! How each kind of connection is written, and how what comes from it is read.

pub mod event_socket;
pub mod message;
pub mod proto;
pub mod session;
pub mod socket;
pub mod sse;
pub mod workflow;
