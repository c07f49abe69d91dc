//! What hostile, broken and slow peers can do to the real server over real sockets: nothing that others feel.

mod churn;
mod descriptors;
mod floods;
mod frames;
pub(crate) mod http;
mod limits;
mod memory;
mod readers;
pub(crate) mod server;
mod slow;
mod socket;
mod streams;
mod words;
