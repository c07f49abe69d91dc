//! What every worker is built from, and how its actors take their places.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Arbiter, Context};
use crossbeam_channel::Receiver;
use tokio::sync::watch;

use super::Runnable;
use super::counted::{Counted, looks};
use super::exchange::Exchange;
use super::host::SessionHost;
use super::identity::Identity;
use super::runs::Runs;
use super::streams::Sockets;
use crate::agent::Agents;
use crate::agent::audit::AuditKind;
use crate::agent::crew::CrewKind;
use crate::agent::pipeline::PipelineKind;
use crate::callback::{Callbacks, Dispatcher};
use crate::cluster::Cluster;
use crate::config::Settings;
use crate::connection::{Connections, EventSockets, Gate};
use crate::crew::Roster;
use crate::domain::id::SessionId;
use crate::domain::mask::Mask;
use crate::event;
use crate::event::handlers::{Handlers, Running};
use crate::event::types::EventTypes;
use crate::event::{EventLog, Events, Listener};
use crate::http::{Admin, Lifecycle, State, Workflows};
use crate::hub::numbers::AllNumbers;
use crate::hub::{Broadcast, ConnectionCounts, Hub, Links, Shard};
use crate::member::Housemates;
use crate::memory::Memory;
use crate::metrics::{Metrics, Numbers, Statistics};
use crate::process::Launcher;
use crate::session::environment::Environment;
use crate::session::permits::Permits;
use crate::session::protocol::StoreCommitted;
use crate::session::protocol::{AwaitResumption, Quarantine, ResumeSessions};
use crate::session::queue::Worker;
use crate::session::row_queue::RowQueue;
use crate::session::{Directory, Kinds, Queue, Sessions};
use crate::store::{Pending, Store};
use crate::suspects::Concerned;
use crate::task::workflow::Workflow;
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;
use crate::workflow::executor::Shared;
use crate::workflow::live::watchers::Watchers;
use crate::workflow::supervisor::Supervisor;
use crate::workflow::supervisor::elsewhere::Elsewhere;
use crate::workflow::work as outside;

/// Messages that an actor takes before senders that wait are held back.
const MAILBOX: usize = 1024;
/// How often the sessions of several servers are counted in their store.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// What every worker is built from.
#[derive(Clone)]
pub(super) struct Plan {
    settings: Arc<Settings>,
    /// Hides the secrets of the settings.
    mask: Arc<Mask>,
    store: Store,
    kinds: Arc<Kinds>,
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) directories: Arc<[Addr<Directory>]>,
    pub(super) hub: Addr<Hub>,
    queue: Addr<Queue>,
    /// How many sessions wait for a permit.
    waiting: Arc<AtomicUsize>,
    counts: Arc<ConnectionCounts>,
    /// The server's own numbers, for those who watch them.
    numbers: AllNumbers,
    pub(super) events: Events,
    event_types: EventTypes,
    admin: Admin,
    pub(super) metrics: Metrics,
    lifecycle: watch::Receiver<Lifecycle>,
    started: Instant,
    workflows: Workflows,
    pub(super) identity: Identity,
    callbacks: Callbacks,
    launcher: Launcher,
    roster: Roster,
    pub(super) memory: Memory,
    /// The servers that share all this, where there are several.
    pub(super) cluster: Option<Cluster>,
    seats: Receiver<Seat>,
}

/// A worker's place: the mailboxes of its actors, whose addresses everybody has already.
struct Seat {
    worker: usize,
    directory: AddressReceiver<Directory>,
    shard: AddressReceiver<Shard>,
}

/// The places of all workers, and the addresses of their actors in the order of the workers.
type Places = (Receiver<Seat>, Vec<Addr<Directory>>, Vec<Addr<Shard>>);

