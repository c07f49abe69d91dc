//! The event sockets: how one begins, and what it is told first.

mod catch_up;
mod inbound;
mod publish;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::accept::{Admission, Connections, Shared};
use super::dialect::feed::{self as dialect, Encoding, Packing, said};
use super::guard::Guard;
use super::inbound::{Inbound, Unheard};
use super::{Error, upgrade};
use crate::auth::Principal;
use crate::domain::event::{Event, Filter, Happening, Kind, Subscription, Told};
use crate::event::types::EventTypes;
use crate::event::{Events, Position, Span};
use crate::hub::close::CloseCode;
use crate::hub::feed::desk::numbers;
use crate::hub::feed::{ClaimClientId, Manner, Order, Reader, Snapshot, Wants};
use crate::hub::{Hub, Link};
pub(super) use catch_up::LogReader;
use inbound::FeedInbound;

/// What event sockets need of the rest of the server.
#[derive(Clone)]
pub struct Feeds {
    /// The event log.
    pub events: Events,
    /// What users say of types of events.
    pub types: EventTypes,
    /// Bytes of events that a replay reads at once.
    pub page_bytes: usize,
    /// Knows what clients are called.
    pub hub: Addr<Hub>,
    /// Makes the server's own numbers.
    pub snapshot: Snapshot,
}

/// Which event socket it is, and so what it asks for at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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
pub struct Asked {
    /// Which one it is.
    pub place: Place,
    /// What the client calls itself.
    pub client_id: Option<String>,
    /// What it has of the log already, where it wants what came after that.
    pub since: Option<Position>,
    /// For how long events are gathered before they are told in one frame.
    pub batch: Option<Duration>,
    /// How events are encoded.
    pub encoding: Encoding,
    /// Whether long ones are compressed.
    pub packing: Packing,
    /// What is wrong with what it asks for, in words: told on the socket, which goes on without that.
    pub faults: Vec<String>,
}

