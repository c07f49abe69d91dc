//! How fast rows are committed, with 1, 8 and 64 of them in flight. One row is one append of about 600 bytes that also
//! updates its session, which is what a burst of a task's entries is.

use std::time::{Duration, Instant};

use callboard::domain::id::SessionId;
use callboard::domain::owner::Owner;
use callboard::domain::status::{OnDisconnect, Priority, Status};
use callboard::domain::time::Timestamp;
use callboard_store::{Append, Change, Committed, Spent, State, Store, Summary};
use callboard_store::{Settings, Synchronous};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const BODY_BYTES: usize = 600;

/// A session takes that many rows before the next begins, as those of a person in the loop do.
const ROWS_PER_SESSION: u32 = 3;

/// One of the sessions that append, one row at a time.
struct Session {
    summary: Summary,
    row: u32,
}

struct Load {
    store: Store,
    commits: UnboundedReceiver<Committed>,
    sessions: Vec<Session>,
    body: bytes::Bytes,
}

impl Load {
    fn new(store: Store, in_flight: usize) -> Self {
        let (sender, commits) = unbounded_channel();
        store.subscribe_commits(0, move |committed| drop(sender.send(committed)));
        let sessions = (0..in_flight).map(|_| session(&store)).collect();
        Self { store, commits, sessions, body: vec![b'x'; BODY_BYTES].into() }
    }

    /// Has that many rows committed, and gives how long that took.
    async fn run(&mut self, rows: u64) -> Duration {
        let begin = Instant::now();
        let mut sent = 0;
        let mut done = 0;
        for at in 0..self.sessions.len() {
            self.append(at);
            sent += 1;
        }
        while done < sent {
            let Some(committed) = self.commits.recv().await else { break };
            for (id, _) in committed.rows {
                done += 1;
                if sent >= rows {
                    continue;
                }
                if let Some(at) = self.sessions.iter().position(|session| session.summary.id == id) {
                    self.append(at);
                    sent += 1;
                }
            }
        }
        begin.elapsed()
    }

    fn append(&mut self, at: usize) {
        let session = &mut self.sessions[at];
        if session.row == ROWS_PER_SESSION {
            *session = self::session(&self.store);
        }
        let row = session.row;
        session.row += 1;
        let change = match row {
            0 => Change::Create(Box::new(session.summary.clone()), None),
            _ => Change::Update(Box::new(state(row))),
        };
        self.store.append(Append {
            worker: 0,
            session: session.summary.id,
            key: session.summary.key,
            row,
            last_seq: u64::from(row) * 3,
            body: self.body.clone(),
            change,
            requests: Vec::new(),
        });
    }
}

fn session(store: &Store) -> Session {
    let summary = Summary {
        key: store.next_key(0),
        id: SessionId::random(),
        task: "approval".into(),
        priority: Priority::Normal,
        owner: Owner::SERVER,
        execution_id: None,
        labels: Vec::new(),
        on_disconnect: OnDisconnect::Keep,
        title: None,
        created_at: Timestamp::now(),
        state: state(0),
    };
    Session { summary, row: 0 }
}

fn state(row: u32) -> State {
    let now = Timestamp::now();
    let status = match row {
        0 => Status::Running,
        1 => Status::WaitingConfirmation,
        _ => Status::Completed,
    };
    State {
        status,
        attempt: 1,
        last_seq: u64::from(row) * 3,
        started_at: Some(now),
        ended_at: status.is_terminal().then_some(now),
        deadline: None,
        since: now,
        spent: Spent::default(),
    }
}

fn commits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(4)).sample_size(20);
    for (name, synchronous) in [("full", Synchronous::Full), ("normal", Synchronous::Normal)] {
        for in_flight in [1, 8, 64] {
            group.bench_function(BenchmarkId::new(name, in_flight), |bencher| {
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
                let Ok(folder) = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")) else { return };
                let url = format!("sqlite:{}", folder.path().join("bench.db").display());
                let settings = Settings { url, synchronous, ..Settings::default() };
                let Ok(store) = Store::open(&settings, 1) else { return };
                let mut load = Load::new(store, in_flight);
                bencher.iter_custom(|rows| runtime.block_on(load.run(rows)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
