//! `[callbacks]` and `[[callback]]`: where the news of sessions is sent to.

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::domain::callback::CallbackEvent;
use crate::domain::secret::Secret;

/// How news is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Callbacks {
    /// Hosts that may be in a private network or on this machine; `*.` at the beginning stands for any name before.
    #[garde(skip)]
    pub allowed_hosts: Vec<String>,
    /// Seconds until what was not taken is sent again; doubled each time.
    #[garde(range(min = 0.01, max = 86_400.0))]
    pub retry_after: f64,
    /// Seconds after which it is given up.
    #[garde(range(min = 1.0, max = 2_592_000.0))]
    pub give_up_after: f64,
    /// Seconds that a receiver has for its answer.
    #[garde(range(min = 0.1, max = 300.0))]
    pub timeout: f64,
    /// How many are sent at once.
    #[garde(range(min = 1, max = 1000))]
    pub max_sending: usize,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self { allowed_hosts: Vec::new(), retry_after: 5.0, give_up_after: 86_400.0, timeout: 15.0, max_sending: 32 }
    }
}

/// Where the news of all sessions is sent to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Callback {
    /// The address that it is posted to.
    #[garde(length(bytes, min = 1, max = 2048))]
    pub url: String,
    /// What is sent: `request`, `ended`.
    #[garde(length(min = 1))]
    pub events: Vec<CallbackEvent>,
    /// What it is signed with: `whsec_` and base64.
    #[garde(skip)]
    pub secret: Option<Secret>,
    /// Whether the news of a question has a link by which whoever gets it can answer, once; `server.public_url` has to be set.
    #[garde(skip)]
    pub share: bool,
}

impl Default for Callback {
    fn default() -> Self {
        Self { url: String::new(), events: CallbackEvent::ALL.to_vec(), secret: None, share: false }
    }
}
