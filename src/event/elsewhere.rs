//! Events that are kept nowhere, where there are several servers: each sends them to those where somebody listens. What is
//! kept, every server reads from the store.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::clock::Instant;
use serde::{Deserialize, Serialize};

use super::EncodedEvent;
use super::listener::Listener;
use crate::cluster::attention::SAY_EVERY;
use crate::cluster::{Attention, Cluster, Notice, Responders, Wanted};
use crate::domain::event::Kind;
use crate::domain::id::ExecutionId;
use crate::hub::elsewhere::SentEvent;
use crate::hub::{Broadcast, ConnectionCounts};

/// To all servers: somebody listens to events here, for some seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct ListensElsewhere;

impl Notice for ListensElsewhere {
    const NAME: &'static str = "listens";
}

/// To servers where somebody listens: these events, which are kept nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct HappenedElsewhere {
    events: Vec<SentEvent>,
}

impl Notice for HappenedElsewhere {
    const NAME: &'static str = "happened";
}

/// The listeners at other servers.
pub(crate) struct Elsewhere {
    cluster: Cluster,
    wanted: Wanted,
}

impl Elsewhere {
    /// Those in this cluster, and who keeps track of them.
    #[must_use]
    pub(crate) fn new(cluster: Cluster) -> (Self, Attention) {
        let (attention, wanted) = Attention::new();
        (Self { cluster, wanted }, attention)
    }
}

impl Listener for Elsewhere {
    fn hears(&self, kind: &Kind, _: Option<&ExecutionId>) -> bool {
        // How each server is, its own listeners hear from itself.
        *kind != Kind::SystemHealthCheck && !self.wanted.borrow().is_empty()
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        let wanted = Arc::clone(&self.wanted.borrow());
        if wanted.is_empty() {
            return;
        }
        let passing = events.iter().filter(|event| event.seq().is_none());
        let passing = passing.filter(|event| event.new_event().kind != Kind::SystemHealthCheck);
        let events: Vec<SentEvent> = passing.filter_map(SentEvent::of).collect();
        if !events.is_empty() {
            let happened = HappenedElsewhere { events };
            wanted.iter().for_each(|member| self.cluster.notify(*member, &happened, &[]));
        }
    }
}

/// Lets other servers know while somebody listens here, and publishes here what they send.
#[must_use]
pub(crate) fn responders(
    responders: Responders,
    (cluster, attention): (Cluster, Attention),
    broadcast: Broadcast,
    counts: Arc<ConnectionCounts>,
) -> Responders {
    // Both are of the thread that the post lives on.
    let attention = Rc::new(RefCell::new(attention));
    let hears = Rc::clone(&attention);
    actix::spawn(async move {
        loop {
            actix::clock::sleep(SAY_EVERY).await;
            attention.borrow_mut().forget_old(Instant::now());
            if counts.has_any_event_socket() {
                cluster.notify_others(&ListensElsewhere, &[]);
            }
        }
    });
    responders.on_notice(move |from, ListensElsewhere, _| hears.borrow_mut().hear(from, Instant::now())).on_notice(
        move |_, HappenedElsewhere { events }: HappenedElsewhere, _| {
            let events: Arc<[EncodedEvent]> = events.into_iter().filter_map(SentEvent::read).collect();
            broadcast.notify(&events);
        },
    )
}
