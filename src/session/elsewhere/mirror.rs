//! A session's journal at a server that does not own the session, for the connections there.
//!
//! **Owns** who follows the session here, and the end of its journal as far as it is known here. **Hears** connections,
//! through its directory, and the rows that the session's owner sends. **Tells** the shards of its connections, and the
//! owner how many follow. **Ends** when nobody follows any more, or the session is this server's.
//!
//! Invariant: entries are published in their order, without gap or double. What the owner sends may be lost: what does not
//! join on to the last entry is read from the store, as is everything when the owner changes.

use std::rc::Rc;
use std::time::Duration;

use actix::clock::sleep;
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture,
};

use super::bursts;
use super::guests::OpenQuestions;
use super::messages::{MirrorGrew, MirrorIdle};
use super::questions::FollowThere;
use crate::auth::policy::owns;
use crate::cluster::Cluster;
use crate::cluster::handle::To;
use crate::domain::burst::{Burst, EncodedEntry, Passing};
use crate::domain::entry::Class;
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::tail::Tail;
use crate::domain::time::Timestamp;
use crate::hub::close::CloseCode;
use crate::session::actor::guests::check;
use crate::session::actor::watchers::{Watchers, admit};
use crate::session::directory::Directory;
use crate::session::environment::Environment;
use crate::session::messages::{Refused, Via};
use crate::session::protocol::{Asked, Attach};
use crate::store::{Error, JournalRange, SessionKey, Store};

/// How often the owner is asked whether something was missed.
const COMPARE_EVERY: Duration = Duration::from_secs(5);
/// For how long it stays after the last connection has gone: one that is loaded again comes back at once.
const STAYS: Duration = Duration::from_millis(500);
/// The pause before the store is read again that could not be read.
const AGAIN: Duration = Duration::from_millis(200);
/// How much of a journal is read at once.
const PAGE_BYTES: usize = 256 * 1024;

/// What is known of the session once it was read.
#[derive(Clone, Debug)]
struct Known {
    key: SessionKey,
    owner: Owner,
    /// Whether only sockets of its own kind count as watching it.
    counts_own_sockets_only: bool,
}

/// A page of the journal.
struct Page {
    known: Known,
    entries: Vec<EncodedEntry>,
    /// Whether there is nothing behind it.
    is_last: bool,
}

/// See the module.
pub(crate) struct Mirror {
    pub(super) id: SessionId,
    environment: Rc<Environment>,
    cluster: Cluster,
    directory: Addr<Directory>,
    known: Option<Known>,
    tail: Tail,
    pub(super) watchers: Watchers,
    pub(super) open_questions: OpenQuestions,
    /// Those who wait for what is being read of the journal.
    waiting: Vec<Asked<Attach>>,
    /// Those who came while it was being read.
    late: Vec<Asked<Attach>>,
    /// Whether the journal is being read.
    is_reading: bool,
    /// The last entry that is known to be in the store.
    written: u64,
    /// Rises with each message to the owner, also over several mirrors of a session.
    version: u64,
    /// What the owner was sent last: how many follow, and how many of them are counted.
    announced: (usize, usize),
    announcing: Option<SpawnHandle>,
    /// Whether its last entry is there: nothing follows, and nobody need know who reads.
    has_ended: bool,
    heard: u64,
}

/// To a mirror: a connection has gone.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Gone {
    pub(crate) connection: ConnectionId,
}

/// To a mirror: something may have been missed, or the owner has changed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReadAgain;

/// To a mirror: end.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum End {
    /// Nobody follows, and nobody is about to.
    Idle,
    /// This server has the session now: those who follow go on there.
    Owned,
    /// The session is gone from the store, or this server is no member: those who follow are closed.
    Closed(CloseCode),
}

