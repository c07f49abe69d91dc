//! The wiring: what is started where, in which order, and how it ends.

mod counted;
mod exchange;
mod host;
mod identity;
mod plan;
mod runs;
mod serving;
mod streams;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::watch;

use crate::agent::Agents;
use crate::agent::audit::AuditKind;
use crate::agent::crew::CrewKind;
use crate::agent::pipeline::PipelineKind;
use crate::config::{self, Settings, seconds};
use crate::connection::listener::{self, Listening, Wrapping};
use crate::connection::socket;
use crate::connection::tls::Certificate;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::owner::Owner;
use crate::event::handlers;
use crate::http::error::{Code, Problem};
use crate::http::{self, Explained, Lifecycle};
use crate::hub::ConnectionCounts;
use crate::member::Member;
use crate::memory::{self, Place};
use crate::metrics::Metrics;
use crate::process::Launcher;
use crate::process::descriptors::{self, Shares, Wanted};
use crate::session::{Kinds, TaskKind, retention};
use crate::shutdown;
use crate::store::{Membership, Store};
use crate::suspects::{self, Decision, Suspects, TakenUp};
use crate::task;
use crate::task::command;
use crate::task::workflow::Workflow;
use crate::workflow::catalogue::Catalogue;
use crate::workflow::node::NodeClass;
use crate::workflow::nodes;
use crate::workflow::supervisor::messages::TakeUp;
use crate::workflow::work::Worker;
use exchange::Exchange;
use plan::Plan;
use serving::Serving;

/// How long the ticket is good that the start shows.
const TICKET_GOOD_FOR: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// How long a client has to close its connection once the server has.
const DISCONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// A server that is not started: its settings and what it can run.
pub struct App {
    settings: Settings,
    runnable: Runnable,
}

/// What a server can run.
struct Runnable {
    kinds: Kinds,
    catalogue: Catalogue,
    /// Starts the commands of event handlers.
    launcher: Launcher,
}

impl App {
    /// A server with the task kinds that come with Callboard, and the commands of the settings.
    ///
    /// # Errors
    /// Where two kinds have one name, or a schema is not valid.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let kinds = own_kinds(&settings)?;
        let catalogue = nodes::built_in(&settings.workflows)?;
        let launcher = Launcher::tied_to_this_process();
        Ok(Self { settings, runnable: Runnable { kinds, catalogue, launcher } })
    }

    /// Adds a task kind.
    ///
    /// # Errors
    /// Where its name is taken, or one of its schemas is not valid.
    pub fn with_task(mut self, kind: Arc<dyn TaskKind>) -> anyhow::Result<Self> {
        self.runnable.kinds.register(kind)?;
        Ok(self)
    }

    /// Adds a class of nodes for workflows.
    ///
    /// # Errors
    /// Where its name is taken, or two of its ports have one name.
    pub fn with_node(mut self, class: Arc<dyn NodeClass>) -> anyhow::Result<Self> {
        self.runnable.catalogue.register(class)?;
        Ok(self)
    }

    /// Starts the commands of event handlers in this way: for programs other than `callboard`, which cannot start those
    /// tied to themselves.
    #[must_use]
    pub fn with_launcher(mut self, launcher: Launcher) -> Self {
        self.runnable.launcher = launcher;
        self
    }

    /// Serves on `listener` until `stop` is done, and then ends in good order. Needs an actix system to run in.
    ///
    /// # Errors
    /// Where the store or the listener cannot be used, or rows were left that could not be written.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let serving = self.start(listener).await?;
        stop.await;
        serving.end().await
    }

    /// Starts all that a server is made of, in its order.
    async fn start(self, listener: TcpListener) -> anyhow::Result<Serving> {
        socket::prepare(&listener, &self.settings.connections)?;
        warn_of_programs(&self.settings);
        let settings = Arc::new(self.settings);
        let workers = settings.server.worker_threads();
        let metrics = Metrics::install(workers)?;
        let address = listener.local_addr()?;
        let (store, membership) = open_store(&settings, workers, address, metrics.on_commit())?;
        let (lifecycle, announced) = watch::channel(Lifecycle::Serving);
        let tls = Certificate::keep(&settings.tls)?;
        // Before the first actor is started: what fails here must leave nothing that has not begun.
        let Decision { pending, taken_up: TakenUp { apart, workflows }, mut suspects } =
            decide(&store, &settings, membership.as_ref()).await?;
        let (exchange, changes) = Exchange::of(membership);
        let shares = share_descriptors(&settings);
        let counts = ConnectionCounts::new(shares.sockets);
        let (plan, handlers) =
            Plan::new(settings.clone(), store.clone(), self.runnable, address, announced, metrics, (counts, exchange))
                .await?;
        let concerned = plan.concerned();
        suspects.report(&concerned);
        plan.take_up(pending, apart).await;
        let server = {
            let (plan, how) = (plan.clone(), listening(&settings.server, shares));
            let streams = Wrapping { wrap: Explained::new, inner: Explained::get_ref };
            listener::serve(listener, &how, tls, move || http::app(plan.settle()), streams)?
        };
        let (handle, server) = (server.handle(), actix::spawn(server));
        plan.supervisor.do_send(TakeUp { workflows });
        keep_house(&plan, &store, &settings);
        let (retirement, watching) = match store.cluster().zip(changes) {
            Some((cluster, changes)) => {
                let suspects = (suspects, concerned);
                (Some(Member::start(&store, cluster, changes, plan.housemates(), suspects)), None)
            }
            None => (None, Some(actix::spawn(suspects.watch(concerned)))),
        };
        announce(&plan, &settings, address).await;
        Ok(Serving { settings, store, plan, lifecycle, handle, server, handlers, retirement, watching })
    }
}

