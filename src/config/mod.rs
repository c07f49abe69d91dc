//! The settings: one struct for each concern, layered and checked as a whole.
//!
//! [`load`] layers flags over the environment over `.env` over a TOML file over the defaults, and reports everything
//! that is wrong with them at once.

pub mod agents;
pub mod audit_log;
pub mod audits;
pub mod auth;
pub mod callbacks;
mod check;
pub mod connections;
pub mod crews;
mod dotenv;
mod environment;
pub mod events;
mod fault;
mod file;
mod flags;
pub mod handler;
mod known;
mod layer;
pub mod limits;
mod load;
pub mod log;
pub mod memory;
pub mod pipeline;
pub mod secret;
pub mod server;
pub mod sessions;
mod show;
pub mod switch;
pub mod task;
pub mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};

pub use fault::{Fault, Faults};
pub use flags::Flags;
pub use load::{Loaded, load};

/// A setting in seconds; one that is out of range counts as very long.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::from(u32::MAX)))
}

/// Every setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[server]`
    #[garde(dive)]
    pub server: server::Server,
    /// `[auth]`
    #[garde(dive)]
    pub auth: auth::Auth,
    /// `[audit_log]`
    #[garde(dive)]
    pub audit_log: audit_log::AuditLog,
    /// `[limits.principal]` and `[limits.address]`
    #[garde(dive)]
    pub limits: limits::Limits,
    /// `[tls]`
    #[garde(dive)]
    pub tls: tls::Tls,
    /// `[store]`
    #[garde(dive)]
    pub store: crate::store::Settings,
    /// `[cluster]`
    #[garde(dive)]
    pub cluster: crate::store::ClusterSettings,
    /// `[connections]`
    #[garde(dive)]
    pub connections: connections::Connections,
    /// `[sessions]`
    #[garde(dive)]
    pub sessions: sessions::Sessions,
    /// `[callbacks]`
    #[garde(dive)]
    pub callbacks: callbacks::Callbacks,
    /// `[[callback]]`
    #[garde(length(max = 8), dive)]
    pub callback: Vec<callbacks::Callback>,
    /// `[events]`
    #[garde(dive)]
    pub events: events::Events,
    /// `[crews]`
    #[garde(dive)]
    pub crews: crews::Crews,
    /// `[memory]`
    #[garde(dive)]
    pub memory: memory::Memory,
    /// `[agents]`
    #[garde(dive)]
    pub agents: agents::Agents,
    /// `[model.NAME]`, by name
    #[garde(custom(check::model_names), dive)]
    pub model: BTreeMap<String, callboard_model::Settings>,
    /// `[audits]`
    #[garde(dive)]
    pub audits: audits::Audits,
    /// `[pipeline]`
    #[garde(dive)]
    pub pipeline: pipeline::Pipeline,
    /// `[workflows]`
    #[garde(dive)]
    pub workflows: callboard_workflow::Settings,
    /// `[[task]]`
    #[garde(dive)]
    pub task: Vec<task::CommandTask>,
    /// `[[agent]]`
    #[garde(inner(custom(agents::agent)))]
    pub agent: Vec<crate::domain::agent::Agent>,
    /// `[[event_handler]]`
    #[garde(dive)]
    pub event_handler: Vec<handler::EventHandler>,
    /// `[log]`
    #[garde(dive)]
    pub log: log::Log,
}
