//! The writer thread: takes all that waits, commits it at once, and tells each worker what of it is written.
//!
//! **Owns** the engine that writes. **Hears** [`Command`]s, in order. **Tells** each worker one [`Committed`] a commit,
//! and tells who listens to events once, and only what is committed; a commit that fails is tried again until it works or the store is closed.
//! **Ends when** it is closed, or nobody can command it any more.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::batch::Batch;
use super::document::{Discard, Put};
use super::engine::{Engine, Refusal};
use super::query::{Query, Reply};
use super::{Append, Committed, Document, Draft, Error, Health, Recorded, SessionKey, TellRecorded, Told};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// How long nothing must come before the engine may tidy up.
const REST_AFTER: Duration = Duration::from_millis(200);

/// How often it is looked whether the database is there while nothing is written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the writer thread hears.
pub(super) enum Command {
    /// Write this, and the events that happen by it.
    Append(Append, Vec<Draft>),
    /// Write these events, and give the first where that is wanted.
    Record(Vec<Draft>, Option<Reply<Recorded>>),
    /// Tell there which events are written.
    TellEvents(TellRecorded),
    /// See [`Engine::purge_events`].
    PurgeEvents(u64, Reply<()>),
    /// Tell the commits of this worker there.
    Tell(usize, Told),
    /// See [`Engine::remove`].
    Remove(SessionKey, Reply<()>),
    /// See [`Engine::purge`].
    Purge(Timestamp, usize, Reply<Vec<SessionId>>),
    /// See [`Engine::put`].
    Put(Box<Put>, Reply<Document>),
    /// See [`Engine::discard`].
    Discard(Discard, Reply<()>),
    /// Answer this; only where the engine has no readers of its own.
    Query(Query),
    /// Write what waits, let go of the database, say how many rows could not be written, and end.
    Close(oneshot::Sender<usize>),
}

/// Measures a commit: how long it took, and how many rows it wrote.
pub type OnCommit = Arc<dyn Fn(Duration, usize) + Send + Sync>;

/// What the writer does not decide itself.
pub(super) struct Options {
    /// Most bytes in one commit, but for a single row that has more.
    pub(super) max_commit_bytes: usize,
    /// The pause after the first failure; it doubles with each further one.
    pub(super) first_pause: Duration,
    /// The longest pause.
    pub(super) longest_pause: Duration,
    /// Called after each commit.
    pub(super) on_commit: OnCommit,
}

/// See the module.
pub(super) struct Writer<E> {
    engine: E,
    options: Options,
    commands: Receiver<Command>,
    /// What was taken from `commands` before its turn.
    held: VecDeque<Command>,
    /// Where each worker's commits are told.
    told: Vec<Option<Told>>,
    /// Where it is told which events are written.
    told_events: Option<TellRecorded>,
    /// The place of the last event that is written.
    last_event: u64,
    /// Sessions that two wrote at once: what this server still sends of them would tear their journals.
    fenced: HashSet<SessionKey>,
    health: watch::Sender<Health>,
    /// A gauge: rows that were sent and are not committed yet.
    unwritten: Arc<AtomicUsize>,
    /// Whether a commit that fails is given up, and who is told how many rows that cost.
    closing: Option<Option<oneshot::Sender<usize>>>,
    lost: usize,
}

