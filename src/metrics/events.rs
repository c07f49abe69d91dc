//! The handles of events: how many were published, and how the commands went that are run for them.

use prometheus::{Histogram, IntCounter};

use super::{Metrics, names};
use crate::domain::event::Group;
use crate::domain::event::kind::Keeping;

/// For the event log.
#[derive(Clone, Debug)]
pub struct Events {
    /// By the number of the family: those that are kept, and the others.
    published: Vec<(IntCounter, IntCounter)>,
    /// Kept events that were published after one write.
    pub batch: Histogram,
}

impl Events {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let of = |group: &Group, kept: &str| metrics.counter(names::EVENTS, &[("group", word(*group)), ("kept", kept)]);
        Self {
            published: Group::ALL.iter().map(|group| (of(group, "yes"), of(group, "no"))).collect(),
            batch: metrics.histogram(names::EVENT_BATCH, &[]),
        }
    }

    /// An event of this family was published.
    pub fn published(&self, group: Group, keeping: Keeping) {
        let place = Group::ALL.iter().position(|other| *other == group);
        let Some((kept, other)) = place.and_then(|place| self.published.get(place)) else { return };
        match keeping {
            Keeping::Kept => kept.inc(),
            Keeping::Ephemeral => other.inc(),
        }
    }
}

/// For one handler of events, which runs a command for each.
#[derive(Clone, Debug)]
pub struct EventHandler {
    /// Commands that ended well.
    pub succeeded: IntCounter,
    /// Commands that failed, or could not be started.
    pub failed: IntCounter,
    /// Commands that were ended because they took too long.
    pub timed_out: IntCounter,
    /// Events that there was no room for.
    pub dropped: IntCounter,
}

impl EventHandler {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let runs = |outcome| metrics.counter(names::HANDLER_RUNS, &[("handler", name), ("outcome", outcome)]);
        Self {
            succeeded: runs("succeeded"),
            failed: runs("failed"),
            timed_out: runs("timed out"),
            dropped: metrics.counter(names::HANDLER_DROPS, &[("handler", name)]),
        }
    }
}

/// A family's word: the part of its types before the dot.
const fn word(group: Group) -> &'static str {
    match group {
        Group::Execution => "execution",
        Group::Task => "task",
        Group::Manager => "manager",
        Group::Queue => "queue",
        Group::Request => "request",
        Group::Memory => "memory",
        Group::System => "system",
        Group::Connection => "connection",
        Group::Crew => "crew",
        Group::Agent => "agent",
        Group::Custom => "custom",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Kind;

    #[test]
    fn every_type_is_counted_with_its_family() {
        let metrics = Metrics::install(1).unwrap();
        let events = metrics.events();
        let custom = Kind::Custom("custom.a".into());
        for kind in Kind::KNOWN.iter().chain([&custom]) {
            assert!(kind.word().starts_with(&format!("{}.", word(kind.group()))), "{kind:?}");
            let count = || -> f64 {
                let text = metrics.render();
                let of_group = format!("callboard_events_total{{group=\"{}\"", word(kind.group()));
                let lines = text.lines().filter(|line| line.starts_with(&of_group));
                lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
            };
            let before = count();
            events.published(kind.group(), kind.keeping());
            assert_eq!(count(), before + 1.0, "{kind:?}");
        }
    }
}
