//! The server goes down, well or badly, and comes back: nothing that anybody saw is lost, and nothing is done twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

#[path = "restart/branches.rs"]
mod branches;
#[path = "restart/chaos.rs"]
mod chaos;
#[path = "restart/commands.rs"]
mod commands;
#[path = "restart/kill.rs"]
mod kill;
#[path = "restart/places.rs"]
mod places;
#[path = "restart/stop.rs"]
mod stop;
#[path = "restart/tasks.rs"]
mod tasks;
