//! Who should own which slots: each member finds that out by itself from what it sees, and scripts of the engine decide where
//! two have seen different things.

use callboard_domain::id::Slot;

use super::view::Owners;
use crate::Fence;

/// The slots that this member should take of those that nobody owns, where `takers` are all who do: whoever has fewest gets
/// the next.
pub(crate) fn slots_to_take(owners: &Owners, takers: &[Fence], me: Fence) -> Vec<Slot> {
    let mut counts = counts(owners, takers);
    let mut mine = Vec::new();
    for slot in Slot::all().filter(|slot| owner(owners, *slot).is_none()) {
        let Some((count, taker)) = counts.iter_mut().min() else { break };
        *count += 1;
        if *taker == me {
            mine.push(slot);
        }
    }
    mine
}

/// Most slots that are given at once: as long as they are on their way, nobody takes messages for them.
const MAX_GIFT: usize = 16;

/// The slots that this member should give away next, and to whom: to the one with fewest, as many as this one has too many and
/// that one too few, once `takers` own all slots; or its share of whatever this member has, where it leaves. Nothing while
/// there are slots that nobody owns.
pub(crate) fn next_gift(owners: &Owners, takers: &[Fence], me: Fence, leaves: bool) -> Option<(Vec<Slot>, Fence)> {
    let counts = counts(owners, takers);
    let most = counts.iter().max().map_or(0, |(count, _)| *count);
    let (fewest, to) = counts.into_iter().filter(|(_, taker)| *taker != me).min()?;
    let mine: Vec<Slot> = Slot::all().filter(|slot| owner(owners, *slot) == Some(me)).collect();
    // What nobody owns is taken first, by who has fewest.
    if owners.contains(&None) {
        return None;
    }
    // What one has that leaves or may be dead goes to who has fewest, too, and may be enough.
    let is_settled = owners.iter().flatten().all(|owner| takers.contains(owner));
    let share = Slot::COUNT.div_ceil(takers.len().max(1));
    // First those give who have more than their share.
    let is_ones_turn = mine.len() > share || most <= share;
    if !leaves && (mine.len() < fewest + 2 || !is_settled || !is_ones_turn) {
        return None;
    }
    let count = if leaves {
        mine.len() / takers.len().max(1)
    } else {
        mine.len().saturating_sub(share).min(share.saturating_sub(fewest))
    };
    let gift: Vec<Slot> = mine.into_iter().rev().take(count.clamp(1, MAX_GIFT)).collect();
    (!gift.is_empty()).then_some((gift, to))
}

fn owner(owners: &Owners, slot: Slot) -> Option<Fence> {
    owners.get(usize::from(slot.number())).copied().flatten()
}

