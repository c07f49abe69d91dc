//! Sends events to event sockets: who of them wants which, what is gathered for a while, and how they go live.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use super::super::dialect::Signal;
use super::super::event_filter::EventFilter;
use super::super::event_listener::{EventListener, Order};
use super::super::item::Item;
use super::super::link::Link;
use super::super::links::Links;
use super::super::messages::{Audience, EventsBeginAnew};
use super::super::subscription::Subscription;
use super::super::topic::{EventTopic, Topic, TopicKey};
use super::super::turns::Round;
use super::{Batch, Delivery, Encoded, deliver, each};
use crate::domain::event::{EncodedEvent, Event, Group, Kind, NewEvent, Selector};
use crate::domain::time::Timestamp;

impl Links {
    /// The last kept event that was published on this worker.
    #[must_use]
    pub fn published_seq(&self) -> u64 {
        self.published_seq.get()
    }

    /// Sends a batch to the event sockets that get it; those that get it anyway are counted only.
    pub(super) fn to_event_sockets(&self, audience: &Audience, batch: &Batch<'_>) -> usize {
        let mut touched: Vec<Rc<Link>> = Vec::new();
        let (mut sent, mut wanted) = (0, 0);
        let sockets = self.event_sockets.borrow();
        for (at, (item, event)) in batch.items.iter().filter_map(|item| Some((item, item.event?))).enumerate() {
            for topic in topics(event, audience) {
                for (_, link) in sockets.listeners(topic) {
                    let Some(listener) = link.event_listener() else { continue };
                    if !is_for(link, listener, item, event, audience) {
                        continue;
                    }
                    if gets_anyway(listener, event, audience) {
                        sent += 1;
                        continue;
                    }
                    let marks = listener.marks.get();
                    if marks == 0 {
                        touched.push(Rc::clone(link));
                    }
                    listener.marks.set(marks | 1 << at);
                    wanted |= 1 << at;
                }
            }
        }
        drop(sockets);
        let mut encoded = Encoded::new(batch, wanted);
        let mut round = self.turns.round();
        for link in touched {
            if let Some(listener) = link.event_listener() {
                sent += self.to_event_socket(&link, listener, batch, &mut encoded, &mut round);
            }
        }
        if let Some(seq) = batch.items.iter().filter_map(|item| item.position).max() {
            self.published_seq.set(self.published_seq.get().max(seq));
        }
        sent
    }

    /// Sends an event socket the events that are marked for it.
    fn to_event_socket(
        &self,
        link: &Rc<Link>,
        listener: &EventListener,
        batch: &Batch<'_>,
        encoded: &mut Encoded<'_>,
        round: &mut Round<'_>,
    ) -> usize {
        let mut mask = listener.marks.take();
        if let Some(every) = listener.manner.batch {
            if !link.has_room() {
                link.count_dropped(u64::from((mask & !batch.kept).count_ones()));
                mask &= batch.kept;
            }
            if mask == 0 {
                return 0;
            }
            let mut gathered = listener.batch.borrow_mut();
            each(mask, |at| {
                let position = batch.items.get(at).and_then(|item| item.position);
                gathered.add(position, encoded.payload(link, at));
            });
            let is_due = mask & batch.urgent != 0 || gathered.is_full();
            if !is_due && !std::mem::replace(&mut gathered.is_due_later, true) {
                self.batches_due.borrow_mut().push((Rc::clone(link), every));
            }
            drop(gathered);
            if is_due {
                self.send_batch(link);
            }
            return mask.count_ones() as usize;
        }
        let overtaking = if listener.manner.order == Order::ByUrgency { batch.urgent } else { 0 };
        match deliver(link, mask, overtaking, batch, encoded, round) {
            Delivery::Done(count) => count,
            Delivery::NoRoom => {
                self.event_socket_falls_behind(link, listener, batch.first.unwrap_or_default());
                0
            }
        }
    }

    /// Sends what was gathered for a connection.
    pub fn send_batch(&self, link: &Rc<Link>) {
        let Some(listener) = link.event_listener() else { return };
        let batch = listener.batch.take();
        if batch.payloads.is_empty() {
            return;
        }
        let mut out = Vec::new();
        link.dialect().frame(&batch.payloads, &mut out);
        if link.try_send(batch.payloads.len(), out.into()).is_err() {
            link.count_dropped(batch.ephemeral);
            if let Some(first) = batch.first {
                self.event_socket_falls_behind(link, listener, first);
            }
        }
    }

    /// The connections whose batches are to be sent, each after its time.
    pub fn batches_due(&self) -> Vec<(Rc<Link>, std::time::Duration)> {
        self.batches_due.take()
    }

    /// An event socket has no room for what is kept from `first` on: it gets that from the log, as it reads.
    fn event_socket_falls_behind(&self, link: &Rc<Link>, listener: &EventListener, first: u64) {
        let mut subscription = listener.subscription.get();
        let position = subscription.fall_behind(first);
        listener.subscription.set(subscription);
        if let Some(position) = position {
            self.read_on(link, Topic::Events, position);
        }
    }

