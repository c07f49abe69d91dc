//! The settings: one struct for each concern, layered and checked as a whole.

mod check;
pub mod connections;
pub mod log;
pub mod secret;
pub mod server;
pub mod sessions;
pub mod store;
pub mod task;

use serde::{Deserialize, Serialize};

/// Every setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[server]`
    pub server: server::Server,
    /// `[store]`
    pub store: store::Store,
    /// `[connections]`
    pub connections: connections::Connections,
    /// `[sessions]`
    pub sessions: sessions::Sessions,
    /// `[[task]]`
    pub task: Vec<task::CommandTask>,
    /// `[log]`
    pub log: log::Log,
}
