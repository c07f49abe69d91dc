//! The event sockets: how one begins, and what it is sent first.

mod inbound;
mod publish;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use uuid::Uuid;

use super::Error;
use super::accept::{Admission, Connections, Shared};
use super::dialect::event_socket::Misunderstood;
use super::dialect::socket::{Form, Kind as SocketKind, Socket};
use super::entrance::Caller;
use super::inbound::{Inbound, Unheard};
use super::presence::{Watched, Watching};
use crate::auth::Action;
use crate::auth::policy::{asked_as, sight_of_events};
use crate::domain::answerers::Assignee;
use crate::domain::event::{EncodedEvent, Event, Filter, Kind, NewEvent, Selector};
use crate::domain::owner::Owner;
use crate::event::types::EventTypes;
use crate::event::{Events, Lost, Position, Span};
use crate::hub::close::CloseCode;
use crate::hub::dialect::Signal;
use crate::hub::event_listener::{EventListener, Manner, Order};
use crate::hub::messages::ClaimClientId;
use crate::hub::numbers::AllNumbers;
use crate::hub::operators::metrics_event;
use crate::hub::subscription::Subscription;
use crate::hub::{EventFilter, Hub, Link, Topic};
use inbound::EventSocketInbound;

/// What event sockets need of the rest of the server.
#[derive(Clone)]
pub(crate) struct EventSockets {
    /// The event log.
    pub events: Events,
    /// What users say of types of events.
    pub types: EventTypes,
    /// Bytes of events that a replay reads at once.
    pub page_bytes: usize,
    /// Knows what clients are called.
    pub hub: Addr<Hub>,
    /// Makes the server's own metrics.
    pub numbers: AllNumbers,
}

/// Which event socket it is, and so what it asks for at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// That of one execution, which need not be there yet: its id, as it was written.
    Execution(String),
    /// That of one crew.
    Crew(String),
    /// That of everything.
    Global,
    /// That of the server's own numbers.
    Metrics,
    /// One that asks for these.
    Custom(Vec<String>),
}

/// What a client asks of an event socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventSocketRequest {
    /// Which one it is.
    pub place: Place,
    /// What the client calls itself.
    pub client_id: Option<String>,
    /// What it has of the log already, where it wants what came after that.
    pub since: Option<Position>,
    /// For how long events are gathered before they are sent in one frame.
    pub batch: Option<Duration>,
    /// The form of the frames.
    pub form: Form,
    /// What is wrong with what it asks for, in words: said on the socket, which goes on without that.
    pub faults: Vec<String>,
}

impl Place {
    /// The word for it in what is published about connections.
    fn word(&self) -> &'static str {
        match self {
            Place::Execution(_) => "executions",
            Place::Crew(_) => "crews",
            Place::Global => "global",
            Place::Metrics => "metrics",
            Place::Custom(_) => "custom",
        }
    }

    /// What it asks for at first, and the words for which there is nothing.
    fn subscriptions(&self) -> (Vec<Selector>, Vec<String>) {
        let words = match self {
            Place::Execution(id) => vec![format!("execution_{id}")],
            Place::Crew(id) => vec![format!("crew_{id}")],
            Place::Global => vec!["global".to_owned()],
            Place::Metrics => vec!["metrics".to_owned()],
            Place::Custom(words) => words.clone(),
        };
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for word in words {
            match Selector::parse(&word) {
                Some(subscription) => known.push(subscription),
                None => unknown.push(word),
            }
        }
        (known, unknown)
    }
}

impl Connections {
    /// Answers the upgrade to an event socket: what came after `since`, and then what happens.
    ///
    /// What is wrong with the id of a session or crew is said on the socket, which is closed then.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub(crate) async fn event_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        asked: EventSocketRequest,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let visit = self.shared.visit(request, payload, Socket::of(SocketKind::Events, asked.form), None)?;
        let (shared, link) = (Rc::clone(&self.shared), Rc::clone(visit.link()));
        let watching = Rc::clone(visit.watching());
        let begin = async move |caller| shared.listen(link, caller, &watching, asked).await;
        Ok(visit.begin(admission, begin).await)
    }
}

