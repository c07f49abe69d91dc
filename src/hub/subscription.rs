//! How one subscriber stands with one feed: a pure state machine that says what of a publication it gets.
//!
//! Invariant: it is sent every kept item after its first position once and in order, and of items that replace each
//! other at least the newest.

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is sent what is published, as it is published.
    Live,
    /// It had no room: it reads on from the source, and nothing is queued for it.
    Behind,
    /// It has not been sent anything yet, and reads what it lacks from the source first.
    Joining,
}

/// How one subscriber stands with one feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    state: State,
    /// While it is not live: all up to here was sent. Nothing up to here is ever sent again.
    position: u64,
}

impl Subscription {
    /// A subscription that is sent what is published after `position`.
    #[must_use]
    pub const fn live(position: u64) -> Self {
        Self { state: State::Live, position }
    }

    /// A subscription that reads what comes after `position` from the source first.
    #[must_use]
    pub const fn joining(position: u64) -> Self {
        Self { state: State::Joining, position }
    }

    /// Whether it is sent what is published.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self.state, State::Live)
    }

    /// Where it reads on, while it is not live.
    #[must_use]
    pub const fn position(self) -> u64 {
        self.position
    }

    /// Whether an item with this position is due when it is published; one without a position always is.
    #[must_use]
    pub const fn is_due(self, position: Option<u64>) -> bool {
        match position {
            None => true,
            Some(position) => self.is_live() && position > self.position,
        }
    }

    /// Whether all items from this position on are due, which spares looking at each.
    #[must_use]
    pub const fn are_all_due(self, first: u64) -> bool {
        self.is_live() && first > self.position
    }

    /// It had no room for items from `first` on: it reads on from the source, from the position that this gives. Nothing
    /// where it does so already.
    pub const fn fall_behind(&mut self, first: u64) -> Option<u64> {
        if !self.is_live() {
            return None;
        }
        self.state = State::Behind;
        let before = first.saturating_sub(1);
        if before > self.position {
            self.position = before;
        }
        Some(self.position)
    }

    /// It was sent all up to this position from the source.
    pub const fn advance(&mut self, position: u64) {
        if position > self.position {
            self.position = position;
        }
    }

    /// All up to `published` has been published. Where it has that, it is live from now on; gives whether it is.
    pub const fn go_live(&mut self, published: u64) -> bool {
        if self.position >= published {
            self.state = State::Live;
        }
        self.is_live()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// So many items are published together, each with a key; those of key 0 do not replace each other.
        Publish(Vec<u8>),
        /// The client reads so many of what waits for it.
        Read(usize),
        /// The source gives the next page of so many items.
        Page(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => prop::collection::vec(0..4u8, 1..5).prop_map(Step::Publish),
            3 => (1..6usize).prop_map(Step::Read),
            3 => (1..6usize).prop_map(Step::Page),
        ];
        prop::collection::vec(step, 0..100)
    }

    /// A feed by its definition: all items that were ever published, with their keys.
    #[derive(Default)]
    struct Naive(Vec<u8>);

    impl Naive {
        /// What somebody lacks who has all up to `position`: of each key but 0 only the newest.
        fn since(&self, position: u64) -> Vec<(u64, u8)> {
            let all: Vec<(u64, u8)> = (1..).zip(self.0.iter().copied()).collect();
            let is_newest =
                |(at, key): &(u64, u8)| *key == 0 || !all.iter().any(|(later, other)| later > at && other == key);
            all.iter().copied().filter(|item| item.0 > position && is_newest(item)).collect()
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_and_the_newest_always_comes(
            before in prop::collection::vec(0..4u8, 0..10), since in 0..10u64, steps in steps(), room in 1..8usize,
            joins in any::<bool>(),
        ) {
            let mut feed = Naive(before);
            let begin = if joins { since.min(feed.0.len() as u64) } else { feed.0.len() as u64 };
            let mut subscription = if joins { Subscription::joining(begin) } else { Subscription::live(begin) };
            let (mut sent, mut waiting) = (Vec::<(u64, u8)>::new(), 0_usize);
            let end = [Step::Read(usize::MAX), Step::Page(usize::MAX), Step::Page(usize::MAX)];
            for step in steps.into_iter().chain(end) {
                match step {
                    Step::Publish(keys) => {
                        let first = feed.0.len() as u64 + 1;
                        let items: Vec<(u64, u8)> = (first..).zip(keys.iter().copied()).collect();
                        feed.0.extend(keys);
                        let due: Vec<(u64, u8)> =
                            items.iter().copied().filter(|(at, _)| subscription.is_due(Some(*at))).collect();
                        prop_assert_eq!(subscription.are_all_due(first), due.len() == items.len());
                        if due.is_empty() {
                            continue;
                        }
                        if waiting + due.len() > room {
                            prop_assert_eq!(subscription.fall_behind(first), Some(subscription.position()));
                        } else {
                            waiting += due.len();
                            sent.extend(due);
                        }
                    }
                    Step::Read(count) => waiting = waiting.saturating_sub(count),
                    Step::Page(most) => {
                        // A page is read once all that waits has left, and by who is not live only.
                        if subscription.is_live() || waiting > 0 {
                            continue;
                        }
                        let missing = feed.since(subscription.position());
                        let page: Vec<(u64, u8)> = missing.iter().copied().take(most).collect();
                        let is_all = page.len() == missing.len();
                        let last = if is_all { feed.0.len() as u64 } else { page.last().map_or(0, |(at, _)| *at) };
                        waiting += page.len();
                        sent.extend(page);
                        subscription.advance(last);
                        subscription.go_live(feed.0.len() as u64);
                    }
                }
            }
            prop_assert!(subscription.is_live(), "whoever reads is live in the end");
            prop_assert!(sent.is_sorted_by(|one, other| one.0 < other.0), "in order and once: {:?}", sent);
            for (at, key) in feed.since(begin) {
                prop_assert!(sent.contains(&(at, key)), "{} is missing in {:?}", at, sent);
            }
        }
    }

    #[test]
    fn who_is_behind_falls_no_further() {
        let mut subscription = Subscription::live(3);
        assert_eq!(subscription.fall_behind(7), Some(6));
        assert_eq!(subscription.fall_behind(10), None);
        assert!(!subscription.go_live(9));
        subscription.advance(9);
        assert!(subscription.go_live(9) && !subscription.is_due(Some(9)) && subscription.is_due(Some(10)));
    }
}
