//! That a connection is there: when this goes, however it goes, everybody who has to know hears of it once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix::Addr;

use super::lease::Lease;
use crate::auth::quotas::Share;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::{ConnectionId, SessionId};
use crate::event::Events;
use crate::hub::messages::ReleaseClientId;
use crate::hub::{Hub, Link, Links};
use crate::session::Sessions;
use crate::workflow::client::Live;

/// That a connection is there.
pub(super) struct Presence {
    pub(super) link: Rc<Link>,
    links: Rc<Links>,
    /// Where it is published that it is there, and where it comes from; nowhere where there is none.
    announced: Option<(Events, Option<IpAddr>)>,
    /// What it watches, once it is let in.
    watching: Rc<Watching>,
    /// Ends it with the credential by which it was let in.
    lease: Option<Rc<Lease>>,
    /// Its place among those that its client, and its address, may have.
    _share: Share,
}

/// The sessions that a connection follows because its client has started them there, the newest last.
pub(super) type Followed = Rc<RefCell<Vec<SessionId>>>;

/// What a connection watches, which has to hear when it goes.
pub(super) struct Watching {
    connection: ConnectionId,
    watched: RefCell<Watched>,
}

/// What a connection can watch.
pub(super) enum Watched {
    Nothing,
    Session(Sessions, SessionId),
    Workflows(Live),
    /// Workflows, and the sessions that its client has started there.
    WorkflowsAndSessions(Live, Sessions, Followed),
    /// Events, under a name that it asked for and that is free again afterwards.
    Events(Addr<Hub>, Arc<str>),
}

impl Presence {
    /// The presence of a connection that is in the table already.
    pub(super) fn new(link: Rc<Link>, links: Rc<Links>) -> Self {
        let watching = Rc::new(Watching { connection: link.id(), watched: RefCell::new(Watched::Nothing) });
        Self { link, links, announced: None, watching, lease: None, _share: Share::default() }
    }

    /// What it watches, for whoever lets it in.
    pub(super) fn watching(&self) -> &Rc<Watching> {
        &self.watching
    }

    /// The same, which those hear of who want to hear of connections; it comes from this address.
    pub(super) fn announced_to(mut self, events: Events, address: Option<IpAddr>) -> Self {
        self.announced = Some((events, address));
        self
    }

    /// The same, which goes on only while its credential is good.
    pub(super) fn leased(mut self, lease: Rc<Lease>) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The same, which has this place among those that its client, and its address, may have.
    pub(super) fn counted(mut self, share: Share) -> Self {
        self._share = share;
        self
    }

    /// Publishes that this connection is there, and logs it.
    pub(super) fn announce(&self) {
        let (kind, about) = self.described();
        self.links.log().opened(&self.link, kind, &about, self.links.counts().open());
        self.record(Kind::ConnectionEstablished, |new_event| new_event);
    }

    /// Which kind of connection it is, and what it is about: a session, or the name of its client.
    fn described(&self) -> (&'static str, Cow<'_, str>) {
        let listener = self.link.event_listener();
        let kind = listener.map_or_else(|| self.link.about().name, |listener| listener.manner().place);
        let about = match (&*self.watching.watched.borrow(), listener) {
            (Watched::Session(_, session_id), _) => Cow::Owned(session_id.to_string()),
            (_, Some(listener)) => Cow::Borrowed(&**listener.client_id()),
            (
                Watched::Nothing | Watched::Workflows(_) | Watched::WorkflowsAndSessions(..) | Watched::Events(..),
                None,
            ) => Cow::Borrowed(""),
        };
        (kind, about)
    }

    /// Records something about this connection, where anybody wants to hear of it.
    fn record(&self, kind: Kind, add: impl FnOnce(NewEvent) -> NewEvent) {
        let Some((events, address)) = self.announced.as_ref().filter(|(events, _)| events.is_heard(&kind)) else {
            return;
        };
        if !self.links.may_announce() {
            return;
        }
        let (socket, _) = self.described();
        let new_event = NewEvent::new(kind).with("connection_id", self.link.id().to_string()).with("socket", socket);
        let new_event = match self.link.event_listener() {
            Some(listener) => new_event.with("client_id", &**listener.client_id()),
            None => new_event,
        };
        let new_event = match address {
            Some(address) => new_event.with("address", address.to_string()),
            None => new_event,
        };
        events.record(add(new_event));
    }

    /// The same, of a connection that is going to be attached to this session.
    pub(super) fn watching_session(self, sessions: Sessions, session_id: SessionId) -> Self {
        self.watching.set(Watched::Session(sessions, session_id));
        self
    }

    /// The same, of a connection that is going to watch workflows.
    pub(super) fn watching_workflows(self, live: Live) -> Self {
        self.watching.set(Watched::Workflows(live));
        self
    }
}

impl Watching {
    /// It is going to watch this.
    pub(super) fn set(&self, watched: Watched) {
        self.watched.replace(watched);
    }

    /// It watches nothing any more.
    pub(super) fn leave(&self) {
        let connection = self.connection;
        match &*self.watched.borrow() {
            Watched::Nothing => {}
            Watched::Session(sessions, session_id) => sessions.detach(*session_id, connection),
            Watched::Workflows(live) => live.unwatch(connection),
            Watched::WorkflowsAndSessions(live, sessions, followed) => {
                live.unwatch(connection);
                followed.borrow().iter().for_each(|session_id| sessions.detach(*session_id, connection));
            }
            Watched::Events(hub, client_id) => {
                hub.do_send(ReleaseClientId { connection, client_id: Arc::clone(client_id) });
            }
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.links.end(self.link.id());
        self.watching.leave();
        let link = Rc::clone(&self.link);
        self.record(Kind::ConnectionLost, |new_event| new_event.with("reason", link.reason()));
        let (kind, about) = self.described();
        self.links.log().closed(&self.link, kind, &about, self.links.counts().open());
    }
}
