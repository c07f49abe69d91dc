//! What the audit trail says of one thing that somebody did or tried.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::time::Timestamp;

/// The most characters that are kept of a text: what a client sends must not fill the trail.
const LONGEST: usize = 512;

/// Something that somebody did, or tried and was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewEntry {
    /// Who it was, by the name of the owner, or by what they were let in as.
    pub(crate) principal: String,
    /// What it was, such as `sessions:start`.
    pub(crate) action: &'static str,
    /// What it was done to: a path of the API, or the name of a user.
    pub(crate) object: String,
    /// Where it came from; nowhere where it came from the command line.
    pub(crate) address: Option<IpAddr>,
    /// Whether they might.
    pub(crate) allowed: bool,
    /// The id of the request, as the log and the answer have it.
    pub(crate) request_id: Option<String>,
}

/// An entry of the audit trail. Moments are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TrailEntry {
    /// Its number: there are no gaps.
    pub(crate) seq: u64,
    /// When it was.
    #[schema(value_type = f64)]
    #[cfg_attr(test, ts(type = "number"))]
    pub(crate) time: Timestamp,
    /// Who it was: an owner; `operator`, `local`, `visitor` or `anonymous`; or `cli`, the command line.
    pub(crate) principal: String,
    /// What it was, such as `sessions:start`.
    pub(crate) action: String,
    /// What it was done to.
    pub(crate) object: String,
    /// The address that it came from; null where it came from the command line.
    pub(crate) address: Option<String>,
    /// Whether they might; what was refused changed nothing.
    pub(crate) allowed: bool,
    /// The id of the request; null where it was a message on a socket or came from the command line.
    pub(crate) request_id: Option<String>,
}

impl TrailEntry {
    pub(super) fn new(entry: NewEntry, seq: u64, time: Timestamp) -> Self {
        Self {
            seq,
            time,
            principal: shortened(entry.principal),
            action: entry.action.to_owned(),
            object: shortened(entry.object),
            address: entry.address.map(|address| address.to_canonical().to_string()),
            allowed: entry.allowed,
            request_id: entry.request_id,
        }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text,
    }
}
