//! Checkpoints: moving what is committed from the write-ahead log into the database file.
//!
//! They run on a thread and connection of their own, because one can take 17 ms: while little comes, or once the log
//! has some megabytes. A log that is written all the time would never be empty at the moment when it could begin anew;
//! so past a bound the writer moves the small rest itself, between two commits. Where the disk is so slow that the thread
//! falls behind, the writer waits for it, and past another bound for those who read just then: the log has a bound, too.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::watch::{FileFault, Seen, Watch};
use crate::Error;

/// The length that the log's file keeps after it has begun anew.
pub(super) const LOG_KEPT_BYTES: i64 = 32 << 20;

/// The log's pages (of 4 KiB) that are worth a checkpoint under load.
const WORTH_PAGES: i32 = 1024;

/// The log's pages from which the writer helps, so that the log can begin anew.
const HELP_PAGES: i32 = 2048;

/// The log's pages from which the writer also waits for readers, who keep the log from beginning anew while they read from it.
const MOST_PAGES: i32 = 6144;

/// How many rows or bytes of bodies are written before the log's length is looked at again.
const LOOK_AFTER_ROWS: usize = 128;
const LOOK_AFTER_BYTES: usize = 1 << 20;

/// The writer waits for the thread once it is so many bytes ahead of it.
const MOST_AHEAD_BYTES: usize = 16 << 20;

/// About as many bytes a row takes beside its body.
const ROW_BYTES: usize = 512;

/// What the thread is sent.
enum Hint {
    /// More was written.
    Grown,
    /// The writer has helped.
    Helped,
    /// Nothing is written now.
    Idle,
}

/// What the thread finds.
enum Found {
    /// It has done what was worth doing.
    Done,
    /// The log has so many pages that the writer should help. The thread waits for that: two cannot move it at once.
    Long(i32),
    /// This is how it left the file.
    Left(Seen),
    /// Somebody else has written into the file.
    Overwritten,
}

/// The writer's end of it. Dropping it ends the thread.
pub(super) struct Checkpoints {
    hints: Option<Sender<Hint>>,
    found: Receiver<Found>,
    /// The log's pages, where the writer should help.
    long: Option<i32>,
    thread: Option<JoinHandle<()>>,
    rows: usize,
    bytes: usize,
    /// About how many bytes were written since the thread was done last.
    ahead: usize,
    /// Whether anything was written since the last time that nothing waited.
    dirty: bool,
}

impl Checkpoints {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, mut watch: Watch) -> Result<Self, Error> {
        let (hints, hinted) = channel();
        let (findings, found) = channel();
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || {
                run(&connection, &mut watch, &hinted, &findings);
                drop(connection);
                drop(watch);
            })
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        // What an earlier server left in the log is worth a look, too.
        let (hints, thread) = (Some(hints), Some(thread));
        Ok(Self { hints, found, long: None, thread, rows: 0, bytes: 0, ahead: 0, dirty: true })
    }

    /// Says that so many rows were just committed, with so many bytes in their bodies.
    pub(super) fn written(&mut self, rows: usize, bytes: usize) {
        self.dirty = true;
        self.rows += rows;
        self.bytes += bytes;
        self.ahead += bytes + rows * ROW_BYTES;
        if self.rows >= LOOK_AFTER_ROWS || self.bytes >= LOOK_AFTER_BYTES {
            self.rows = 0;
            self.bytes = 0;
            self.hint(Hint::Grown);
        }
    }

    /// Says that nothing waits to be written.
    pub(super) fn idle(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.hint(Hint::Idle);
        }
    }

    /// Moves the rest of the log, where that was asked for. Call it between two commits.
    pub(super) fn help(&mut self, writer: &Connection) {
        if let Some(pages) = self.long.take() {
            checkpoint(writer, if pages < MOST_PAGES { "PASSIVE" } else { "RESTART" });
            self.hint(Hint::Helped);
        }
    }

    /// Lets the writer's watch know what the thread has found; waits for the thread where it has fallen behind.
    pub(super) fn report(&mut self, watch: &mut Watch) {
        while let Some(found) = self.next_found() {
            match found {
                Found::Done => self.ahead = 0,
                Found::Long(pages) => self.long = Some(pages),
                Found::Left(seen) => watch.has_seen(seen),
                Found::Overwritten => watch.is_overwritten(),
            }
        }
    }

    /// What the thread has found next. Who is far ahead of it has sent hints that it has not seen, so that it will find
    /// something, unless it has ended.
    fn next_found(&self) -> Option<Found> {
        if self.ahead >= MOST_AHEAD_BYTES { self.found.recv().ok() } else { self.found.try_recv().ok() }
    }

    /// Ends the thread and empties the log.
    pub(super) fn finish(&mut self, writer: &Connection) {
        self.stop();
        self.empty(writer);
    }

    /// Moves all of the log into the file.
    pub(super) fn empty(&self, writer: &Connection) {
        checkpoint(writer, "TRUNCATE");
    }

    fn hint(&self, hint: Hint) {
        if let Some(hints) = &self.hints {
            // Without the thread the log only grows longer.
            let _ = hints.send(hint);
        }
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        self.hints = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(connection: &Connection, watch: &mut Watch, hints: &Receiver<Hint>, findings: &Sender<Found>) {
    let mut waits = false;
    while let Ok(hint) = hints.recv() {
        if waits && matches!(hint, Hint::Grown) {
            continue;
        }
        waits = false;
        // Only the last word counts.
        let worth = match hints.try_iter().last().unwrap_or(hint) {
            Hint::Grown | Hint::Helped => {
                checkpoint(connection, "NOOP").is_some_and(|(pages, moved)| pages - moved >= WORTH_PAGES)
            }
            Hint::Idle => true,
        };
        if !worth {
            let _ = findings.send(Found::Done);
            continue;
        }
        if watch.check() == Err(FileFault::Overwritten) {
            // It is left as it is, and the writer is gone where it cannot hear that.
            let _ = findings.send(Found::Overwritten);
            return;
        }
        if let Some((pages, _)) = checkpoint(connection, "PASSIVE")
            && pages >= HELP_PAGES
        {
            waits = findings.send(Found::Long(pages)).is_ok();
        }
        if watch.check().is_ok()
            && let Some(seen) = watch.seen()
        {
            let _ = findings.send(Found::Left(seen));
        }
        let _ = findings.send(Found::Done);
    }
}

/// Runs `PRAGMA wal_checkpoint`; gives how many pages the log has, and how many of them are in the file.
fn checkpoint(connection: &Connection, mode: &str) -> Option<(i32, i32)> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    match connection.query_row(&sql, [], |row| Ok((row.get(1)?, row.get(2)?))) {
        Ok(pages) => Some(pages),
        Err(error) => {
            log::warn!("the database's log could not be moved into its file: {error}");
            None
        }
    }
}
