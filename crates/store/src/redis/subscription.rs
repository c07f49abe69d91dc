//! What the engine publishes to this member: a thread receives it and passes it on, and subscribes anew once the connection
//! is broken, or so still that not even this member's own pulse comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::event_log::read_announcement;
use super::link::Link;
use super::mail::{Header, PULSE_EVERY};
use super::place::Place;
use crate::cluster::inbox::Slit;
use crate::cluster::relay::Heard;
use crate::cluster::{Request, View};
use crate::{Error, Fence};

/// A subscription that is still for longer is broken.
const STILL_FOR: Duration = PULSE_EVERY.saturating_mul(3);

/// Between two tries to subscribe.
const PAUSE: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Subscription {
    pub(super) link: Link,
    pub(super) place: Arc<Place>,
    /// This process among the members.
    pub(super) id: Arc<str>,
    pub(super) view: watch::Receiver<Arc<View>>,
    /// The thread that looks after membership.
    pub(super) lookout: Sender<Request>,
    /// The thread that puts events in order.
    pub(super) relay: SyncSender<Heard>,
    pub(super) slit: Slit,
    /// The number of the last letter from each member.
    pub(super) received: HashMap<Fence, u64>,
    /// As which member this was: each sender begins to count anew for another one.
    pub(super) as_whom: Option<Fence>,
}

/// Starts the thread, which ends soon after the thread that makes the view has ended.
pub(super) fn start(subscription: Subscription) -> Result<(), Error> {
    std::thread::Builder::new()
        .name("store-subscribe".into())
        .spawn(move || subscription.run())
        .map(drop)
        .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))
}

impl Subscription {
    fn run(mut self) {
        let mut was_cut = false;
        while !self.is_over() {
            self.receive(&mut was_cut);
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether the store is closed.
    fn is_over(&self) -> bool {
        self.view.has_changed().is_err()
    }

    /// Subscribes, and receives until something is wrong or the store is closed.
    fn receive(&mut self, was_cut: &mut bool) {
        let Ok(mut connection) = self.link.connection() else { return };
        if connection.set_read_timeout(Some(STILL_FOR)).is_err() {
            return;
        }
        let (mailbox, members, events) =
            (self.place.mailbox(&self.id), self.place.key("members"), self.place.key("events"));
        let mut channels = connection.as_pubsub();
        if channels.subscribe(&[&mailbox, &members, &events]).is_err() {
            return;
        }
        if std::mem::replace(was_cut, true) {
            log::info!("what other members send is received again");
            self.slit.miss();
        }
        drop(self.lookout.send(Request::Look));
        while !self.is_over() {
            let Ok(message) = channels.get_message() else {
                if !self.is_over() {
                    log::warn!("what other members send is not received: the subscription is broken, and is made anew");
                }
                return;
            };
            if message.get_channel_name() == members {
                drop(self.lookout.send(Request::Look));
            } else if message.get_channel_name() == events {
                self.relay(message.get_payload_bytes());
            } else {
                self.deliver(message.get_payload_bytes());
            }
        }
    }

    /// Passes on the events of a commit that is not this member's.
    fn relay(&self, message: &[u8]) {
        let Some((generation, writer, rows)) = read_announcement(message) else {
            return log::error!("what was published of events cannot be read: they are read from the log");
        };
        if writer != self.view.borrow().me {
            drop(self.relay.send(Heard::Elsewhere(generation, rows)));
        }
    }

    /// Puts a letter into the inbox that has not come before, and says so where one has not come at all.
    fn deliver(&mut self, message: &[u8]) {
        let Some((Header { from, to, number, is_pulse }, body)) = Header::read(message) else { return };
        let (me, members) = {
            let view = self.view.borrow();
            (view.me, view.members.len())
        };
        // It was meant for what this server was before.
        if to != me {
            return;
        }
        if self.as_whom.replace(me) != Some(me) {
            self.received.clear();
        }
        if self.received.len() > 2 * members.max(8) {
            let view = Arc::clone(&self.view.borrow());
            self.received.retain(|from, _| view.member(*from).is_some());
        }
        let last = self.received.entry(from).or_default();
        let missing = if is_pulse { number > *last } else { number > *last + 1 };
        let is_new = !is_pulse && number > *last;
        *last = number.max(*last);
        if missing {
            self.slit.miss();
        }
        if is_new {
            self.slit.deliver(from, Bytes::copy_from_slice(body));
        }
    }
}
