//! Sends what is published to the connections of one worker: each item is encoded once for each dialect, and each
//! connection gets the pieces that it wants by reference.
//!
//! Invariant: who is live on a feed was sent every kept item that it wants up to the last that was published here, or has
//! it in its batch.

mod encoded;
mod events;

use std::rc::Rc;

use bytes::Bytes;

use super::close::CloseCode;
use super::item::{Class, Item, Items};
use super::kinds::KindSet;
use super::link::Link;
use super::links::{Follower, Links};
use super::messages::{Join, Publish, ReadOn, Recipients};
use super::subscription::Subscription;
use super::topic::Topic;
use super::turns::Round;
use crate::domain::id::SessionId;
use encoded::Encoded;

/// How many items are looked at together: as many as a mask has bits.
const TOGETHER: usize = 64;

/// Some items that are published together, at most as many as a mask has bits; a mask says which of them.
struct Batch<'a> {
    items: Vec<Item<'a>>,
    /// All of them.
    all: u64,
    /// Those that have a position.
    kept: u64,
    /// Those of which only the newest matters.
    latest: u64,
    /// Those that overtake others.
    urgent: u64,
    /// The first position.
    first: Option<u64>,
    /// Whether nothing follows them in their feed.
    is_end: bool,
}

/// What became of a batch for one connection.
enum Delivery {
    /// So many items wait in its outbox, or were left out because they are kept nowhere.
    Done(usize),
    /// It had no room for what is kept.
    NoRoom,
}

impl<'a> Batch<'a> {
    fn new(items: &'a Items, session_id: Option<SessionId>, from: usize) -> Self {
        let places = from..items.len().min(from + TOGETHER);
        let items: Vec<Item<'a>> =
            places.filter_map(|at| items.get(at)).map(|item| Item { session_id, ..item }).collect();
        let mask = |is_so: &dyn Fn(&Item<'_>) -> bool| {
            items.iter().enumerate().filter(|(_, item)| is_so(item)).fold(0, |mask, (at, _)| mask | 1_u64 << at)
        };
        Self {
            all: mask(&|_| true),
            kept: mask(&|item| item.position.is_some()),
            latest: mask(&|item| item.class == Class::Latest),
            urgent: mask(&|item| item.event.is_some_and(|event| event.is_urgent())),
            first: items.iter().find_map(|item| item.position),
            is_end: items.iter().any(|item| item.is_end),
            items,
        }
    }

    /// Those that are due to somebody who stands like this with the feed.
    fn due(&self, subscription: Subscription) -> u64 {
        if self.first.is_none_or(|first| subscription.are_all_due(first)) {
            return self.all;
        }
        self.mask(|item| subscription.is_due(item.position))
    }

    fn mask(&self, is_so: impl Fn(&Item<'a>) -> bool) -> u64 {
        self.items.iter().enumerate().filter(|(_, item)| is_so(item)).fold(0, |mask, (at, _)| mask | 1_u64 << at)
    }
}

impl Links {
    /// Sends items to all who follow their feed; gives how many were sent, each counted for each connection.
    pub fn publish(&self, publish: &Publish) -> usize {
        let mut sent = 0;
        for from in (0..publish.items.len()).step_by(TOGETHER) {
            let session_id = match &publish.to {
                Recipients::Followers(topics) => topics.iter().find_map(|topic| topic.session_id()),
                Recipients::EventSockets(_) => None,
            };
            let batch = Batch::new(&publish.items, session_id, from);
            sent += match &publish.to {
                Recipients::Followers(topics) => self.to_followers(topics, &batch),
                Recipients::EventSockets(audience) => self.to_event_sockets(audience, &batch),
            };
        }
        sent
    }

    /// Sends a batch to all who follow any of these topics, to each once.
    fn to_followers(&self, topics: &[Topic], batch: &Batch<'_>) -> usize {
        let (mut sent, mut behind, mut too_slow) = (0, Vec::new(), Vec::new());
        let mut encoded = Encoded::new(batch, batch.all);
        let mut round = self.turns.round();
        let followers = self.followers.borrow();
        for (at, topic) in topics.iter().enumerate() {
            let earlier = topics.get(..at).unwrap_or_default();
            for (connection, Follower { link, subscription }) in followers.listeners(*topic) {
                let stands = subscription.get();
                // What is sent between kept items keeps its place among them: it is nothing to who reads on elsewhere.
                let is_sent = |topic: &Topic| {
                    followers
                        .listener(*topic, *connection)
                        .is_some_and(|follower| follower.subscription.get().is_live())
                };
                if !stands.is_live() || earlier.iter().any(is_sent) {
                    continue;
                }
                let mut mask = batch.due(stands);
                // What a client wants to hear of workflows says nothing of a session that it has started.
                if topic.is_of_workflows() {
                    let of_kinds = |kinds: KindSet| batch.mask(|item| kinds.has(item.kind_index));
                    mask &= link.kinds().mask(batch.all, of_kinds);
                }
                if mask == 0 {
                    continue;
                }
                if topic.is_of_workflows() && mask & !batch.kept != 0 && !link.has_room() {
                    too_slow.push(*connection);
                    continue;
                }
                match deliver(link, mask, 0, batch, &mut encoded, &mut round) {
                    Delivery::Done(count) => {
                        sent += count;
                        if batch.is_end && link.about().ends_with_feed {
                            link.finish();
                        }
                    }
                    Delivery::NoRoom => behind.push((*topic, Rc::clone(link))),
                }
            }
        }
        drop(followers);
        too_slow.into_iter().for_each(|connection| self.close(connection, CloseCode::TooSlow));
        for (topic, link) in behind {
            self.falls_behind(&link, topic, batch.first.unwrap_or_default());
        }
        sent
    }

