//! Live workflows on a whole server: what is told on `/ws`, who falls behind, and what a restart brings back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "workflow_live/stage.rs"]
mod stage;

#[path = "workflow_live/restart.rs"]
mod restart;
#[path = "workflow_live/socket.rs"]
mod socket;
#[path = "workflow_live/transcript.rs"]
mod transcript;
#[path = "workflow_live/watchers.rs"]
mod watchers;

mod support;
