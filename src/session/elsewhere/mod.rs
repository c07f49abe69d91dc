//! Sessions that another server of several owns: how they are asked, and how they are followed from here.
//!
//! `questions` are what one server asks another of a session; `answers` says what comes of them here. `mirror` is a
//! session's journal at a server that does not own it, for the connections there.

pub(crate) mod answers;
pub(crate) mod ask;
pub(crate) mod bursts;
mod guests;
pub(crate) mod messages;
pub(crate) mod mirror;
mod outage;
pub(crate) mod questions;
