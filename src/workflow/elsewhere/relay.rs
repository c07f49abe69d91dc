//! The way of what is published about workflows to those who watch at other servers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cluster::{Cluster, Notice, Wanted};
use crate::hub::{Items, Messages, MessagesBuilder};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Kind;

/// Which life of a workflow a message is about: places are counted within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Life {
    /// It was not live.
    NotLive,
    /// That with this number at its server.
    Live(u64),
}

/// A message as it goes to another server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentMessage {
    kind: u8,
    position: Option<u64>,
    json: Box<RawValue>,
}

/// To servers where connections watch workflows: this was published; the messages come along, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublishedThere {
    pub(crate) key: WorkflowKey,
    pub(crate) life: Life,
    /// The kind and the place of each.
    items: Vec<(u8, Option<u64>)>,
}

impl Notice for PublishedThere {
    const NAME: &'static str = "published_live";
}

/// See the module. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Relay {
    cluster: Cluster,
    /// The servers where connections watch workflows.
    watched: Wanted,
}

impl Relay {
    /// The way to those servers of this cluster where connections watch.
    #[must_use]
    pub(crate) fn new(cluster: Cluster, watched: Wanted) -> Self {
        Self { cluster, watched }
    }

    /// Whether anybody watches at another server.
    #[must_use]
    pub(crate) fn is_wanted(&self) -> bool {
        !self.watched.borrow().is_empty()
    }

    /// Sends messages about a workflow to all servers where somebody watches.
    pub(crate) fn send(&self, key: &WorkflowKey, life: Life, messages: &Messages) {
        let watched = Arc::clone(&self.watched.borrow());
        if watched.is_empty() || messages.is_empty() {
            return;
        }
        let (mut items, mut text) = (Vec::with_capacity(messages.len()), Vec::new());
        for item in messages.iter() {
            items.push((item.kind_index, item.position));
            text.extend_from_slice(item.json);
            text.push(b'\n');
        }
        let notice = PublishedThere { key: key.clone(), life, items };
        for member in &*watched {
            self.cluster.notify(*member, &notice, &text);
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("watched", &self.watched.borrow()).finish_non_exhaustive()
    }
}

/// The kind with this number; what a later version sends beside these is left out.
fn kind(index: u8) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.index() == index)
}

/// The messages that came along with a notice, and the first and the last place among them.
pub(crate) fn read(notice: &PublishedThere, text: &Bytes) -> (Messages, Option<(u64, u64)>) {
    let lines = text.split(|byte| *byte == b'\n');
    let messages = notice.items.iter().zip(lines).map(|((kind, position), json)| (*kind, *position, json));
    let mut places = notice.items.iter().filter_map(|(_, position)| *position);
    let first = places.next();
    let last = places.next_back().or(first);
    (built(messages), first.zip(last))
}

/// Messages as they go to another server.
pub(crate) fn sent(messages: Messages) -> Vec<SentMessage> {
    let items = Items::Messages(Arc::new(messages));
    let sent = items.iter().filter_map(|item| {
        let text = String::from_utf8(item.json.to_vec()).ok()?;
        Some(SentMessage { kind: item.kind_index, position: item.position, json: RawValue::from_string(text).ok()? })
    });
    sent.collect()
}

/// Messages that came from another server.
pub(crate) fn received(sent: &[SentMessage]) -> Messages {
    built(sent.iter().map(|message| (message.kind, message.position, message.json.get().as_bytes())))
}

fn built<'a>(messages: impl Iterator<Item = (u8, Option<u64>, &'a [u8])>) -> Messages {
    let mut builder = MessagesBuilder::default();
    for (index, position, json) in messages {
        if let Some(kind) = kind(index) {
            builder.push((kind.word(), index), position, |text| {
                text.extend_from_slice(json);
                Ok(())
            });
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Messages {
        let texts = [
            (Kind::NodeState, Some(4), "{\"a\":\"\\n\"}"),
            (Kind::WorkflowEvent, None, "{}"),
            (Kind::NodeState, Some(5), "[1]"),
        ];
        built(texts.into_iter().map(|(kind, position, text)| (kind.index(), position, text.as_bytes())))
    }

    #[test]
    fn what_is_published_arrives_as_it_was() {
        let messages = messages();
        let text: Vec<u8> = messages.iter().flat_map(|item| [item.json.to_vec(), b"\n".to_vec()].concat()).collect();
        let items = messages.iter().map(|item| (item.kind_index, item.position)).collect();
        let notice = PublishedThere { key: "w".parse().unwrap(), life: Life::NotLive, items };
        assert_eq!(read(&notice, &text.into()), (messages, Some((4, 5))));
    }

    #[test]
    fn what_somebody_lacks_arrives_as_it_was() {
        let text = serde_json::to_string(&sent(messages())).unwrap();
        assert_eq!(received(&serde_json::from_str::<Vec<SentMessage>>(&text).unwrap()), messages());
    }
}
