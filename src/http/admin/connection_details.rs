//! A connection, as operators see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::event::Filter;
use crate::domain::status::Priority;
use crate::domain::time::Timestamp;
use crate::hub::messages::ConnectionDetails;

/// A connection, as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ShownConnection {
    /// What the client is called; the connection's id where it has no name.
    pub(super) client_id: String,
    /// The connection's id.
    connection_id: String,
    /// The server that has it, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    member: Option<String>,
    /// Which kind of socket it is.
    kind: String,
    /// Where from.
    address: Option<String>,
    /// When it was opened (RFC 3339).
    connected_at: String,
    /// Seconds since then.
    pub(super) age_seconds: f64,
    /// Seconds since something was last heard of it.
    silent_seconds: f64,
    /// What it asked for, in the order in which it did; none where it is no event socket.
    subscriptions: Vec<String>,
    /// What it leaves out of that; null where it is no event socket.
    filter: Option<ShownFilter>,
    /// Whether it is behind, and reads from the log what it could not be sent.
    is_behind: bool,
    /// Messages that came.
    messages_received: u64,
    /// Messages that were sent.
    messages_sent: u64,
    /// Bytes that came.
    bytes_received: u64,
    /// Bytes that were sent.
    bytes_sent: u64,
    /// Messages that were left out because the client did not read.
    dropped: u64,
    /// Bytes that wait for it to read them.
    queued_bytes: usize,
    /// Seconds that bytes have waited while none left; 0 where nothing waits.
    lag_seconds: f64,
}

/// What a connection leaves out of what it asked for; what is null leaves nothing out.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ShownFilter {
    /// Other types than these.
    types: Option<Vec<String>>,
    /// What is less urgent.
    min_priority: Option<Priority>,
    /// What does not belong to this execution.
    execution_id: Option<String>,
    /// What does not belong to this crew.
    crew_id: Option<String>,
    /// What does not belong to this agent.
    agent_id: Option<String>,
}

impl ShownConnection {
    pub(super) fn new(details: ConnectionDetails, now: Timestamp) -> Self {
        let ConnectionDetails { connection, member, client_id, kind, address, opened_at, passed, listening, .. } =
            details;
        let (subscriptions, filter, is_behind) = match listening {
            Some(listening) => {
                let words = listening.subscriptions.iter().map(crate::domain::event::Selector::word).collect();
                (words, Some(ShownFilter::of(&listening.filter)), listening.is_behind)
            }
            None => (Vec::new(), None, false),
        };
        Self {
            client_id: client_id.to_string(),
            connection_id: connection.to_string(),
            member: member.map(|member| member.to_string()),
            kind: kind.into_owned(),
            address: address.map(|address| address.to_string()),
            connected_at: opened_at.to_rfc3339(),
            age_seconds: now.since(opened_at).as_secs_f64(),
            silent_seconds: details.silent_for.as_secs_f64(),
            subscriptions,
            filter,
            is_behind,
            messages_received: passed.messages_in,
            messages_sent: passed.messages_out,
            bytes_received: passed.bytes_in,
            bytes_sent: passed.bytes_out,
            dropped: passed.dropped,
            queued_bytes: details.queued_bytes,
            lag_seconds: details.lag.as_secs_f64(),
        }
    }
}

impl ShownFilter {
    fn of(filter: &Filter) -> Self {
        let Filter { types, min_priority, execution_id, crew_id, agent_id } = filter;
        Self {
            types: types.as_ref().map(|types| types.iter().map(crate::domain::event::Pattern::word).collect()),
            min_priority: *min_priority,
            execution_id: execution_id.as_ref().map(ToString::to_string),
            crew_id: crew_id.as_ref().map(ToString::to_string),
            agent_id: agent_id.as_ref().map(ToString::to_string),
        }
    }
}
