//! The writer thread: takes all that waits, commits it at once, and publishes what of it is written.
//!
//! **Owns** the engine that writes. **Hears** [`Command`]s, in order. **Publishes** one [`Committed`] a commit and worker,
//! and the events of a commit once, and only what is committed; a commit that fails is tried again until it works or the
//! store is closed. **Ends when** it is closed, or nobody can command it any more.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::batch::{Collected, Publication};
use super::cluster::relay::Heard;
use super::document::Write;
use super::engine::{Engine, Outcome, Refusal, Standing, Written};
use super::events::{EventSubscriber, Published};
use super::fence::fenced;
use super::keys::Lane;
use super::query::{Query, Reply};
use super::{
    ChangeError, Committed, Document, EncodedEvent, Error, Fence, Health, NewRow, Reason, SessionKey, UnnumberedEvent,
};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// How long nothing must come before the engine may tidy up.
const IDLE_AFTER: Duration = Duration::from_millis(200);

/// How often it is checked whether the database is there while nothing is written.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Who is given what came of one worker's rows, on the writer's thread: it must not block.
pub(super) type CommitSubscriber = Box<dyn FnMut(Committed) + Send>;

/// Where the documents that were changed are sent, or why they were not.
pub(super) type ChangeReply = oneshot::Sender<Result<Vec<Option<Document>>, ChangeError>>;

/// What the writer thread is sent.
pub(super) enum Command {
    /// Write these rows, in this order.
    Append(VecDeque<NewRow>),
    /// Write these events, and give the first where that is wanted.
    Record(Vec<UnnumberedEvent>, Option<Reply<EncodedEvent>>),
    /// Take rows of this session again.
    Readmit(SessionKey),
    /// Give the events of each commit to this subscriber.
    SubscribeEvents(u64, EventSubscriber),
    /// See [`Engine::purge_events`].
    PurgeEvents(u64, Reply<()>),
    /// Give what came of this worker's rows to this subscriber.
    SubscribeCommits(usize, CommitSubscriber),
    /// See [`Engine::remove`].
    Remove(SessionKey, Reply<()>),
    /// See [`Engine::purge`].
    Purge(Timestamp, usize, Reply<Vec<SessionId>>),
    /// See [`Engine::change`].
    Change(Vec<Write>, Timestamp, ChangeReply),
    /// Write as a new member from here on; all that came before and is not written is refused.
    Rejoin(Reply<(Fence, Lane)>),
    /// Answer this; only where the engine has no readers of its own.
    Query(Box<Query>),
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

/// Where events go that were committed.
pub(super) enum EventOutlet {
    /// To who listens.
    Direct(Option<EventSubscriber>),
    /// To the thread that puts them in order with those of other servers.
    Relay(SyncSender<Heard>),
}

/// See the module.
pub(super) struct Writer<E> {
    engine: E,
    fence: Fence,
    /// The number of the last batch.
    batch: u64,
    options: Options,
    commands: Receiver<Command>,
    /// What was taken from `commands` before its turn.
    postponed: VecDeque<Command>,
    /// By worker.
    commit_subscribers: Vec<Option<CommitSubscriber>>,
    events: EventOutlet,
    /// Sessions of which a row was refused: what was in memory of them when it was would tear their journals.
    refused: HashSet<SessionKey>,
    health: watch::Sender<Health>,
    /// A gauge: rows that were sent and are not committed yet.
    unwritten: Arc<AtomicUsize>,
    /// Whether a commit that fails is given up, and who wants to know how many rows that cost.
    closing: Option<Option<oneshot::Sender<usize>>>,
    lost: usize,
}

impl<E: Engine> Writer<E> {
    /// A writer for that many workers.
    pub(super) fn new(
        engine: E,
        fence: Fence,
        options: Options,
        workers: usize,
        commands: Receiver<Command>,
        health: watch::Sender<Health>,
        unwritten: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            engine,
            fence,
            batch: 0,
            options,
            commands,
            postponed: VecDeque::new(),
            commit_subscribers: (0..workers).map(|_| None).collect(),
            events: EventOutlet::Direct(None),
            refused: HashSet::new(),
            health,
            unwritten,
            closing: None,
            lost: 0,
        }
    }

    /// The same, whose events go this way.
    pub(super) fn publishing_to(self, events: EventOutlet) -> Self {
        Self { events, ..self }
    }