    /// A follower has no room for items from this position on: it reads on from the source at its own pace.
    fn falls_behind(&self, link: &Rc<Link>, topic: Topic, first: u64) {
        let position = {
            let followers = self.followers.borrow();
            let Some(follower) = followers.listener(topic, link.id()) else { return };
            let mut subscription = follower.subscription.get();
            let position = subscription.fall_behind(first);
            follower.subscription.set(subscription);
            position
        };
        if let Some(position) = position {
            self.read_on(link, topic, position);
        }
    }

    /// Those who follow a feed live read on from its source.
    pub fn have_read_on(&self, read_on: &ReadOn) {
        let ReadOn { topic, connection: only, position } = *read_on;
        let following: Vec<Rc<Link>> = {
            let followers = self.followers.borrow();
            let meant = followers.listeners(topic).iter().filter(|(one, _)| only.is_none_or(|only| only == *one));
            meant.map(|(_, follower)| Rc::clone(&follower.link)).collect()
        };
        following.iter().for_each(|link| self.falls_behind(link, topic, position + 1));
    }

    pub(super) fn read_on(&self, link: &Rc<Link>, topic: Topic, position: u64) {
        match self.fall_behind.get() {
            Some(read_on) => read_on(link, topic, position),
            None => link.close(CloseCode::TooSlow),
        }
    }

    /// Lets a connection follow a feed, behind what it is sent first.
    pub fn join(&self, join: &Join) {
        let Join { connection, topic, items, position, announced } = join;
        let is_counted = topic.is_of_workflows();
        let Some(link) = self.get(*connection).filter(|link| link.is_open()) else {
            if is_counted {
                self.counts.remove_watcher();
            }
            return;
        };
        let (count, frames) = self.replays.encode(items, *topic, &link, *announced);
        link.send_replay(count, frames);
        if link.about().ends_with_feed && items.iter().any(|item| item.is_end) {
            link.finish();
        }
        let subscription = Subscription::live(*position);
        let follower = Follower { link, subscription: subscription.into() };
        let is_new = self.followers.borrow_mut().subscribe(*topic, *connection, follower);
        if !is_new {
            if let Some(follower) = self.followers.borrow().listener(*topic, *connection) {
                follower.subscription.set(subscription);
            }
            if is_counted {
                self.counts.remove_watcher();
            }
        }
    }
}

/// Puts items of a batch into an outbox. Where less than half of it is free, what is kept nowhere is left out, and what
/// soon is replaced has no room.
fn deliver(
    link: &Link,
    mut mask: u64,
    overtaking: u64,
    batch: &Batch<'_>,
    encoded: &mut Encoded<'_>,
    round: &mut Round<'_>,
) -> Delivery {
    if !link.has_room() {
        link.count_dropped(u64::from((mask & !batch.kept).count_ones()));
        mask &= batch.kept;
        if mask & batch.latest != 0 {
            return Delivery::NoRoom;
        }
    }
    if mask == 0 {
        return Delivery::Done(0);
    }
    let urgent = mask & overtaking;
    let mut frames = |mask| if mask == 0 { Bytes::new() } else { encoded.frames(link, mask) };
    let (urgent, rest) = (frames(urgent), frames(mask & !urgent));
    let count = mask.count_ones() as usize;
    if link.queue(count, urgent, rest).is_ok() {
        round.wake(link);
        return Delivery::Done(count);
    }
    link.count_dropped(u64::from((mask & !batch.kept).count_ones()));
    if mask & batch.kept == 0 { Delivery::Done(0) } else { Delivery::NoRoom }
}

/// Calls something with the number of each bit that is set.
fn each(mut mask: u64, mut call: impl FnMut(usize)) {
    while mask != 0 {
        call(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}
