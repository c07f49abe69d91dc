//! How many bytes the events have that are kept, by stretches of the log, and which are too many.

use std::collections::VecDeque;

/// The most stretches that are told apart: more of them are put together in pairs.
const MOST_STRETCHES: usize = 4096;

/// How many bytes the events have that are kept.
#[derive(Debug)]
pub(super) struct Volume {
    /// The most bytes; 0 for as many as there are.
    most: u64,
    /// The bytes of each stretch and the place of its last event, oldest first.
    stretches: VecDeque<(u64, u64)>,
    bytes: u64,
    /// How many bytes had been published when this was asked the last time.
    seen: u64,
    /// Whether something had to be forgotten for lack of room.
    is_full: bool,
}

impl Volume {
    /// That of a log without events, which has room for so many bytes; 0 for any number.
    pub(super) fn new(most: u64) -> Self {
        Self { most, stretches: VecDeque::new(), bytes: 0, seen: 0, is_full: false }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.most > 0
    }

    /// Whether something had to be forgotten for lack of room.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds what was there before all else: the bytes of stretches, and the places of their last events.
    pub(super) fn begin(&mut self, before: Vec<(u64, u64)>) {
        self.bytes += before.iter().map(|(bytes, _)| bytes).sum::<u64>();
        for stretch in before.into_iter().rev() {
            self.stretches.push_front(stretch);
        }
        self.thin_out();
    }

    /// What was published before, so many bytes, counts no more: the log goes on as another one.
    pub(super) fn begin_anew(&mut self, published: u64) {
        *self = Self { seen: published, ..Self::new(self.most) };
    }

    /// Takes in that so many bytes have been published since the start, the last of them at this place; gives the place of
    /// the oldest event that has room, where there are some that have none. The newest stretch stays in any case.
    pub(super) fn grow(&mut self, published: u64, last_seq: u64) -> Option<u64> {
        if !self.is_limited() {
            return None;
        }
        let more = published.saturating_sub(self.seen);
        if more > 0 {
            self.seen = published;
            self.bytes += more;
            self.stretches.push_back((more, last_seq));
            self.thin_out();
        }
        let mut oldest = None;
        while self.bytes > self.most
            && self.stretches.len() > 1
            && let Some((bytes, last)) = self.stretches.pop_front()
        {
            self.bytes -= bytes;
            oldest = Some(last + 1);
        }
        self.is_full |= oldest.is_some();
        oldest
    }

    fn thin_out(&mut self) {
        if self.stretches.len() <= MOST_STRETCHES {
            return;
        }
        let all: Vec<_> = self.stretches.drain(..).collect();
        self.stretches.extend(all.chunks(2).map(|pair| {
            let last = pair.last().map_or(0, |(_, last)| *last);
            (pair.iter().map(|(bytes, _)| bytes).sum(), last)
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_oldest_go_where_there_are_too_many_bytes_and_the_newest_stay() {
        let mut volume = Volume::new(100);
        volume.begin(vec![(40, 4), (30, 7)]);
        assert_eq!(volume.grow(20, 9), None);
        assert_eq!(volume.grow(20, 9), None, "nothing new");
        assert_eq!(volume.grow(60, 13), Some(5), "40 of before, 30, 20 and 40 are too many");
        assert!(volume.is_full());
        assert_eq!(volume.grow(1000, 99), Some(14));
        assert_eq!(volume.grow(1000, 99), None, "one that is too large alone stays");
        volume.begin_anew(2090);
        assert_eq!(volume.grow(2180, 2), None, "what was before counts no more");
        assert_eq!(Volume::new(0).grow(u64::MAX, 9), None);
    }

    proptest! {
        #[test]
        fn what_is_kept_has_room_or_is_one_stretch(added in prop::collection::vec(0..1000u64, 1..9000), most in 1..5000u64) {
            let mut volume = Volume::new(most);
            let mut published = 0;
            for (seq, bytes) in (1..).zip(added) {
                published += bytes;
                volume.grow(published, seq);
                prop_assert_eq!(volume.bytes, volume.stretches.iter().map(|(bytes, _)| bytes).sum::<u64>());
                prop_assert!(volume.bytes <= most || volume.stretches.len() == 1);
                prop_assert!(volume.stretches.len() <= MOST_STRETCHES + 1);
            }
        }
    }
}