impl Shared {
    /// Lets a client listen to what it asks for.
    async fn listen(
        self: Rc<Self>,
        link: Rc<Link>,
        caller: Rc<Caller>,
        watching: &Watching,
        asked: EventSocketRequest,
    ) -> Box<dyn Inbound> {
        let (mut subscriptions, unknown) = asked.place.subscriptions();
        let is_custom = matches!(asked.place, Place::Custom(_));
        if !unknown.is_empty() && !is_custom {
            let message = "this cannot be the id of an execution or crew";
            link.count_error("unknown_session");
            link.answer(json!({"type": "error", "code": "unknown_session", "message": message}).to_string().as_bytes());
            link.close(CloseCode::Unknown);
            return Box::new(Unheard);
        }
        let principal = caller.principal();
        let whose = sight_of_events(&principal).cloned();
        let asked_as = if caller.lacks(Action::ReadSession).is_none() { asked_as(&principal) } else { Vec::new() };
        // The socket of the server's numbers needs its own scope, so that only this way leads to them otherwise.
        let lacks_metrics = Some(Selector::Metrics).filter(|metrics| subscriptions.contains(metrics));
        let lacks_metrics = lacks_metrics.and_then(|_| caller.lacks(Action::ReadMetrics));
        subscriptions.retain(|one| lacks_metrics.is_none() || *one != Selector::Metrics);
        let client_id = self.name(&link, principal.owner(), asked.client_id.as_deref()).await;
        if asked.client_id.is_some() {
            watching.set(Watched::Events(self.event_sockets.hub.clone(), Arc::clone(&client_id)));
        }
        let inbound = EventSocketInbound::new(Rc::clone(&link), Rc::clone(&self), caller);
        let filter = EventFilter::new(subscriptions, Filter::default());
        if !inbound.takes_places(filter.subscriptions()) {
            return Box::new(Unheard);
        }
        self.begin(&link, &asked, (client_id, whose, asked_as), filter);
        if let Some(lacking) = lacks_metrics {
            inbound.forbid(&lacking, "");
        }
        for fault in asked.faults {
            inbound.send_misunderstood(&Misunderstood::Invalid(fault));
        }
        for word in &unknown {
            inbound.send_misunderstood(&Misunderstood::UnknownSubscription(word.chars().take(64).collect()));
        }
        Box::new(inbound)
    }

    /// What a client is called: as it likes, where nobody else of its owner is called so.
    async fn name(&self, link: &Link, owner: &Owner, wanted: Option<&str>) -> Arc<str> {
        let Some(wanted) = wanted else { return Uuid::new_v4().to_string().into() };
        let client_id: Arc<str> = match owner.identity() {
            Some(owner) => format!("{owner}:{wanted}").into(),
            None => wanted.into(),
        };
        let claim = ClaimClientId { connection: link.id(), client_id: Arc::clone(&client_id) };
        self.event_sockets.hub.send(claim).await.unwrap_or(client_id)
    }

    /// Says to an event socket where it stands, and lets it follow. Nothing comes in between: it is sent what is kept after
    /// that place, and nothing before it.
    fn begin(
        &self,
        link: &Rc<Link>,
        asked: &EventSocketRequest,
        (client_id, whose, asked_as): (Arc<str>, Option<Owner>, Vec<Assignee>),
        filter: EventFilter,
    ) {
        // Before the newest is asked for: what comes after it then gets here.
        let ticket = self.links.enter_event_socket();
        let span = self.event_sockets.events.span();
        let newest = span.last_seq.max(self.links.published_seq());
        // Of several servers, another one may be ahead: whether there is such a place, the log knows.
        let last = if self.event_sockets.events.is_shared() { u64::MAX } else { newest };
        let lost = asked.since.as_ref().and_then(|since| lost(since, &span, last));
        let since = asked.since.as_ref().filter(|_| lost.is_none());
        let subscription = match since {
            Some(since) => Subscription::joining(since.seq),
            None => Subscription::live(newest),
        };
        let order = if asked.since.is_some() { Order::BySeq } else { Order::ByUrgency };
        let (place, batch) = (asked.place.word(), asked.batch);
        let manner = Manner { client_id: Arc::clone(&client_id), place, whose, asked_as, order, batch };
        link.set_event_listener(EventListener::new(manner, Arc::clone(&span.epoch), subscription, ticket));
        let subscriptions: Vec<String> = filter.subscriptions().iter().map(Selector::word).collect();
        let new_event = NewEvent::new(Kind::ConnectionEstablished)
            .with("client_id", &*client_id)
            .with("connection_id", link.id().to_string())
            .with("subscriptions", subscriptions)
            .with("epoch", &*span.epoch)
            .with("last_seq", newest);
        send_event(link, &EncodedEvent::new(Event::now(new_event)));
        if let Some(lost) = lost {
            link.send_replay(1, link.dialect().signal(Signal::Answer(&lost.told(&span))));
        }
        let is_metrics = filter.subscriptions().contains(&Selector::Metrics);
        self.links.set_filter(link, filter);
        if is_metrics {
            self.send_metrics(link);
        }
        if !subscription.is_live() {
            self.read_on(link, Topic::Events, subscription.position());
        }
    }

    /// Sends the server's own metrics to one who has just asked for them.
    fn send_metrics(&self, link: &Rc<Link>) {
        let (numbers, link) = (self.event_sockets.numbers.clone(), Rc::clone(link));
        actix::spawn(async move {
            let event = metrics_event(&*numbers.snapshot().await);
            if link.event_listener().is_some_and(|listener| listener.filter().passes(&event)) {
                send_event(&link, &event);
            }
        });
    }
}

/// Sends one connection an event before all that is urgent.
fn send_event(link: &Link, event: &EncodedEvent) {
    link.send_replay(1, link.event_frame(event));
}

/// Why a replay cannot begin there, where that is known.
fn lost(since: &Position, span: &Span, last: u64) -> Option<Lost> {
    if since.epoch != span.epoch || since.seq > last {
        return Some(Lost::Unknown);
    }
    (since.seq.saturating_add(1) < span.first_seq).then_some(Lost::TooOld)
}