impl Mirror {
    /// The mirror of this session, which is not read yet.
    pub(crate) fn new(
        id: SessionId,
        environment: Rc<Environment>,
        cluster: Cluster,
        directory: Addr<Directory>,
    ) -> Self {
        let tail = Tail::new(environment.tail_limits());
        Self {
            id,
            environment,
            cluster,
            directory,
            known: None,
            tail,
            watchers: Watchers::default(),
            open_questions: OpenQuestions::default(),
            waiting: Vec::new(),
            late: Vec::new(),
            is_reading: false,
            written: 0,
            version: u64::try_from(Timestamp::now().as_micros()).unwrap_or_default(),
            announced: (0, 0),
            announcing: None,
            has_ended: false,
            heard: 0,
        }
    }

    /// Reads what the store has behind the last entry.
    fn read(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_reading, true) {
            return;
        }
        let (store, id, known, after) =
            (self.environment.store.clone(), self.id, self.known.clone(), self.tail.last_seq());
        let environment = Rc::clone(&self.environment);
        let reading = async move { page(&store, &environment, id, known, after).await };
        ctx.spawn(reading.into_actor(self).map(|page, mirror, ctx| mirror.take_page(page, ctx)));
    }

    fn take_page(&mut self, page: Result<Option<Page>, Error>, ctx: &mut Context<Self>) {
        self.is_reading = false;
        let Page { known, entries, is_last } = match page {
            Ok(Some(page)) => page,
            Ok(None) => return self.close(&Refused::UnknownSession, CloseCode::Unknown, ctx),
            Err(error @ Error::Unusable(_)) => {
                log::error!(session_id:% = self.id, error:%; "a session could not be read");
                return self.close(&error.into(), CloseCode::GoingAway, ctx);
            }
            Err(_) => {
                // Those who wait for the first page have patience of their own.
                self.is_reading = true;
                ctx.spawn(sleep(AGAIN).into_actor(self).map(|(), mirror, ctx| {
                    mirror.is_reading = false;
                    mirror.read(ctx);
                }));
                return;
            }
        };
        let (is_progress, has_more) = (!entries.is_empty(), !is_last || self.written > self.tail.last_seq());
        self.append(entries, Vec::new());
        if is_progress && has_more {
            self.known.get_or_insert(known);
            return self.read(ctx);
        }
        self.known.get_or_insert(known);
        self.written = self.tail.last_seq();
        let late = std::mem::take(&mut self.late);
        for asked in std::mem::take(&mut self.waiting) {
            self.admit_or_refuse(asked, ctx);
        }
        for asked in late {
            self.attach(asked, ctx);
        }
    }

    /// Takes the next entries, and publishes them with what is shown between them.
    fn append(&mut self, entries: Vec<EncodedEntry>, passing: Vec<Passing>) {
        for entry in &entries {
            self.has_ended |= entry.class == Class::Terminal;
            self.tail.push(entry.clone());
        }
        self.publish(Burst { entries: entries.into(), passing, ..Burst::default() });
    }

    fn close(&mut self, why: &Refused, code: CloseCode, ctx: &mut Context<Self>) {
        self.refuse_who_waits(why);
        self.watchers.close(self.id, code);
        self.announce(ctx);
        self.report_idle(ctx);
    }

    /// Lets somebody follow, at once where that can be as far as the journal is known here. It may have a question to them
    /// that has not come yet, and they may have entries of another server that have not: then it is read on first.
    fn attach(&mut self, asked: Asked<Attach>, ctx: &mut Context<Self>) {
        let is_behind = asked.message.since.is_some_and(|since| since > self.tail.last_seq());
        match self.refusal(&asked) {
            Some(Ok(())) if !is_behind => self.admit_or_refuse(asked, ctx),
            Some(_) | None if self.is_reading => self.late.push(asked),
            Some(_) | None => {
                self.waiting.push(asked);
                self.read(ctx);
            }
        }
    }

    /// Whether somebody may follow, once it is known whose session it is.
    fn refusal(&self, Asked { by, action, .. }: &Asked<Attach>) -> Option<Result<(), Refused>> {
        let is_asked = by.invitation().is_some() || self.open_questions.ask(by);
        self.known.as_ref().map(|known| check(by, *action, &known.owner, is_asked))
    }

    fn admit_or_refuse(&mut self, asked: Asked<Attach>, ctx: &mut Context<Self>) {
        let permission = self.refusal(&asked).unwrap_or(Err(Refused::UnknownSession));
        let Asked { by, message, .. } = asked;
        let Some(known) = self.known.as_ref().filter(|_| permission.is_ok()) else {
            // Whoever asked may be gone.
            let _ = message.reply.send(Err(permission.err().unwrap_or(Refused::UnknownSession)));
            return self.report_idle(ctx);
        };
        let is_guest = !owns(&by, &known.owner);
        let is_minded = message.may_cancel && (message.via == Via::Audit || !known.counts_own_sockets_only);
        let connection = message.connection;
        if admit(&mut self.watchers, self.id, known.key, &mut self.tail, message) {
            match is_guest {
                true => self.watchers.note_guest(connection, by),
                false if is_minded => self.watchers.count(connection),
                false => {}
            }
        }
        self.announce(ctx);
    }

    fn refuse_who_waits(&mut self, why: &Refused) {
        for Asked { message, .. } in self.waiting.drain(..).chain(self.late.drain(..)) {
            // Whoever asked may be gone.
            let _ = message.reply.send(Err(why.clone()));
        }
    }

    /// Lets the session's owner know how many follow here, where that has changed.
    fn announce(&mut self, ctx: &mut Context<Self>) {
        let now = (self.watchers.len(), self.watchers.counted());
        // Whoever heard of them before hears that nobody is left.
        if now != self.announced && (!self.has_ended || now.0 == 0) {
            self.announced = now;
            self.write_to_owner(ctx);
        }
    }

    /// Lets the owner know how many follow here, until it answers; it answers how far the journal is.
    fn write_to_owner(&mut self, ctx: &mut Context<Self>) {
        self.version += 1;
        let (following, counted) = self.announced;
        let question = FollowThere { session_id: self.id, version: self.version, following, counted };
        let (cluster, slot) = (self.cluster.clone(), self.id.slot());
        let asking = async move { cluster.ask(To::Slot(slot), &question).await };
        if let Some(before) = self.announcing.take() {
            ctx.cancel_future(before);
        }
        if following == 0 {
            // It is to arrive though this mirror ends.
            actix::spawn(async move { drop(actix::clock::timeout(COMPARE_EVERY * 6, asking).await) });
            return;
        }
        self.announcing = Some(ctx.spawn(asking.into_actor(self).map(|answer, mirror, ctx| {
            mirror.announcing = None;
            match answer {
                Ok(Ok(last_seq)) => mirror.expect(last_seq, ctx),
                Ok(Err(refused @ Refused::UnknownSession)) => mirror.close(&refused, CloseCode::Unknown, ctx),
                Ok(Err(_)) | Err(_) => {}
            }
        })));
    }

    /// The store has all up to this entry.
    fn expect(&mut self, last_seq: u64, ctx: &mut Context<Self>) {
        self.written = self.written.max(last_seq);
        if self.known.is_some() && self.written > self.tail.last_seq() && !self.is_reading {
            self.environment.metrics.healed.inc();
            self.read(ctx);
        }
    }

    fn report_idle(&mut self, ctx: &mut Context<Self>) {
        if !self.watchers.is_empty() || !self.waiting.is_empty() || !self.late.is_empty() {
            return;
        }
        let mirror = ctx.address();
        self.directory.do_send(MirrorIdle { session_id: self.id, mirror, heard: self.heard });
    }
}

