//! Which rows belong to whom.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, RangeBounds};

use callboard_domain::owner::Owner;

/// The keys of the rows of each owner, in their order. The server's own are not here: where nobody is known, all are its.
#[derive(Debug)]
pub(super) struct ByOwner<K>(HashMap<Owner, BTreeSet<K>>);

impl<K> Default for ByOwner<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Ord + Copy> ByOwner<K> {
    pub(super) fn insert(&mut self, owner: &Owner, key: K) {
        if *owner != Owner::SERVER {
            self.0.entry(owner.clone()).or_default().insert(key);
        }
    }

    pub(super) fn remove(&mut self, owner: &Owner, key: K) {
        let Some(keys) = self.0.get_mut(owner) else { return };
        keys.remove(&key);
        if keys.is_empty() {
            self.0.remove(owner);
        }
    }

    /// Those of an owner that is not the server, within these bounds.
    pub(super) fn range(&self, owner: &Owner, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = K> + '_ {
        let bounds: (Bound<K>, Bound<K>) = (range.start_bound().cloned(), range.end_bound().cloned());
        self.0.get(owner).into_iter().flat_map(move |keys| keys.range(bounds)).copied()
    }
}
