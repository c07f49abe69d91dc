//! A set of node indices that gives the next one at or after another quickly, however sparse it is.

/// A set of small numbers: one bit each, and above them one bit for each word that has any.
#[derive(Debug, Default)]
pub(super) struct Marks {
    words: Vec<u64>,
    summary: Vec<u64>,
    len: usize,
}

impl Marks {
    /// An empty set of numbers below `len`.
    pub(super) fn new(len: usize) -> Self {
        let words = len.div_ceil(64);
        Self { words: vec![0; words], summary: vec![0; words.div_ceil(64)], len: 0 }
    }

    /// Adds a number; gives whether it was not there. One beyond the end is left out.
    pub(super) fn insert(&mut self, at: u32) -> bool {
        let (word, bit) = split(at);
        let Some(bits) = self.words.get_mut(word) else { return false };
        if *bits & bit != 0 {
            return false;
        }
        *bits |= bit;
        if let Some(above) = self.summary.get_mut(word / 64) {
            *above |= 1 << (word % 64);
        }
        self.len += 1;
        true
    }

    /// Takes a number out; gives whether it was there.
    pub(super) fn remove(&mut self, at: u32) -> bool {
        let (word, bit) = split(at);
        let Some(bits) = self.words.get_mut(word).filter(|bits| **bits & bit != 0) else { return false };
        *bits &= !bit;
        if *bits == 0
            && let Some(above) = self.summary.get_mut(word / 64)
        {
            *above &= !(1 << (word % 64));
        }
        self.len -= 1;
        true
    }

    /// Whether a number is there.
    pub(super) fn contains(&self, at: u32) -> bool {
        let (word, bit) = split(at);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The smallest number that is not below `from`.
    pub(super) fn next(&self, from: u32) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let word = from as usize / 64;
        let here = *self.words.get(word)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(number(word, here));
        }
        let from = word + 1;
        let mut above = from / 64;
        let mut bits = *self.summary.get(above)? & (u64::MAX << (from % 64));
        while bits == 0 {
            above += 1;
            bits = *self.summary.get(above)?;
        }
        let word = above * 64 + bits.trailing_zeros() as usize;
        Some(number(word, *self.words.get(word)?))
    }
}

fn split(at: u32) -> (usize, u64) {
    (at as usize / 64, 1 << (at % 64))
}

fn number(word: usize, bits: u64) -> u32 {
    // Numbers came in as `u32`, so they fit.
    u32::try_from(word * 64).unwrap_or(u32::MAX).saturating_add(bits.trailing_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set_in_order(steps in prop::collection::vec((0..10_000u32, any::<bool>()), 0..200), from in 0..10_100u32) {
            let (mut marks, mut model) = (Marks::new(10_000), BTreeSet::new());
            for (at, add) in steps {
                if add {
                    prop_assert_eq!(marks.insert(at), model.insert(at));
                } else {
                    prop_assert_eq!(marks.remove(at), model.remove(&at));
                }
                prop_assert_eq!(marks.contains(at), add);
            }
            prop_assert_eq!(marks.next(from), model.range(from..).next().copied());
            prop_assert_eq!(marks.is_empty(), model.is_empty());
            let mut all = Vec::new();
            let mut at = 0;
            while let Some(next) = marks.next(at) {
                all.push(next);
                at = next + 1;
            }
            prop_assert_eq!(all, model.into_iter().collect::<Vec<_>>());
        }
    }
}
