//! What waits to be written to one connection: shared, already framed bytes, bounded in bytes.
//!
//! Every element holds whole frames, so that dropping one never cuts a frame; a long one leaves in pieces, so that a
//! slow reader shows progress and no copy of all of it is made. Control frames go before data, and data is never left out
//! silently: what does not fit is refused.

use std::collections::VecDeque;

use bytes::Bytes;

/// The most control frames that wait; the oldest gives way, as RFC 6455 §5.5.3 allows for pongs.
const CONTROL_FRAMES: usize = 8;

/// The most bytes that leave at once: as many as the HTTP server buffers before it writes.
const PIECE: usize = 32_768;

/// A queue that has grown is given back to the allocator once it is empty, if it has room for more than that.
const KEPT_CAPACITY: usize = 64;

/// The bound is reached: this connection does not read what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outbox is full")]
pub struct Full;

/// What waits to be written to one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    limit: usize,
    /// The rest of an element that has begun to leave: nothing may come between its pieces.
    begun: Option<Bytes>,
    control: VecDeque<Bytes>,
    data: VecDeque<Bytes>,
    /// Data that overtakes the data, but for what stands `in_order` there.
    urgent: VecDeque<Bytes>,
    /// How many elements at the front of the data nothing overtakes.
    in_order: usize,
    /// The very last thing that is written; nothing is taken after it.
    last: Option<Bytes>,
    sealed: bool,
    data_bytes: usize,
    /// How many of them came as a replay.
    exempt: usize,
    popped: u64,
}

impl Outbox {
    /// An empty outbox for at most `limit` bytes of data.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Bytes of data that wait; control frames and the last frame do not count.
    #[must_use]
    pub fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// Bytes of data that fit.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether half of its limit is free, or more.
    #[must_use]
    pub fn is_half_free(&self) -> bool {
        self.data_bytes <= self.limit / 2
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun.is_none()
            && self.control.is_empty()
            && self.data.is_empty()
            && self.urgent.is_empty()
            && self.last.is_none()
    }

    /// How many pieces have left so far: a mark of progress.
    #[must_use]
    pub fn popped(&self) -> u64 {
        self.popped
    }

    /// Adds a control frame, before all data.
    pub fn push_control(&mut self, frame: Bytes) {
        if self.sealed || frame.is_empty() {
            return;
        }
        if self.control.len() == CONTROL_FRAMES {
            self.control.pop_front();
        }
        self.control.push_back(frame);
    }

    /// Adds data. One element is always taken while no other waits, however large it is: else it could never be delivered.
    ///
    /// # Errors
    /// [`Full`] where it does not fit; nothing was added then.
    pub fn push(&mut self, frames: Bytes) -> Result<(), Full> {
        self.push_both(Bytes::new(), frames)
    }

    /// The same with data that overtakes what waits, but no replay, and none that was urgent before it: both are taken,
    /// or neither is.
    ///
    /// # Errors
    /// [`Full`] where they do not fit; nothing was added then.
    pub fn push_both(&mut self, urgent: Bytes, frames: Bytes) -> Result<(), Full> {
        let bytes = urgent.len() + frames.len();
        if self.sealed || bytes == 0 {
            return Ok(());
        }
        let is_first = self.data.is_empty() && self.urgent.is_empty() && self.begun.is_none();
        if !self.has_room(bytes) && !is_first {
            return Err(Full);
        }
        self.data_bytes += bytes;
        if !urgent.is_empty() {
            self.urgent.push_back(urgent);
        }
        if !frames.is_empty() {
            self.data.push_back(frames);
        }
        Ok(())
    }

    /// Adds a replay, which comes once and has a bound of its own: it is always taken, and takes no room from what
    /// follows it. Else who comes back to a large one would be too slow before it could read. Nothing overtakes it.
    pub fn push_replay(&mut self, frames: Bytes) {
        if self.sealed || frames.is_empty() {
            return;
        }
        self.data_bytes += frames.len();
        self.exempt += frames.len();
        self.data.push_back(frames);
        self.in_order = self.data.len();
    }

    /// Adds the last frame: it leaves after all that waits, and nothing is taken after it.
    pub fn seal(&mut self, last: Option<Bytes>) {
        if !self.sealed {
            self.sealed = true;
            self.last = last.filter(|last| !last.is_empty());
        }
    }

    /// Forgets all data, but for the rest of what has begun to leave; control frames and the last frame stay.
    pub fn clear_data(&mut self) {
        self.data = VecDeque::new();
        self.urgent = VecDeque::new();
        self.in_order = 0;
        self.data_bytes = self.begun.as_ref().map_or(0, Bytes::len);
        self.exempt = self.exempt.min(self.data_bytes);
    }

    /// Forgets everything, and takes nothing any more.
    pub fn clear(&mut self) {
        *self = Self { limit: self.limit, sealed: true, popped: self.popped, ..Self::default() };
    }

    /// Takes what is written next. Never gives empty bytes.
    pub fn pop(&mut self) -> Option<Bytes> {
        let next = self.pop_begun().or_else(|| self.control.pop_front()).or_else(|| self.pop_data());
        let next = next.or_else(|| self.last.take())?;
        self.popped += 1;
        Some(next)
    }

    fn pop_data(&mut self) -> Option<Bytes> {
        if self.in_order == 0 {
            self.begun = self.urgent.pop_front();
        }
        if self.begun.is_some() {
            return self.pop_begun();
        }
        self.begun = self.data.pop_front().or_else(|| self.urgent.pop_front());
        self.in_order = self.in_order.saturating_sub(1);
        if self.data.is_empty() && self.data.capacity() > KEPT_CAPACITY {
            self.data = VecDeque::new();
        }
        self.pop_begun()
    }

    fn pop_begun(&mut self) -> Option<Bytes> {
        let mut piece = self.begun.take()?;
        if piece.len() > PIECE {
            self.begun = Some(piece.split_off(PIECE));
        }
        self.data_bytes -= piece.len();
        self.exempt = self.exempt.saturating_sub(piece.len());
        Some(piece)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.data_bytes.saturating_sub(self.exempt) + bytes <= self.limit
    }
}

#[cfg(test)]
mod tests;
