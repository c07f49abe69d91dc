//! That a connection is there: when this goes, however it goes, everybody who has to know hears of it once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix::Addr;

use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::SessionId;
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
    /// What it watches, where it was let in.
    watched: Watched,
}

/// The sessions that a connection follows because its client has started them there, the newest last.
pub(super) type Followed = Rc<RefCell<Vec<SessionId>>>;

/// What a connection watches.
enum Watched {
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
        Self { link, links, announced: None, watched: Watched::Nothing }
    }

    /// The same, which those hear of who want to hear of connections; it comes from this address.
    pub(super) fn announced_to(mut self, events: Events, address: Option<IpAddr>) -> Self {
        self.announced = Some((events, address));
        self
    }

    /// The same, of an event socket whose client asked to be called so.
    pub(super) fn called(mut self, hub: Addr<Hub>, client_id: Arc<str>) -> Self {
        self.watched = Watched::Events(hub, client_id);
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
        let about = match (&self.watched, listener) {
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
    pub(super) fn watching(mut self, sessions: Sessions, session_id: SessionId) -> Self {
        self.watched = Watched::Session(sessions, session_id);
        self
    }

    /// The same, of a connection that is going to watch workflows, and sessions that are started there.
    pub(super) fn watching_workflows_and(mut self, live: Live, sessions: Sessions, followed: Followed) -> Self {
        self.watched = Watched::WorkflowsAndSessions(live, sessions, followed);
        self
    }

    /// The same, of a connection that is going to watch workflows.
    pub(super) fn watching_workflows(mut self, live: Live) -> Self {
        self.watched = Watched::Workflows(live);
        self
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let connection = self.link.id();
        self.links.end(connection);
        match &self.watched {
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
        let link = Rc::clone(&self.link);
        self.record(Kind::ConnectionLost, |new_event| new_event.with("reason", link.reason()));
        let (kind, about) = self.described();
        self.links.log().closed(&self.link, kind, &about, self.links.counts().open());
    }
}
