//! Which kinds of messages a connection gets: a bit for each kind of its feed.

/// Which kinds of messages a connection gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(pub u64);

impl KindSet {
    /// Every kind.
    pub const ALL: KindSet = KindSet(u64::MAX);

    /// Only the kind with this number; one that is none counts as nothing.
    #[must_use]
    pub const fn only(kind: u8) -> Self {
        KindSet(if kind < 64 { 1 << kind } else { 0 })
    }

    /// Whether the kind with this number is in it.
    #[must_use]
    pub const fn has(self, kind: u8) -> bool {
        self.0 & KindSet::only(kind).0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: KindSet) -> Self {
        KindSet(self.0 | other.0)
    }

    /// A mask of items: all of them where every kind is in it, else what `pick` gives.
    pub(super) fn mask(self, all: u64, pick: impl FnOnce(KindSet) -> u64) -> u64 {
        if self == KindSet::ALL { all } else { pick(self) }
    }
}
