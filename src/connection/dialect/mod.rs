//! How each kind of connection is written, and how what comes from it is read.

pub mod events;
pub mod feed;
pub mod message;
pub mod session;
pub mod workflow;