impl<E: Engine> Writer<E> {
    /// A writer for that many workers, with an engine whose last event has the place `last_event`.
    pub(super) fn new(
        engine: E,
        options: Options,
        workers: usize,
        last_event: u64,
        commands: Receiver<Command>,
        health: watch::Sender<Health>,
        unwritten: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            engine,
            options,
            commands,
            held: VecDeque::new(),
            told: vec![None; workers],
            told_events: None,
            last_event,
            fenced: HashSet::new(),
            health,
            unwritten,
            closing: None,
            lost: 0,
        }
    }

    /// Works until it ends.
    pub(super) fn run(mut self) {
        while self.lost == 0
            && let Some(command) = self.next()
        {
            match command {
                command @ (Command::Append(..) | Command::Record(..)) => {
                    let batch = self.gather(command);
                    self.commit(batch);
                }
                Command::Tell(worker, told) => self.tell(worker, told),
                Command::TellEvents(told) => self.told_events = Some(told),
                Command::Remove(key, reply) => respond(reply, self.engine.remove(key)),
                Command::Purge(before, limit, reply) => respond(reply, self.engine.purge(before, limit)),
                Command::PurgeEvents(before, reply) => respond(reply, self.engine.purge_events(before)),
                Command::Put(put, reply) => respond(reply, self.engine.put(*put)),
                Command::Discard(discard, reply) => respond(reply, self.engine.discard(&discard)),
                Command::Query(query) => self.engine.answer(query),
                Command::Close(reply) => self.closing = Some(Some(reply)),
            }
        }
        self.end();
    }

    /// What comes next; `None` where nothing can come any more, or all is done before the end.
    fn next(&mut self) -> Option<Command> {
        if let Some(command) = self.poll() {
            return Some(command);
        }
        if self.closing.is_some() {
            return None;
        }
        match self.commands.recv_timeout(REST_AFTER) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => {
                self.engine.rest();
                self.wait()
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Waits for a command, and looks after the database meanwhile.
    fn wait(&mut self) -> Option<Command> {
        loop {
            match self.commands.recv_timeout(LOOK_EVERY) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => match self.engine.displaced() {
                    None => self.recovered(),
                    Some(why) => self.displaced(&why),
                },
            }
        }
    }

    /// What is there already.
    fn poll(&mut self) -> Option<Command> {
        self.held.pop_front().or_else(|| self.commands.try_recv().ok())
    }

    /// What waits to be written, up to the first command that writes nothing of this kind.
    fn gather(&mut self, first: Command) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        loop {
            match next {
                Some(Command::Append(append, events)) => {
                    // What does not come about makes nothing happen.
                    let comes_about = !self.fenced.contains(&append.key);
                    batch.append(append, if comes_about { events } else { Vec::new() });
                }
                Some(Command::Record(events, reply)) => batch.record(events, reply),
                Some(other) => {
                    self.held.push_front(other);
                    return batch;
                }
                None => return batch,
            }
            if batch.bytes >= self.options.max_commit_bytes {
                return batch;
            }
            next = self.poll();
        }
    }

    /// Commits the batch, trying until it works or the store is closed, and tells of it.
    fn commit(&mut self, mut batch: Batch) {
        let mut pause = self.options.first_pause;
        batch.leave_out(&self.fenced);
        let events = batch.place(self.last_event);
        while !batch.appends.is_empty() || events.row.is_some() {
            let begin = Instant::now();
            match self.engine.commit(&batch.appends, events.row.as_ref()) {
                Ok(refused) => {
                    (self.options.on_commit)(begin.elapsed(), batch.appends.len());
                    self.recovered();
                    self.refuse(&refused, &mut batch);
                    break;
                }
                Err(error) => {
                    self.failed(&error, batch.commands);
                    if self.closing.is_some() {
                        self.lost += batch.commands;
                        return;
                    }
                    self.pause(pause);
                    pause = (pause * 2).min(self.options.longest_pause);
                }
            }
        }
        self.last_event = events.row.as_ref().map_or(self.last_event, |row| row.last_seq);
        self.unwritten.fetch_sub(batch.commands, Ordering::Relaxed);
        self.announce(&batch);
        events.tell(self.told_events.as_mut());
    }

    /// Tells each worker the last written row of each of its sessions.
    fn announce(&self, batch: &Batch) {
        for (worker, told) in self.told.iter().enumerate() {
            let Some(told) = told else { continue };
            let rows = batch.last_rows(worker);
            if !rows.is_empty() {
                told.do_send(Committed { rows });
            }
        }
    }

    /// Takes what was refused out of the batch, and fences its sessions.
    fn refuse(&mut self, refused: &[Refusal], batch: &mut Batch) {
        for refusal in refused {
            let Some(append) = batch.appends.get(refusal.index) else { continue };
            if self.fenced.insert(append.key) {
                log::error!(
                    session_id:display = append.session, row = append.row;
                    "a row could not be added to a session's journal: {}; nothing more is written for this session until \
                     the server starts again", refusal.reason
                );
            }
        }
        if !refused.is_empty() {
            batch.without(refused);
        }
    }

    fn failed(&mut self, error: &Error, rows: usize) {
        if let Some(why) = self.engine.displaced() {
            return self.displaced(&why);
        }
        let reason = match error {
            Error::Unavailable(reason) | Error::Unusable(reason) | Error::Conflict(reason) => reason.clone(),
            Error::NotFound | Error::Outdated { .. } => error.to_string(),
        };
        let was = self.health.send_replace(Health::Failing { reason, is_lasting: false });
        if was == Health::Well {
            log::error!(rows; "the store cannot be written: {error}; it is tried again until it works");
        }
    }

    /// The database is not the one any more that was opened: what is written would be lost.
    fn displaced(&mut self, why: &str) {
        let reason = "the database was moved or changed by others".to_owned();
        let now = Health::Failing { reason, is_lasting: true };
        if self.health.send_replace(now.clone()) != now {
            log::error!("nothing is acknowledged any more: {why}");
        }
    }

    fn recovered(&mut self) {
        let recovered = self.health.send_if_modified(|health| {
            let failing = *health != Health::Well;
            *health = Health::Well;
            failing
        });
        if recovered {
            log::info!("the store can be written again");
        }
    }

    /// Waits before a commit is tried again. What cannot wait as long is answered meanwhile.
    fn pause(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        for command in std::mem::take(&mut self.held) {
            self.meanwhile(command);
        }
        while self.closing.is_none() {
            match self.commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(command) => self.meanwhile(command),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => self.closing = Some(None),
            }
        }
    }

    /// Takes a command while nothing can be written: appends wait for their turn, the rest is refused or answered.
    fn meanwhile(&mut self, command: Command) {
        match command {
            command @ (Command::Append(..) | Command::Record(..)) => self.held.push_back(command),
            Command::Tell(worker, told) => self.tell(worker, told),
            Command::TellEvents(told) => self.told_events = Some(told),
            Command::PurgeEvents(_, reply) => respond(reply, Err(not_now())),
            Command::Remove(_, reply) => respond(reply, Err(not_now())),
            Command::Purge(_, _, reply) => respond(reply, Err(not_now())),
            Command::Put(_, reply) => respond(reply, Err(not_now())),
            Command::Discard(_, reply) => respond(reply, Err(not_now())),
            Command::Query(query) => self.engine.answer(query),
            Command::Close(reply) => self.closing = Some(Some(reply)),
        }
    }

    fn tell(&mut self, worker: usize, told: Told) {
        if let Some(slot) = self.told.get_mut(worker) {
            *slot = Some(told);
        }
    }

    /// Counts what nobody will write, lets go of the database and says how many rows that were.
    fn end(mut self) {
        while let Some(command) = self.poll() {
            if matches!(command, Command::Append(..) | Command::Record(..)) {
                self.lost += 1;
            }
        }
        if self.lost > 0 {
            log::error!(rows = self.lost; "the store is closed, and some rows could not be written");
        }
        self.engine.close();
        let (closing, lost) = (self.closing.take(), self.lost);
        // The database is free, and the health tells of the end, before anybody hears that it is closed.
        drop(self);
        if let Some(Some(reply)) = closing {
            let _ = reply.send(lost);
        }
    }
}

fn respond<T>(reply: Reply<T>, answer: Result<T, Error>) {
    let answer = answer.inspect_err(|error| {
        if matches!(error, Error::Unavailable(_)) {
            log::warn!("the store could not be changed: {error}");
        }
    });
    let _ = reply.send(answer);
}

fn not_now() -> Error {
    Error::Unavailable("it cannot be written now".into())
}
