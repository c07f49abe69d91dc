//! What a connection is told: it waits in the outbox until whoever writes takes it.

use std::task::Waker;

use bytes::Bytes;

use super::super::close::CloseCode;
use super::super::outbox::{Full, Key};
use super::Link;

impl Link {
    /// Tells it a message that must not be left out. Where that does not fit, it is closed as too slow.
    pub fn tell(&self, frame: Bytes) {
        self.tell_all(1, frame);
    }

    /// Tells it so many messages, of which none must be left out. Where they do not fit, it is closed as too slow.
    pub fn tell_all(&self, messages: usize, frames: Bytes) {
        if self.offer(messages, frames).is_err() {
            self.close(CloseCode::TooSlow);
        }
    }

    /// Tells it so many messages where they fit. One that is being closed takes everything and tells nothing.
    ///
    /// # Errors
    /// [`Full`] where they do not; nothing was told then.
    pub fn offer(&self, messages: usize, frames: Bytes) -> Result<(), Full> {
        self.offer_both(messages, Bytes::new(), frames)
    }

    /// The same, of which some overtake what waits. Either all are told or none.
    ///
    /// # Errors
    /// [`Full`] where they do not fit; nothing was told then.
    pub fn offer_both(&self, messages: usize, urgent: Bytes, frames: Bytes) -> Result<(), Full> {
        self.put(messages, urgent, frames)?;
        self.wake_writer();
        Ok(())
    }

    /// The same without a word to whoever writes: for one message to many, which are woken in turns.
    ///
    /// # Errors
    /// [`Full`] where they do not fit; nothing was told then.
    pub fn put(&self, messages: usize, urgent: Bytes, frames: Bytes) -> Result<(), Full> {
        if self.is_open() {
            let bytes = urgent.len() + frames.len();
            self.outbox.borrow_mut().push_both(urgent, frames)?;
            self.count_sent(messages, bytes);
        }
        Ok(())
    }

    /// Who writes, where nobody has woken that one yet; whoever asks has to.
    #[must_use]
    pub fn sleeping_writer(&self) -> Option<Waker> {
        if self.is_woken.replace(true) { None } else { self.writer.borrow_mut().take() }
    }

    /// Whether so little waits that it can be told something now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.outbox.borrow().is_half_free()
    }

    /// Tells it a replay of so many messages, which comes once and always fits.
    pub fn tell_replay(&self, messages: usize, frames: Bytes) {
        if self.is_open() {
            self.count_sent(messages, frames.len());
            self.outbox.borrow_mut().push_replay(frames);
            self.wake_writer();
        }
    }

    /// Tells it what only the latest of matters.
    pub fn tell_latest(&self, key: Key, frames: Bytes) {
        {
            let mut outbox = self.outbox.borrow_mut();
            let before = outbox.dropped();
            self.count_sent(1, frames.len());
            outbox.push_ephemeral(key, frames);
            self.count_dropped(outbox.dropped() - before);
        }
        self.wake_writer();
    }

    /// Sends a control frame, before all data.
    pub fn control(&self, frame: Bytes) {
        self.outbox.borrow_mut().push_control(frame);
        self.wake_writer();
    }
}
