//! `[server]`: where it listens and what HTTP requests may cost.

use std::net::IpAddr;

use garde::Validate;
use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::switch::Switch;
use crate::domain::secret::Secret;

/// The most worker threads.
pub const MAX_WORKERS: usize = 64;

/// Where it listens and what HTTP requests may cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address to listen on; loopback, so that nobody else reaches it unless it is asked for.
    #[garde(custom(super::check::address))]
    pub host: String,
    /// TCP port to listen on; 0 takes a free one.
    #[garde(skip)]
    pub port: u16,
    /// Worker threads; 0 takes one for each core.
    #[garde(range(max = 64))]
    pub workers: usize,
    /// Largest body of a request, in bytes.
    #[garde(range(min = 1024))]
    pub max_body_bytes: usize,
    /// Seconds that a client has to send a request's head.
    #[garde(range(min = 0.1, max = 3600.0))]
    pub header_timeout: f64,
    /// Seconds that an idle HTTP connection is kept; more than a proxy in front keeps it, which else may send a request just as
    /// it is closed.
    #[garde(range(min = 0.0, max = 3600.0))]
    pub keep_alive: f64,
    /// Most HTTP connections at once, WebSockets among them; one more is answered 503. Fewer where the system allows too
    /// few open files, which the start says.
    #[garde(range(min = 1))]
    pub max_connections: usize,
    /// Web pages from these origins may use the API, such as `https://board.example`; pages of this server and of local
    /// development servers always may.
    #[garde(inner(custom(super::check::origin)))]
    pub allowed_origins: Vec<String>,
    /// Names that this server is called by, beside addresses and `localhost`: other `Host` headers are refused, which
    /// stops DNS rebinding. Empty allows any name unless it listens on loopback.
    #[garde(skip)]
    pub allowed_hosts: Vec<String>,
    /// Seconds that shutting down may take before connections are cut.
    #[garde(range(min = 0.1, max = 60.0))]
    pub shutdown_timeout: f64,
    /// Seconds for which requests are served still once the server was told to stop, while `/readyz` says that it goes down;
    /// only with several servers.
    #[garde(range(min = 0.0, max = 60.0))]
    pub drain_delay: f64,
    /// Seconds after a start within which an end of the server that was none in good order counts against what was taken
    /// up by that start and has come no further; 0 never counts it.
    #[garde(range(min = 0.0, max = 3600.0))]
    pub crash_window: f64,
    /// How many such ends in a row are too many: the session fails then, and the live workflow is not taken up again.
    #[garde(range(min = 1, max = 1000))]
    pub max_crashes: u32,
    /// What callers of the admin routes have to show, wherever they are. Without it local callers need nothing, and where
    /// others can reach the server a token is made and kept beside the database.
    #[garde(inner(custom(super::check::admin_token)))]
    pub admin_token: Option<Secret>,
    /// Whether callers that connect from this machine count as local, unless a proxy says that it passes them on.
    #[garde(skip)]
    pub trust_loopback: Switch,
    /// What the addresses of this server begin with, as others reach it, such as `https://board.example`: links begin with it.
    #[garde(inner(custom(super::check::origin)))]
    pub public_url: Option<String>,
    /// Proxies that say whose requests they pass on, by addresses or networks: the rightmost hop outside of them is the
    /// caller. Without, what proxies say means nothing.
    #[garde(skip)]
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Serve the page from this folder instead of the binary, for work on the page.
    #[garde(skip)]
    pub static_dir: Option<String>,
}

impl Server {
    /// How many worker threads there are: as set, or one for each core.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.workers == 0 { cores().min(MAX_WORKERS) } else { self.workers }
    }
}

/// Networks, and addresses by themselves.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| D::Error::custom(format!("{text:?} is neither an address nor a network such as 10.0.0.0/8")))
    };
    Vec::deserialize(deserializer)?.into_iter().map(network).collect()
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 8000,
            workers: 0,
            max_body_bytes: 1_048_576,
            header_timeout: 10.0,
            keep_alive: 75.0,
            max_connections: 20_000,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            shutdown_timeout: 5.0,
            drain_delay: 0.25,
            crash_window: 10.0,
            max_crashes: 3,
            admin_token: None,
            trust_loopback: Switch::Auto,
            public_url: None,
            trusted_proxies: Vec::new(),
            static_dir: None,
        }
    }
}
