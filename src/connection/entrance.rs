//! Where a socket's client says who it is: with its first message where its request did not say it, and again before its
//! credential ends.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpMessage as _, HttpRequest};
use futures::future::LocalBoxFuture;
use serde::Deserialize;

use super::inbound::{Inbound, Unheard, send_misused};
use super::lease::Lease;
use super::outcome::Outcome;
use super::presence::Watching;
use super::visit::Visit;
use crate::auth::quotas::{Quotas, Share, Thing, TooMany};
use crate::auth::rates::Rates;
use crate::auth::storage::Storage;
use crate::auth::tickets::Tickets;
use crate::auth::{Action, Authenticator, CallerAddress, Decision, Principal, PrincipalKind, Resource, lacking, may};
use crate::domain::owner::Owner;
use crate::hub::Link;
use crate::hub::close::CloseCode;
use crate::trail::{NewEntry, Trail};

/// The word of the message by which a client says who it is.
pub(crate) const AUTHENTICATE: &str = "authenticate";

/// Most messages that wait while it is found out who sends them, and their bytes.
const MOST_WAITING: usize = 32;
const MOST_WAITING_BYTES: usize = 65_536;

/// Finds out who a socket's client is.
#[derive(Clone)]
pub(crate) struct Gate {
    /// Knows keys and tokens.
    pub authenticator: Arc<Authenticator>,
    /// Knows tickets.
    pub tickets: Tickets,
    /// Counts messages.
    pub rates: Arc<Rates>,
    /// Keeps who changed what.
    pub trail: Trail,
    /// Counts sockets and their subscriptions.
    pub quotas: Quotas,
    /// How much one owner keeps.
    pub storage: Storage,
    /// How long a client has for its first message.
    pub patience: Duration,
}

/// What a socket is asked for, and where: both count for whoever says later who they are.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) path: String,
    /// Whose things are meant, where that is said.
    owner: Option<Owner>,
    address: Option<IpAddr>,
}

/// The owner whose things a request means, kept with it.
#[derive(Clone, Debug)]
pub(crate) struct NamedOwner(pub(crate) Owner);

impl Asked {
    /// What a request asks for.
    pub(super) fn of(request: &HttpRequest) -> Self {
        // A request that no route has looked at is for nobody who says who they are.
        let action = request.extensions().get::<Action>().copied().unwrap_or(Action::CloseConnection);
        let owner = request.extensions().get::<NamedOwner>().map(|named| named.0.clone());
        Self { action, path: request.path().to_owned(), owner, address: CallerAddress::of(request) }
    }
}

/// Who a socket's client is, as all who do something for it see it.
#[derive(Debug)]
pub(super) struct Caller {
    principal: RefCell<Principal>,
    /// What it calls itself.
    name: Option<String>,
    asked: Asked,
    trail: Trail,
}

/// What is done for a client once it is known: it is attached to what it asked for, and heard from then on.
pub(super) type Begin = Box<dyn FnOnce(Rc<Caller>) -> LocalBoxFuture<'static, Box<dyn Inbound>>>;

/// How far a client has come.
enum State {
    /// It has not said who it is, or that is being looked at; what it says meanwhile waits.
    Waiting(Begin, Vec<String>),
    /// It is known, and what it asked for is got; what it says meanwhile waits, too.
    Beginning(Vec<String>),
    /// It is heard.
    Open(Box<dyn Inbound>),
}

/// A socket's client, as far as it is known.
pub(super) struct Entrance {
    shared: Rc<Shared>,
}

struct Shared {
    link: Rc<Link>,
    caller: Rc<Caller>,
    lease: Rc<Lease>,
    gate: Gate,
    watching: Rc<Watching>,
    state: RefCell<State>,
    /// Whether a credential is being looked at.
    is_looking: Cell<bool>,
    /// Its place among the sockets of whoever has said who they are.
    share: RefCell<Share>,
}

impl Caller {
    /// Whoever this is, who calls itself so and asks for this.
    pub(super) fn new(principal: Principal, name: Option<String>, asked: Asked, trail: Trail) -> Rc<Self> {
        let caller = Rc::new(Self { principal: RefCell::new(principal), name, asked, trail });
        caller.replace(caller.principal());
        caller
    }

    /// Who it is now.
    pub(super) fn principal(&self) -> Principal {
        self.principal.borrow().clone()
    }

