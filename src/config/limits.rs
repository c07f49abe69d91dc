//! `[limits]`: how much one principal, and one address, may ask of the server.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How much one principal, and one address, may ask of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// `[limits.principal]`: whoever shows credentials of one owner, operators excepted.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Rates::are_not_set")]
    pub principal: Rates,
    /// `[limits.address]`: whoever connects from one address.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Rates::are_not_set")]
    pub address: Rates,
}

impl Limits {
    /// What holds for one principal, and for one address, where others than this machine can reach the server, or cannot.
    #[must_use]
    pub fn in_force(&self, is_public: bool) -> (Rates, Rates) {
        let defaults = |of: fn() -> Rates| if is_public { of() } else { Rates::default() };
        (self.principal.clone().or(defaults(Rates::of_principal)), self.address.clone().or(defaults(Rates::of_address)))
    }
}

/// How often something may be asked for, and how much there may be at the same time. What is not set has a default where others than this machine can reach the server,
/// and no limit where not; 0 is no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests a second.
    #[garde(inner(range(min = 0.0, max = 1e9)))]
    pub requests_per_second: Option<f64>,
    /// So many requests at once.
    #[garde(skip)]
    pub request_burst: Option<u32>,
    /// Starts of sessions a minute, runs of workflows and audits among them.
    #[garde(inner(range(min = 0.0, max = 1e9)))]
    pub starts_per_minute: Option<f64>,
    /// So many starts at once.
    #[garde(skip)]
    pub start_burst: Option<u32>,
    /// Messages on sockets a second.
    #[garde(inner(range(min = 0.0, max = 1e9)))]
    pub messages_per_second: Option<f64>,
    /// So many messages at once.
    #[garde(skip)]
    pub message_burst: Option<u32>,
    /// WebSockets and event streams that are open.
    #[garde(skip)]
    pub sockets: Option<u32>,
    /// Subscriptions on all event sockets.
    #[garde(skip)]
    pub subscriptions: Option<u32>,
    /// Workflows that are live.
    #[garde(skip)]
    pub live_workflows: Option<u32>,
    /// Bytes that are kept: of sessions with their journals, of workflows, crews, agents and memory. They are an owner's: of
    /// an address nothing is kept.
    #[garde(skip)]
    pub stored_bytes: Option<u64>,
}

impl Rates {
    fn are_not_set(&self) -> bool {
        *self == Self::default()
    }

    /// The defaults for a principal.
    #[must_use]
    pub fn of_principal() -> Self {
        Self {
            requests_per_second: Some(50.0),
            request_burst: Some(100),
            starts_per_minute: Some(600.0),
            start_burst: Some(100),
            messages_per_second: Some(20.0),
            message_burst: Some(100),
            sockets: Some(200),
            subscriptions: Some(1000),
            live_workflows: Some(8),
            stored_bytes: Some(1 << 30),
        }
    }

    /// The defaults for an address, behind which several may sit.
    #[must_use]
    pub fn of_address() -> Self {
        Self {
            requests_per_second: Some(100.0),
            request_burst: Some(200),
            starts_per_minute: Some(1200.0),
            start_burst: Some(200),
            messages_per_second: Some(100.0),
            message_burst: Some(500),
            sockets: Some(1000),
            subscriptions: Some(5000),
            live_workflows: Some(32),
            stored_bytes: None,
        }
    }

    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            requests_per_second: self.requests_per_second.or(others.requests_per_second),
            request_burst: self.request_burst.or(others.request_burst),
            starts_per_minute: self.starts_per_minute.or(others.starts_per_minute),
            start_burst: self.start_burst.or(others.start_burst),
            messages_per_second: self.messages_per_second.or(others.messages_per_second),
            message_burst: self.message_burst.or(others.message_burst),
            sockets: self.sockets.or(others.sockets),
            subscriptions: self.subscriptions.or(others.subscriptions),
            live_workflows: self.live_workflows.or(others.live_workflows),
            stored_bytes: self.stored_bytes.or(others.stored_bytes),
        }
    }
}
