//! Sessions over HTTP and sockets: their story, answers, cancels, forms, secrets, idempotency, lists and streams.

mod answers;
mod cancel;
mod entries;
mod idempotency;
mod lists;
mod search;
mod secrets;
mod story;
mod streams;
mod transcripts;
mod unsaved;