impl Place {
    /// The word for it in what is told about connections.
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
    fn subscriptions(&self) -> (Vec<Subscription>, Vec<String>) {
        let words = match self {
            Place::Execution(id) => vec![format!("execution_{id}")],
            Place::Crew(id) => vec![format!("crew_{id}")],
            Place::Global => vec!["global".to_owned()],
            Place::Metrics => vec!["metrics".to_owned()],
            Place::Custom(words) => words.clone(),
        };
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for word in words {
            match Subscription::parse(&word) {
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
    /// What is wrong with the id of a session or crew is told on the socket, which is closed then.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub async fn feed_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        asked: Asked,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let response = upgrade::accept(request)?;
        let shared = &self.shared;
        let form = dialect::feed(asked.encoding, asked.packing);
        let presence = shared.arrive(request, form, None);
        let link = Rc::clone(&presence.link);
        if let Admission::Closed(code) = admission {
            link.close(code);
        }
        let (subscriptions, unknown) = asked.place.subscriptions();
        let is_custom = matches!(asked.place, Place::Custom(_));
        if link.is_open() && !unknown.is_empty() && !is_custom {
            let message = "this cannot be the id of an execution or crew";
            link.count_error("unknown_session");
            link.tell(
                link.dialect()
                    .answer(&json!({"type": "error", "code": "unknown_session", "message": message}).to_string()),
            );
            link.close(CloseCode::Unknown);
        }
        let guard = Guard::new(payload, Rc::clone(&link), &shared.settings, &shared.buffered);
        let most = shared.settings.max_message_bytes;
        if !link.is_open() {
            return Ok(upgrade::start(response, guard, Box::new(Unheard), presence, most));
        }
        let client_id = shared.name(&link, asked.client_id.as_deref()).await;
        let presence = match asked.client_id {
            Some(_) => presence.called(shared.feeds.hub.clone(), Arc::clone(&client_id)),
            None => presence,
        };
        let inbound = FeedInbound::new(Rc::clone(&link), Rc::clone(shared), Principal::of(request));
        let wants = Wants::new(subscriptions, Filter::default());
        shared.begin(&link, &asked, client_id, wants);
        for fault in asked.faults {
            inbound.tell_misunderstood(&said::Misunderstood::Invalid(fault));
        }
        for word in &unknown {
            inbound.tell_misunderstood(&said::Misunderstood::UnknownSubscription(word.chars().take(64).collect()));
        }
        let inbound: Box<dyn Inbound> = Box::new(inbound);
        Ok(upgrade::start(response, guard, inbound, presence, most))
    }
}

impl Shared {
    /// What a client is called: as it likes, where nobody else is called so.
    async fn name(&self, link: &Link, wanted: Option<&str>) -> Arc<str> {
        let Some(wanted) = wanted else { return Uuid::new_v4().to_string().into() };
        let claim = ClaimClientId { connection: link.id(), client_id: wanted.into() };
        self.feeds.hub.send(claim).await.unwrap_or_else(|_| wanted.into())
    }

    /// Tells a connection where it stands, and lets it listen. Nothing comes in between: what is kept after that place is
    /// told, and nothing before it.
    fn begin(&self, link: &Rc<Link>, asked: &Asked, client_id: Arc<str>, wants: Wants) {
        let span = self.feeds.events.span();
        let newest = span.last_seq.max(self.links.told_seq());
        let lost = asked.since.as_ref().and_then(|since| lost(since, &span, newest));
        let since = asked.since.as_ref().filter(|_| lost.is_none());
        let (position, is_behind) = since.map_or((newest, false), |since| (since.seq, true));
        let order = if asked.since.is_some() { Order::BySeq } else { Order::ByUrgency };
        let manner = Manner { client_id: Arc::clone(&client_id), place: asked.place.word(), order, batch: asked.batch };
        link.set_reader(Reader::new(manner, position, is_behind));
        let subscriptions: Vec<String> = wants.subscriptions().iter().map(Subscription::word).collect();
        let happening = Happening::new(Kind::ConnectionEstablished)
            .with("client_id", &*client_id)
            .with("connection_id", link.id().to_string())
            .with("subscriptions", subscriptions)
            .with("epoch", &*span.epoch)
            .with("last_seq", newest);
        tell_event(link, &Told::new(Event::now(happening)));
        if let Some(code) = lost {
            link.tell_replay(1, link.dialect().answer(&lost_words(code, &span)));
        }
        let is_metrics = wants.subscriptions().contains(&Subscription::Metrics);
        self.links.want(link, wants);
        if is_metrics {
            self.tell_numbers(link);
        }
        if is_behind {
            LogReader::new(&self.feeds, &self.links, link).start();
        }
    }

    /// Tells the server's own numbers to one who has just asked for them.
    fn tell_numbers(&self, link: &Rc<Link>) {
        let told = numbers((self.feeds.snapshot)());
        if link.reader().is_some_and(|reader| reader.wants().passes(&told)) {
            tell_event(link, &told);
        }
    }
}

/// Tells one connection an event before all that is urgent.
fn tell_event(link: &Link, told: &Told) {
    let mut out = Vec::new();
    let dialect = link.dialect();
    dialect.event_frame(&dialect.event(told), &mut out);
    link.tell_replay(1, out.into());
}

/// Why a replay cannot begin there, as the word in an `error`.
fn lost(since: &Position, span: &Span, newest: u64) -> Option<&'static str> {
    if since.epoch != span.epoch || since.seq > newest {
        return Some(POSITION_UNKNOWN);
    }
    (since.seq + 1 < span.first_seq).then_some(TOO_OLD)
}

const POSITION_UNKNOWN: &str = "position_unknown";
const TOO_OLD: &str = "position_too_old";

/// What a client is told whose position leads nowhere.
fn lost_words(code: &str, span: &Span) -> String {
    let message = match code {
        TOO_OLD => "the events after this position are kept no longer; what follows is what happens from now on",
        _ => "this position is none of this log; what follows is what happens from now on",
    };
    let mut data = Map::new();
    data.insert("epoch".to_owned(), Value::from(&*span.epoch));
    data.insert("first_seq".to_owned(), span.first_seq.into());
    data.insert("last_seq".to_owned(), span.last_seq.into());
    json!({"type": "error", "code": code, "message": message, "data": data}).to_string()
}
