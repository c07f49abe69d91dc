//! What the thread does: it gathers which sessions have changed, and brings their words up to date.
//!
//! A server that was killed may have committed what has no words yet. So at the start it looks at all sessions that have
//! not ended, and at those that have since then; and where there are more or fewer sessions than in the index, at all.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::super::watch::Files;
use super::super::{columns, integer};
use super::file::{self, Identity};
use super::{MOST_WAITING, Touched};
use crate::search::Findable;
use callboard_domain::time::Timestamp;

/// How long changes are gathered: sessions that come and end meanwhile are written once.
const GATHERED: Duration = Duration::from_millis(300);

/// How often it is looked whether the file is there while nothing changes.
const LOOKED_AFTER: Duration = Duration::from_secs(2);

/// How many sessions are written at once.
const AT_ONCE: usize = 500;

/// How many sessions are gathered; beyond that they are found by what has changed.
const MOST_GATHERED: usize = 100_000;

/// How many sessions are written before the end; the next start finds the others.
const MOST_AT_THE_END: usize = 2000;

/// How long before it was killed a server may have committed what is not in the index.
const MARGIN: Duration = Duration::from_secs(10);

/// The pauses after failures double up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is missing of older sessions.
#[derive(Clone, Copy, Debug)]
enum Missing {
    /// It was not looked at yet.
    Unknown,
    /// What changed after `since`, of sessions below this key; it was begun at `began` to look.
    Changed { since: Timestamp, below: i64, began: Timestamp },
    /// Sessions below this key that are not in the index, and those in it that are gone.
    Unpaired { below: i64, began: Timestamp },
    /// Nothing.
    Nothing,
}

pub(super) struct Work {
    path: PathBuf,
    /// The words, and which file they are in; none where it is to be opened.
    index: Option<(Connection, Identity)>,
    sessions: Connection,
    waiting: BTreeSet<i64>,
    /// When the first of those that wait came.
    first: Option<(Instant, Timestamp)>,
    missing: Missing,
    /// How long the next failure is waited after, and until when nothing is tried after the last.
    pause: Duration,
    paused_until: Option<Instant>,
    /// Nobody else may have the place while this can read.
    _files: Files,
}

impl Work {
    pub(super) fn new(path: PathBuf, sessions: Connection, files: Files) -> Self {
        Self {
            path,
            index: None,
            sessions,
            waiting: BTreeSet::new(),
            first: None,
            missing: Missing::Unknown,
            pause: GATHERED,
            paused_until: None,
            _files: files,
        }
    }

    /// Opens the file before anybody can search: what is in it counts as complete only once it was caught up with.
    pub(super) fn begin(&mut self) {
        if let Err(error) = self.open() {
            self.recover(&error);
        }
    }

    /// Works until nobody can touch sessions any more.
    pub(super) fn run(&mut self, touches: &Receiver<Touched>) {
        while self.gather(touches) {
            if self.paused_until.is_some_and(|until| Instant::now() < until) {
                self.forget();
                continue;
            }
            self.paused_until = None;
            match self.step() {
                Ok(()) => self.pause = GATHERED,
                Err(error) => self.recover(&error),
            }
        }
        if self.waiting.len() <= MOST_AT_THE_END
            && let Err(error) = self.write_waiting()
        {
            log::debug!("the last sessions are made findable by words at the next start: {error}");
        }
    }

