//! What can be measured: one file or folder for each mode.

pub mod agents;
pub mod cluster;
pub mod compare;
pub mod connects;
pub mod crash;
pub mod events;
pub mod fanout;
pub mod identity;
pub mod idle;
pub mod journal;
pub mod latency;
pub mod park;
pub mod sessions;
pub mod soak;
pub mod workflows;
