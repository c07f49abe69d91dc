//! When nodes want to run again.

use std::collections::BTreeSet;

use callboard_domain::time::Timestamp;

/// How much it matters that a node runs again at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeKind {
    /// A run that is to end waits for it.
    After,
    /// It is due only as long as the workflow is live.
    Beat,
}

/// When nodes want to run again: each at most once.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    after: BTreeSet<(Timestamp, u32)>,
    beats: BTreeSet<(Timestamp, u32)>,
}

impl Wakes {
    pub(super) fn add(&mut self, at: Timestamp, kind: WakeKind, node: u32) {
        self.of(kind).insert((at, node));
    }

    pub(super) fn remove(&mut self, at: Timestamp, kind: WakeKind, node: u32) {
        self.of(kind).remove(&(at, node));
    }

    /// The earliest.
    pub(super) fn next(&self) -> Option<(Timestamp, WakeKind)> {
        let after = self.after.first().map(|(at, _)| (*at, WakeKind::After));
        let beat = self.beats.first().map(|(at, _)| (*at, WakeKind::Beat));
        match (after, beat) {
            (Some(after), Some(beat)) => Some(if beat.0 < after.0 { beat } else { after }),
            (after, beat) => after.or(beat),
        }
    }

    /// The earliest that a run which is to end waits for.
    pub(super) fn next_after(&self) -> Option<Timestamp> {
        self.after.first().map(|(at, _)| *at)
    }

    /// Takes out a node whose time has come.
    pub(super) fn due(&mut self, kind: WakeKind, now: Timestamp) -> Option<u32> {
        let times = self.of(kind);
        times.first().filter(|(at, _)| *at <= now)?;
        times.pop_first().map(|(_, node)| node)
    }

    fn of(&mut self, kind: WakeKind) -> &mut BTreeSet<(Timestamp, u32)> {
        match kind {
            WakeKind::After => &mut self.after,
            WakeKind::Beat => &mut self.beats,
        }
    }
}