    /// Waits until something may be due, and takes what was touched; gives whether more can be.
    fn gather(&mut self, touches: &Receiver<Touched>) -> bool {
        match self.first {
            // Whoever waits for the next message would be woken by each commit, and the writer would have to wake it.
            Some(_) => park_timeout(self.wait()),
            None => match touches.recv_timeout(self.wait()) {
                Ok(touched) => self.take(touched),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            },
        }
        for _ in 0..MOST_WAITING {
            match touches.try_recv() {
                Ok(touched) => self.take(touched),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// How long nothing need be done.
    fn wait(&self) -> Duration {
        match (self.paused_until, self.missing, self.first) {
            (Some(until), _, _) => until.saturating_duration_since(Instant::now()),
            (None, Missing::Unknown | Missing::Changed { .. } | Missing::Unpaired { .. }, _) => Duration::ZERO,
            (None, Missing::Nothing, Some((at, _))) => GATHERED.saturating_sub(at.elapsed()),
            (None, Missing::Nothing, None) => LOOKED_AFTER,
        }
    }

    fn take(&mut self, Touched { keys, and_others }: Touched) {
        if !keys.is_empty() {
            self.first.get_or_insert((Instant::now(), Timestamp::now()));
            self.waiting.extend(keys.into_iter().map(integer));
        }
        if and_others || self.waiting.len() > MOST_GATHERED {
            self.forget();
        }
    }

    /// Leaves it to the sessions' database to say what has changed.
    fn forget(&mut self) {
        self.waiting.clear();
        self.first = None;
        self.missing = Missing::Unknown;
    }

    /// Does what is due.
    fn step(&mut self) -> rusqlite::Result<()> {
        self.open()?;
        if self.first.is_some_and(|(at, _)| at.elapsed() >= GATHERED) {
            self.write_waiting()?;
        }
        self.catch_up()
    }

    /// After a failure: begins anew, with a new file where this one is damaged.
    fn recover(&mut self, error: &rusqlite::Error) {
        let level = if self.pause == GATHERED { log::Level::Warn } else { log::Level::Debug };
        log::log!(level, "sessions could not be made findable by words: {}: {error}", self.path.display());
        self.index = None;
        self.forget();
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            file::remove(&self.path);
        }
        self.paused_until = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Opens the file, also where another one or none is in its place by now.
    fn open(&mut self) -> rusqlite::Result<()> {
        if self.index.as_ref().is_some_and(|(_, opened)| Identity::at(&self.path) == Some(*opened)) {
            return Ok(());
        }
        self.index = None;
        self.forget();
        let connection = file::open_or_make(&self.path, &self.sessions)?;
        self.index = Identity::at(&self.path).map(|identity| (connection, identity));
        Ok(())
    }

    /// Writes those that wait; all that changed before the first of them came is in it then.
    fn write_waiting(&mut self) -> rusqlite::Result<()> {
        let until = self.first.take().map(|(_, at)| at);
        while !self.waiting.is_empty() {
            let some: Vec<i64> = self.waiting.iter().copied().take(AT_ONCE).collect();
            self.write(&some)?;
            self.waiting.retain(|key| some.binary_search(key).is_err());
        }
        match (until, self.missing) {
            (Some(until), Missing::Nothing) => self.note(until),
            (Some(_), Missing::Unknown | Missing::Changed { .. } | Missing::Unpaired { .. }) | (None, _) => Ok(()),
        }
    }

    /// Adds some of what is missing, the newest first.
    fn catch_up(&mut self) -> rusqlite::Result<()> {
        let Some((index, _)) = &self.index else { return Ok(()) };
        self.missing = match self.missing {
            Missing::Nothing => return Ok(()),
            Missing::Unknown => {
                index.execute("UPDATE state SET is_complete = 0", [])?;
                let until = index.query_row("SELECT until FROM state", [], |row| row.get(0))?;
                let since = Timestamp::from_micros(until).minus(MARGIN);
                Missing::Changed { since, below: i64::MAX, began: Timestamp::now() }
            }
            Missing::Changed { since, below, began } => {
                let sql = "SELECT key FROM sessions \
                    WHERE key < ?1 AND (since >= ?2 OR status NOT IN ('completed', 'failed', 'cancelled')) \
                    ORDER BY key DESC LIMIT ?3";
                let some = keys(&self.sessions, sql, params![below, since.as_micros(), AT_ONCE as i64])?;
                self.write(&some)?;
                match some.last() {
                    Some(last) => Missing::Changed { since, below: *last, began },
                    None if self.is_paired()? => self.all_is_there(began)?,
                    None => Missing::Unpaired { below: i64::MAX, began },
                }
            }
            Missing::Unpaired { below, began } => {
                let sql = "SELECT key FROM sessions WHERE key < ?1 ORDER BY key DESC LIMIT ?2";
                let there = keys(&self.sessions, sql, params![below, AT_ONCE as i64])?;
                let down_to = there.last().copied().unwrap_or(i64::MIN);
                let sql = "SELECT session FROM texts WHERE session < ?1 AND session >= ?2";
                let known = keys(index, sql, params![below, down_to])?;
                let (there, known) = (BTreeSet::from_iter(there), BTreeSet::from_iter(known));
                let unpaired: Vec<i64> = there.symmetric_difference(&known).copied().collect();
                for some in unpaired.chunks(AT_ONCE) {
                    self.write(some)?;
                }
                if there.is_empty() { self.all_is_there(began)? } else { Missing::Unpaired { below: down_to, began } }
            }
        };
        Ok(())
    }

    /// Whether there are as many sessions in the index as there are.
    fn is_paired(&self) -> rusqlite::Result<bool> {
        let Some((index, _)) = &self.index else { return Ok(true) };
        let known: i64 = index.query_row("SELECT count(*) FROM texts", [], |row| row.get(0))?;
        let there: i64 = self.sessions.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?;
        Ok(known == there)
    }

    fn all_is_there(&self, until: Timestamp) -> rusqlite::Result<Missing> {
        self.note(until)?;
        Ok(Missing::Nothing)
    }

    /// Writes down that everything is in it that changed before this moment.
    fn note(&self, until: Timestamp) -> rusqlite::Result<()> {
        let Some((index, _)) = &self.index else { return Ok(()) };
        let (epoch, last_event) = (file::epoch(&self.sessions)?, file::last_event_of(&self.sessions)?);
        index
            .prepare_cached("UPDATE state SET until = ?1, epoch = ?2, last_event = ?3, is_complete = 1")?
            .execute(params![until.as_micros(), epoch, last_event])?;
        Ok(())
    }

    /// Brings the words of these sessions up to date.
    fn write(&mut self, keys: &[i64]) -> rusqlite::Result<()> {
        let Some((index, _)) = &mut self.index else { return Ok(()) };
        let changed = index.transaction()?;
        // Its reads are of one moment, and lock the database once.
        let read = self.sessions.transaction()?;
        for key in keys {
            write_one(&changed, &read, *key)?;
        }
        drop(read);
        changed.commit()
    }
}

/// Brings one session's words up to date.
fn write_one(index: &Connection, sessions: &Connection, key: i64) -> rusqlite::Result<()> {
    let summary = sessions.prepare_cached(columns::SELECT_BY_KEY)?.query_row([key], columns::summary).optional()?;
    let Some(summary) = summary else {
        index.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([key])?;
        index.prepare_cached("DELETE FROM texts WHERE session = ?1")?.execute([key])?;
        return Ok(());
    };
    let kept: Option<(i64, String)> = index
        .prepare_cached("SELECT row, words FROM texts WHERE session = ?1")?
        .query_row([key], |row| row.try_into())
        .optional()?;
    let is_new = kept.is_none();
    let (row_before, before) = kept.unwrap_or((-1, String::new()));
    let mut last_row = row_before;
    let mut findable = Findable::read(&before);
    if is_new {
        findable.add_summary(&summary);
    }
    let sql = "SELECT row, body FROM journal WHERE session = ?1 AND row > ?2 ORDER BY row";
    let mut statement = sessions.prepare_cached(sql)?;
    let mut rows = statement.query([key, last_row])?;
    while let Some(row) = rows.next()? {
        last_row = row.get(0)?;
        findable.add_row(row.get_ref(1)?.as_blob()?);
    }
    if !is_new && last_row == row_before {
        return Ok(());
    }
    let text = findable.text();
    index
        .prepare_cached("INSERT OR REPLACE INTO texts (session, row, words) VALUES (?1, ?2, ?3)")?
        .execute(params![key, last_row, text])?;
    if is_new || text != before {
        let with_owner = format!("{text} {}", file::owner_word(&summary.owner));
        if !is_new {
            index.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([key])?;
        }
        index.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?.execute(params![key, with_owner])?;
    }
    Ok(())
}

fn keys(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(parameters, |row| row.get(0))?.collect()
}