impl Plan {
    #[expect(clippy::too_many_lines, reason = "what is made of what, in its order")]
    pub(super) async fn new(
        settings: Arc<Settings>,
        store: Store,
        Runnable { mut kinds, catalogue, launcher }: Runnable,
        address: SocketAddr,
        lifecycle: watch::Receiver<Lifecycle>,
        metrics: Metrics,
        (counts, exchange): (Arc<ConnectionCounts>, Option<Exchange>),
    ) -> anyhow::Result<(Self, Running)> {
        let cluster = exchange.as_ref().map(|exchange| exchange.cluster.clone());
        let (elsewhere, relay) = cluster.clone().map(Elsewhere::new).unzip();
        let (listeners, attention) = cluster.clone().map(event::elsewhere::Elsewhere::new).unzip();
        let identity = Identity::open(&settings, &store, address).await?;
        let (limits, mask) = (Arc::new(settings.workflows.clone()), Arc::new(Mask::new(settings.secrets())));
        let (seats, directories, shards) = Seat::for_all(settings.server.worker_threads())?;
        subscribe(&store, &directories);
        let (queue, broadcast) = (queue(&settings, &directories).start(), Broadcast::new(&shards, counts.clone()));
        let (catalogue, memory) = (Arc::new(catalogue), Memory::new(store.clone(), &settings.memory));
        let outside = outside::Worker::new(&limits, Some(address));
        let definitions = Definitions::new(store.clone(), catalogue.clone(), limits.clone());
        let watchers = Watchers::new(broadcast.clone()).relayed(relay);
        let runs = Runs::new(watchers.clone(), limits.max_told_bytes);
        let workflow = Workflow::new(catalogue.clone(), limits, outside.clone()).observed_by(Arc::new(runs));
        kinds.register(Arc::new(workflow))?;
        let roster = add_agents(&mut kinds, &settings, &store, &memory, (outside.clone(), launcher.clone()), &metrics)?;
        let (measured, own) = measure(&metrics, &store, &counts);
        let numbers = AllNumbers::new(own, cluster.clone());
        let hub = Hub::new(shards, &settings.connections).publishing_metrics(numbers.clone(), counts.clone()).start();
        let (handlers, running) = Handlers::start(&settings.event_handler, &launcher, &mask, &metrics);
        let (callbacks, heard, dispatcher) =
            Callbacks::new(&settings, &store, identity.links.clone(), Some(address), cluster.clone());
        let mut heard: Vec<Arc<dyn Listener>> = vec![Arc::new(Counted(metrics.events())), Arc::new(handlers), heard];
        heard.extend(listeners.map(|elsewhere| Arc::new(elsewhere) as Arc<dyn Listener>));
        let events = log(&settings, &store, &broadcast, heard, dispatcher).await?;
        let (kinds, directories) = (Arc::new(kinds), Arc::<[Addr<Directory>]>::from(directories));
        let sessions = Sessions::new(directories.clone(), 0, store.clone(), kinds.clone(), busy_timeout(&settings))
            .in_cluster(cluster.clone());
        let shared = Shared {
            catalogue: catalogue.clone(),
            limits: settings.workflows.clone(),
            store: store.clone(),
            watchers,
            worker: outside,
            host: Arc::new(SessionHost::new(sessions.clone(), events.clone(), Arbiter::current())),
            session_arbiter: Arbiter::current(),
            metrics: measured,
            quotas: identity.quotas.clone(),
        };
        let (supervisor, live) =
            supervise(Supervisor::new(shared, store.clone(), definitions.clone()).among(elsewhere));
        let live = live.in_cluster(cluster.clone());
        if let Some((exchange, attention)) = exchange.zip(attention) {
            let (directories, supervisor, hub) = (directories.clone(), supervisor.clone(), hub.clone());
            let housemates = Housemates { directories, supervisor, hub };
            let listening = (attention, broadcast, counts.clone());
            let (answering, max_asked) = ((housemates, &numbers), settings.store.max_pending_rows);
            exchange.start(&sessions, &live, listening, answering, max_asked, metrics.cluster());
        }
        let workflows = Workflows { definitions, live, catalogue };
        let plan = Self {
            counts,
            waiting: Arc::default(),
            admin: Admin::new(hub.clone(), numbers.clone()).in_cluster(cluster.clone()),
            cluster,
            numbers,
            events,
            event_types: EventTypes::start(store.clone(), settings.events.max_types)?,
            supervisor,
            roster,
            memory,
            settings,
            mask,
            store,
            kinds,
            directories,
            hub,
            queue,
            metrics,
            lifecycle,
            started: Instant::now(),
            workflows,
            launcher,
            identity,
            callbacks,
            seats,
        };
        Ok((plan, running))
    }

    /// Starts the actors of the worker whose thread this is called on, and gives what its handlers need.
    ///
    /// A worker whose services are made a second time goes on with the actors that it has.
    pub(super) fn settle(&self) -> State {
        thread_local! {
            static SETTLED: OnceCell<(Sessions, Connections)> = const { OnceCell::new() };
        }
        let (sessions, connections) = SETTLED.with(|settled| settled.get_or_init(|| self.take_seat()).clone());
        let metrics = self.metrics.clone();
        State {
            sessions,
            settings: self.settings.clone(),
            started: self.started,
            lifecycle: self.lifecycle.clone(),
            answered: self.metrics.http(),
            metrics: Arc::new(move || metrics.render()),
            streams: Rc::new(Sockets(connections)),
            workflows: self.workflows.clone(),
            authenticator: self.identity.authenticator.clone(),
            keys: self.identity.keys.clone(),
            users: self.identity.users.clone(),
            links: self.identity.links.clone(),
            storage: self.identity.storage.clone(),
            logins: self.identity.logins.clone(),
            attempts: self.identity.attempts.clone(),
            rates: self.identity.rates.clone(),
            tickets: self.identity.tickets.clone(),
            trail: self.identity.trail.clone(),
            callbacks: self.callbacks.clone(),
            roster: self.roster.clone(),
            memory: self.memory.clone(),
            events: self.events.clone(),
            event_types: self.event_types.clone(),
            admin: self.admin.clone(),
            launcher: self.launcher.clone(),
        }
    }

