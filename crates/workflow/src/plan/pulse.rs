//! Which node runs at this moment, for whoever looks from another thread.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::NodeIndex;

const IDLE: u32 = u32::MAX;

/// Which node of a plan runs at this moment. What is read is a hint: it may be over already.
#[derive(Debug)]
pub struct Pulse {
    iteration: AtomicU64,
    node: AtomicU32,
    is_given_up: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { iteration: AtomicU64::new(0), node: AtomicU32::new(IDLE), is_given_up: AtomicBool::new(false) }
    }
}

impl Pulse {
    /// The iteration, from 1, and the node that runs in it; `None` while none runs.
    #[must_use]
    pub fn running(&self) -> Option<(u64, NodeIndex)> {
        let node = self.node.load(Ordering::Relaxed);
        (node != IDLE).then(|| (self.iteration.load(Ordering::Relaxed), NodeIndex(node)))
    }

    /// Says that nobody waits for this plan any more: the node that runs is the last.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed)
    }

    pub(super) fn iterates(&self, iteration: u64) {
        self.iteration.store(iteration, Ordering::Relaxed);
    }

    pub(super) fn runs(&self, node: u32) {
        self.node.store(node, Ordering::Relaxed);
    }

    pub(super) fn rests(&self) {
        self.node.store(IDLE, Ordering::Relaxed);
    }
}