/// What of the store is taken up by whom, and what is set apart as it may have ended the server.
async fn decide(store: &Store, settings: &Settings, membership: Option<&Membership>) -> anyhow::Result<Decision> {
    let decision = match membership {
        None => suspects::decide(store, &settings.server).await,
        // It comes with the slots that come.
        Some(_) => {
            let (pending, taken_up) = (Vec::new(), TakenUp::default());
            Ok(Decision { pending, taken_up, suspects: Suspects::none(store, &settings.server) })
        }
    };
    decision.with_context(|| format!("what {} holds cannot be taken up", settings.store.shown_url()))
}

/// Starts what is done again and again for as long as the server runs.
fn keep_house(plan: &Plan, store: &Store, settings: &Settings) {
    actix::spawn(plan.clone().count());
    let (directories, cluster) = (plan.directories.clone(), plan.cluster.clone());
    actix::spawn(retention::run(store.clone(), directories, cluster, settings.sessions.retention));
    let events = plan.events.clone();
    let expired = move |owner: &Owner, place: &Place| {
        events.record_of(owner, place.event(Kind::MemoryCleared).with("reason", "expired"));
    };
    actix::spawn(memory::expire(plan.memory.clone(), expired));
}

/// Publishes that the server runs, and logs where.
async fn announce(plan: &Plan, settings: &Settings, address: SocketAddr) {
    let (version, workers) = (env!("CARGO_PKG_VERSION"), settings.server.worker_threads());
    let started = NewEvent::new(Kind::SystemStartup).with("version", version).with("workers", workers);
    plan.events.record(started.with("address", address.to_string()));
    let url = shown(address, settings);
    log::info!(address:%, workers, version; "Callboard runs at {url}");
    if plan.identity.authenticator.has_visitors() {
        show_ticket(plan, &url).await;
    }
}

/// Shows the operator a way in, where everybody else is a visitor: an address that is good once.
async fn show_ticket(plan: &Plan, url: &str) {
    match plan.identity.tickets.issue_for_operator(http::login::PATH, TICKET_GOOD_FOR).await {
        Ok(ticket) => log::warn!(
            "everybody who reaches this server may use it; see docs/security.md. Its operator gets in at {url}/#ticket={ticket}"
        ),
        Err(error) => log::warn!(error:%; "no ticket for the operator could be made"),
    }
}