/// How many slots each taker has.
fn counts(owners: &Owners, takers: &[Fence]) -> Vec<(usize, Fence)> {
    let count = |taker: Fence| owners.iter().filter(|owner| **owner == Some(taker)).count();
    takers.iter().map(|taker| (count(*taker), *taker)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens to a cluster.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Join,
        /// The n-th member is buried.
        Die(usize),
        /// The n-th member hands all over.
        Leave(usize),
        /// The n-th member acts by what it sees now, or by what it saw before the step before.
        Act(usize, bool),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            1 => Just(Step::Join),
            1 => (0_usize..5).prop_map(Step::Die),
            1 => (0_usize..5).prop_map(Step::Leave),
            9 => (0_usize..5, any::<bool>()).prop_map(|(of, is_late)| Step::Act(of, is_late)),
        ];
        proptest::collection::vec(step, 1..120)
    }

    #[derive(Clone)]
    struct Board {
        owners: Owners,
        members: Vec<(Fence, bool)>,
        moves: usize,
    }

    impl Board {
        fn takers(&self) -> Vec<Fence> {
            self.members.iter().filter(|(_, leaves)| !leaves).map(|(fence, _)| *fence).collect()
        }

        /// As the engine's scripts do it: only what nobody has is taken, only what is one's own is given.
        fn act(&mut self, me: Fence, seen: &Board) {
            let Some((_, leaves)) = self.members.iter().find(|(fence, _)| *fence == me).copied() else { return };
            let takers = seen.takers();
            if !leaves {
                for slot in slots_to_take(&seen.owners, &takers, me) {
                    self.owners[usize::from(slot.number())].get_or_insert(me);
                }
            }
            if let Some((slots, to)) = next_gift(&seen.owners, &takers, me, leaves) {
                for slot in slots {
                    let place = &mut self.owners[usize::from(slot.number())];
                    if *place == Some(me) {
                        *place = self.members.iter().any(|(fence, _)| *fence == to).then_some(to);
                        self.moves += 1;
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_all_slots_are_owned_in_the_end_evenly_and_after_few_moves(steps in steps()) {
            let mut board = Board { owners: [None; Slot::COUNT], members: vec![(Fence::random(), false)], moves: 0 };
            let mut before = board.clone();
            for step in steps {
                let now = board.clone();
                let of = |index: usize| now.members.get(index % now.members.len().max(1)).map(|(fence, _)| *fence);
                match step {
                    Step::Join if now.members.len() < 5 => board.members.push((Fence::random(), false)),
                    Step::Die(index) if now.members.len() > 1 => {
                        let dead = of(index).unwrap();
                        board.members.retain(|(fence, _)| *fence != dead);
                        for owner in &mut board.owners {
                            *owner = owner.filter(|owner| *owner != dead);
                        }
                    }
                    Step::Leave(index) if now.takers().len() > 1 => {
                        let leaving = of(index).unwrap();
                        for (_, leaves) in board.members.iter_mut().filter(|(fence, _)| *fence == leaving) {
                            *leaves = true;
                        }
                    }
                    Step::Act(index, is_late) => board.act(of(index).unwrap(), if is_late { &before } else { &now }),
                    Step::Join | Step::Die(_) | Step::Leave(_) => {}
                }
                before = now;
            }
            if board.takers().is_empty() {
                board.members.push((Fence::random(), false));
            }
            // Once nothing more happens: a round is one look of each.
            board.moves = 0;
            let surplus = |board: &Board| {
                let takers = board.takers();
                let most = Slot::COUNT.div_ceil(takers.len());
                let counts = counts(&board.owners, &takers);
                let above: usize = counts.iter().map(|(count, _)| count.saturating_sub(most)).sum();
                let leaving = board.owners.iter().flatten().filter(|owner| !takers.contains(owner)).count();
                above + leaving
            };
            let needed = surplus(&board);
            for (round, _) in (0..2 * Slot::COUNT).enumerate() {
                for (member, _) in board.members.clone() {
                    let seen = board.clone();
                    board.act(member, &seen);
                }
                // Who leaves gives meanwhile, so that others should have more than when they looked.
                if round == board.members.len() {
                    prop_assert!(board.owners.iter().all(Option::is_some), "{:?}", board.owners);
                }
            }
            let takers = board.takers();
            let counts = counts(&board.owners, &takers);
            let (most, fewest) = (counts.iter().max().unwrap().0, counts.iter().min().unwrap().0);
            prop_assert_eq!(counts.iter().map(|(count, _)| count).sum::<usize>(), Slot::COUNT);
            prop_assert!(most - fewest <= 1, "{:?}", counts);
            prop_assert!(board.moves <= needed + board.members.len(), "{} moves where {} do", board.moves, needed);
        }
    }

    #[test]
    fn who_is_alone_takes_all_and_gives_nothing() {
        let me = Fence::random();
        assert_eq!(slots_to_take(&[None; Slot::COUNT], &[me], me).len(), Slot::COUNT);
        assert_eq!(next_gift(&[Some(me); Slot::COUNT], &[me], me, true), None);
        assert_eq!(slots_to_take(&[None; Slot::COUNT], &[], me), []);
    }

    #[test]
    fn two_that_see_the_same_want_nothing_twice() {
        let mut both = [Fence::random(), Fence::random()];
        both.sort_unstable();
        let [one, other] = both.map(|me| slots_to_take(&[None; Slot::COUNT], &both, me));
        assert_eq!((one.len(), other.len()), (128, 128));
        assert!(one.iter().all(|slot| !other.contains(slot)));
    }
}
