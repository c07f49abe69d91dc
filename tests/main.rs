//! Tests of the whole server from the outside: one program with a module per subject, so that it is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]
#![allow(unreachable_pub, reason = "a test program has no outside")]

mod admin;
mod agents;
mod agents_faults;
mod agents_people;
mod api;
mod audits;
mod callbacks;
mod children;
mod cli;
mod cluster;
mod config;
mod event_sockets;
mod events_log;
mod examples;
mod hostile;
mod http_edge;
mod http_faults;
mod identity;
mod imports;
mod ownership;
mod pipeline;
mod queue;
mod readme;
mod replay;
mod requests;
mod restart;
mod sessions;
mod store_faults;
mod support;
mod tidy;
mod trail;
mod workflow_live;
mod workflow_people;
mod workflow_run;
mod workflows_http;