/// Opens the store; where others share it, this server is shown to them by its address.
fn open_store(
    settings: &Settings,
    workers: usize,
    address: SocketAddr,
    on_commit: crate::store::OnCommit,
) -> Result<(Store, Option<Membership>), crate::store::Error> {
    let mut cluster = settings.cluster.clone();
    cluster.advertise.get_or_insert_with(|| address.to_string());
    Store::open_member(&settings.store, &cluster, workers, on_commit)
}

/// The address for a browser: that of the settings, else one for a browser on this machine.
fn shown(address: SocketAddr, settings: &Settings) -> String {
    if let Some(url) = &settings.server.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = if settings.tls.files().is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

/// How connections are accepted.
fn listening(settings: &config::server::Server, shares: Shares) -> Listening {
    Listening {
        workers: settings.worker_threads(),
        max_connections: shares.connections,
        surplus: shares.surplus,
        turned_away: || Problem::from(Code::TooManyConnections).last_words(),
        header_timeout: seconds(settings.header_timeout),
        keep_alive: seconds(settings.keep_alive),
        disconnect_timeout: DISCONNECT_TIMEOUT,
    }
}

/// Shares the descriptors out that this process may have; warns where there are too few for all the sockets of the settings.
fn share_descriptors(settings: &Settings) -> Shares {
    let (connections, sockets) = (settings.server.max_connections, settings.connections.max_connections);
    let shares = Shares::of_this_process(Wanted { connections, sockets, workers: settings.server.worker_threads() });
    if shares.sockets < sockets {
        log::warn!(
            "up to {} open files are allowed: there is room for {} connections (server.max_connections is {connections}), \
             {} of them WebSockets and event streams (connections.max_connections is {sockets}); raise the limit, or \
             lower these settings",
            descriptors::limit(),
            shares.connections,
            shares.sockets,
        );
    }
    shares
}

/// Warns of commands in the settings that could not be started now.
fn warn_of_programs(settings: &Settings) {
    let faults = command::faults(&settings.task).into_iter();
    for fault in faults.chain(handlers::faults(&settings.event_handler)) {
        log::warn!("{fault}");
    }
}

/// Serves with these settings until SIGTERM or SIGINT.
///
/// # Errors
/// Those of [`App::serve`], and where the address cannot be listened on.
pub(crate) fn run(settings: Settings) -> anyhow::Result<()> {
    descriptors::raise_limit();
    actix::System::new().block_on(async move {
        let address = (settings.server.host.as_str(), settings.server.port);
        let listener = socket::listen(address, &settings.connections)
            .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
        App::new(settings)?
            .serve(listener, async {
                if let Err(error) = shutdown::signalled().await {
                    log::error!(error:%; "signals cannot be heard");
                }
            })
            .await
    })
}

/// All task kinds with these settings.
///
/// # Errors
/// Where two kinds have one name, or a schema is not valid.
pub(crate) fn kinds(settings: &Settings) -> anyhow::Result<Kinds> {
    let mut kinds = own_kinds(settings)?;
    let (catalogue, limits) = (nodes::built_in(&settings.workflows)?, &settings.workflows);
    let workflow = Workflow::new(Arc::new(catalogue), Arc::new(limits.clone()), Worker::new(limits, None));
    kinds.register(Arc::new(workflow))?;
    let (outside, launcher) = (Worker::new(limits, None), Launcher::tied_to_this_process());
    let agents = Agents::new(settings, None, outside, launcher.clone(), Metrics::install(1)?.agents());
    kinds.register(Arc::new(CrewKind::new(agents.clone())))?;
    kinds.register(Arc::new(AuditKind::new(agents.clone(), &settings.audits, launcher)))?;
    kinds.register(Arc::new(PipelineKind::new(agents, &settings.pipeline, None)))?;
    Ok(kinds)
}

/// The task kinds with these settings but for `workflow`, which is made with what runs.
fn own_kinds(settings: &Settings) -> anyhow::Result<Kinds> {
    let mut kinds = Kinds::default();
    let commands = command::from_settings(&settings.task, &Launcher::tied_to_this_process());
    for kind in task::built_in().into_iter().chain(commands) {
        kinds.register(kind)?;
    }
    Ok(kinds)
}
