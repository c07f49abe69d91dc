//! The handles of a server that is one of several.

use std::time::Duration;

use prometheus::{Gauge, IntCounter, IntGauge};

use super::{Metrics, names};

/// What is counted of a server among others; all zero where it is alone.
#[derive(Clone, Debug)]
pub struct Cluster {
    members: IntGauge,
    own_slots: IntGauge,
    unowned_slots: IntGauge,
    lag: Gauge,
    /// Slots that came to this server.
    pub taken: IntCounter,
    /// Slots that it handed over.
    pub handed_over: IntCounter,
    /// Slots that it has lost.
    pub lost: IntCounter,
    /// How often others took it for dead.
    pub fenced: IntCounter,
    /// Questions to other servers.
    pub asked: IntCounter,
    /// Questions that were sent again.
    pub repeated: IntCounter,
}

impl Cluster {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let slots = |owner| metrics.gauge(names::CLUSTER_SLOTS, &[("owner", owner)]);
        let moved = |how| metrics.counter(names::CLUSTER_MOVED, &[("how", how)]);
        let questions = |kind| metrics.counter(names::CLUSTER_QUESTIONS, &[("kind", kind)]);
        Self {
            members: metrics.gauge(names::CLUSTER_MEMBERS, &[]),
            own_slots: slots("this"),
            unowned_slots: slots("nobody"),
            lag: metrics.families.engine(),
            taken: moved("taken"),
            handed_over: moved("handed over"),
            lost: moved("lost"),
            fenced: metrics.counter(names::CLUSTER_FENCED, &[]),
            asked: questions("asked"),
            repeated: questions("repeated"),
        }
    }

    /// So many servers there are; this one and nobody own so many slots; the engine took so long to answer, where it does.
    pub fn seen(&self, members: usize, own: usize, unowned: usize, lag: Option<Duration>) {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.members.set(whole(members));
        self.own_slots.set(whole(own));
        self.unowned_slots.set(whole(unowned));
        self.lag.set(lag.map_or(-1.0, |lag| lag.as_secs_f64()));
    }
}
