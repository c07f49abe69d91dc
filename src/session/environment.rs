//! What the sessions of one worker share: read-only handles, and the worker's run slots.

use std::sync::Arc;

use super::kinds::Kinds;
use super::port::PortLimits;
use super::slots::Slots;
use crate::config;
use crate::domain::tail::TailLimits;
use crate::store::Store;

/// How much a task may tell in one go before its session writes it down.
const BURST_BYTES: usize = 64 * 1024;

/// What the sessions of one worker share.
pub(crate) struct Environment {
    /// The worker's number, from 0.
    pub(crate) worker: usize,
    /// How many workers there are.
    pub(crate) workers: usize,
    /// Where journals are kept.
    pub(crate) store: Store,
    /// What can be started.
    pub(crate) kinds: Arc<Kinds>,
    /// The settings for sessions.
    pub(crate) settings: config::sessions::Sessions,
    /// The worker's run slots.
    pub(crate) slots: Slots,
}

impl Environment {
    /// How much of a journal's end a session keeps.
    pub(crate) fn tail_limits(&self) -> TailLimits {
        TailLimits { snapshot: self.settings.snapshot_messages, bytes: self.settings.tail_bytes }
    }

    /// What a task may tell in one go.
    pub(crate) fn port_limits(&self) -> PortLimits {
        PortLimits { entry_bytes: self.settings.max_entry_bytes, burst_bytes: BURST_BYTES }
    }
}
