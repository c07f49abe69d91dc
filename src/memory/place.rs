//! Where something is kept: a client and a key.

use std::borrow::Cow;

use crate::domain::event::{Kind, NewEvent};
use crate::domain::owner::Owner;
use crate::domain::record::Spec;

/// The client that stands for everybody.
pub(crate) const GLOBAL: &str = "global";

/// The most characters of a client's id and of a key.
const LONGEST: usize = 128;

/// A text that names no client and no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {LONGEST} letters, digits, _, -, ., :, @ or ~")]
pub(crate) struct BadName;

/// Where something is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    client_id: String,
    key: String,
}

impl Place {
    /// The place of this client and key.
    ///
    /// # Errors
    /// Where one of them is none.
    pub(crate) fn new(client_id: &str, key: &str) -> Result<Self, BadName> {
        if is_name(client_id) && is_name(key) { Ok(Self::checked(client_id, key)) } else { Err(BadName) }
    }

    /// The same of parts that were checked.
    pub(super) fn checked(client_id: &str, key: &str) -> Self {
        Self { client_id: client_id.to_owned(), key: key.to_owned() }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What happens to it.
    pub(crate) fn event(&self, kind: Kind) -> NewEvent {
        NewEvent::new(kind).with("client_id", self.client_id.as_str()).with("key", self.key.as_str())
    }

    /// Its id in the store. Neither part has a `/` in it.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.client_id, self.key)
    }
}

/// Whether a text names a client or a key.
#[must_use]
pub(crate) fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.chars().all(is_known)
}

/// Whose memory the agents of a session keep: that of the client that it was started for, else of its owner, else
/// everybody's.
#[must_use]
pub(crate) fn client_of(spec: &Spec) -> Cow<'_, str> {
    match (spec.client_id.as_deref(), spec.owner.as_ref().and_then(Owner::identity)) {
        (Some(client_id), _) => client_id.into(),
        (None, Some(name)) if is_name(name) => name.into(),
        // Only its own client is meant: any name does that is always the same.
        (None, Some(name)) => name.chars().map(|c| if is_known(c) { c } else { '_' }).take(LONGEST).collect(),
        (None, None) => GLOBAL.into(),
    }
}

fn is_known(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.:@~".contains(c)
}
