//! What this member sends to others: a thread publishes it in its order, each letter with a number, so that whoever gets it
//! knows one that came twice and sees where one is missing.
//!
//! The number of the last letter goes to each member twice a second, also to this one: who does not hear even itself knows
//! that its subscription is broken.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::link::{Failure, Link};
use super::place::Place;
use crate::cluster::View;
use crate::{Error, Fence};

/// Between two pulses.
pub(super) const PULSE_EVERY: Duration = Duration::from_millis(500);

/// Most letters that wait, however small they are.
const MAX_LETTERS: usize = 65_536;

/// About as many bytes are published at once.
const BATCH_BYTES: usize = 1 << 20;

/// Most letters that are published at once.
const BATCH_LETTERS: usize = 256;

/// Between two tries to publish.
const PAUSE: Duration = Duration::from_millis(50);

/// Where letters are handed in. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Letters {
    sender: SyncSender<Letter>,
    /// A gauge, shared with the thread: bytes that wait.
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
}

#[derive(Debug)]
struct Letter {
    /// All others where it is nobody.
    to: Option<Fence>,
    body: Bytes,
}

impl Letters {
    /// Hands a letter in; `false` where there is no room for it.
    pub(crate) fn send(&self, to: Option<Fence>, body: Bytes) -> bool {
        let size = body.len();
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size <= self.max_bytes
            && self.sender.try_send(Letter { to, body }).is_ok()
        {
            return true;
        }
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        false
    }
}

/// Starts the thread, which ends when nobody can hand in letters any more.
pub(super) fn start(
    link: Link,
    place: Arc<Place>,
    view: watch::Receiver<Arc<View>>,
    max_bytes: usize,
) -> Result<Letters, Error> {
    let (sender, letters) = sync_channel(MAX_LETTERS);
    let bytes = Arc::new(AtomicUsize::new(0));
    let carrier =
        Carrier { link, place, view, letters, bytes: Arc::clone(&bytes), sent: HashMap::new(), as_whom: None };
    std::thread::Builder::new()
        .name("store-mail".into())
        .spawn(move || carrier.run())
        .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
    Ok(Letters { sender, bytes, max_bytes })
}

/// The thread.
struct Carrier {
    link: Link,
    place: Arc<Place>,
    view: watch::Receiver<Arc<View>>,
    letters: Receiver<Letter>,
    bytes: Arc<AtomicUsize>,
    /// The number of the last letter to each member.
    sent: HashMap<Fence, u64>,
    /// The membership that these numbers are of.
    as_whom: Option<Fence>,
}

impl Carrier {
    fn run(mut self) {
        let mut pulse_at = Instant::now();
        loop {
            let mut batch = Vec::new();
            match self.letters.recv_timeout(pulse_at.saturating_duration_since(Instant::now())) {
                Ok(letter) => {
                    let mut bytes = letter.body.len();
                    batch.push(letter);
                    while bytes < BATCH_BYTES
                        && batch.len() < BATCH_LETTERS
                        && let Ok(letter) = self.letters.try_recv()
                    {
                        bytes += letter.body.len();
                        batch.push(letter);
                    }
                    self.bytes.fetch_sub(bytes, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) if self.is_over() => return,
                Err(RecvTimeoutError::Timeout) => pulse_at = Instant::now() + PULSE_EVERY,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let messages = self.address(&batch);
            self.publish(&messages);
        }
    }

    /// The messages that these letters are, with their channels; pulses where there is none.
    fn address(&mut self, letters: &[Letter]) -> Vec<(String, Vec<u8>)> {
        let view = Arc::clone(&self.view.borrow());
        let me = view.me;
        if self.as_whom.replace(me) != Some(me) {
            self.sent.clear();
        }
        self.sent.retain(|to, _| view.member(*to).is_some());
        let mut messages = Vec::new();
        for member in &view.members {
            let channel = || self.place.mailbox(&member.id);
            if letters.is_empty() {
                let number = self.sent.get(&member.fence).copied().unwrap_or(0);
                messages.push((channel(), Header { from: me, to: member.fence, number, is_pulse: true }.with(&[])));
                continue;
            }
            let fits = |letter: &&Letter| letter.to.map_or(member.fence != me, |to| to == member.fence);
            for letter in letters.iter().filter(fits) {
                let number = self.sent.entry(member.fence).or_default();
                *number += 1;
                let header = Header { from: me, to: member.fence, number: *number, is_pulse: false };
                messages.push((channel(), header.with(&letter.body)));
            }
        }
        messages
    }

    /// Publishes these messages, trying until it works: letters wait meanwhile, and are refused once there is no room. Where
    /// the engine never will, they are lost.
    fn publish(&mut self, messages: &[(String, Vec<u8>)]) {
        if messages.is_empty() {
            return;
        }
        let mut pipe = redis::pipe();
        for (channel, message) in messages {
            pipe.cmd("PUBLISH").arg(channel).arg(message).ignore();
        }
        loop {
            match self.link.call(|connection| pipe.query::<()>(connection)) {
                Ok(()) => return,
                Err(Failure::Passing(_)) if !self.is_over() => std::thread::sleep(PAUSE),
                Err(failure) => {
                    log::warn!("messages to other members could not be sent: {}", failure.reason());
                    return;
                }
            }
        }
    }

    /// Whether the store is closed: the thread that makes the view has ended then.
    fn is_over(&self) -> bool {
        self.view.has_changed().is_err()
    }
}

/// What a message begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) from: Fence,
    pub(super) to: Fence,
    /// That of the letter, or of the last one before a pulse.
    pub(super) number: u64,
    pub(super) is_pulse: bool,
}

/// As many bytes has a header.
const HEADER_BYTES: usize = 16 + 16 + 8 + 1;

impl Header {
    fn with(self, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER_BYTES + body.len());
        message.extend_from_slice(&self.from.to_bytes());
        message.extend_from_slice(&self.to.to_bytes());
        message.extend_from_slice(&self.number.to_be_bytes());
        message.push(u8::from(self.is_pulse));
        message.extend_from_slice(body);
        message
    }

    /// Takes a message apart; nothing where it is none.
    pub(super) fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (from, rest) = message.split_first_chunk::<16>()?;
        let (to, rest) = rest.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (is_pulse, body) = rest.split_first()?;
        let (from, to) = (Fence::from_bytes(*from), Fence::from_bytes(*to));
        Some((Self { from, to, number: u64::from_be_bytes(*number), is_pulse: *is_pulse == 1 }, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let header = Header { from: Fence::random(), to: Fence::random(), number: 1 << 40, is_pulse: false };
        let message = header.with(b"body");
        assert_eq!(Header::read(&message), Some((header, b"body".as_slice())));
        for end in 0..HEADER_BYTES {
            assert_eq!(Header::read(&message[..end]), None);
        }
    }
}