    /// Works until it ends.
    pub(super) fn run(mut self) {
        while self.lost == 0
            && let Some(command) = self.next()
        {
            let fence = self.fence;
            match command {
                command @ (Command::Append(..) | Command::Record(..)) => {
                    let collected = self.collect(command);
                    self.commit(collected);
                }
                Command::Readmit(key) => drop(self.refused.remove(&key)),
                Command::SubscribeCommits(worker, subscriber) => self.subscribe(worker, subscriber),
                Command::SubscribeEvents(after, subscriber) => self.events.subscribe(after, subscriber),
                Command::Remove(key, reply) => respond(reply, self.engine.remove(fence, key)),
                Command::Purge(before, limit, reply) => respond(reply, self.engine.purge(fence, before, limit)),
                Command::PurgeEvents(before, reply) => respond(reply, self.engine.purge_events(fence, before)),
                Command::Change(writes, at, reply) => respond(reply, self.engine.change(fence, writes, at)),
                Command::Rejoin(reply) => self.rejoin(reply),
                Command::Query(query) => self.engine.answer(*query),
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
        match self.commands.recv_timeout(IDLE_AFTER) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => {
                self.engine.idle();
                self.wait()
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Waits for a command, and checks the database meanwhile.
    fn wait(&mut self) -> Option<Command> {
        loop {
            match self.commands.recv_timeout(CHECK_EVERY) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.check(),
            }
        }
    }

    /// Finds out whether what comes next could be written.
    fn check(&mut self) {
        if let Some(why) = self.engine.fault() {
            return self.faulty(&why);
        }
        match self.engine.standing(self.fence) {
            Ok(Standing::Member) => self.recovered(),
            Ok(Standing::Fenced) => self.fenced(),
            Err(error) => self.failed(&error, 0),
        }
    }

    /// What is there already.
    fn poll(&mut self) -> Option<Command> {
        self.postponed.pop_front().or_else(|| self.commands.try_recv().ok())
    }

    /// What waits to be written, up to the first command that writes nothing of this kind.
    fn collect(&mut self, first: Command) -> Collected {
        self.batch += 1;
        let mut collected = Collected::new(self.fence, self.batch);
        let mut next = Some(first);
        loop {
            match next {
                Some(Command::Append(rows)) => self.collect_rows(rows, &mut collected),
                Some(Command::Record(events, reply)) => collected.record(events, reply),
                Some(other) => {
                    self.postponed.push_front(other);
                    return collected;
                }
                None => return collected,
            }
            if self.is_full(&collected) {
                return collected;
            }
            next = self.poll();
        }
    }

    /// Adds rows while there is room, and keeps the others for the next commit.
    fn collect_rows(&mut self, mut rows: VecDeque<NewRow>, collected: &mut Collected) {
        while let Some(NewRow { append, events }) = rows.pop_front() {
            if self.refused.contains(&append.key) {
                // What is not written causes nothing either.
                collected.skip();
            } else {
                collected.append(append, events);
            }
            if self.is_full(collected) && !rows.is_empty() {
                return self.postponed.push_front(Command::Append(rows));
            }
        }
    }

    fn is_full(&self, collected: &Collected) -> bool {
        collected.bytes >= self.options.max_commit_bytes
    }

    /// Commits the batch, trying until it works or the store is closed, and publishes it.
    fn commit(&mut self, collected: Collected) {
        let mut pause = self.options.first_pause;
        let mut outcome = Outcome::Written(Written::default());
        while collected.writes() {
            let begin = Instant::now();
            match self.engine.commit(&collected.batch) {
                Ok(done) => {
                    (self.options.on_commit)(begin.elapsed(), collected.batch.appends.len());
                    outcome = done;
                    break;
                }
                Err(error) => {
                    self.failed(&error, collected.commands);
                    if self.closing.is_some() {
                        self.lost += collected.commands;
                        return;
                    }
                    self.pause(pause);
                    pause = (pause * 2).min(self.options.longest_pause);
                }
            }
        }
        self.unwritten.fetch_sub(collected.commands, Ordering::Relaxed);
        match &outcome {
            Outcome::Written(written) => {
                self.recovered();
                self.refuse(&written.refusals, &collected);
                self.publish(&written.refusals, &collected);
            }
            Outcome::Fenced => {
                self.fenced();
                let all = (0..collected.batch.appends.len()).map(|index| Refusal { index, reason: Reason::Fenced });
                let all: Vec<_> = all.collect();
                self.refuse(&all, &collected);
                self.publish(&all, &collected);
            }
        }
        self.events.publish(collected.into_publication(&outcome));
    }

    /// Publishes to each worker what came of the rows of its sessions.
    fn publish(&mut self, refusals: &[Refusal], collected: &Collected) {
        for (worker, subscriber) in self.commit_subscribers.iter_mut().enumerate() {
            let Some(subscriber) = subscriber else { continue };
            let committed = collected.committed(worker, refusals);
            if !committed.rows.is_empty() || !committed.refused.is_empty() {
                subscriber(committed);
            }
        }
    }

    /// Takes no more rows of the sessions of which one was refused.
    fn refuse(&mut self, refusals: &[Refusal], collected: &Collected) {
        for Refusal { index, reason } in refusals {
            let Some(append) = collected.batch.appends.get(*index) else { continue };
            if self.refused.insert(append.key) {
                match reason {
                    Reason::Conflict(why) => log::error!(
                        session_id:display = append.session, row = append.row;
                        "a row could not be added to a session's journal: {why}"
                    ),
                    Reason::Fenced => log::warn!(
                        session_id:display = append.session, row = append.row;
                        "a row of a session was not written, because the session belongs to another server"
                    ),
                }
            }
        }
    }

    fn failed(&mut self, error: &Error, rows: usize) {
        if let Some(why) = self.engine.fault() {
            return self.faulty(&why);
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
    fn faulty(&mut self, why: &str) {
        let reason = "the database was moved or changed by others".to_owned();
        let now = Health::Failing { reason, is_lasting: true };
        if self.health.send_replace(now.clone()) != now {
            log::error!("nothing is acknowledged any more: {why}");
        }
    }

    /// This writer was taken for dead, and others have taken over what it had.
    fn fenced(&mut self) {
        let now = Health::Failing { reason: fenced().to_string(), is_lasting: true };
        if self.health.send_replace(now.clone()) != now {
            log::error!(
                "nothing is acknowledged any more: this server was taken for dead, and others may have what it had"
            );
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
        for command in std::mem::take(&mut self.postponed) {
            self.postpone(command);
        }
        while self.closing.is_none() {
            match self.commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(command) => self.postpone(command),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => self.closing = Some(None),
            }
        }
    }

    /// Takes a command while nothing can be written: appends wait for their turn, the rest is refused or answered.
    fn postpone(&mut self, command: Command) {
        match command {
            command @ (Command::Append(..) | Command::Record(..) | Command::Readmit(_)) => {
                self.postponed.push_back(command);
            }
            Command::SubscribeCommits(worker, subscriber) => self.subscribe(worker, subscriber),
            Command::SubscribeEvents(after, subscriber) => self.events.subscribe(after, subscriber),
            Command::PurgeEvents(_, reply) => respond(reply, Err(not_now())),
            Command::Remove(_, reply) => respond(reply, Err(not_now())),
            Command::Purge(_, _, reply) => respond(reply, Err(not_now())),
            Command::Change(_, _, reply) => respond(reply, Err(not_now().into())),
            Command::Rejoin(reply) => respond(reply, Err(not_now())),
            Command::Query(query) => self.engine.answer(*query),
            Command::Close(reply) => self.closing = Some(Some(reply)),
        }
    }

    /// Becomes a member anew: whoever could append to what was refused is gone.
    fn rejoin(&mut self, reply: Reply<(Fence, Lane)>) {
        let joined = self.engine.rejoin();
        if let Ok((fence, _)) = &joined {
            self.fence = *fence;
            self.refused.clear();
            self.recovered();
        }
        respond(reply, joined);
    }

    fn subscribe(&mut self, worker: usize, subscriber: CommitSubscriber) {
        if let Some(place) = self.commit_subscribers.get_mut(worker) {
            *place = Some(subscriber);
        }
    }

    /// Counts what nobody will write, lets go of the database and says how many rows that were.
    fn end(mut self) {
        while let Some(command) = self.poll() {
            if let Command::Append(rows) = command {
                self.lost += rows.len();
            } else if matches!(command, Command::Record(..)) {
                self.lost += 1;
            }
        }
        if self.lost > 0 {
            log::error!(rows = self.lost; "the store is closed, and some rows could not be written");
        }
        self.engine.close();
        let (closing, lost) = (self.closing.take(), self.lost);
        // The database is free, and the health says that it is closed, before anybody hears of it.
        drop(self);
        if let Some(Some(reply)) = closing {
            let _ = reply.send(lost);
        }
    }
}

impl EventOutlet {
    fn subscribe(&mut self, after: u64, subscriber: EventSubscriber) {
        match self {
            EventOutlet::Direct(place) => *place = Some(subscriber),
            EventOutlet::Relay(relay) => drop(relay.send(Heard::Subscriber(after, subscriber))),
        }
    }

    /// Publishes the events, and then answers those who want to have one of them.
    fn publish(&mut self, publication: Publication) {
        let subscriber = match self {
            EventOutlet::Direct(subscriber) => subscriber,
            EventOutlet::Relay(_) if publication.is_empty() => return,
            EventOutlet::Relay(relay) => return drop(relay.send(Heard::Own(publication))),
        };
        let Publication { events, answers } = publication;
        if !events.is_empty()
            && let Some(subscriber) = subscriber
        {
            subscriber(Published::Own(events));
        }
        for (reply, answer) in answers {
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        }
    }
}

fn respond<T, E: Clone + Into<Error>>(reply: oneshot::Sender<Result<T, E>>, answer: Result<T, E>) {
    if let Err(error) = &answer
        && let error @ Error::Unavailable(_) = error.clone().into()
    {
        log::warn!("the store could not be changed: {error}");
    }
    let _ = reply.send(answer);
}

fn not_now() -> Error {
    Error::Unavailable("it cannot be written now".into())
}
