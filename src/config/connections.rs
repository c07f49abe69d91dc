//! `[connections]`: what a WebSocket or event stream may cost.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// What a WebSocket or event stream may cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Connections {
    /// Seconds between pings; a peer that is silent for that and `heartbeat_grace` is closed (4408).
    #[garde(range(min = 0.05, max = 3600.0))]
    pub heartbeat_interval: f64,
    /// Seconds that a peer has to answer a ping.
    #[garde(range(min = 0.05, max = 3600.0))]
    pub heartbeat_grace: f64,
    /// Most WebSockets and event streams at once; one more is closed (1013). Fewer where the system allows too few open
    /// files, which the start says.
    #[garde(range(min = 1))]
    pub max_connections: usize,
    /// Most of them from one address; 0 for no limit.
    #[garde(skip)]
    pub max_per_address: usize,
    /// Most of them on one session; 0 for no limit.
    #[garde(skip)]
    pub max_per_session: usize,
    /// Largest message from a client in bytes, in one frame or in fragments (1009).
    #[garde(range(min = 125))]
    pub max_message_bytes: usize,
    /// Bytes of messages not yet whole that the connections of a worker thread may hold together, beyond 16 KiB of each; who
    /// sends more is closed (1013). One message of the largest size always fits.
    #[garde(range(min = 65_536))]
    pub inbound_bytes: usize,
    /// Messages a second that a client may send; 0 for no limit (4429).
    #[garde(range(min = 0.0, max = 1e9))]
    pub messages_per_second: f64,
    /// Messages that a client may send at once before the rate counts.
    #[garde(range(min = 1))]
    pub message_burst: u32,
    /// Most subscriptions of one event socket.
    #[garde(range(min = 1, max = 10_000))]
    pub max_subscriptions: usize,
    /// Bytes that may wait for a client to read them; more than that it gets from the store, as it reads.
    #[garde(range(min = 16_384))]
    pub outbox_bytes: usize,
    /// Seconds that bytes may wait while none leaves, before the client counts as stuck (4410).
    #[garde(range(min = 0.1, max = 3600.0))]
    pub stall_timeout: f64,
    /// Seconds that a client has to answer a close, before its socket is shut.
    #[garde(range(min = 0.05, max = 60.0))]
    pub close_timeout: f64,
    /// The kernel's send buffer of a connection, in bytes.
    #[garde(range(min = 4096))]
    pub send_buffer_bytes: usize,
    /// Lines a second that each worker thread logs about connections that come and go; of more only how many. 0: only how
    /// many.
    #[garde(range(max = 10_000))]
    pub log_lines_per_second: u32,
    /// Seconds after which the kernel gives up on bytes that nobody acknowledges.
    #[garde(range(min = 1.0, max = 3600.0))]
    pub tcp_user_timeout: f64,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            heartbeat_interval: 30.0,
            heartbeat_grace: 10.0,
            max_connections: 10_000,
            max_per_address: 0,
            max_per_session: 0,
            max_message_bytes: 1_048_576,
            inbound_bytes: 67_108_864,
            messages_per_second: 0.0,
            message_burst: 200,
            max_subscriptions: 100,
            outbox_bytes: 1_048_576,
            stall_timeout: 10.0,
            close_timeout: 2.0,
            send_buffer_bytes: 65_536,
            log_lines_per_second: 20,
            tcp_user_timeout: 30.0,
        }
    }
}
