//! Callboard: a live task server with a human in the loop.

pub use callboard_domain as domain;
pub use callboard_store as store;

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod connection;
pub mod crew;
pub mod event;
pub mod http;
pub mod hub;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod process;
pub mod session;
pub mod shutdown;
pub mod task;
pub mod workflow;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: callboard_meter::Meter<std::alloc::System> = callboard_meter::Meter(std::alloc::System);