/// The next page of a session's journal; nothing where there is no such session.
async fn page(
    store: &Store,
    environment: &Environment,
    id: SessionId,
    known: Option<Known>,
    after: u64,
) -> Result<Option<Page>, Error> {
    let known = match known {
        Some(known) => known,
        None => {
            let Some(summary) = store.find(id).await? else { return Ok(None) };
            let kind = environment.kinds.get(&summary.task);
            let counts_own_sockets_only = kind.is_some_and(|kind| kind.counts_own_sockets_only());
            Known { key: summary.key, owner: summary.owner, counts_own_sockets_only }
        }
    };
    let range = JournalRange { after_seq: Some(after), after_row: None, max_bytes: PAGE_BYTES };
    let rows = store.journal(known.key, range).await?;
    let is_last = rows.iter().map(|row| row.body.len()).sum::<usize>() < PAGE_BYTES;
    let mut entries = Vec::new();
    for row in rows {
        let (burst, _) = Burst::read(row.body).map_err(|damaged| Error::Unusable(damaged.to_string()))?;
        entries.extend(burst.entries.into_iter().filter(|entry| entry.seq > after));
    }
    Ok(Some(Page { known, entries, is_last }))
}

impl Actor for Mirror {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let first = COMPARE_EVERY.mul_f64(rand::random_range(0.5..=1.0));
        ctx.run_later(first, |_, ctx| {
            ctx.run_interval(COMPARE_EVERY, |mirror, ctx| {
                if !mirror.watchers.is_empty() && !mirror.has_ended {
                    mirror.write_to_owner(ctx);
                }
            });
        });
    }
}