    /// What it lacks to do this, in words; nothing where it may.
    pub(super) fn lacks(&self, action: Action) -> Option<Cow<'static, str>> {
        let principal = self.principal.borrow();
        (may(&principal, action, Resource::Unread) != Decision::Allowed).then(|| lacking(&principal, action))
    }

    /// The same, and records where it lacks something.
    pub(super) fn screen(&self, action: Action) -> Option<Cow<'static, str>> {
        let lacking = self.lacks(action);
        if lacking.is_some() {
            self.record(action, || self.asked.path.clone(), false);
        }
        lacking
    }

    /// Records what came of something that it asked for, and what that was about: a change, and a refusal.
    pub(super) fn record_outcome(&self, action: Action, object: impl FnOnce() -> String, outcome: Outcome) {
        match outcome {
            Outcome::Done if action.changes() => self.record(action, object, true),
            Outcome::Denied => self.record(action, object, false),
            Outcome::Done | Outcome::Failed => {}
        }
    }

    /// Records that it is refused what it asked for.
    pub(super) fn is_refused(&self) {
        self.record(self.asked.action, || self.asked.path.clone(), false);
    }

    /// Records the same where what it asked for does not exist for it, for which its connection is closed by then.
    pub(super) fn found_nothing(&self, link: &Link) {
        if !link.is_open() && link.reason() == CloseCode::Unknown.reason() {
            self.is_refused();
        }
    }

    fn record(&self, action: Action, object: impl FnOnce() -> String, allowed: bool) {
        if !self.trail.is_recorded() {
            return;
        }
        self.trail.record(NewEntry {
            principal: self.principal.borrow().label().to_owned(),
            action: action.word(),
            object: object(),
            address: self.asked.address,
            allowed,
            request_id: None,
        });
    }

    /// Takes so many places of its subscriptions among those that it may have.
    ///
    /// # Errors
    /// Where it may not have so many.
    pub(super) fn takes_places(&self, quotas: &Quotas, many: u32) -> Result<Share, TooMany> {
        quotas.take(Thing::Subscription, many, &self.principal.borrow(), self.asked.address)
    }

    fn replace(&self, principal: Principal) {
        let principal = match &self.name {
            Some(name) => principal.named(name),
            None => principal,
        };
        self.principal.replace(principal);
    }
}

impl Entrance {
    /// A client that is let in; `inbound` hears it.
    pub(super) fn open(visit: &Visit, inbound: Box<dyn Inbound>) -> Self {
        Self::new(visit, State::Open(inbound))
    }

    /// A client that has to say who it is; `begin` is done once it has.
    pub(super) fn waiting(visit: &Visit, begin: Begin) -> Self {
        let entrance = Self::new(visit, State::Waiting(begin, Vec::new()));
        let (shared, patience) = (Rc::downgrade(&entrance.shared), entrance.shared.gate.patience);
        actix::spawn(async move {
            actix::clock::sleep(patience).await;
            if let Some(shared) = shared.upgrade()
                && matches!(*shared.state.borrow(), State::Waiting(..))
            {
                shared.link.close(CloseCode::NotAuthenticated);
            }
        });
        entrance
    }

    fn new(visit: &Visit, state: State) -> Self {
        let Visit { presence, caller, lease, gate, .. } = visit;
        Self {
            shared: Rc::new(Shared {
                link: Rc::clone(&presence.link),
                caller: Rc::clone(caller),
                lease: Rc::clone(lease),
                gate: gate.clone(),
                watching: Rc::clone(presence.watching()),
                state: RefCell::new(state),
                is_looking: Cell::new(false),
                share: RefCell::default(),
            }),
        }
    }
}

impl Inbound for Entrance {
    fn text(&mut self, text: &str) {
        let shared = &self.shared;
        if shared.gate.rates.message(&shared.caller.principal.borrow(), shared.caller.asked.address).is_err() {
            send_misused(&shared.link, CloseCode::TooManyMessages);
            return shared.link.close(CloseCode::TooManyMessages);
        }
        if let Some(shown) = Shown::decode(text) {
            return self.shared.look_at(shown);
        }
        let link = &shared.link;
        match &mut *shared.state.borrow_mut() {
            State::Open(inbound) => inbound.text(text),
            State::Waiting(..) if !shared.is_looking.get() => link.close(CloseCode::NotAuthenticated),
            State::Waiting(_, waiting) | State::Beginning(waiting) => {
                let bytes: usize = waiting.iter().map(String::len).sum();
                if waiting.len() >= MOST_WAITING || bytes + text.len() > MOST_WAITING_BYTES {
                    link.close(CloseCode::TooManyMessages);
                } else {
                    waiting.push(text.to_owned());
                }
            }
        }
    }

    fn binary(&mut self) {
        match &mut *self.shared.state.borrow_mut() {
            State::Open(inbound) => inbound.binary(),
            State::Waiting(..) | State::Beginning(_) => self.shared.link.close(CloseCode::NotAuthenticated),
        }
    }
}

impl Shared {
    /// Looks at a credential in a task of its own, one at a time.
    fn look_at(self: &Rc<Self>, shown: Result<Shown, ()>) {
        let Ok(shown) = shown else { return self.link.close(CloseCode::NotAuthenticated) };
        if self.is_looking.replace(true) {
            return self.link.close(CloseCode::TooManyMessages);
        }
        let shared = Rc::clone(self);
        actix::spawn(async move {
            let found = shared.find(shown).await;
            shared.is_looking.set(false);
            match found {
                Ok(principal) => shared.let_in(principal).await,
                Err(code) => {
                    shared.caller.is_refused();
                    shared.link.close(code);
                }
            }
        });
    }