    /// Sends each directory which of its sessions a restart has to think of, and which of them do not go on by
    /// themselves. The directories need not run yet.
    pub(super) async fn take_up(&self, found: Vec<Pending>, mut apart: HashMap<SessionId, Quarantine>) {
        let mut of_workers = HashMap::<usize, ResumeSessions>::new();
        for session in found {
            let of_worker = of_workers.entry(session.id.worker(self.directories.len())).or_default();
            of_worker.quarantine.extend(apart.remove(&session.id).map(|apart| (session.id, apart)));
            of_worker.pending.push(session);
        }
        // With an answer, so that the permits are there before the first request is.
        if self.queue.send(AwaitResumption { workers: of_workers.len() }).await.is_err() {
            log::error!("the queue has ended");
        }
        for (worker, take_up) in of_workers {
            if let Some(directory) = self.directories.get(worker) {
                directory.do_send(take_up);
            }
        }
    }

    /// Who hears what becomes of slots, where there are several servers.
    pub(super) fn housemates(&self) -> Housemates {
        let (directories, supervisor, hub) = (self.directories.clone(), self.supervisor.clone(), self.hub.clone());
        Housemates { directories, supervisor, hub }
    }

    /// Whom it concerns what becomes of what may have ended the server.
    pub(super) fn concerned(&self) -> Concerned {
        Concerned {
            events: self.events.clone(),
            metrics: self.metrics.clone(),
            directories: self.directories.clone(),
            supervisor: self.supervisor.clone(),
            live: self.workflows.live.clone(),
        }
    }

    /// Counts the sessions that were there before the start, so that the metrics are right about those in the store. Of
    /// several servers, each goes on to count those of all, wherever they are.
    pub(super) async fn count(self) {
        let sessions = self.metrics.sessions();
        loop {
            match self.store.count_live().await {
                Ok(counted) if self.cluster.is_some() => sessions.set(&counted),
                Ok(counted) => counted.into_iter().for_each(|(status, there)| sessions.add(status, there)),
                Err(error) => log::warn!(error:%; "the sessions in the store could not be counted"),
            }
            if self.cluster.is_none() {
                return;
            }
            tokio::time::sleep(COUNTED_EVERY).await;
        }
    }

    fn take_seat(&self) -> (Sessions, Connections) {
        // There is a seat for each thread.
        let Seat { worker, directory: mailbox, shard } = self.seats.try_recv().unwrap_or_else(|_| Seat::nobodys());
        let (directories, store, kinds) = (self.directories.clone(), self.store.clone(), self.kinds.clone());
        let sessions = Sessions::new(directories, worker, store, kinds, busy_timeout(&self.settings))
            .in_cluster(self.cluster.clone());
        let environment = Environment {
            sessions: sessions.clone(),
            worker,
            workers: self.directories.len(),
            store: self.store.clone(),
            rows: RowQueue::new(self.store.clone()),
            events: self.events.clone(),
            kinds: self.kinds.clone(),
            settings: self.settings.sessions.clone(),
            permits: Permits::among(self.waiting.clone()),
            max_pending_rows: self.settings.store.max_pending_rows,
            mask: self.mask.clone(),
            metrics: self.metrics.sessions(),
            kind_metrics: self.kinds.names().map(|name| (name.to_owned(), self.metrics.task_kind(name))).collect(),
        };
        Context::with_receiver(mailbox).run(Directory::new(Rc::new(environment), self.queue.clone()));
        let links = Links::new(worker, &self.settings.connections, self.counts.clone(), self.metrics.connections());
        let shard = {
            let actor = Shard::new(links.clone(), self.hub.clone().recipient());
            Context::with_receiver(shard).run(actor)
        };
        actix::spawn(self.metrics.event_loop(worker).watch());
        let Workflows { live, definitions, .. } = self.workflows.clone();
        let event_sockets = EventSockets {
            events: self.events.clone(),
            types: self.event_types.clone(),
            page_bytes: self.settings.events.replay_page_bytes,
            hub: self.hub.clone(),
            numbers: self.numbers.clone(),
        };
        let gate = Gate {
            authenticator: self.identity.authenticator.clone(),
            tickets: self.identity.tickets.clone(),
            rates: self.identity.rates.clone(),
            trail: self.identity.trail.clone(),
            quotas: self.identity.quotas.clone(),
            storage: self.identity.storage.clone(),
            patience: crate::config::seconds(self.settings.auth.first_message_timeout),
        };
        let connections = Connections::new(
            shard,
            links,
            sessions.clone(),
            (live, definitions),
            event_sockets,
            gate,
            &self.settings.connections,
        );
        (sessions, connections)
    }
}

