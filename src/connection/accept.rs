//! How connections begin: what HTTP handlers call on their worker.

use std::net::IpAddr;
use std::rc::Rc;

use actix::Addr;
use actix_web::{HttpRequest, HttpResponse, web};

use super::behind::Behind;
use super::buffered::Buffered;
use super::catch_up::CatchUp;
use super::dialect::session::{Misunderstood, SESSION};
use super::feed::{Feeds, LogReader};
use super::guard::Guard;
use super::inbound::{Inbound, SessionInbound, Unheard, principal, tell_misunderstood, tell_refused};
use super::pages::Pages;
use super::presence::Presence;
use super::{Error, close, socket, upgrade};
use crate::config;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::hub::links::Arrival;
use crate::hub::{CountConnections, Dialect, Link, Links, Shard, Topic};
use crate::session::Sessions;
use crate::session::messages::{Attached, Greeting, Refused};
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;

/// Whether somebody may connect. A browser cannot see an HTTP status, so who may not is let in, told, and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They may.
    Welcome,
    /// They may not, for this reason.
    Closed(CloseCode),
}

/// The connections of one worker, for its HTTP handlers. Cloning shares them.
#[derive(Clone)]
pub struct Connections {
    pub(super) shared: Rc<Shared>,
}

/// What the connections of a worker have in common.
pub(super) struct Shared {
    pub(super) shard: Addr<Shard>,
    pub(super) links: Rc<Links>,
    pub(super) sessions: Sessions,
    pub(super) live: Live,
    pub(super) definitions: Definitions,
    pub(super) feeds: Feeds,
    pub(super) settings: config::connections::Connections,
    pub(super) pages: Rc<Pages>,
    /// What they hold of messages that are not whole yet.
    pub(super) buffered: Buffered,
}

impl Connections {
    /// The connections of the worker whose shard and links these are; all of them must be of this thread.
    #[must_use]
    pub fn new(
        shard: Addr<Shard>,
        links: Rc<Links>,
        sessions: Sessions,
        (live, definitions): (Live, Definitions),
        feeds: Feeds,
        settings: &config::connections::Connections,
    ) -> Self {
        let behind = Behind::new(live.clone(), shard.clone());
        let (settings, pages) = (settings.clone(), Rc::<Pages>::default());
        let shared =
            Shared { shard, links, sessions, live, definitions, feeds, settings, pages, buffered: Buffered::default() };
        let (sessions, shard) = (shared.sessions.clone(), shared.shard.clone());
        let (feeds, links) = (shared.feeds.clone(), Rc::downgrade(&shared.links));
        let pages = Rc::clone(&shared.pages);
        shared.links.on_falling_behind(move |link, topic, seq| {
            let session_id = match topic {
                Topic::Session(session_id) => session_id,
                Topic::Workflow(_) | Topic::Workflows => return behind.add(link, topic, seq),
                Topic::Kind(_) | Topic::Execution(_) | Topic::Crew(_) | Topic::Metrics | Topic::Events => {
                    if let Some(links) = links.upgrade() {
                        LogReader::new(&feeds, &links, link).start();
                    }
                    return;
                }
            };
            let (sessions, shard, link) = (sessions.clone(), shard.clone(), Rc::clone(link));
            let catch_up = CatchUp { sessions, session_id, shard, link, pages: Rc::clone(&pages) };
            actix::spawn(async move {
                if let Err(refused) = catch_up.resume(seq).await {
                    catch_up.link.close(close::code(&refused));
                }
            });
        });
        Self { shared: Rc::new(shared) }
    }

    /// Answers the upgrade to `/ws/{session_id}`: the entries after `since`, or a snapshot, and then live ones.
    ///
    /// An id that is unknown or none at all is told so on the socket, which is closed then.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub async fn session_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        session_id: &str,
        since: Option<u64>,
        faults: Vec<String>,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let response = upgrade::accept(request)?;
        let session_id = session_id.parse::<SessionId>().ok();
        let presence = self.shared.arrive(request, &SESSION, session_id);
        let link = Rc::clone(&presence.link);
        let session_id = match (admission, session_id) {
            (Admission::Welcome, Some(session_id)) => Some(session_id).filter(|_| link.is_open()),
            (Admission::Welcome, None) => {
                refuse(&link, &Refused::UnknownSession);
                None
            }
            (Admission::Closed(code), _) => {
                link.close(code);
                None
            }
        };
        let sessions = &self.shared.sessions;
        let (presence, inbound): (_, Box<dyn Inbound>) = match session_id {
            None => (presence, Box::new(Unheard)),
            Some(session_id) => {
                let inbound = SessionInbound::new(Rc::clone(&link), sessions.clone(), session_id, principal(request));
                let presence = presence.watching(sessions.clone(), session_id);
                self.attach(session_id, Rc::clone(&link), since, faults).await;
                (presence, Box::new(inbound))
            }
        };
        let guard = Guard::new(payload, link, &self.shared.settings, &self.shared.buffered);
        Ok(upgrade::start(response, guard, inbound, presence, self.shared.settings.max_message_bytes))
    }

    /// Waits for the session's first answer, so that its replay leaves in one write with the response's head. What is
    /// wrong with the query is told behind the replay: nothing comes before that.
    async fn attach(&self, session_id: SessionId, link: Rc<Link>, since: Option<u64>, faults: Vec<String>) {
        let catch_up = self.shared.catch_up(session_id, link);
        let attached = match catch_up.attach(since, Greeting::Spoken).await {
            Ok(attached) => attached,
            Err(refused) => return refuse(&catch_up.link, &refused),
        };
        if attached == Attached::Live && faults.is_empty() {
            return;
        }
        actix::spawn(async move {
            if let Err(refused) = catch_up.follow(attached, since).await {
                return refuse(&catch_up.link, &refused);
            }
            // The shard has heard of the replay by the time it answers this.
            let _ = catch_up.shard.send(CountConnections).await;
            for fault in faults {
                tell_misunderstood(&catch_up.link, &Misunderstood::Invalid(fault));
            }
        });
    }
}

impl Shared {
    /// Takes a connection in that asks for a session.
    pub(super) fn arrive(
        &self,
        request: &HttpRequest,
        dialect: &'static dyn Dialect,
        session_id: Option<SessionId>,
    ) -> Presence {
        let address: Option<IpAddr> = request.peer_addr().map(|address| address.ip());
        let topic = session_id.map(Topic::Session);
        let link = self.links.open(Arrival { dialect, address, topic, line: socket::of(request) });
        Presence::new(link, Rc::clone(&self.links)).told_to(self.feeds.events.clone(), address)
    }

    pub(super) fn catch_up(&self, session_id: SessionId, link: Rc<Link>) -> CatchUp {
        let (sessions, shard, pages) = (self.sessions.clone(), self.shard.clone(), Rc::clone(&self.pages));
        CatchUp { sessions, session_id, shard, link, pages }
    }
}

/// Tells a client why it is not attached, and closes it.
fn refuse(link: &Link, refused: &Refused) {
    tell_refused(link, refused);
    link.close(close::code(refused));
}