    async fn find(&self, shown: Shown) -> Result<Principal, CloseCode> {
        let (authenticator, tickets) = (&self.gate.authenticator, &self.gate.tickets);
        let found = match shown {
            Shown::Token(token) => authenticator.of_credential(&token).ok(),
            Shown::Ticket(ticket) => {
                let redeemed = tickets.redeem(&ticket, &self.caller.asked.path, authenticator.credentials()).await;
                redeemed.map_err(|error| {
                    log::warn!(error:%; "a ticket could not be looked up");
                    CloseCode::Overloaded
                })?
            }
        };
        let principal = found.ok_or(CloseCode::NotAuthenticated)?;
        let is_allowed = may(&principal, self.caller.asked.action, Resource::Unread) == Decision::Allowed;
        if !is_allowed {
            return Err(CloseCode::NotAllowed);
        }
        match &self.caller.asked.owner {
            Some(owner) => principal.reaching(owner.clone()).ok_or(CloseCode::NotAllowed),
            None => Ok(principal),
        }
    }

    /// Whether anything is to be done for it: also where it went and has said something before.
    fn is_heard(&self) -> bool {
        let has_said = matches!(&*self.state.borrow(), State::Waiting(_, waiting) if !waiting.is_empty());
        self.link.is_open() || (has_said && !self.link.is_closed_here())
    }

    /// Takes a place among the sockets of whoever it is; gives whether there is one.
    fn takes_place(&self, principal: &Principal) -> bool {
        // The one of the address was taken when the request came.
        match self.gate.quotas.take(Thing::Socket, 1, principal, None) {
            Ok(share) => {
                self.share.replace(share);
                true
            }
            Err(_) => false,
        }
    }

    /// Lets somebody in, or goes on with a newer credential of whoever is.
    async fn let_in(&self, principal: Principal) {
        if !self.is_heard() {
            return;
        }
        let before = self.caller.principal();
        let was_known = matches!(before.kind(), PrincipalKind::Known | PrincipalKind::Operator);
        if was_known && !before.is_same_as(&principal) {
            self.caller.is_refused();
            return self.link.close(CloseCode::NotAuthenticated);
        }
        if !was_known && !self.takes_place(&principal) {
            send_misused(&self.link, CloseCode::TooManyMessages);
            return self.link.close(CloseCode::TooManyMessages);
        }
        self.lease.renew(principal.grant());
        self.caller.replace(principal);
        let (begin, next) = match self.state.replace(State::Beginning(Vec::new())) {
            State::Waiting(begin, waiting) => (Some(begin), State::Beginning(waiting)),
            known @ (State::Beginning(_) | State::Open(_)) => (None, known),
        };
        self.state.replace(next);
        let Some(begin) = begin else { return };
        let mut inbound = begin(Rc::clone(&self.caller)).await;
        self.caller.found_nothing(&self.link);
        if self.link.is_gone() {
            // It went before what it asked for knew that it had come.
            self.watching.leave();
        }
        let mut state = self.state.borrow_mut();
        if let State::Beginning(waiting) = std::mem::replace(&mut *state, State::Open(Box::new(Unheard))) {
            waiting.iter().for_each(|text| inbound.text(text));
        }
        *state = State::Open(inbound);
    }
}

/// What a client shows in a message of its own.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Token(String),
    Ticket(String),
}

impl Shown {
    /// What an `authenticate` shows; nothing where a message is none, an error where it shows nothing or too much.
    fn decode(text: &str) -> Option<Result<Self, ()>> {
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(borrow)]
            r#type: Option<Cow<'a, str>>,
            #[serde(borrow)]
            action: Option<Cow<'a, str>>,
            ticket: Option<String>,
            token: Option<String>,
        }
        // Read twice only where it may be one.
        if !text.contains(AUTHENTICATE) {
            return None;
        }
        let message: Message<'_> = serde_json::from_str(text).ok()?;
        let word = message.r#type.or(message.action)?;
        if word != AUTHENTICATE {
            return None;
        }
        Some(match (message.ticket, message.token) {
            (Some(ticket), None) => Ok(Shown::Ticket(ticket)),
            (None, Some(token)) => Ok(Shown::Token(token)),
            (None, None) | (Some(_), Some(_)) => Err(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authenticate_shows_a_ticket_or_a_token() {
        for (text, shown) in [
            (r#"{"type":"authenticate","ticket":"t"}"#, Some(Ok(Shown::Ticket("t".into())))),
            (r#"{"action":"authenticate","token":"k"}"#, Some(Ok(Shown::Token("k".into())))),
            (r#"{"type":"authenticate"}"#, Some(Err(()))),
            (r#"{"type":"authenticate","token":"k","ticket":"t"}"#, Some(Err(()))),
            (r#"{"type":"user_input","values":{"a":"authenticate"}}"#, None),
            (r#"{"type":"ping"}"#, None),
            (r#"{"type":"authenticate","token":7}"#, None),
            ("authenticate", None),
        ] {
            assert_eq!(Shown::decode(text), shown, "{text}");
        }
    }
}
