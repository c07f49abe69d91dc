//! How each kind of connection is written, and how what comes from it is read.

pub(crate) mod audit;
pub(crate) mod event_socket;
pub(crate) mod message;
pub mod proto;
pub(crate) mod session;
pub mod socket;
pub(crate) mod sse;
pub(crate) mod workflow;
