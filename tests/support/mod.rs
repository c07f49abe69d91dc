//! What tests of the whole server share: servers to start, a client for HTTP, and one for WebSockets.

pub mod api;
pub mod app;
pub mod client;
pub mod journal;
pub mod kinds;
pub mod model;
pub mod process;
#[path = "../../crates/store/src/contract/redis_server.rs"]
#[allow(dead_code, reason = "the store's own tests need more of it")]
pub mod redis_server;

use std::time::Duration;

pub use api::Api;
pub use app::{Setup, TestApp};
pub use client::Client;
pub use kinds::kind;
pub use process::TestProcess;
pub use serde_json::{Value, json};

/// How long a test waits for something that must come. Only a failing test waits that long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `is_so` gives something, looking again and again.
pub async fn eventually<T>(what: impl Fn() -> String, mut is_so: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = is_so().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "this never came: {}", what());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
