//! Who may have ended the server: what went on at a start and had not come further when the server ended soon after.
//! Pure; the next start decides from it what goes on.
//!
//! One that is alone under suspicion for the last time, or has come no further `most` times in a row, is guilty. Before
//! that last time the suspects go on one by one, so that nobody is found guilty for what another did.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::domain::id::SessionId;
use crate::workflow::key::WorkflowKey;

/// Something that goes on at a start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub(super) enum Subject {
    /// A session that runs.
    Session(SessionId),
    /// A live workflow.
    Workflow(WorkflowKey),
}

/// A subject that would go on now, and the `seq` of the last entry that it has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) subject: Subject,
    pub(super) last_seq: u64,
}

/// A subject as the last start left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspect {
    #[serde(flatten)]
    pub(super) subject: Subject,
    /// How often in a row the server has ended soon after it went on.
    pub(super) ends: u32,
    /// The last entry it had written when it went on; nothing where it was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) went_on_at: Option<u64>,
}

/// All of them, in the order in which they go on where they do so one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) suspects: Vec<Suspect>,
}

/// Whether one may go on that is on its last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The first of them.
    Free,
    /// None: one goes on already.
    Taken,
}

/// What a start does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What the next start has to know.
    pub(super) ledger: Ledger,
    /// What must not go on any more.
    pub(super) guilty: Vec<Subject>,
}

impl Ledger {
    /// Decides what goes on: of these candidates, likeliest first, some of which have come further since they were
    /// marked. `most` ends in a row are too many.
    pub(super) fn judge(
        self,
        candidates: Vec<Candidate>,
        came_further: &HashSet<Subject>,
        most: u32,
        turn: Turn,
    ) -> Verdict {
        let counted = candidates.into_iter().map(|candidate| {
            let before = self.suspects.iter().find(|suspect| suspect.subject == candidate.subject);
            let ends = match before {
                Some(before) if before.went_on_at.is_none() => before.ends,
                Some(before) if !came_further.contains(&candidate.subject) => before.ends.saturating_add(1),
                Some(_) | None => 0,
            };
            (candidate, ends)
        });
        let (guilty, others): (Vec<_>, Vec<_>) = counted.partition(|(_, ends)| *ends >= most);
        // Where one is found guilty, it is what the others were suspected for.
        let absolved = !guilty.is_empty();
        let on_last_time = |ends: u32| !absolved && ends > 0 && ends + 1 >= most;
        let mut is_first = turn == Turn::Free;
        let mut suspects: Vec<Suspect> = Vec::new();
        for (Candidate { subject, last_seq }, ends) in others {
            let is_held = on_last_time(ends) && !std::mem::take(&mut is_first);
            let ends = if absolved { 0 } else { ends };
            suspects.push(Suspect { subject, ends, went_on_at: (!is_held).then_some(last_seq) });
        }
        // Until it is written that they have ended, the next start has to find the same.
        let ended = guilty.iter().map(|(candidate, ends)| Suspect {
            subject: candidate.subject.clone(),
            ends: *ends,
            went_on_at: None,
        });
        suspects.extend(ended);
        let guilty = guilty.into_iter().map(|(candidate, _)| candidate.subject).collect();
        Verdict { ledger: Ledger { suspects }, guilty }
    }

    /// Those that wait for their turn, likeliest first.
    pub(super) fn held<'a>(&'a self, guilty: &'a [Subject]) -> impl Iterator<Item = &'a Subject> {
        let held = self.suspects.iter().filter(|suspect| suspect.went_on_at.is_none());
        held.map(|suspect| &suspect.subject).filter(|subject| !guilty.contains(subject))
    }

    /// Somebody was found guilty: it is what these were suspected for.
    pub(super) fn absolve(&mut self) {
        self.suspects.iter_mut().for_each(|suspect| suspect.ends = 0);
    }

    /// This one has come further, or enough time has passed.
    pub(super) fn acquit(&mut self, subject: &Subject) {
        self.suspects.retain(|suspect| suspect.subject != *subject);
    }

