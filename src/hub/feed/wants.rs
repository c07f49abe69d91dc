//! What a connection asked for and what it leaves out, with the places in the index where it has to stand for that.

use smallvec::SmallVec;

use super::super::messages::{Topic, TopicKey};
use crate::domain::event::{Filter, Kind, Pattern, Subscription, Told};

/// What a connection asked for and what it leaves out. Looking at an event takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    subscriptions: Vec<Subscription>,
    filter: Filter,
    /// The types of which it asked for all.
    whole: u64,
    /// The types that it may get, as far as its filter says so.
    let_in: u64,
}

impl Wants {
    /// What these subscriptions and this filter make. What was asked for twice counts once.
    #[must_use]
    pub fn new(subscriptions: Vec<Subscription>, filter: Filter) -> Self {
        let mut wants = Self { subscriptions: Vec::new(), filter, whole: 0, let_in: 0 };
        for subscription in subscriptions {
            if !wants.subscriptions.contains(&subscription) {
                wants.subscriptions.push(subscription);
            }
        }
        let custom = Kind::Custom("custom".into()).bit();
        let whole = |subscription: &Subscription| match subscription {
            Subscription::Types(Pattern::One(Kind::Custom(_))) => 0,
            Subscription::Types(Pattern::Below(below)) if &**below != "custom." => subscription.bits() & !custom,
            Subscription::Types(_)
            | Subscription::Groups(_)
            | Subscription::Execution(_)
            | Subscription::Crew(_)
            | Subscription::Metrics => subscription.bits(),
        };
        wants.whole = wants.subscriptions.iter().map(whole).fold(0, |all, bits| all | bits);
        let types = wants.filter.types.as_ref();
        wants.let_in = types.map_or(u64::MAX, |types| types.iter().map(Pattern::bits).fold(0, |all, bits| all | bits));
        wants
    }

    /// What was asked for, in the order in which that was done.
    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// What is left out.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether an event is wanted.
    #[must_use]
    pub fn takes(&self, told: &Told) -> bool {
        let happening = told.happening();
        self.passes(told)
            && (self.whole & (1 << told.index()) != 0 || self.subscriptions.iter().any(|one| one.takes(happening)))
    }

    /// Whether an event passes the filter, whatever was asked for.
    #[must_use]
    pub fn passes(&self, told: &Told) -> bool {
        self.let_in & (1 << told.index()) != 0 && self.filter.takes(told.happening())
    }

    /// Where it has to stand in the index, so that no event that it wants is missed. As few places as may be: one that
    /// wants the events of one session only stands there and nowhere else.
    #[must_use]
    pub fn topics(&self) -> SmallVec<[Topic; 4]> {
        let mut topics = SmallVec::new();
        if self.subscriptions.contains(&Subscription::Metrics) {
            topics.push(Topic::Metrics);
        }
        let is_more = self.subscriptions.iter().any(|one| *one != Subscription::Metrics);
        if !is_more || self.let_in == 0 {
            return topics;
        }
        if let Some(id) = &self.filter.execution_id {
            topics.push(Topic::Execution(TopicKey::of(id.as_str())));
            return topics;
        }
        if let Some(id) = &self.filter.crew_id {
            topics.push(Topic::Crew(TopicKey::of(id)));
            return topics;
        }
        let bits = self.subscriptions.iter().map(Subscription::bits).fold(0, |all, bits| all | bits) & self.let_in;
        for index in (0..=Kind::KNOWN.len()).filter(|index| bits & (1 << index) != 0) {
            topics.push(Topic::Kind(u8::try_from(index).unwrap_or(u8::MAX)));
        }
        for subscription in &self.subscriptions {
            match subscription {
                Subscription::Execution(id) => topics.push(Topic::Execution(TopicKey::of(id.as_str()))),
                Subscription::Crew(id) => topics.push(Topic::Crew(TopicKey::of(id))),
                Subscription::Groups(_) | Subscription::Metrics | Subscription::Types(_) => {}
            }
        }
        topics
    }
}
