//! The statuses of a session and what leads from one to another, as a table; and a test that lists what no test reaches.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::Command;
use super::tests::{Rig, events};

/// From a status, by a command or an answer, to a status.
pub(super) type Transition = (&'static str, &'static str, &'static str);

const WAITING: &[&str] = &["waiting_confirmation", "waiting_input", "waiting_retry"];
/// The task may do something.
const ALIVE: &[&str] = &["queued", "running", "waiting_confirmation", "waiting_input", "waiting_retry"];
const NOT_ASKING: &[&str] = &["queued", "running"];
const CANCELLING: &[&str] = &["cancelling"];
const ENDED: &[&str] = &["completed", "failed", "cancelled"];

/// Where a command leads.
enum To {
    /// Nowhere else.
    Same,
    /// To each of these.
    Each(&'static [&'static str]),
}

/// Where each command leads from each status. What it leads to as an effect, such as a permit, is another transition.
const TABLE: &[(&str, &[&str], To)] = &[
    ("permit_granted", NOT_ASKING, To::Each(&["running"])),
    // The last question was answered, or another one was asked meanwhile.
    ("permit_granted", WAITING, To::Each(&["running"])),
    ("permit_granted", WAITING, To::Same),
    ("permit_granted", CANCELLING, To::Same),
    ("permit_denied", ALIVE, To::Each(&["queued"])),
    ("say", ALIVE, To::Same),
    ("begin_step", ALIVE, To::Same),
    ("end_step", ALIVE, To::Same),
    ("sleep", ALIVE, To::Same),
    ("start_child", ALIVE, To::Same),
    ("child_ended", ALIVE, To::Same),
    ("child_ended", CANCELLING, To::Same),
    ("confirm", NOT_ASKING, To::Each(&["waiting_confirmation"])),
    ("confirm", WAITING, To::Same),
    ("ask", NOT_ASKING, To::Each(&["waiting_input"])),
    ("ask", WAITING, To::Same),
    // A form that is not valid.
    ("ask", ALIVE, To::Each(&["failed"])),
    ("offer_retry", NOT_ASKING, To::Each(&["waiting_retry"])),
    ("offer_retry", WAITING, To::Same),
    // Of several questions, the oldest one gives the status.
    ("answer", WAITING, To::Each(WAITING)),
    ("time_out", WAITING, To::Each(WAITING)),
    ("withdraw", WAITING, To::Each(WAITING)),
    ("withdraw", NOT_ASKING, To::Same),
    ("finish", ALIVE, To::Each(ENDED)),
    ("finish", CANCELLING, To::Same),
    ("cancel", ALIVE, To::Each(&["cancelling", "cancelled"])),
    ("cancel", CANCELLING, To::Same),
    ("cancel", ENDED, To::Same),
    ("cleaned_up", CANCELLING, To::Each(&["cancelled"])),
    ("recover", &["running"], To::Same),
    ("recover", WAITING, To::Same),
];

/// Sequences of events that are tried before a transition counts as one that no test reaches.
const TRIES: usize = 4000;

/// What a command is called here.
pub(super) fn word(command: &Command) -> &'static str {
    match command {
        Command::PermitGranted { .. } => "permit_granted",
        Command::PermitDenied => "permit_denied",
        Command::Say { .. } => "say",
        Command::Confirm { .. } => "confirm",
        Command::Ask { .. } => "ask",
        Command::OfferRetry { .. } => "offer_retry",
        Command::BeginStep { .. } => "begin_step",
        Command::EndStep { .. } => "end_step",
        Command::Sleep { .. } => "sleep",
        Command::StartChild { .. } => "start_child",
        Command::ChildEnded { .. } => "child_ended",
        Command::Withdraw { .. } => "withdraw",
        Command::TimeOut(_) => "time_out",
        Command::Finish(_) => "finish",
        Command::Cancel { .. } => "cancel",
        Command::CleanedUp => "cleaned_up",
        Command::Recover { .. } => "recover",
    }
}

/// Every transition of the table.
pub(super) fn known() -> BTreeSet<Transition> {
    let mut known = BTreeSet::new();
    for (what, from, to) in TABLE {
        for before in *from {
            match to {
                To::Same => drop(known.insert((*before, *what, *before))),
                To::Each(after) => known.extend(after.iter().map(|after| (*before, *what, *after))),
            }
        }
    }
    known
}

#[test]
fn every_transition_is_reached() {
    let mut runner = TestRunner::deterministic();
    let mut unreached = known();
    for _ in 0..TRIES {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, _) in events().new_tree(&mut runner).unwrap().current() {
            rig.permits = permits;
            rig.happen(event);
        }
        unreached.retain(|transition| !rig.transitions.contains(transition));
        if unreached.is_empty() {
            return;
        }
    }
    panic!("no test reaches {unreached:#?}");
}
