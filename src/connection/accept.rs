//! How connections begin: what HTTP handlers call on their worker.

use std::net::IpAddr;
use std::rc::Rc;

use actix::Addr;
use actix_web::{HttpRequest, HttpResponse, web};

use super::buffered::Buffered;
use super::catch_up::board::Board;
use super::catch_up::catch_up;
use super::catch_up::journal::Journal;
use super::catch_up::log::Log;
use super::catch_up::pages::Pages;
use super::dialect::session::Misunderstood;
use super::dialect::socket::{Form, Kind, Socket};
use super::entrance::{Caller, Gate};
use super::event_socket::EventSockets;
use super::inbound::{Inbound, SessionInbound, Unheard, send_misunderstood, send_refused};
use super::lease::{Lease, Leases};
use super::presence::{Presence, Watched};
use super::{Error, close, socket};
use crate::auth::quotas::Thing;
use crate::auth::{CallerAddress, Principal};
use crate::config;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::hub::links::Arrival;
use crate::hub::{CountConnections, Dialect, Link, Links, Shard, Topic};
use crate::session::Sessions;
use crate::session::messages::{Greeting, Refused};
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;

/// Whether somebody may connect. A browser cannot see an HTTP status, so who may not is let in and closed with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// They may.
    Welcome,
    /// They have to say first who they are: whoever they are then has to be allowed this.
    Unknown,
    /// They may not, for this reason.
    Closed(CloseCode),
}

/// The connections of one worker, for its HTTP handlers. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(super) shared: Rc<Shared>,
}

/// What the connections of a worker have in common.
pub(super) struct Shared {
    pub(super) shard: Addr<Shard>,
    pub(super) links: Rc<Links>,
    pub(super) sessions: Sessions,
    pub(super) live: Live,
    pub(super) definitions: Definitions,
    pub(super) event_sockets: EventSockets,
    pub(super) settings: config::connections::Connections,
    pub(super) pages: Rc<Pages>,
    /// What they hold of messages that are not whole yet.
    pub(super) buffered: Buffered,
    /// Which of them go on only while a credential is good.
    pub(super) leases: Rc<Leases>,
    /// Finds out who clients are that say it on their sockets.
    pub(super) gate: Gate,
}

impl Connections {
    /// The connections of the worker whose shard and links these are; all of them must be of this thread.
    #[must_use]
    pub(crate) fn new(
        shard: Addr<Shard>,
        links: Rc<Links>,
        sessions: Sessions,
        (live, definitions): (Live, Definitions),
        event_sockets: EventSockets,
        gate: Gate,
        settings: &config::connections::Connections,
    ) -> Self {
        let (settings, pages) = (settings.clone(), Rc::<Pages>::default());
        let (buffered, leases) = (Buffered::default(), Leases::start(gate.authenticator.credentials().clone()));
        let shared = Shared {
            shard,
            links,
            sessions,
            live,
            definitions,
            event_sockets,
            settings,
            pages,
            buffered,
            leases,
            gate,
        };
        let shared = Rc::new(shared);
        let of_worker = Rc::downgrade(&shared);
        shared.links.on_falling_behind(move |link, topic, position| {
            if let Some(shared) = of_worker.upgrade() {
                shared.read_on(link, topic, position);
            }
        });
        Self { shared }
    }

