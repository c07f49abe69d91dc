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

/// How often something may be asked for. What is not set has a default where others than this machine can reach the server,
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
        }
    }
}
