//! Callboard: a live task server with a human in the loop.
//!
//! [`App`] is the server. [`session::TaskKind`] is a program that it runs as sessions, with a [`session::TaskContext`] to speak to
//! people by; [`workflow::node::NodeClass`] is a class of nodes for its workflows. Settings are in [`config`].

mod agent;
mod app;
mod auth;
mod callback;
pub mod cli;
mod cluster;
pub mod config;
mod connection;
mod crew;
mod egress;
mod event;
#[cfg(any(test, fuzzing))]
#[doc(hidden)] // For `fuzz/`.
pub mod fuzz;
mod http;
#[doc(hidden)] // For `benches/fanout.rs`.
pub mod hub;
mod limits;
mod logging;
mod member;
mod memory;
#[doc(hidden)] // As above.
pub mod metrics;
mod process;
pub mod session;
mod shutdown;
mod suspects;
mod task;
mod trail;
pub mod workflow;

pub use app::App;
pub use callboard_domain as domain;
use callboard_store as store;
pub use connection::dialect::proto;
#[doc(hidden)]
pub use connection::dialect::socket;
pub use process::Launcher;

/// The README's Rust is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: callboard_meter::Meter<std::alloc::System> = callboard_meter::Meter(std::alloc::System);
