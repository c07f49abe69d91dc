//! What a connection is sent: it waits in the outbox until whoever writes takes it.

use std::task::Waker;

use bytes::Bytes;

use super::super::close::CloseCode;
use super::super::dialect::{Signal, encode};
use super::super::item::Items;
use super::super::outbox::Full;
use super::Link;
use crate::domain::event::EncodedEvent;

impl Link {
    /// Sends it so many messages, of which none must be left out. Where they do not fit, it is closed as too slow.
    pub fn send(&self, messages: usize, frames: Bytes) {
        if self.try_send(messages, frames).is_err() {
            self.close(CloseCode::TooSlow);
        }
    }

    /// Answers the client with this JSON. Where that does not fit, the connection is closed as too slow.
    pub fn answer(&self, json: &[u8]) {
        self.send(1, self.dialect.signal(Signal::Answer(json)));
    }

    /// Sends it so many messages where they fit. One that is being closed takes everything and sends nothing.
    ///
    /// # Errors
    /// [`Full`] where they do not; nothing was sent then.
    pub fn try_send(&self, messages: usize, frames: Bytes) -> Result<(), Full> {
        self.queue(messages, Bytes::new(), frames)?;
        self.wake_writer();
        Ok(())
    }

    /// The same without waking who writes, for what is sent to many, who are woken in turns; `urgent` overtakes what
    /// waits. Either all are sent or none.
    ///
    /// # Errors
    /// [`Full`] where they do not fit; nothing was sent then.
    pub fn queue(&self, messages: usize, urgent: Bytes, frames: Bytes) -> Result<(), Full> {
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

    /// Whether so little waits that it can be sent something now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.outbox.borrow().is_half_free()
    }

    /// Sends it a replay of so many messages, which comes once and always fits.
    pub fn send_replay(&self, messages: usize, frames: Bytes) {
        if self.is_open() && !frames.is_empty() {
            self.count_sent(messages, frames.len());
            self.outbox.borrow_mut().push_replay(frames);
            self.wake_writer();
        }
    }

    /// A frame with one event, as this connection's dialect writes it.
    #[must_use]
    pub fn event_frame(&self, event: &EncodedEvent) -> Bytes {
        encode(self.dialect, &Items::Events([event.clone()].into()), None, |_| true).1
    }

    /// Sends a control frame, before all data.
    pub fn send_control(&self, frame: Bytes) {
        self.outbox.borrow_mut().push_control(frame);
        self.wake_writer();
    }
}