impl Handler<Asked<Attach>> for Mirror {
    type Result = ();

    fn handle(&mut self, asked: Asked<Attach>, ctx: &mut Context<Self>) {
        self.heard += 1;
        self.attach(asked, ctx);
    }
}

impl Handler<Gone> for Mirror {
    type Result = ();

    fn handle(&mut self, message: Gone, ctx: &mut Context<Self>) {
        for waiting in [&mut self.waiting, &mut self.late] {
            waiting.retain(|asked| asked.message.connection != message.connection);
        }
        self.watchers.remove(message.connection);
        self.announce(ctx);
        if self.watchers.is_empty() {
            ctx.run_later(STAYS, |mirror, ctx| mirror.report_idle(ctx));
        }
    }
}

impl Handler<MirrorGrew> for Mirror {
    type Result = ();

    fn handle(&mut self, message: MirrorGrew, ctx: &mut Context<Self>) {
        let MirrorGrew { notice, text } = message;
        let last = notice.before + notice.entries as u64;
        // While the journal is read, what comes is in it by the time that its end is reached.
        if self.is_reading || self.known.is_none() || notice.before != self.tail.last_seq() {
            return self.expect(last, ctx);
        }
        match bursts::read(&notice, &text) {
            Ok(burst) if burst.entries.last().map_or(notice.before, |entry| entry.seq) == last => {
                self.written = self.written.max(last);
                self.append(burst.entries.into_vec(), burst.passing);
            }
            Ok(_) | Err(_) => self.expect(last, ctx),
        }
    }
}

impl Handler<ReadAgain> for Mirror {
    type Result = ();

    fn handle(&mut self, _: ReadAgain, ctx: &mut Context<Self>) {
        if self.known.is_some() {
            self.read(ctx);
        }
        if !self.watchers.is_empty() && !self.has_ended {
            self.write_to_owner(ctx);
        }
    }
}

impl Handler<End> for Mirror {
    type Result = ();

    fn handle(&mut self, end: End, ctx: &mut Context<Self>) {
        let why = match end {
            End::Idle => return ctx.stop(),
            End::Owned => {
                self.watchers.read_on(self.id, self.tail.last_seq());
                Refused::Elsewhere
            }
            End::Closed(code) => {
                self.watchers.close(self.id, code);
                Refused::UnknownSession
            }
        };
        self.refuse_who_waits(&why);
        ctx.stop();
    }
}
