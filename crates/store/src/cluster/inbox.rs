//! What other members have sent to this one, until it is received: bounded in number and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::Fence;

/// Most messages that wait, however small they are.
const MAX_MESSAGES: usize = 65_536;

/// Something from another member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message {
        /// Who has sent it.
        from: Fence,
        /// What it says.
        body: Bytes,
    },
    /// Something that was sent may have been lost here, from whomever.
    Missed,
}

/// Where a member receives what others send to it.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::Receiver<Incoming>,
    /// A gauge, shared with the other end: the bytes that wait.
    bytes: Arc<AtomicUsize>,
}

/// The other end of an [`Inbox`].
pub(crate) struct Slit {
    sender: mpsc::Sender<Incoming>,
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    /// Whether something was lost that the receiver has not heard of.
    has_missed: bool,
}

/// An inbox that holds so many bytes, and its other end.
pub(crate) fn inbox(max_bytes: usize) -> (Slit, Inbox) {
    let (sender, receiver) = mpsc::channel(MAX_MESSAGES);
    let bytes = Arc::new(AtomicUsize::new(0));
    (Slit { sender, bytes: Arc::clone(&bytes), max_bytes, has_missed: false }, Inbox { receiver, bytes })
}

impl Inbox {
    /// What comes next; nothing once the store is closed.
    pub async fn recv(&mut self) -> Option<Incoming> {
        let incoming = self.receiver.recv().await?;
        self.bytes.fetch_sub(size(&incoming), Ordering::Relaxed);
        Some(incoming)
    }
}

impl Slit {
    /// Puts a message in, where there is room; else it is lost, which the receiver hears of.
    pub(crate) fn deliver(&mut self, from: Fence, body: Bytes) {
        if self.has_missed {
            self.miss();
        }
        let message = Incoming::Message { from, body };
        let has_room = self.bytes.load(Ordering::Relaxed) + size(&message) <= self.max_bytes;
        if self.has_missed || !has_room || !self.put(message) {
            self.has_missed = true;
            log::warn!(member:% = from; "a message of another member was dropped: too many wait");
        }
    }

    /// Says that something was lost.
    pub(crate) fn miss(&mut self) {
        self.has_missed = !self.put(Incoming::Missed);
    }

    fn put(&self, incoming: Incoming) -> bool {
        let size = size(&incoming);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        let is_in = self.sender.try_send(incoming).is_ok();
        if !is_in {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
        }
        is_in
    }
}

fn size(incoming: &Incoming) -> usize {
    match incoming {
        Incoming::Message { body, .. } => body.len(),
        Incoming::Missed => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_slow_misses_messages_and_hears_of_it() {
        let (mut slit, mut inbox) = inbox(10);
        let from = Fence::random();
        let message = |body: &'static str| Incoming::Message { from, body: body.into() };
        slit.deliver(from, "12345".into());
        slit.deliver(from, "1234567".into());
        assert_eq!(inbox.recv().await, Some(message("12345")));
        slit.deliver(from, "1234567".into());
        slit.deliver(from, "123".into());
        assert_eq!(inbox.recv().await, Some(Incoming::Missed));
        assert_eq!(inbox.recv().await, Some(message("1234567")));
        assert_eq!(inbox.recv().await, Some(message("123")));
        drop(slit);
        assert_eq!(inbox.recv().await, None);
    }
}
