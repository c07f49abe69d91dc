//! A WebSocket that is being opened: accepted, but not answered yet.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::accept::{Admission, Shared};
use super::entrance::{Asked, Caller, Entrance, Gate};
use super::guard::Guard;
use super::inbound::{Inbound, Unheard, own_name};
use super::lease::Lease;
use super::presence::{Presence, Watching};
use super::{Error, upgrade};
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::hub::{Dialect, Link};

/// A WebSocket that is being opened.
pub(super) struct Visit {
    pub(super) presence: Presence,
    pub(super) caller: Rc<Caller>,
    pub(super) lease: Rc<Lease>,
    pub(super) gate: Gate,
    response: HttpResponseBuilder,
    guard: Guard<web::Payload>,
    max_message_bytes: usize,
}

impl Shared {
    /// Accepts the handshake of a client that asks for a session, or for none.
    pub(super) fn visit(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        dialect: &'static dyn Dialect,
        session_id: Option<SessionId>,
    ) -> Result<Visit, Error> {
        let response = upgrade::accept(request)?;
        let (presence, lease) = self.arrive(request, dialect, session_id);
        let guard = Guard::new(payload, Rc::clone(&presence.link), &self.settings, &self.buffered);
        Ok(Visit {
            presence,
            caller: Caller::new(Principal::of(request), own_name(request), Asked::of(request), self.gate.trail.clone()),
            lease,
            gate: self.gate.clone(),
            response,
            guard,
            max_message_bytes: self.settings.max_message_bytes,
        })
    }
}

impl Visit {
    /// The connection.
    pub(super) fn link(&self) -> &Rc<Link> {
        &self.presence.link
    }

    /// What it watches.
    pub(super) fn watching(&self) -> &Rc<Watching> {
        self.presence.watching()
    }

    /// Answers: whoever is welcome gets what they asked for, in one write with the head of the response; whoever has to say
    /// first who they are gets it then.
    pub(super) async fn begin(
        self,
        admission: Admission,
        begin: impl AsyncFnOnce(Rc<Caller>) -> Box<dyn Inbound> + 'static,
    ) -> HttpResponse {
        if let Admission::Closed(code) = admission {
            if matches!(code, CloseCode::NotAllowed | CloseCode::NotAuthenticated) {
                self.caller.is_refused();
            }
            self.link().close(code);
        }
        let inbound: Box<dyn Inbound> = match admission {
            // One too many is closed already.
            _ if !self.link().is_open() => Box::new(Unheard),
            Admission::Unknown => {
                Box::new(Entrance::waiting(&self, Box::new(move |caller| Box::pin(async move { begin(caller).await }))))
            }
            Admission::Welcome | Admission::Closed(_) => {
                let inbound = begin(Rc::clone(&self.caller)).await;
                self.caller.found_nothing(self.link());
                Box::new(Entrance::open(&self, inbound))
            }
        };
        let Self { presence, response, guard, max_message_bytes, .. } = self;
        upgrade::start(response, guard, inbound, presence, max_message_bytes)
    }
}
