//! Sessions over HTTP and sockets: their story, answers, cancels, forms, secrets, idempotency, lists and streams.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

#[path = "sessions/answers.rs"]
mod answers;
#[path = "sessions/cancel.rs"]
mod cancel;
#[path = "sessions/idempotency.rs"]
mod idempotency;
#[path = "sessions/lists.rs"]
mod lists;
#[path = "sessions/secrets.rs"]
mod secrets;
#[path = "sessions/story.rs"]
mod story;
#[path = "sessions/streams.rs"]
mod streams;
#[path = "sessions/transcripts.rs"]
mod transcripts;
