//! The HTTP interface: the route table, and what every handler is given.

mod access;
pub(crate) mod admin;
mod admission;
mod api;
pub(crate) mod asyncapi;
mod audits;
mod body;
mod client;
mod conditional;
mod decode;
mod docs;
pub(crate) mod error;
mod event_streams;
mod explained;
mod health;
pub(crate) mod login;
mod memory;
mod middleware;
mod multipart;
mod named_owner;
mod negotiation;
pub(crate) mod openapi;
mod origin;
mod owned_cursor;
mod page;
mod paged;
mod query;
mod recorded;
mod requests;
mod route;
mod sessions;
mod shared;
pub(crate) mod streams;
mod tasks;
mod tickets;
mod workflows;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::ServiceConfig;
use actix_web::{App, web};
use tokio::sync::watch;

pub(crate) use api::import;

use crate::auth::attempts::Attempts;
use crate::auth::keys::Keys;
use crate::auth::links::Links;
use crate::auth::logins::Logins;
use crate::auth::rates::Rates;
use crate::auth::storage::Storage;
use crate::auth::tickets::Tickets;
use crate::auth::users::Users;
use crate::auth::{Action, Authenticator};
use crate::callback::Callbacks;
use crate::config::Settings;
use crate::crew::Roster;
use crate::event::Events;
use crate::event::types::EventTypes;
use crate::memory::Memory;
use crate::metrics::Http;
use crate::process::Launcher;
use crate::session::Sessions;
use crate::trail::Trail;

pub(crate) use access::access;
pub(crate) use admin::Admin;
pub(crate) use admission::Admission;
pub(crate) use error::Problem;
pub(crate) use explained::Explained;
use middleware::{Edge, ForPages};
use origin::Policy;
use route::Route;
pub(crate) use streams::Streams;
pub(crate) use workflows::Workflows;

/// What is asked for where no path matches: a file of the page, or nothing that there is.
const FALLBACK: Action = Action::ReadPage;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the server takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// It does.
    Serving,
    /// It goes down.
    Draining,
}

/// What the handlers of one worker are given.
pub(crate) struct State {
    /// The sessions, as seen from this worker.
    pub sessions: Sessions,
    /// The settings.
    pub settings: Arc<Settings>,
    /// When the server was started.
    pub started: Instant,
    /// Whether the server takes work.
    pub lifecycle: watch::Receiver<Lifecycle>,
    /// Counts answers.
    pub answered: Http,
    /// Writes all metrics in Prometheus' text format.
    pub metrics: Metrics,
    /// What serves this worker's WebSockets and event streams.
    pub streams: Rc<dyn Streams>,
    /// The workflows.
    pub workflows: Workflows,
    /// Finds out who sends a request.
    pub authenticator: Arc<Authenticator>,
    /// The API keys.
    pub keys: Keys,
    /// The users of the page.
    pub users: Users,
    /// The logins of the page.
    pub logins: Logins,
    /// How often somebody may try to log in.
    pub attempts: Arc<Attempts>,
    /// How much one principal and one address may ask.
    pub rates: Arc<Rates>,
    /// The tickets for sockets.
    pub tickets: Tickets,
    /// Who changed what.
    pub trail: Trail,
    /// Where the news of sessions is sent to.
    pub callbacks: Callbacks,
    /// The links by which questions are shared.
    pub links: Links,
    /// How much one owner keeps.
    pub storage: Storage,
    /// The crews and agents.
    pub roster: Roster,
    /// What clients and agents keep.
    pub memory: Memory,
    /// What happens.
    pub events: Events,
    /// What users say of types of events.
    pub event_types: EventTypes,
    /// What operators see and do.
    pub admin: Admin,
    /// How other processes are started: PDFs are read by one.
    pub launcher: Launcher,
}

/// Writes all metrics in Prometheus' text format.
pub(crate) type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("started", &self.started).finish_non_exhaustive()
    }
}

/// The whole application of one worker.
#[must_use]
pub(crate) fn app(
    state: State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let policy = Rc::new(Policy::new(&state.settings.server, state.settings.auth.is_configured()));
    let unmatched = state.answered.unmatched();
    App::new()
        .configure(configure(state, Rc::clone(&policy)))
        .wrap(ForPages::new(Rc::clone(&policy)))
        .wrap(Edge::new(policy, unmatched))
}

/// Every route. The hot ones stand first, and a path before a pattern that it matches.
fn routes() -> Vec<Route> {
    let all = [
        streams::routes(),
        sessions::routes(),
        audits::routes(),
        requests::routes(),
        shared::routes(),
        tasks::routes(),
        tickets::routes(),
        login::routes(),
        workflows::routes(),
        event_streams::routes(),
        page::routes(),
        health::routes(),
        docs::routes(),
        api::routes(),
        memory::routes(),
        admin::routes(),
    ];
    all.into_iter().flatten().collect()
}

fn configure(state: State, policy: Rc<Policy>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        route::mount(routes(), config, &state.answered);
        config.app_data(web::Data::new(state)).app_data(policy);
        config.default_service(route::checked(FALLBACK, page::fallback));
    }
}

/// Reads a text as routes do that take a query or a body; for `fuzz`.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_input(text: &str) {
    let _ = sessions::list::decode(text, usize::MAX);
    let _ = named_owner::named(text);
    if let Ok(body) = crate::domain::json::read(text.as_bytes()) {
        let _ = shared::decode(Some(body.clone()));
        let _ = workflows::decode::read(Some(body));
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire;
