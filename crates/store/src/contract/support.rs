//! What the suite's tests share: a store whose commits are heard, and short words for rows.

use std::path::{Path, PathBuf};

use actix::{Actor, Context, Handler};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Settings;
use crate::{Append, Change, Committed, JournalRange, Spent, State, Store, Summary};
use callboard_domain::id::SessionId;
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;

/// The whole journal.
pub(super) const ALL: JournalRange = JournalRange { after_seq: None, after_row: None, max_bytes: usize::MAX };

/// Passes on what one worker is told.
struct Probe {
    worker: usize,
    told: UnboundedSender<(usize, Committed)>,
}

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(1 << 20);
    }
}

impl Handler<Committed> for Probe {
    type Result = ();

    fn handle(&mut self, message: Committed, _: &mut Self::Context) {
        let _ = self.told.send((self.worker, message));
    }
}

/// A store of two workers, and what they are told.
pub(super) struct Board {
    pub(super) store: Store,
    /// All that was told so far, with the worker.
    pub(super) heard: Vec<(usize, Committed)>,
    told: UnboundedReceiver<(usize, Committed)>,
    _folder: Option<TempDir>,
}

impl Board {
    pub(super) fn memory() -> Self {
        Self::of(Self::memory_store(), None)
    }

    pub(super) fn memory_store() -> Store {
        Store::open(&Settings { url: "memory:".into(), ..Settings::default() }, 2).unwrap()
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
        let (told, heard) = unbounded_channel();
        for worker in 0..2 {
            let probe = Probe { worker, told: told.clone() }.start();
            store.tell(worker, probe.recipient());
        }
        Self { store, heard: Vec::new(), told: heard, _folder: folder }
    }

    /// Appends all that, and waits until the last of it is told.
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

    /// Waits until the worker is told that this row, or a later one, is written.
    pub(super) async fn written(&mut self, worker: usize, session: SessionId, row: u32) {
        let fits = |(to, message): &(usize, Committed)| {
            *to == worker && message.rows.iter().any(|(id, last)| *id == session && *last >= row)
        };
        while !self.heard.iter().any(fits) {
            let told = self.told.recv().await;
            self.heard.push(told.expect("the store was closed before that was told"));
        }
    }

    /// The next that a worker is told; nothing once the store is closed and all was told.
    pub(super) async fn next(&mut self) -> Option<Committed> {
        self.told.recv().await.map(|(_, message)| message)
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
        owner: None,
        execution_id: None,
        labels: Vec::new(),
        on_disconnect: OnDisconnect::Keep,
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
    }
}

/// The text of a row, which can be told from any other's.
pub(super) fn body(summary: &Summary, row: u32) -> Bytes {
    format!(r#"[{{"session":"{}","row":{row}}}]"#, summary.id).into()
}
