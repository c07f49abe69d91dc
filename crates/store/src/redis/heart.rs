//! The thread that shows that this member lives, whatever else the store is busy with.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::watch;

use super::link::Link;
use super::membership::show_life;
use super::observer::BEAT_EVERY;
use super::place::Place;
use crate::{Error, Fence};

/// See the module. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Heart {
    /// When the last beat that arrived was sent.
    beaten: watch::Receiver<Option<Instant>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heart {
    /// Starts it over a connection of its own.
    pub(super) fn start(link: Link, place: Arc<Place>, member: Fence) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let (beats, beaten) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("store-beat".into())
            .spawn(move || beat(link, &place, member, &stopped, &beats))
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        Ok(Self { beaten, stop: Some(stop), thread: Some(thread) })
    }

    /// When the last beat was sent of which it is known that it arrived.
    pub(super) fn last_beat(&self) -> Option<Instant> {
        *self.beaten.borrow()
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// Beats until it is stopped, or is no member any more. What fails is tried again: the writer says why.
fn beat(mut link: Link, place: &Place, member: Fence, stopped: &Receiver<()>, beats: &watch::Sender<Option<Instant>>) {
    while stopped.recv_timeout(BEAT_EVERY) == Err(RecvTimeoutError::Timeout) {
        let sent = Instant::now();
        match show_life(&mut link, place, member) {
            Ok(true) => drop(beats.send_replace(Some(sent))),
            Ok(false) => return log::warn!(member:%; "this server was taken for dead by another"),
            Err(_) => {}
        }
    }
}
