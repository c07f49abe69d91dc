//! What hostile, broken and slow peers can do to the real server over real sockets: nothing that others feel.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

#[path = "hostile/churn.rs"]
mod churn;
#[path = "hostile/floods.rs"]
mod floods;
#[path = "hostile/frames.rs"]
mod frames;
#[path = "hostile/http.rs"]
mod http;
#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/server.rs"]
mod server;
#[path = "hostile/slow.rs"]
mod slow;
#[path = "hostile/socket.rs"]
mod socket;
#[path = "hostile/streams.rs"]
mod streams;
#[path = "hostile/words.rs"]
mod words;
