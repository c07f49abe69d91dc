//! What the connections of a worker hold of messages that are not whole yet: a bound for all of them together.

use std::cell::Cell;
use std::rc::Rc;

use crate::config::connections::Connections;

/// Bytes that each connection may hold whatever the others do, so that small messages always come through.
const FREE: usize = 16_384;

/// What all connections of a worker hold. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffered(Rc<Cell<usize>>);

impl Buffered {
    /// The share of a connection that holds nothing yet.
    pub(super) fn share(&self, settings: &Connections) -> Share {
        // Else the largest message that is allowed could never be sent.
        let most = settings.inbound_bytes.max(settings.max_message_bytes);
        Share { all: self.clone(), most, held: 0 }
    }
}

/// What one connection holds of the message that it is being sent; it is given back when this goes.
#[derive(Debug)]
pub(super) struct Share {
    all: Buffered,
    most: usize,
    held: usize,
}

impl Share {
    /// More of the message has come.
    pub(super) fn add(&mut self, bytes: usize) {
        self.set(self.held.saturating_add(bytes));
    }

    /// The message is whole, and not held any more.
    pub(super) fn clear(&mut self) {
        self.set(0);
    }

    /// Whether the connection must let go, because all hold too much together.
    pub(super) fn is_beyond(&self) -> bool {
        self.held > FREE && self.all.0.get() > self.most
    }

    fn set(&mut self, held: usize) {
        let others = self.all.0.get().saturating_sub(self.held.saturating_sub(FREE));
        self.held = held;
        self.all.0.set(others.saturating_add(held.saturating_sub(FREE)));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_for_all_and_given_back() {
        let settings = Connections { inbound_bytes: 100_000, max_message_bytes: 90_000, ..Connections::default() };
        let buffered = Buffered::default();
        let mut shares: Vec<Share> = (0..3).map(|_| buffered.share(&settings)).collect();
        shares.iter_mut().for_each(|share| share.add(FREE));
        assert_eq!(buffered.0.get(), 0);
        shares[0].add(60_000);
        shares[1].add(40_000);
        assert!(shares.iter().all(|share| !share.is_beyond()));
        shares[1].add(1);
        assert!(shares[1].is_beyond());
        assert!(!shares[2].is_beyond(), "small messages always come through");
        shares[0].clear();
        assert!(!shares[1].is_beyond());
        drop(shares);
        assert_eq!(buffered.0.get(), 0);
    }

    #[test]
    fn the_largest_message_fits_whatever_the_bound() {
        let settings = Connections { inbound_bytes: 65_536, max_message_bytes: 1 << 20, ..Connections::default() };
        let mut share = Buffered::default().share(&settings);
        share.add(1 << 20);
        assert!(!share.is_beyond());
    }
}