/// How long a request waits for a store that takes no writes.
fn busy_timeout(settings: &Settings) -> Duration {
    crate::config::seconds(settings.store.busy_timeout)
}

impl Seat {
    /// A place for each worker, and the addresses of its actors in the order of the workers.
    fn for_all(workers: usize) -> anyhow::Result<Places> {
        let (seat, seats) = crossbeam_channel::bounded(workers);
        let (mut directories, mut shards) = (Vec::new(), Vec::new());
        for worker in 0..workers {
            let (place, directory, shard) = Seat::new(worker);
            directories.push(directory);
            shards.push(shard);
            seat.send(place)?;
        }
        Ok((seats, directories, shards))
    }

    fn new(worker: usize) -> (Self, Addr<Directory>, Addr<Shard>) {
        let (to_directory, directory) = channel(MAILBOX);
        let (to_shard, shard) = channel(MAILBOX);
        (Self { worker, directory, shard }, Addr::new(to_directory), Addr::new(to_shard))
    }

    /// A place that nobody knows of.
    fn nobodys() -> Self {
        log::error!("there are more workers than were planned");
        Self::new(0).0
    }
}

/// Adds the task kinds of agents, with the roster that they are in, which is given.
fn add_agents(
    kinds: &mut Kinds,
    settings: &Settings,
    store: &Store,
    memory: &Memory,
    (outside, launcher): (outside::Worker, Launcher),
    metrics: &Metrics,
) -> anyhow::Result<Roster> {
    let roster = Roster::new(store.clone(), &settings.crews, &settings.agent);
    let (kept, commands) = (Some((roster.clone(), memory.clone())), Launcher::tied_to_this_process());
    let agents = Agents::new(settings, kept, outside, commands, metrics.agents());
    kinds.register(Arc::new(CrewKind::new(agents.clone())))?;
    kinds.register(Arc::new(AuditKind::new(agents.clone(), &settings.audits, launcher)))?;
    kinds.register(Arc::new(PipelineKind::new(agents, &settings.pipeline, Some(memory.clone()))))?;
    Ok(roster)
}

/// Starts the event log, which publishes to the connections and the handlers, and is counted.
async fn log(
    settings: &Settings,
    store: &Store,
    broadcast: &Broadcast,
    others: Vec<Arc<dyn Listener>>,
    dispatcher: Dispatcher,
) -> anyhow::Result<Events> {
    let (keep, max_pending) = (settings.events.keep, settings.store.max_pending_rows);
    let mut listeners: Vec<Arc<dyn Listener>> = vec![Arc::new(broadcast.clone())];
    listeners.extend(others);
    let events = Events::open(store.clone(), keep, max_pending, listeners).await?;
    let health_check = crate::config::seconds(settings.events.health_check_interval);
    EventLog::start_with(events.clone(), health_check, settings.events.keep_bytes);
    actix::spawn(dispatcher.run(events.clone()));
    Ok(events)
}

/// Lets each directory know of the commits of its sessions.
fn subscribe(store: &Store, directories: &[Addr<Directory>]) {
    for (worker, directory) in directories.iter().enumerate() {
        let directory = directory.clone();
        store.subscribe_commits(worker, move |commit| directory.do_send(StoreCommitted { commit }));
    }
}

/// Starts what measures this server: handles for live workflows, the server's own numbers, and what makes them for those who
/// watch them.
fn measure(metrics: &Metrics, store: &Store, counts: &Arc<ConnectionCounts>) -> (crate::metrics::Workflows, Numbers) {
    let (measured, reports) = metrics.workflows().reporting();
    let (statistics, numbers) = Statistics::new(metrics.clone(), reports, looks(store, counts));
    actix::spawn(statistics.run());
    (measured, numbers)
}

/// Starts the supervisor, and gives the live workflows as everybody else sees them.
fn supervise(supervisor: Supervisor) -> (Addr<Supervisor>, Live) {
    let routes = supervisor.routes();
    let supervisor = supervisor.start();
    (supervisor.clone(), Live::new(supervisor, routes))
}

/// The permits that these workers share.
fn queue(settings: &Settings, directories: &[Addr<Directory>]) -> Queue {
    let worker = |directory: &Addr<Directory>| Worker {
        grants: directory.clone().recipient(),
        wanted: directory.clone().recipient(),
        opened: directory.clone().recipient(),
    };
    Queue::new(settings.sessions.max_running_sessions, directories.iter().map(worker).collect())
}
