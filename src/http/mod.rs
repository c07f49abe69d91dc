//! The HTTP interface: the route table, and what every handler is given.

mod accept;
pub mod admin;
mod answers;
mod api;
pub mod asyncapi;
mod auth;
mod body;
mod cancel;
mod client;
mod conditional;
mod decode;
mod docs;
pub mod error;
mod event_streams;
mod events;
mod explained;
mod health;
mod memory;
mod middleware;
pub mod openapi;
mod origin;
mod page;
mod query;
mod sessions;
mod start;
pub mod streams;
mod table;
mod tasks;
mod view;
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

use crate::auth::Gate;
use crate::config::Settings;
use crate::crew::Roster;
use crate::event::Events;
use crate::event::types::EventTypes;
use crate::metrics::Http;
use crate::session::Sessions;

pub use admin::Desk;
pub use error::Problem;
pub use explained::Explained;
use middleware::{Edge, ForPages};
use origin::Policy;
pub use streams::{Admission, SocketRequest, Streams, WorkflowsRequest};
use table::{Route, at};
pub use workflows::Workflows;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the server takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It does.
    Serving,
    /// It goes down.
    Draining,
}

/// What the handlers of one worker are given.
pub struct State {
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
    /// Who may use the admin routes.
    pub gate: Arc<Gate>,
    /// The crews and agents.
    pub roster: Roster,
    /// What happens.
    pub events: Events,
    /// What users say of types of events.
    pub event_types: EventTypes,
    /// What operators see and do.
    pub desk: Desk,
}

/// Writes all metrics in Prometheus' text format.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("started", &self.started).finish_non_exhaustive()
    }
}

/// The whole application of one worker.
#[must_use]
pub fn app(
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
    let policy = Rc::new(Policy::new(&state.settings.server));
    let unmatched = state.answered.unmatched();
    App::new()
        .configure(routes(state, Rc::clone(&policy)))
        .wrap(ForPages::new(Rc::clone(&policy)))
        .wrap(Edge::new(policy, unmatched))
}

/// Every path that a program may use; each is described in the OpenAPI document. The hot ones stand first.
fn table() -> Vec<Route> {
    let mut table = vec![
        at("/start-task").post(start::start_task),
        at("/ws/{session_id}").get(streams::socket),
        at("/ws").get(streams::workflows),
        at("/sessions/{session_id}/confirm").post(answers::confirm),
        at("/sessions/{session_id}/input").post(answers::input),
        at("/sessions/{session_id}/retry").post(answers::retry),
        at("/sessions/{session_id}/cancel").post(cancel::cancel_session),
        at("/sessions/{session_id}/events").get(events::events),
        at("/sessions/{session_id}").get(sessions::show).delete(sessions::remove),
        at("/sessions").get(sessions::list),
        at("/cancel-task/{session_id}").post(cancel::cancel_task),
        at("/session-info/{session_id}").get(sessions::info),
        at("/tasks").get(tasks::tasks),
        at("/nodes").get(workflows::nodes::nodes),
        at("/workflows").get(workflows::show::list).post(workflows::store::create),
        at("/workflows/validate").post(workflows::check::validate),
        at("/workflows/examples").get(workflows::check::examples),
        at("/workflows/{workflow_id}")
            .get(workflows::show::show)
            .put(workflows::store::save)
            .delete(workflows::store::remove),
        at("/workflows/{workflow_id}/run").post(workflows::run::run),
        at("/workflows/{workflow_id}/status").get(workflows::live::status),
        at("/workflows/{workflow_id}/events").get(workflows::events::events),
        at("/workflows/{workflow_id}/continuous/start").post(workflows::live::start),
        at("/workflows/{workflow_id}/continuous/stop").post(workflows::live::stop),
        at("/workflows/{workflow_id}/continuous/step").post(workflows::live::step),
        at("/api/v1/websocket/ws/executions/{execution_id}").get(event_streams::execution),
        at("/api/v1/websocket/ws/crews/{crew_id}").get(event_streams::crew),
        at("/api/v1/websocket/ws/global").get(event_streams::global),
        at("/api/v1/websocket/ws/metrics").get(event_streams::metrics),
        at("/api/v1/websocket/ws/custom").get(event_streams::custom),
        at("/events.proto").get(event_streams::definition),
        at("/").get(page::root),
        at("/health").get(health::health),
        at("/livez").get(health::livez),
        at("/readyz").get(health::readyz),
        at("/metrics").get(health::metrics),
        at("/openapi.json").get(docs::openapi_json),
        at("/asyncapi.json").get(docs::asyncapi_json),
    ];
    table.extend(api::table());
    table
}

/// Paths for people: the page's files and the description as a page.
fn pages() -> Vec<Route> {
    vec![
        at("/docs").get(docs::docs_root),
        at("/docs/{name:.*}").get(docs::docs_file),
        at("/static/{name:.*}").get(page::asset),
        at("/app").get(page::view),
        at("/app/{view:.*}").get(page::view),
    ]
}

fn routes(state: State, policy: Rc<Policy>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for route in table().into_iter().chain(admin::table()).chain(pages()) {
            route.mount(config, &state.answered);
        }
        config.app_data(web::Data::new(state)).app_data(policy);
        config.default_service(web::to(page::fallback));
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire;
