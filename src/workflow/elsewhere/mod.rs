//! Live workflows where there are several servers: each is live at the owner of its slot, and is started, changed and
//! watched from any.
//!
//! `questions` are what one server asks another, `answers` says what comes of them here; `relay` is the way of what is
//! published to those who watch at other servers.

pub(crate) mod answers;
pub(crate) mod questions;
pub(crate) mod relay;
