//! Several servers on one store: who they are, which of them owns which sessions, and what they send each other.
//!
//! A server that opens its store with [`Store::open_member`] is a member among others. It owns slots of sessions from
//! [`Cluster::serve`] on: the store takes those that nobody has, and says in [`SlotChange`]s which came and went. Members write
//! to each other with [`Cluster::send`]. `view` is what a member sees of all, `balance` says who should own what, `relay`
//! puts the events of all into one order.

pub(crate) mod balance;
pub(crate) mod inbox;
pub(crate) mod relay;
pub(crate) mod view;

use std::sync::mpsc::Sender;

use bytes::Bytes;
use callboard_domain::id::Slot;
use tokio::sync::{mpsc, oneshot, watch};

use crate::handle::closed;
use crate::query::Reply;
use crate::redis::Letters;
use crate::{Error, Fence, Store};
pub use inbox::{Inbox, Incoming};
pub use view::{Member, MemberState, Owners, View};

/// Most changes that wait to be received. While some do, no slots are taken or to be handed over.
pub(crate) const MAX_CHANGES: usize = 64;

/// What a server gets with its store where it is one of several.
#[derive(Debug)]
pub struct Membership {
    /// The handle.
    pub cluster: Cluster,
    /// What becomes of this member and its slots, in order.
    pub changes: mpsc::Receiver<SlotChange>,
    /// What other members send to it.
    pub inbox: Inbox,
}

/// What has become of this member. The [`View`] shows it already when it is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotChange {
    /// It owns these slots from now on: their sessions are to be taken up.
    Taken(Vec<Slot>),
    /// It does not own these slots any more, though it did not give them away: their sessions are to be dropped.
    Lost(Vec<Slot>),
    /// These slots are to be another's: their sessions are to be let go, with all their rows written, and then
    /// [`Cluster::give`] is to be called, for all at once or one by one. The next ones follow once that is done.
    HandOver {
        /// The slots.
        slots: Vec<Slot>,
        /// Who should have it.
        to: Fence,
    },
    /// It is leaving, and has nothing to hand over, or there is nobody to take it.
    Relieved,
    /// It was taken for dead, and owns nothing any more: all sessions are to be dropped, and then [`Store::rejoin`] is to be
    /// called.
    Fenced,
    /// It is a member again, with this fence, and owns nothing yet.
    Joined(Fence),
}

/// What the thread that looks after membership is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Look at once.
    Look,
    /// Own slots from now on.
    Serve,
    /// Own no more slots, and hand those over that there are.
    Retire,
    /// Make another the owner of these slots.
    Give(Vec<Slot>, Fence, Reply<()>),
    /// This member has joined anew, with this fence.
    Joined(Fence),
    /// Leave, and end.
    Stop,
}

/// The other members, for a server that is one of several. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Cluster {
    view: watch::Receiver<std::sync::Arc<View>>,
    requests: Sender<Request>,
    letters: Letters,
}

impl Cluster {
    pub(crate) fn new(
        view: watch::Receiver<std::sync::Arc<View>>,
        requests: Sender<Request>,
        letters: Letters,
    ) -> Self {
        Self { view, requests, letters }
    }

    /// Who is a member and who owns what, as it was seen last. It is looked at ten times a second, and at once after a
    /// change.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<std::sync::Arc<View>> {
        self.view.clone()
    }

    /// Takes part from now on: slots that nobody owns are taken, and others give some. To be called once the sessions of
    /// slots that come can be taken up.
    pub fn serve(&self) {
        self.request(Request::Serve);
    }

    /// Takes no slots any more, and hands those over that this member has: one [`SlotChange::HandOver`] after another, and
    /// [`SlotChange::Relieved`] at the end.
    pub fn retire(&self) {
        self.request(Request::Retire);
    }

    /// Makes another member the owner of these slots; those that are not this member's stay as they are. Where the other is
    /// no member any more, they are nobody's, and whoever comes first takes them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where the engine does not answer (it may have been done; calling it again does no harm), or
    /// this server is no member.
    pub async fn give(&self, slots: Vec<Slot>, to: Fence) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.request(Request::Give(slots, to, reply));
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Sends this to a member, at most once: it may be lost, which the receiver hears of ([`Incoming::Missed`]) if it is
    /// still there. What is sent to one member keeps its order. Never blocks; gives `false` where there is no room, or
    /// no such member in the view.
    #[must_use]
    pub fn send(&self, to: Fence, body: Bytes) -> bool {
        self.view.borrow().member(to).is_some() && self.letters.send(Some(to), body)
    }

    /// The same to each other member.
    #[must_use]
    pub fn broadcast(&self, body: Bytes) -> bool {
        self.letters.send(None, body)
    }

    /// The thread has ended where nobody hears it: then the store is closed.
    fn request(&self, request: Request) {
        drop(self.requests.send(request));
    }
}

impl Store {
    /// The other members, where this server is one of several.
    #[must_use]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.shared.cluster.as_ref()
    }
}
