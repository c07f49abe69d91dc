//! The identifiers that travel: sessions, requests, connections.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The public id of a session: a random UUID (version 4), so that knowing it is a capability.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// A new random id that [`SessionId::worker`] places on `worker`.
    ///
    /// Takes `workers` tries on average; `worker` must be below `workers`.
    #[must_use]
    pub fn on_worker(worker: usize, workers: usize) -> Self {
        loop {
            let id = Self::random();
            if id.worker(workers) == worker {
                return id;
            }
        }
    }

    /// The worker that a session with this id lives on, among `workers`.
    ///
    /// The random bits of the UUID are the hash.
    #[must_use]
    pub fn worker(self, workers: usize) -> usize {
        let (_, low) = self.0.as_u64_pair();
        // The lowest 48 bits are random in version 4.
        let hash = usize::try_from(low & 0xffff_ffff).unwrap_or(0);
        hash.checked_rem(workers).unwrap_or(0)
    }

    /// A new random id that falls into `slot`, and on `worker` among `workers`.
    ///
    /// Takes `workers` tries on average; `worker` must be below `workers`.
    #[must_use]
    pub fn in_slot(slot: Slot, worker: usize, workers: usize) -> Self {
        let (high, low) = Self::on_worker(worker, workers).0.as_u64_pair();
        Self(Uuid::from_u64_pair(high, low & !(0xff << SLOT_SHIFT) | u64::from(slot.0) << SLOT_SHIFT))
    }

    /// The slot that this id falls into, whatever the number of workers.
    #[must_use]
    pub fn slot(self) -> Slot {
        let (_, low) = self.0.as_u64_pair();
        Slot((low >> SLOT_SHIFT & 0xff) as u8)
    }

    /// The sixteen bytes, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

/// Where the bits of the slot begin: above those that choose the worker, all of them random in version 4.
const SLOT_SHIFT: u32 = 32;

/// One of the parts of all sessions that are owned by one server of several: each session is in one for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u8);

impl Slot {
    /// How many there are.
    pub const COUNT: usize = 256;

    /// All of them.
    pub fn all() -> impl DoubleEndedIterator<Item = Slot> {
        (0..=u8::MAX).map(Slot)
    }

    /// The slot with this number, from 0.
    #[must_use]
    pub fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number, from 0.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

/// What a session is called among events: the word that its starter chose, else its own id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String")]
pub struct ExecutionId(Arc<str>);

/// A text that is no execution's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an execution's id has 1 to {} letters, digits, _, . and -", ExecutionId::LONGEST)]
pub struct BadExecutionId;

impl ExecutionId {
    /// The most characters of one.
    pub const LONGEST: usize = 64;

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExecutionId {
    type Err = BadExecutionId;

    fn from_str(text: &str) -> Result<Self, BadExecutionId> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_plain);
        if fits { Ok(Self(text.into())) } else { Err(BadExecutionId) }
    }
}

impl TryFrom<String> for ExecutionId {
    type Error = BadExecutionId;

    fn try_from(text: String) -> Result<Self, BadExecutionId> {
        text.parse()
    }
}

impl From<SessionId> for ExecutionId {
    fn from(id: SessionId) -> Self {
        Self(id.to_string().into())
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id of one question to a human; unique across sessions, stable across restarts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Its sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

/// One WebSocket or event stream, unique within the process: the worker in the upper bits, a count below.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The `count`-th connection of `worker`.
    #[must_use]
    pub fn new(worker: usize, count: u64) -> Self {
        Self(((worker as u64) << 48) | (count & 0xffff_ffff_ffff))
    }

    /// The worker whose shard holds the connection.
    #[must_use]
    pub fn worker(self) -> usize {
        (self.0 >> 48) as usize
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}-{}", self.worker(), self.0 & 0xffff_ffff_ffff)
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! as_uuid {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

as_uuid!(SessionId);
as_uuid!(RequestId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_new_id_falls_on_the_worker_it_was_made_for() {
        for workers in 1..9 {
            for worker in 0..workers {
                assert_eq!(SessionId::on_worker(worker, workers).worker(workers), worker);
            }
        }
    }

    proptest! {
        #[test]
        fn an_id_falls_into_the_slot_and_on_the_worker_it_was_made_for(slot: u8, workers in 1_usize..65, worker: usize) {
            let worker = worker % workers;
            let id = SessionId::in_slot(Slot::new(slot), worker, workers);
            prop_assert_eq!((id.slot().number(), id.worker(workers)), (slot, worker));
            prop_assert_eq!(id.0.get_version_num(), 4);
            prop_assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(id.to_string().parse::<SessionId>().map(SessionId::slot).ok(), Some(id.slot()));
        }

        #[test]
        fn an_id_in_a_slot_says_nothing_more_than_its_slot(slot: u8) {
            let (one, other) = (SessionId::in_slot(Slot::new(slot), 0, 1), SessionId::in_slot(Slot::new(slot), 0, 1));
            prop_assert_ne!(one, other);
            let differing = (one.0.as_u128() ^ other.0.as_u128()).count_ones();
            prop_assert!(differing > 20, "{} of 114 random bits differ", differing);
        }
    }

    #[test]
    fn random_ids_fall_into_all_slots_and_on_all_workers_alike() {
        let mut counts = vec![0; Slot::COUNT * 4];
        for _ in 0..Slot::COUNT * 4 * 64 {
            let id = SessionId::random();
            counts[usize::from(id.slot().number()) * 4 + id.worker(4)] += 1;
        }
        // Eight standard deviations of a count whose mean is 64.
        assert!(counts.iter().all(|count| (1..=128).contains(count)), "{counts:?}");
        assert_eq!(Slot::all().count(), Slot::COUNT);
    }

    #[test]
    fn an_id_survives_text_and_bytes() {
        let id = SessionId::random();
        assert_eq!(id.to_string().parse::<SessionId>().ok(), Some(id));
        assert_eq!(SessionId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn an_execution_is_called_by_plain_words_and_by_the_ids_of_sessions() {
        let long = "x".repeat(64);
        for text in ["exec_123", "a", "A.b-C_9", &long] {
            assert_eq!(text.parse::<ExecutionId>().unwrap().as_str(), text);
        }
        let id = SessionId::random();
        assert_eq!(id.to_string().parse(), Ok(ExecutionId::from(id)));
        let longer = "x".repeat(65);
        for text in ["", "a b", "a/b", "é", "a\n", "execution:1", &longer] {
            assert_eq!(text.parse::<ExecutionId>(), Err(BadExecutionId), "{text}");
            assert!(serde_json::from_value::<ExecutionId>(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_connection_names_its_worker() {
        assert_eq!(ConnectionId::new(3, 77).worker(), 3);
        assert_eq!(ConnectionId::new(3, 77).to_string(), "c3-77");
    }
}
