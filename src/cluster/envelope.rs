//! What goes over the wire between members: a line of JSON that says what it is, and behind it the bytes as they are.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Head {
    /// A question; what is asked stands behind it.
    Ask {
        /// Its number, which the asker has given no other question.
        id: u64,
        /// What is asked, by the name of its type.
        name: String,
    },
    /// The answer to a question, which stands behind it.
    Answer {
        /// The question's number.
        id: u64,
    },
    /// Somebody else has to be asked.
    NotHere {
        /// The question's number.
        id: u64,
    },
    /// A notice; it stands behind it, as JSON with `json` bytes and then others.
    Notice {
        /// What it is, by the name of its type.
        name: String,
        /// How many bytes of JSON there are.
        json: usize,
    },
}

/// A message to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) head: Head,
    pub(super) body: Bytes,
}

/// What is no message of a member.
#[derive(Debug, thiserror::Error)]
#[error("it is no message of a member")]
pub(super) struct Unreadable;

impl Envelope {
    pub(super) fn encode(head: &Head, body: &[u8]) -> Bytes {
        // A head always can be written: it has numbers and words.
        let mut text = serde_json::to_vec(head).unwrap_or_default();
        text.reserve(1 + body.len());
        text.push(b'\n');
        text.extend_from_slice(body);
        text.into()
    }

    /// # Errors
    /// [`Unreadable`].
    pub(super) fn decode(text: &Bytes) -> Result<Self, Unreadable> {
        let end = text.iter().position(|byte| *byte == b'\n').ok_or(Unreadable)?;
        let head = serde_json::from_slice(text.get(..end).unwrap_or_default()).map_err(|_| Unreadable)?;
        Ok(Self { head, body: text.slice(end + 1..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(id in any::<u64>(), name in "[a-z_]{1,20}", body in prop::collection::vec(any::<u8>(), 0..200)) {
            for head in [Head::Ask { id, name: name.clone() }, Head::Answer { id }, Head::NotHere { id }, Head::Notice { name, json: body.len() }] {
                let text = Envelope::encode(&head, &body);
                let read = Envelope::decode(&text).unwrap();
                prop_assert_eq!(read, Envelope { head, body: body.clone().into() });
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Envelope::decode(&text.into());
        }
    }
}
