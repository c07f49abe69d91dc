//! Which connections of a worker follow which topics: a pure table.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

use crate::domain::id::ConnectionId;

/// Which connections follow which topics; `L` is what the connection is reached by.
#[derive(Debug)]
pub struct Registry<K, L> {
    by_topic: HashMap<K, Vec<(ConnectionId, L)>>,
    by_connection: HashMap<ConnectionId, SmallVec<[K; 1]>>,
}

impl<K, L> Default for Registry<K, L> {
    fn default() -> Self {
        Self { by_topic: HashMap::new(), by_connection: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash, L> Registry<K, L> {
    /// Adds a listener; gives whether it is new to the topic.
    pub fn subscribe(&mut self, topic: K, connection: ConnectionId, listener: L) -> bool {
        if self.is_subscribed(topic, connection) {
            return false;
        }
        self.by_connection.entry(connection).or_default().push(topic);
        self.by_topic.entry(topic).or_default().push((connection, listener));
        true
    }

    /// Whether the connection listens to the topic.
    #[must_use]
    pub fn is_subscribed(&self, topic: K, connection: ConnectionId) -> bool {
        self.by_connection.get(&connection).is_some_and(|topics| topics.contains(&topic))
    }

    /// Who listens to the topic, in no particular order.
    #[must_use]
    pub fn listeners(&self, topic: K) -> &[(ConnectionId, L)] {
        self.by_topic.get(&topic).map_or(&[], Vec::as_slice)
    }

    /// What this connection is reached by on a topic that it follows.
    #[must_use]
    pub fn listener(&self, topic: K, connection: ConnectionId) -> Option<&L> {
        if !self.is_subscribed(topic, connection) {
            return None;
        }
        self.listeners(topic).iter().find(|(other, _)| *other == connection).map(|(_, listener)| listener)
    }

    /// Removes a connection from all its topics; gives these.
    pub fn leave(&mut self, connection: ConnectionId) -> SmallVec<[K; 1]> {
        let topics = self.by_connection.remove(&connection).unwrap_or_default();
        for topic in &topics {
            self.remove_listener(*topic, connection);
        }
        topics
    }

    /// Removes a connection from one topic; gives whether it listened to it.
    pub fn unsubscribe(&mut self, topic: K, connection: ConnectionId) -> bool {
        let Some(topics) = self.by_connection.get_mut(&connection) else { return false };
        let Some(at) = topics.iter().position(|other| *other == topic) else { return false };
        topics.swap_remove(at);
        if topics.is_empty() {
            self.by_connection.remove(&connection);
        }
        self.remove_listener(topic, connection);
        true
    }

    fn remove_listener(&mut self, topic: K, connection: ConnectionId) {
        let Some(listeners) = self.by_topic.get_mut(&topic) else { return };
        if let Some(at) = listeners.iter().position(|(other, _)| *other == connection) {
            listeners.swap_remove(at);
        }
        if listeners.is_empty() {
            self.by_topic.remove(&topic);
        }
    }

    /// Removes a topic; gives those who listened to it.
    pub fn remove_topic(&mut self, topic: K) -> Vec<(ConnectionId, L)> {
        let listeners = self.by_topic.remove(&topic).unwrap_or_default();
        for (connection, _) in &listeners {
            let Some(topics) = self.by_connection.get_mut(connection) else { continue };
            topics.retain(|other| *other != topic);
            if topics.is_empty() {
                self.by_connection.remove(connection);
            }
        }
        listeners
    }

    /// Whether nobody listens to anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_topic.is_empty() && self.by_connection.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SessionId;
    use crate::hub::Topic;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Subscribe(u8, u64),
        Leave(u64),
        Unsubscribe(u8, u64),
        Remove(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0..4u8, 0..6u64).prop_map(|(topic, connection)| Step::Subscribe(topic, connection)),
            2 => (0..6u64).prop_map(Step::Leave),
            2 => (0..4u8, 0..6u64).prop_map(|(topic, connection)| Step::Unsubscribe(topic, connection)),
            1 => (0..4u8).prop_map(Step::Remove),
        ];
        prop::collection::vec(step, 0..60)
    }

    fn topic(at: u8) -> Topic {
        Topic::Session(SessionId::from_bytes([at; 16]))
    }

    fn connection(at: u64) -> ConnectionId {
        ConnectionId::new(0, at)
    }

    proptest! {
        #[test]
        fn it_is_a_set_of_pairs(steps in steps()) {
            let mut registry = Registry::default();
            let mut naive: Vec<(u8, u64)> = Vec::new();
            for step in steps {
                match step {
                    Step::Subscribe(at, who) => {
                        let new = registry.subscribe(topic(at), connection(who), who);
                        prop_assert_eq!(new, !naive.contains(&(at, who)));
                        if new {
                            naive.push((at, who));
                        }
                    }
                    Step::Leave(who) => {
                        let left = registry.leave(connection(who)).len();
                        prop_assert_eq!(left, naive.iter().filter(|(_, other)| *other == who).count());
                        naive.retain(|(_, other)| *other != who);
                    }
                    Step::Unsubscribe(at, who) => {
                        let was = registry.unsubscribe(topic(at), connection(who));
                        prop_assert_eq!(was, naive.contains(&(at, who)));
                        naive.retain(|pair| *pair != (at, who));
                    }
                    Step::Remove(at) => {
                        let mut gone: Vec<u64> = registry.remove_topic(topic(at)).into_iter().map(|(_, who)| who).collect();
                        gone.sort_unstable();
                        let mut expected: Vec<u64> = naive.iter().filter(|(t, _)| *t == at).map(|(_, who)| *who).collect();
                        expected.sort_unstable();
                        prop_assert_eq!(gone, expected);
                        naive.retain(|(other, _)| *other != at);
                    }
                }
                for at in 0..4 {
                    let mut listeners: Vec<u64> = registry.listeners(topic(at)).iter().map(|(_, who)| *who).collect();
                    listeners.sort_unstable();
                    let mut expected: Vec<u64> = naive.iter().filter(|(t, _)| *t == at).map(|(_, who)| *who).collect();
                    expected.sort_unstable();
                    prop_assert_eq!(listeners, expected);
                }
                prop_assert_eq!(registry.is_empty(), naive.is_empty());
            }
        }
    }
}
