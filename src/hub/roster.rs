//! Every connection of the process, with the limits that only a view of all of them can keep: a pure table.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use super::messages::Opened;
use super::topic::Topic;
use crate::domain::id::ConnectionId;

/// How many connections may share something; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An address.
    pub per_address: usize,
    /// A session.
    pub per_session: usize,
}

/// Every connection of the process.
#[derive(Debug)]
pub struct Roster {
    limits: Limits,
    connections: HashMap<ConnectionId, Opened>,
    by_address: HashMap<IpAddr, usize>,
    by_topic: HashMap<Topic, usize>,
}

impl Roster {
    /// An empty roster.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, connections: HashMap::new(), by_address: HashMap::new(), by_topic: HashMap::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Adds a connection; gives whether it is within the limits. It counts until it is removed in either case.
    pub fn open(&mut self, opened: Opened) -> bool {
        let Opened { connection, address, topic } = opened;
        if self.connections.insert(connection, opened).is_some() {
            return true;
        }
        let address = add(&mut self.by_address, address, self.limits.per_address);
        let session = add(&mut self.by_topic, topic, self.limits.per_session);
        address && session
    }

    /// Whether more connections than allowed share something with this one, now that others may have gone.
    #[must_use]
    pub fn is_over(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|opened| {
            exceeds(&self.by_address, opened.address, self.limits.per_address)
                || exceeds(&self.by_topic, opened.topic, self.limits.per_session)
        })
    }

    /// Removes a connection.
    pub fn close(&mut self, connection: ConnectionId) {
        if let Some(closed) = self.connections.remove(&connection) {
            remove(&mut self.by_address, closed.address);
            remove(&mut self.by_topic, closed.topic);
        }
    }
}

/// Counts one more; gives whether that is within the limit.
fn add<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: Option<K>, limit: usize) -> bool {
    let Some(key) = key else { return true };
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    limit == 0 || *count <= limit
}

fn exceeds<K: Eq + Hash>(counts: &HashMap<K, usize>, key: Option<K>, limit: usize) -> bool {
    limit > 0 && key.and_then(|key| counts.get(&key)).is_some_and(|count| *count > limit)
}

fn remove<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: Option<K>) {
    let Some(key) = key else { return };
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SessionId;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { per_address: 3, per_session: 2 };

    fn opened(count: u64, address: u8, session: u8) -> Opened {
        Opened {
            connection: ConnectionId::new(0, count),
            address: (address > 0).then(|| IpAddr::from([10, 0, 0, address])),
            topic: (session > 0).then(|| Topic::Session(SessionId::from_bytes([session; 16]))),
        }
    }

    proptest! {
        #[test]
        fn the_newest_is_over_the_limit_when_a_recount_says_so(
            steps in prop::collection::vec((any::<bool>(), 0..20u64, 0..3u8, 0..3u8), 0..80),
        ) {
            let mut roster = Roster::new(LIMITS);
            let mut naive: Vec<Opened> = Vec::new();
            for (opens, count, address, session) in steps {
                let new = opened(count, address, session);
                if !opens {
                    roster.close(new.connection);
                    naive.retain(|other| other.connection != new.connection);
                } else if naive.iter().all(|other| other.connection != new.connection) {
                    naive.push(new.clone());
                    let address = naive.iter().filter(|other| other.address == new.address).count();
                    let session = naive.iter().filter(|other| other.topic == new.topic).count();
                    let within = (new.address.is_none() || address <= LIMITS.per_address)
                        && (new.topic.is_none() || session <= LIMITS.per_session);
                    let connection = new.connection;
                    prop_assert_eq!(roster.open(new), within);
                    prop_assert_eq!(roster.is_over(connection), !within);
                }
                prop_assert_eq!(roster.len(), naive.len());
            }
            for other in naive {
                roster.close(other.connection);
            }
            prop_assert!(roster.is_empty() && roster.by_address.is_empty() && roster.by_topic.is_empty());
        }
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut roster = Roster::new(Limits { per_address: 0, per_session: 0 });
        assert!((0..1000).all(|count| roster.open(opened(count, 1, 1))));
    }
}
