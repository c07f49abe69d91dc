//! The words of all sessions, in a database of their own beside that of the sessions: a thread writes it behind the
//! commits, so that no commit waits for it.
//!
//! Nothing is in it that is not in the sessions' database: a copy leaves it out, and where it is missing, damaged or of
//! another database, it is made anew while the server works. `file` opens it, `work` is what the thread does, `read`
//! answers from it.

mod file;
mod read;
mod work;

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

pub(super) use self::read::{Searcher, count, search};
use self::work::Work;
use super::watch::Files;
use crate::SessionKey;

/// How many commits may wait for the thread; what goes beyond that is found by what has changed.
const MOST_WAITING: usize = 4096;

/// What the thread is sent.
struct Touched {
    /// These sessions were made, have changed or are gone.
    keys: Vec<SessionKey>,
    /// So have others, which are not named.
    and_others: bool,
}

/// The writer's end of the thread.
pub(super) struct Indexer {
    touched: Option<SyncSender<Touched>>,
    /// Whether sessions were touched that the thread was not told of.
    has_missed: bool,
    thread: Option<JoinHandle<()>>,
}

impl Indexer {
    /// Starts the thread, which keeps the words of what `sessions` reads at `path`. `None` where there can be no thread,
    /// which is logged: sessions are not found by words then.
    pub(super) fn start(path: PathBuf, sessions: Connection, files: Files) -> Option<Self> {
        let (touched, touches) = sync_channel(MOST_WAITING);
        let mut work = Work::new(path, sessions, files);
        work.begin();
        let thread = std::thread::Builder::new()
            .name("store-search".into())
            .spawn(move || work.run(&touches))
            .inspect_err(|error| log::warn!("sessions cannot be found by words: {error}"))
            .ok()?;
        Some(Self { touched: Some(touched), has_missed: false, thread: Some(thread) })
    }

    /// Says that these sessions were made, have changed or are gone. Never blocks.
    pub(super) fn touch(&mut self, keys: Vec<SessionKey>) {
        let Some(touched) = &self.touched else { return };
        if keys.is_empty() && !self.has_missed {
            return;
        }
        self.has_missed = match touched.try_send(Touched { keys, and_others: self.has_missed }) {
            // Where the thread has ended, the panic hook has said why.
            Ok(()) | Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(_)) => true,
        };
    }

    /// Called when nothing waits to be written.
    pub(super) fn idle(&mut self) {
        self.touch(Vec::new());
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.touched = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // One that panicked has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}
