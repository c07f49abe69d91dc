//! Where the servers of a cluster ask each other: made before the actors that ask, and started with those that answer.

use std::sync::Arc;

use actix::dev::channel::{AddressReceiver, channel};
use actix::{Addr, Context};
use futures::stream;
use tokio::sync::mpsc;

use crate::cluster::{Attention, Cluster, Post, Responders};
use crate::domain::id::Slot;
use crate::event::elsewhere as of_events;
use crate::hub::numbers::AllNumbers;
use crate::hub::{Broadcast, ConnectionCounts};
use crate::member::{self, Housemates};
use crate::metrics;
use crate::session::Sessions;
use crate::session::elsewhere::answers as of_sessions;
use crate::store::{Inbox, Membership, SlotChange};
use crate::workflow::client::Live;
use crate::workflow::elsewhere::answers as of_workflows;

/// Messages that the post takes before senders that wait are held back.
const MAILBOX: usize = 1024;

/// See the module.
pub(super) struct Exchange {
    pub(super) cluster: Cluster,
    wire: crate::store::Cluster,
    inbox: Inbox,
    mailbox: AddressReceiver<Post>,
}

impl Exchange {
    /// That of a member, and what becomes of its slots; neither where there is one server.
    pub(super) fn of(membership: Option<Membership>) -> (Option<Self>, Option<mpsc::Receiver<SlotChange>>) {
        let Some(Membership { cluster: wire, changes, inbox }) = membership else { return (None, None) };
        let (to_post, mailbox) = channel(MAILBOX);
        let cluster = Cluster::new(Addr::new(to_post), wire.view(), Arc::new(wire.clone()));
        (Some(Self { cluster, wire, inbox, mailbox }), Some(changes))
    }

    /// Starts to ask, and to answer.
    pub(super) fn start(
        self,
        sessions: &Sessions,
        live: &Live,
        (attention, broadcast, counts): (Attention, Broadcast, Arc<ConnectionCounts>),
        (housemates, numbers): (Housemates, &AllNumbers),
        max_asked: usize,
        metrics: metrics::Cluster,
    ) {
        let Self { cluster, wire, inbox, mailbox } = self;
        let answering = of_sessions::responders(Responders::default(), sessions, housemates.directories.clone());
        let answering = of_workflows::responders(answering, live, &cluster);
        let answering = member::responders(answering, &housemates.hub, numbers);
        let answering = of_events::responders(answering, (cluster, attention), broadcast, counts);
        let missed = move || housemates.read_again(Slot::all().collect());
        let incoming = stream::unfold(inbox, |mut inbox| async move { inbox.recv().await.map(|came| (came, inbox)) });
        let post = Post::new(Arc::new(wire.clone()), wire.view(), incoming, answering, missed, max_asked, metrics);
        Context::with_receiver(mailbox).run(post);
    }
}
