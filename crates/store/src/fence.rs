//! Who writes, among several.

use std::fmt;

use uuid::Uuid;

use super::Error;

/// One life of a writer: drawn anew whenever a store is opened.
///
/// It goes with every change. An engine that several writers use knows which fences are members and which slots of
/// sessions each of them owns, and checks that in the change itself: a writer that was taken for dead can change nothing
/// any more, however late it wakes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(Uuid);

impl Fence {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// As it is sent to other members.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// Reads what [`Fence::to_bytes`] gives.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Reads what [`Fence`] is shown as.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a caller gets whose server is not a member any more.
pub(super) fn fenced() -> Error {
    Error::Unavailable("this server does not belong to the cluster any more".into())
}
