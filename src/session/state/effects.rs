//! What comes of a command: the lines that are written, and then what is done, in the one order that there is.

use smallvec::SmallVec;

use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::request::Values;
use crate::session::calls::{CallId, Outcome};

/// What comes of a command. The lines come first: whatever an effect leads to is decided on the state after them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Decision {
    /// The values that answer a form with secrets: a record of them, sealed, stands before the lines.
    pub(crate) seal: Option<(RequestId, Values)>,
    pub(crate) lines: Lines,
    pub(crate) effects: Effects,
}

/// Lines to write, in order.
pub(crate) type Lines = SmallVec<[NewLine; 3]>;

/// A line to write.
#[derive(Debug, PartialEq)]
pub(crate) enum NewLine {
    /// An entry, with the call of the task that it stands for.
    Entry(Entry, Option<CallId>),
    /// A record, with the call of the task that it stands for.
    Record(Internal, Option<CallId>),
}

impl Decision {
    pub(crate) fn entry(&mut self, entry: Entry) {
        self.lines.push(NewLine::Entry(entry, None));
    }

    pub(crate) fn entry_of(&mut self, call: CallId, entry: Entry) {
        self.lines.push(NewLine::Entry(entry, Some(call)));
    }

    pub(crate) fn record(&mut self, record: Internal) {
        self.lines.push(NewLine::Record(record, None));
    }

    pub(crate) fn record_of(&mut self, call: CallId, record: Internal) {
        self.lines.push(NewLine::Record(record, Some(call)));
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.add(effect);
    }
}

/// What a session does beside writing. **The order of these is the order in which they are done**, whatever order they
/// were decided in.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Hide these secrets from now on.
    Hide(Vec<String>),
    /// Give a call of the task its outcome.
    Resolve(CallId, Outcome),
    /// Keep the outcome of a call until [`Effect::ResolveWithheld`].
    Withhold(CallId, Outcome),
    /// Give the calls their outcomes that were withheld.
    ResolveWithheld,
    /// Cancel the child of that call, for this reason.
    LeaveChild(CallId, &'static str),
    /// Set timers for deadlines that have none.
    SetTimers,
    /// Drop the task.
    DropTask,
    /// Drop the task and run its clean-up, then decide on [`super::Command::CleanedUp`].
    CleanUp,
    /// Give the permit back, or leave the queue.
    ReleasePermit,
    /// Try to get a permit, then decide on [`super::Command::PermitGranted`] or [`super::Command::PermitDenied`]. Last,
    /// as those lead to effects of their own.
    TakePermit,
}

impl Effect {
    fn rank(&self) -> u8 {
        match self {
            Effect::Hide(_) => 0,
            Effect::Resolve(..) => 1,
            Effect::Withhold(..) => 2,
            Effect::ResolveWithheld => 3,
            Effect::LeaveChild(..) => 4,
            Effect::SetTimers => 5,
            Effect::DropTask => 6,
            Effect::CleanUp => 7,
            Effect::ReleasePermit => 8,
            Effect::TakePermit => 9,
        }
    }
}

/// Effects, always in the order of their kinds; those of one kind in the order in which they were decided.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Effects(SmallVec<[Effect; 2]>);

impl Effects {
    fn add(&mut self, effect: Effect) {
        let place = self.0.iter().rposition(|other| other.rank() <= effect.rank()).map_or(0, |before| before + 1);
        self.0.insert(place, effect);
    }
}

impl IntoIterator for Effects {
    type Item = Effect;
    type IntoIter = smallvec::IntoIter<[Effect; 2]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_done_in_the_order_of_their_kinds() {
        let mut decision = Decision::default();
        let child = |ordinal| Effect::LeaveChild(CallId { lane: None, ordinal }, "why");
        for effect in [Effect::TakePermit, child(0), Effect::SetTimers, child(1), Effect::Hide(Vec::new())] {
            decision.effect(effect);
        }
        let order: Vec<Effect> = decision.effects.into_iter().collect();
        assert_eq!(order, [Effect::Hide(Vec::new()), child(0), child(1), Effect::SetTimers, Effect::TakePermit]);
    }
}
