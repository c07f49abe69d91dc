//! The WebSocket of an audit: it has the whole past first, and is closed behind the end.
//!
//! It may be opened ahead of the start, by who chooses the id: it waits a while for the audit then.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix::clock::Instant;
use actix_web::{HttpRequest, HttpResponse, web};

use super::accept::{Admission, Connections};
use super::catch_up::catch_up;
use super::catch_up::journal::Journal;
use super::dialect::audit::{Inbound as Said, decode, error, pong};
use super::dialect::session::Misunderstood;
use super::dialect::socket::{Form, Kind, Socket};
use super::entrance::Caller;
use super::inbound::{FORBIDDEN, InFlight, Inbound, TOO_MANY_WAIT, Unheard};
use super::outcome::Outcome;
use super::presence::Watched;
use super::{Error, close};
use crate::agent::audit::KIND;
use crate::auth::{Action, Principal};
use crate::domain::id::SessionId;
use crate::hub::Link;
use crate::hub::close::CloseCode;
use crate::session::Sessions;
use crate::session::messages::{Greeting, Refused};

/// How often it is looked whether an audit has started.
const EVERY: Duration = Duration::from_millis(50);

/// What a client asks of the WebSocket of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditRequest {
    /// The id of the audit, as it was written.
    pub audit_id: String,
    /// How long it waits for an audit that has not started.
    pub wait: Duration,
    /// The form of the frames.
    pub form: Form,
    /// What is wrong with what it asks for, in words: said on the socket, which goes on without that.
    pub faults: Vec<String>,
}

impl Connections {
    /// Answers the upgrade to `/ws/audit/{audit_id}`: all that happened, then what happens, then a close.
    ///
    /// An id of no audit gets an error on the socket, which is closed then.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub(crate) async fn audit_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        asked: AuditRequest,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let AuditRequest { audit_id, wait, form, faults } = asked;
        let id = audit_id.parse::<SessionId>().ok();
        let visit = self.shared.visit(request, payload, Socket::of(Kind::Audits, form), id)?;
        let (shared, link) = (Rc::clone(&self.shared), Rc::clone(visit.link()));
        let watching = Rc::clone(visit.watching());
        let begin = async move |caller: Rc<Caller>| -> Box<dyn Inbound> {
            let Some(id) = id else {
                refuse(&link, &Refused::UnknownSession);
                return Box::new(Unheard) as Box<dyn Inbound>;
            };
            let sessions = shared.sessions.clone();
            watching.set(Watched::Session(sessions.clone(), id));
            let principal = caller.principal();
            let journal = shared.journal(principal.clone(), id, Rc::clone(&link), Greeting::Silent);
            let begun = attach(&sessions, &principal, id, &journal).await;
            let following = follow(sessions.clone(), (principal, id), journal, begun, wait, faults);
            let (waiting, awaited) = (Rc::clone(&caller), Rc::clone(&link));
            actix::spawn(async move {
                following.await;
                waiting.found_nothing(&awaited);
            });
            Box::new(AuditInbound { link, sessions, id, caller, in_flight: Rc::default() })
        };
        Ok(visit.begin(admission, begin).await)
    }
}

/// Lets a connection follow an audit from its beginning; gives whether it is live, else the store has what lies before.
async fn attach(sessions: &Sessions, principal: &Principal, id: SessionId, journal: &Journal) -> Result<bool, Refused> {
    let summary = sessions.find(principal, id).await?;
    if summary.task == KIND { journal.attach(Some(0)).await } else { Err(Refused::UnknownSession) }
}

/// Waits for the audit where it has not started, and catches up where it is far ahead.
async fn follow(
    sessions: Sessions,
    (principal, id): (Principal, SessionId),
    journal: Journal,
    mut begun: Result<bool, Refused>,
    wait: Duration,
    faults: Vec<String>,
) {
    let link = &journal.link;
    for fault in faults {
        link.answer(&error("invalid_message", &fault));
    }
    let until = Instant::now() + wait;
    while begun == Err(Refused::UnknownSession) && link.is_open() && Instant::now() < until {
        actix::clock::sleep(EVERY).await;
        begun = attach(&sessions, &principal, id, &journal).await;
    }
    let followed = match begun {
        Ok(true) => Ok(()),
        Ok(false) => catch_up(link, &journal, 0).await,
        Err(refused) => Err(refused),
    };
    if let Err(refused) = followed {
        refuse(link, &refused);
    }
}

/// What hears a client of the WebSocket of an audit.
struct AuditInbound {
    link: Rc<Link>,
    sessions: Sessions,
    id: SessionId,
    caller: Rc<Caller>,
    in_flight: Rc<Cell<u32>>,
}

impl AuditInbound {
    fn say(&self, code: &'static str, message: &str) {
        self.link.count_error(code);
        self.link.answer(&error(code, message));
    }

    fn cancel(&self) {
        let Some(in_flight) = InFlight::take(&self.in_flight) else {
            return self.say("rate_limited", TOO_MANY_WAIT);
        };
        let principal = self.caller.principal().or_named("user");
        let reason = principal.name().map(|by| format!("cancelled by {by}"));
        let (sessions, id, link) = (self.sessions.clone(), self.id, Rc::clone(&self.link));
        let caller = Rc::clone(&self.caller);
        actix::spawn(async move {
            let _in_flight = in_flight;
            let done = sessions.cancel(&principal, id, reason).await;
            caller.record_outcome(Action::CancelSession, || format!("/sessions/{id}"), Outcome::from(&done));
            if let Err(refused) = done {
                link.answer(&error(word(&refused), &text(&refused)));
            }
        });
    }
}

impl Inbound for AuditInbound {
    fn text(&mut self, text: &str) {
        match decode(text) {
            Ok((action, _)) if let Some(lacking) = self.caller.screen(action) => self.say(FORBIDDEN, &lacking),
            Ok((_, Said::Cancel)) => self.cancel(),
            Ok((_, Said::Ping { timestamp })) => self.link.answer(&pong(timestamp)),
            Err(fault) => self.say(fault.word(), &fault.to_string()),
        }
    }

    fn binary(&mut self) {
        let fault = Misunderstood::Invalid("messages are text frames".into());
        self.say(fault.word(), &fault.to_string());
    }
}

/// Says to a client why it follows no audit, and closes it.
fn refuse(link: &Link, refused: &Refused) {
    let word = word(refused);
    link.count_error(word);
    link.answer(&error(word, &text(refused)));
    let code = close::code(refused);
    link.close(if code == CloseCode::ProtocolError { CloseCode::Unknown } else { code });
}

/// An audit is a session, and called an audit here.
fn word(refused: &Refused) -> &'static str {
    if *refused == Refused::UnknownSession { "unknown_audit" } else { close::word(refused) }
}

fn text(refused: &Refused) -> String {
    if *refused == Refused::UnknownSession {
        return "there is no audit with this id".to_owned();
    }
    close::text(refused).into_owned()
}
