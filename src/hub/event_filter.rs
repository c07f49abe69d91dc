//! What an event socket subscribed to and what it leaves out, with the topics of the index under which it stands for that.

use smallvec::SmallVec;

use super::topic::{EventTopic, TopicKey};
use crate::domain::event::{EncodedEvent, Filter, Kind, Pattern, Selector};

/// What a connection asked for and what it leaves out. Looking at an event takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    subscriptions: Vec<Selector>,
    filter: Filter,
    /// The types of which it asked for all.
    whole: u64,
    /// The types that it may get, as far as its filter says so.
    let_in: u64,
}

impl EventFilter {
    /// What these subscriptions and this filter make. What was asked for twice counts once.
    #[must_use]
    pub fn new(subscriptions: Vec<Selector>, filter: Filter) -> Self {
        let mut made = Self { subscriptions: Vec::new(), filter, whole: 0, let_in: 0 };
        for subscription in subscriptions {
            if !made.subscriptions.contains(&subscription) {
                made.subscriptions.push(subscription);
            }
        }
        let custom = Kind::Custom("custom".into()).bit();
        let whole = |subscription: &Selector| match subscription {
            Selector::Types(Pattern::One(Kind::Custom(_))) => 0,
            Selector::Types(Pattern::Below(below)) if &**below != "custom." => subscription.bits() & !custom,
            Selector::Types(_)
            | Selector::Groups(_)
            | Selector::Execution(_)
            | Selector::Crew(_)
            | Selector::Metrics => subscription.bits(),
        };
        made.whole = made.subscriptions.iter().map(whole).fold(0, |all, bits| all | bits);
        let types = made.filter.types.as_ref();
        made.let_in = types.map_or(u64::MAX, |types| types.iter().map(Pattern::bits).fold(0, |all, bits| all | bits));
        made
    }

    /// What was asked for, in the order in which that was done.
    #[must_use]
    pub fn subscriptions(&self) -> &[Selector] {
        &self.subscriptions
    }

    /// What is left out.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether an event is wanted.
    #[must_use]
    pub fn takes(&self, event: &EncodedEvent) -> bool {
        let new_event = event.new_event();
        self.passes(event)
            && (self.whole & (1 << event.index()) != 0 || self.subscriptions.iter().any(|one| one.takes(new_event)))
    }

    /// Whether an event passes the filter, whatever was asked for.
    #[must_use]
    pub fn passes(&self, event: &EncodedEvent) -> bool {
        self.let_in & (1 << event.index()) != 0 && self.filter.takes(event.new_event())
    }

    /// Where it has to stand in the index, so that no event that it filter is missed. As few places as may be: one that
    /// filter the events of one session only stands there and nowhere else.
    #[must_use]
    pub fn topics(&self) -> SmallVec<[EventTopic; 4]> {
        let mut topics = SmallVec::new();
        if self.subscriptions.contains(&Selector::Metrics) {
            topics.push(EventTopic::Metrics);
        }
        let is_more = self.subscriptions.iter().any(|one| *one != Selector::Metrics);
        if !is_more || self.let_in == 0 {
            return topics;
        }
        if let Some(id) = &self.filter.execution_id {
            topics.push(EventTopic::Execution(TopicKey::of(id.as_str())));
            return topics;
        }
        if let Some(id) = &self.filter.crew_id {
            topics.push(EventTopic::Crew(TopicKey::of(id)));
            return topics;
        }
        let bits = self.subscriptions.iter().map(Selector::bits).fold(0, |all, bits| all | bits) & self.let_in;
        for index in (0..=Kind::KNOWN.len()).filter(|index| bits & (1 << index) != 0) {
            topics.push(EventTopic::Kind(u8::try_from(index).unwrap_or(u8::MAX)));
        }
        for subscription in &self.subscriptions {
            match subscription {
                Selector::Execution(id) => topics.push(EventTopic::Execution(TopicKey::of(id.as_str()))),
                Selector::Crew(id) => topics.push(EventTopic::Crew(TopicKey::of(id))),
                Selector::Groups(_) | Selector::Metrics | Selector::Types(_) => {}
            }
        }
        topics
    }
}
