//! What the suite's tests share: a store whose commits are received, and short words for rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::redis_server;
use crate::{
    Append, Change, ClusterSettings, Committed, JournalRange, Memory, Refused, Settings, Spent, State, Store, Summary,
};
use callboard_domain::id::{SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::secret::Secret;
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;

/// The whole journal.
pub(super) const ALL: JournalRange = JournalRange { after_seq: None, after_row: None, max_bytes: usize::MAX };

/// Whose most things are.
pub(super) const SERVER: Owner = Owner::SERVER;

/// Waits for what must come soon: a rule that is broken fails, and does not wait for ever.
pub(super) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it does not come")
}

/// Runs a future to its end, for tests that are not asynchronous themselves.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A store of two workers, and what they hear of commits.
pub(super) struct Board {
    pub(super) store: Store,
    /// All that was published so far, with the worker.
    pub(super) received: Vec<(usize, Committed)>,
    commits: UnboundedReceiver<(usize, Committed)>,
    _folder: Option<TempDir>,
}

impl Board {
    pub(super) fn memory() -> Self {
        Self::of(Self::memory_store(), None)
    }

    pub(super) fn memory_store() -> Store {
        Store::open(&Settings { url: "memory:".into(), ..Settings::default() }, 2).unwrap()
    }

    /// The only writer of shared memory, with all slots.
    pub(super) fn shared() -> Self {
        let memory = Memory::start().unwrap();
        let board = Self::member(&memory);
        memory.assign(Slot::all(), board.store.fence()).unwrap();
        board
    }

    /// A writer of shared memory that has no slot.
    pub(super) fn member(memory: &Memory) -> Self {
        let settings = Settings { url: "memory:".into(), ..Settings::default() };
        Self::of(Store::open_shared(memory, &settings, 2).unwrap(), None)
    }

    /// The only member of a cluster on Redis; nothing where there is no redis-server.
    pub(super) fn redis() -> Option<Self> {
        Some(Self::redis_at(redis_server::shared()?, &new_cluster()))
    }

    /// The same at this port.
    pub(super) fn redis_at(port: u16, cluster: &ClusterSettings) -> Self {
        let settings = redis_settings(port);
        Self::of(Store::open_as(&settings, cluster, 2, Arc::new(|_, _| {})).unwrap(), None)
    }

    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&settings(&folder.path().join("board.db")), 2).unwrap();
        Self::of(store, Some(folder))
    }

    /// The store in this file.
    pub(super) fn at(path: &Path) -> Self {
        Self::of(Store::open(&settings(path), 2).unwrap(), None)
    }

    pub(super) fn of(store: Store, folder: Option<TempDir>) -> Self {
        let (commits, received) = unbounded_channel();
        for worker in 0..2 {
            let commits = commits.clone();
            store.subscribe_commits(worker, move |committed| drop(commits.send((worker, committed))));
        }
        Self { store, received: Vec::new(), commits: received, _folder: folder }
    }

    /// Appends all that, and waits until the last of it is written.
    pub(super) async fn write(&mut self, batch: impl IntoIterator<Item = Append>) {
        let mut last = None;
        for append in batch {
            last = Some((append.worker, append.session, append.row));
            self.store.append(append);
        }
        if let Some((worker, session, row)) = last {
            self.written(worker, session, row).await;
        }
    }

    /// Waits until the worker hears that this row, or a later one, is written.
    pub(super) async fn written(&mut self, worker: usize, session: SessionId, row: u32) {
        let fits = |(to, message): &(usize, Committed)| {
            *to == worker && message.rows.iter().any(|(id, last)| *id == session && *last >= row)
        };
        while !self.received.iter().any(fits) {
            self.receive().await;
        }
    }

    /// Waits until it is said that a row of this session is refused, and gives what is said.
    pub(super) async fn refused(&mut self, session: SessionId) -> Refused {
        loop {
            let mut all = self.received.iter().flat_map(|(_, message)| &message.refused);
            if let Some(refused) = all.find(|refused| refused.session == session) {
                return refused.clone();
            }
            self.receive().await;
        }
    }

    /// Waits for the next that a worker hears.
    async fn receive(&mut self) {
        let committed = in_time(self.commits.recv()).await;
        self.received.push(committed.expect("the store was closed before that was published"));
    }

    /// The next that a worker hears; nothing once the store is closed and all was published.
    pub(super) async fn next(&mut self) -> Option<Committed> {
        self.commits.recv().await.map(|(_, message)| message)
    }
}

/// How to use the engine at this port.
pub(super) fn redis_settings(port: u16) -> Settings {
    Settings {
        url: format!("redis://127.0.0.1:{port}"),
        secret_key: Some(Secret::from(STANDARD.encode([7; 32]))),
        ..Settings::default()
    }
}

/// A cluster that nobody else uses.
pub(super) fn new_cluster() -> ClusterSettings {
    ClusterSettings {
        name: format!("test-{}", uuid::Uuid::new_v4()),
        advertise: Some("here".into()),
        ..ClusterSettings::default()
    }
}

pub(super) fn settings(path: &Path) -> Settings {
    Settings { url: format!("sqlite:{}", path.display()), ..Settings::default() }
}

/// Why the store there cannot be opened.
pub(super) fn refusal(path: &Path) -> String {
    match Store::open(&settings(path), 2) {
        Err(crate::Error::Unusable(reason)) => reason,
        other => panic!("{} was opened: {other:?}", path.display()),
    }
}

/// A path named after the database.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    format!("{}{ending}", path.display()).into()
}

pub(super) fn state(status: Status) -> State {
    State {
        status,
        attempt: 1,
        last_seq: 0,
        started_at: None,
        ended_at: None,
        deadline: None,
        since: Timestamp::from_micros(1),
        spent: Spent::default(),
    }
}

pub(super) fn ended(status: Status, at: i64) -> State {
    State { ended_at: Some(Timestamp::from_micros(at)), ..state(status) }
}

pub(super) fn summary(store: &Store, worker: usize) -> Summary {
    Summary {
        key: store.next_key(worker),
        id: SessionId::random(),
        task: "approval".into(),
        priority: Priority::Normal,
        owner: SERVER,
        execution_id: None,
        labels: Vec::new(),
        on_disconnect: OnDisconnect::Keep,
        title: None,
        created_at: Timestamp::now(),
        state: state(Status::Running),
    }
}

pub(super) fn create(summary: &Summary) -> Append {
    append(summary, 0, Change::Create(Box::new(summary.clone()), None))
}

pub(super) fn update(summary: &Summary, row: u32, state: &State) -> Append {
    append(summary, row, Change::Update(Box::new(state.clone())))
}

pub(super) fn append(summary: &Summary, row: u32, change: Change) -> Append {
    Append {
        worker: 0,
        session: summary.id,
        key: summary.key,
        row,
        last_seq: u64::from(row),
        body: body(summary, row),
        change,
        requests: Vec::new(),
    }
}

/// The text of a row, which differs from any other's.
pub(super) fn body(summary: &Summary, row: u32) -> Bytes {
    format!(r#"[{{"session":"{}","row":{row}}}]"#, summary.id).into()
}