    /// Lets an event socket that has all that was published on this worker get events as they happen; gives whether it
    /// does now.
    #[must_use]
    pub fn go_live(&self, link: &Link) -> bool {
        let Some(listener) = link.event_listener() else { return false };
        let mut subscription = listener.subscription.get();
        let is_live = subscription.go_live(self.published_seq());
        listener.subscription.set(subscription);
        is_live
    }

    /// The event log goes on as another one: all event sockets that have heard all of the one before follow that. The others
    /// read on from the log, and see it there.
    pub fn events_begin_anew(&self, anew: &EventsBeginAnew) {
        self.published_seq.set(anew.last_seq);
        for link in self.everybody() {
            self.send_batch(&link);
            let Some(listener) = link.event_listener().filter(|listener| listener.subscription().is_live()) else {
                continue;
            };
            listener.begin_anew(Arc::clone(&anew.epoch), Subscription::live(anew.last_seq));
            link.send_replay(1, link.dialect().signal(Signal::Answer(&anew.notice)));
        }
    }

    /// Lets an event socket get what passes this filter from now on.
    pub fn set_filter(&self, link: &Rc<Link>, filter: EventFilter) {
        let Some(listener) = link.event_listener() else { return };
        self.send_batch(link);
        if !link.is_open() {
            return;
        }
        let before = listener.filter.replace(filter).topics();
        let after = listener.filter.borrow().topics();
        let mut topics = self.event_sockets.borrow_mut();
        for topic in before.iter().filter(|topic| !after.contains(topic)) {
            if topics.unsubscribe(*topic, link.id()) {
                self.counts.remove_event_listener(*topic);
            }
        }
        for topic in after.into_iter().chain([EventTopic::All]) {
            if topics.subscribe(topic, link.id(), Rc::clone(link)) {
                self.counts.add_event_listener(topic);
            }
        }
    }

    /// Sends an event socket a sign of life that says how it stands.
    pub(in crate::hub) fn send_heartbeat(&self, link: &Rc<Link>) {
        let Some(listener) = link.event_listener().filter(|_| link.is_open() && link.has_room()) else { return };
        self.send_batch(link);
        let subscription = listener.subscription.get();
        let reached = if subscription.is_live() { self.published_seq() } else { 0 };
        let position = subscription.position().max(reached);
        let new_event = NewEvent::new(Kind::ConnectionHeartbeat)
            .with("client_id", &*listener.manner.client_id)
            .with("dropped", link.passed().dropped)
            .with("queued_bytes", link.queued_bytes())
            .with("last_seq", position)
            .with("server_time", Timestamp::now().to_rfc3339());
        // Without room it is left out: the next one says more.
        let _ = link.try_send(1, link.event_frame(&EncodedEvent::new(Event::now(new_event))));
    }
}

/// Under which topics of the index those stand that may want an event.
fn topics(event: &EncodedEvent, audience: &Audience) -> SmallVec<[EventTopic; 3]> {
    let mut topics = SmallVec::new();
    match audience {
        Audience::Subscribers => {}
        Audience::SubscribersOf(Selector::Metrics) => {
            topics.push(EventTopic::Metrics);
            return topics;
        }
        Audience::Everybody | Audience::SubscribersOf(_) => {
            topics.push(EventTopic::All);
            return topics;
        }
    }
    let new_event = event.new_event();
    topics.push(EventTopic::Kind(u8::try_from(event.index()).unwrap_or(u8::MAX)));
    topics.extend(new_event.execution_id.as_ref().map(|id| EventTopic::Execution(TopicKey::of(id.as_str()))));
    topics.extend(new_event.crew_id.as_ref().map(|id| EventTopic::Crew(TopicKey::of(id))));
    topics
}

fn is_for(link: &Link, listener: &EventListener, item: &Item<'_>, event: &EncodedEvent, audience: &Audience) -> bool {
    if !listener.subscription.get().is_due(item.position) {
        return false;
    }
    let new_event = event.new_event();
    if new_event.kind.group() == Group::Connection
        && new_event.data.get("connection_id").and_then(|id| id.as_str()) == Some(&*link.id().to_string())
    {
        return false;
    }
    match audience {
        Audience::Subscribers => listener.takes(event),
        // What an operator sends to all is for all, whoever they are.
        Audience::Everybody => listener.filter.borrow().passes(event),
        Audience::SubscribersOf(one) => {
            let filter = listener.filter.borrow();
            filter.passes(event) && filter.subscriptions().contains(one)
        }
    }
}

/// Whether an event socket gets this as one of the usual subscribers, so that it would get it twice. The server's metrics
/// have no others than those that subscribed to them.
fn gets_anyway(listener: &EventListener, event: &EncodedEvent, audience: &Audience) -> bool {
    match audience {
        Audience::Subscribers => false,
        Audience::SubscribersOf(Selector::Metrics) if event.new_event().kind == Kind::SystemHealthCheck => false,
        Audience::Everybody | Audience::SubscribersOf(_) => listener.takes(event),
    }
}
