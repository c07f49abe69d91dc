//! The event sockets of a whole server, in all their forms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(unreachable_pub, reason = "a test program has no outside")]

#[path = "event_sockets/every.rs"]
mod every;
#[path = "event_sockets/forms.rs"]
mod forms;
#[path = "event_sockets/many.rs"]
mod many;
#[path = "event_sockets/replay.rs"]
mod replay;
#[path = "event_sockets/said.rs"]
mod said;
#[path = "event_sockets/socket.rs"]
mod socket;
mod support;
#[path = "event_sockets/transcript.rs"]
mod transcript;