    /// Answers the upgrade to `/ws/{session_id}`: the entries after `since`, or a snapshot, and then live ones.
    ///
    /// An id that is unknown or none at all gets an error on the socket, which is closed then.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub(crate) async fn session_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        asked: SessionRequest,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let SessionRequest { session_id, since, form, faults } = asked;
        let session_id = session_id.parse::<SessionId>().ok();
        let visit = self.shared.visit(request, payload, Socket::of(Kind::Session, form), session_id)?;
        let (connections, link) = (self.clone(), Rc::clone(visit.link()));
        let watching = Rc::clone(visit.watching());
        let begin = async move |caller: Rc<Caller>| -> Box<dyn Inbound> {
            let Some(session_id) = session_id else {
                refuse(&link, &Refused::UnknownSession);
                return Box::new(Unheard) as Box<dyn Inbound>;
            };
            let sessions = &connections.shared.sessions;
            watching.set(Watched::Session(sessions.clone(), session_id));
            let principal = caller.principal();
            let inbound = SessionInbound::new(Rc::clone(&link), sessions.clone(), session_id, caller);
            connections.attach((principal, session_id), link, since, faults).await;
            Box::new(inbound)
        };
        Ok(visit.begin(admission, begin).await)
    }

    /// Waits for the session's first answer, so that its replay leaves in one write with the response's head. What is
    /// wrong with the query is said behind the replay: nothing comes before that.
    async fn attach(
        &self,
        (principal, session_id): (Principal, SessionId),
        link: Rc<Link>,
        since: Option<u64>,
        faults: Vec<String>,
    ) {
        let journal = self.shared.journal(principal, session_id, link, Greeting::Spoken);
        let is_live = match journal.attach(since).await {
            Ok(is_live) => is_live,
            Err(refused) => return refuse(&journal.link, &refused),
        };
        if is_live && faults.is_empty() {
            return;
        }
        let shard = self.shared.shard.clone();
        actix::spawn(async move {
            let link = &journal.link;
            if !is_live && let Err(refused) = catch_up(link, &journal, since.unwrap_or(0)).await {
                return refuse(link, &refused);
            }
            // The shard has heard of the replay by the time it answers this.
            let _ = shard.send(CountConnections).await;
            for fault in faults {
                send_misunderstood(link, &Misunderstood::Invalid(fault));
            }
        });
    }
}

/// What a client asks of the WebSocket of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRequest {
    /// The id of the session, as it was written.
    pub session_id: String,
    /// The last `seq` that the client has; a snapshot is sent where there is none.
    pub since: Option<u64>,
    /// The form of the frames.
    pub form: Form,
    /// What is wrong with what it asks for, in words: said on the socket, which goes on without that.
    pub faults: Vec<String>,
}

impl Shared {
    /// Takes a connection in that asks for a session.
    pub(super) fn arrive(
        &self,
        request: &HttpRequest,
        dialect: &'static dyn Dialect,
        session_id: Option<SessionId>,
    ) -> (Presence, Rc<Lease>) {
        let address: Option<IpAddr> = CallerAddress::of(request);
        let topic = session_id.map(Topic::Session);
        let link = self.links.open(Arrival { dialect, address, topic, line: socket::of(request) });
        let lease = self.leases.of(&link);
        let principal = Principal::of(request);
        lease.renew(principal.grant());
        let share = self.gate.quotas.take(Thing::Socket, 1, &principal, address);
        if let Err(too_many) = &share {
            log::debug!(too_many:%; "a connection was refused");
            link.close(CloseCode::TooManyMessages);
        }
        let presence =
            Presence::new(link, Rc::clone(&self.links)).leased(Rc::clone(&lease)).counted(share.unwrap_or_default());
        (presence.announced_to(self.event_sockets.events.clone(), address), lease)
    }

    /// A session's journal for a connection of this principal.
    pub(super) fn journal(
        &self,
        principal: Principal,
        session_id: SessionId,
        link: Rc<Link>,
        greeting: Greeting,
    ) -> Journal {
        let (sessions, shard, pages) = (self.sessions.clone(), self.shard.clone(), Rc::clone(&self.pages));
        Journal::new(sessions, (principal, session_id), shard, link, pages, greeting)
    }

    /// Reads on in a task of its own for a connection that lacks what comes after `position` on a topic, until it is live
    /// or closed.
    pub(super) fn read_on(&self, link: &Rc<Link>, topic: Topic, position: u64) {
        let link = Rc::clone(link);
        match topic {
            Topic::Session(session_id) => {
                // Whoever follows a session has been let in to it.
                let journal = self.journal(Principal::server(), session_id, link, Greeting::Silent);
                actix::spawn(async move {
                    if let Err(refused) = catch_up(&journal.link, &journal, position).await {
                        journal.link.close(close::code(&refused));
                    }
                });
            }
            Topic::Workflow(_) | Topic::Workflows | Topic::WorkflowsOf(_) => {
                let board = Board { live: self.live.clone(), shard: self.shard.clone(), link, topic };
                actix::spawn(async move { catch_up(&board.link, &board, position).await });
            }
            Topic::Events => {
                let log = Log { sockets: self.event_sockets.clone(), links: Rc::clone(&self.links), link };
                actix::spawn(async move { catch_up(&log.link, &log, position).await });
            }
        }
    }
}

/// Says to a client why it is not attached, and closes it.
fn refuse(link: &Link, refused: &Refused) {
    send_refused(link, refused);
    link.close(close::code(refused));
}