    /// This one goes on now.
    pub(super) fn goes_on(&mut self, subject: &Subject, last_seq: u64) {
        for suspect in self.suspects.iter_mut().filter(|suspect| suspect.subject == *subject) {
            suspect.went_on_at = Some(last_seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(name: &str) -> Subject {
        Subject::Workflow(name.parse().unwrap())
    }

    fn candidates(names: &[&str]) -> Vec<Candidate> {
        names.iter().map(|name| Candidate { subject: named(name), last_seq: 7 }).collect()
    }

    /// Starts until the server stays up; gives how often it ended, and what was found guilty. All that goes on at a start
    /// goes on at once; `kills` ends the server without having come further, `talks` comes further each time.
    fn run(names: &[&str], kills: &str, talks: &[&str], most: u32) -> (u32, Vec<Subject>) {
        let (mut ledger, mut alive, mut ends) = (Ledger::default(), names.to_vec(), 0);
        let mut found = Vec::new();
        let mut further = HashSet::new();
        for _ in 0..50 {
            let verdict = ledger.judge(candidates(&alive), &further, most, Turn::Free);
            alive.retain(|name| !verdict.guilty.contains(&named(name)));
            found.extend(verdict.guilty.clone());
            ledger = verdict.ledger;
            // What goes on first, and what follows one by one once that is well.
            loop {
                let went: Vec<&str> = alive
                    .iter()
                    .filter(|name| {
                        let suspect = ledger.suspects.iter().find(|suspect| suspect.subject == named(name));
                        suspect.is_some_and(|suspect| suspect.went_on_at.is_some())
                    })
                    .copied()
                    .collect();
                if went.contains(&kills) {
                    ends += 1;
                    further = talks.iter().filter(|name| went.contains(name)).map(|name| named(name)).collect();
                    break;
                }
                went.iter().for_each(|name| ledger.acquit(&named(name)));
                let Some(next) = ledger.held(&found).next().cloned() else { return (ends, found) };
                ledger.goes_on(&next, 7);
            }
        }
        (ends, found)
    }

    #[test]
    fn who_ends_the_server_so_often_in_a_row_is_guilty_and_nobody_else() {
        for most in 2..6 {
            assert_eq!(run(&["a"], "a", &[], most), (most, vec![named("a")]));
            for (kills, place) in [("a", 0), ("b", 1), ("d", 3)] {
                assert_eq!(run(&["a", "b", "c", "d"], kills, &[], most), (most, vec![named(kills)]), "{place}");
            }
        }
        assert_eq!(run(&["a"], "a", &[], 1), (1, vec![named("a")]));
    }

    #[test]
    fn who_comes_further_is_not_suspected() {
        assert_eq!(run(&["a", "b", "c"], "b", &["a", "c"], 3), (3, vec![named("b")]));
        assert_eq!(run(&["a"], "a", &["a"], 3), (50, vec![]));
    }

    #[test]
    fn one_that_is_guilty_stays_so_until_it_is_gone() {
        let suspect = |ends, went_on_at| Suspect { subject: named("a"), ends, went_on_at };
        let ledger = Ledger { suspects: vec![suspect(2, Some(7))] };
        let first = ledger.judge(candidates(&["a", "b"]), &HashSet::new(), 3, Turn::Free);
        assert_eq!(first.guilty, [named("a")]);
        let second = first.ledger.judge(candidates(&["a", "b"]), &HashSet::new(), 3, Turn::Free);
        assert_eq!(second.guilty, [named("a")]);
        assert_eq!(second.ledger.judge(candidates(&["b"]), &HashSet::new(), 3, Turn::Free).guilty, []);
    }

    #[test]
    fn while_one_goes_on_alone_nobody_else_does_on_their_last_time() {
        let suspect = |name, ends| Suspect { subject: named(name), ends, went_on_at: None };
        let ledger = Ledger { suspects: vec![suspect("a", 2), suspect("b", 1)] };
        let Verdict { ledger, guilty } = ledger.judge(candidates(&["a", "b", "c"]), &HashSet::new(), 3, Turn::Taken);
        assert_eq!(guilty, []);
        assert_eq!(ledger.held(&[]).collect::<Vec<_>>(), [&named("a")]);
    }

    #[test]
    fn a_ledger_is_written_and_read_again() {
        let session = Subject::Session(SessionId::random());
        let suspects = vec![
            Suspect { subject: session, ends: 2, went_on_at: Some(9) },
            Suspect { subject: named("w\u{0}"), ends: 0, went_on_at: None },
        ];
        let ledger = Ledger { suspects };
        let text = serde_json::to_string(&ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }

    proptest! {
        #[test]
        fn every_candidate_goes_on_is_held_or_is_guilty(ends in prop::collection::vec((0_u32..4, any::<bool>()), 0..8)) {
            let names: Vec<String> = (0..ends.len()).map(|number| number.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let suspect = |(name, (ends, went)): (&&str, &(u32, bool))| Suspect {
                subject: named(name), ends: *ends, went_on_at: went.then_some(1),
            };
            let ledger = Ledger { suspects: names.iter().zip(&ends).map(suspect).collect() };
            let Verdict { ledger, guilty } = ledger.judge(candidates(&names), &HashSet::new(), 3, Turn::Free);
            prop_assert_eq!(ledger.suspects.len(), names.len());
            let held = ledger.held(&guilty).count();
            let on = ledger.suspects.iter().filter(|suspect| suspect.went_on_at.is_some()).count();
            prop_assert_eq!(on + held + guilty.len(), names.len());
            prop_assert!(on > 0 || held == 0);
        }
    }
}
