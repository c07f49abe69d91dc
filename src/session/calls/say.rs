//! `stream`, `progress`, `emit`: output, which the task need not wait for.
//!
//! Recorded as its entry; a recorded one writes nothing again. What is not saved is no recorded call: it takes no place,
//! and is not shown again before the lane goes live. Only the session's `seq` changes by it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use serde_json::{Map, Number, Value};

use super::{Call, CallId, RecordedCall};
use crate::domain::agent_entry::AgentEntry;
use crate::domain::entry::{Entry, json_bytes, shorten};
use crate::session::state::Decision;
use crate::session::task::channel::{NextCall, TaskChannel};
use crate::session::task::context::TaskContext;

impl TaskContext {
    /// Writes a line of output. Waits only where the task is far ahead of the store.
    pub fn stream(&self, content: impl Into<String>) -> Say {
        self.say(Call::Stream { content: content.into(), save_state: true })
    }

    /// Shows a line of output to whoever is connected at this moment, such as the tokens of an answer that follows as a
    /// whole. It is not saved: it has no `seq`, is not replayed, and clients that are slow to read may miss it.
    pub fn stream_unsaved(&self, content: impl Into<String>) -> Say {
        self.say(Call::Stream { content: content.into(), save_state: false })
    }

    /// Writes how far the task is: `done` of `total` units of work, and what it does.
    pub fn progress(&self, done: impl Into<Number>, total: impl Into<Number>, label: impl Into<String>) -> Say {
        let (done, total, label) = (done.into(), total.into(), label.into());
        self.say(Call::Progress { done, total, label, save_state: true })
    }

    /// Shows how far the task is to whoever is connected at this moment, without saving it: see
    /// [`TaskContext::stream_unsaved`].
    pub fn progress_unsaved(&self, done: impl Into<Number>, total: impl Into<Number>, label: impl Into<String>) -> Say {
        let (done, total, label) = (done.into(), total.into(), label.into());
        self.say(Call::Progress { done, total, label, save_state: false })
    }

    /// Writes an entry of the task kind's own type, with these fields beside `type`, `seq` and `timestamp`.
    pub fn emit(&self, kind: impl Into<String>, data: Map<String, Value>) -> Say {
        self.say(Call::Emit { kind: kind.into(), data })
    }

    /// Writes what an agent says. A part of a reply that is not complete is not saved, as with
    /// [`TaskContext::stream_unsaved`]. The caller has cut its texts to what fits into an entry.
    pub(crate) fn report(&self, entry: AgentEntry) -> Say {
        self.say(Call::Report { entry: Box::new(entry) })
    }

    /// Makes a call that is output.
    pub(crate) fn say(&self, mut call: Call) -> Say {
        if let Call::Stream { content: text, .. } | Call::Progress { label: text, .. } = &mut call {
            // Before it is cut: half a secret is not found any more.
            self.channel.mask().clean(text);
            shorten(text, self.channel.limits.text_bytes());
        }
        let is_saved = match &call {
            Call::Stream { save_state, .. } | Call::Progress { save_state, .. } => *save_state,
            Call::Report { entry } => entry.is_saved(),
            Call::Emit { .. }
            | Call::RequestConfirmation { .. }
            | Call::RequestUserInput { .. }
            | Call::OfferRetry { .. }
            | Call::Step { .. }
            | Call::StepAgain
            | Call::StepCompleted { .. }
            | Call::Sleep { .. }
            | Call::Child { .. }
            | Call::Withdraw => true,
        };
        let mut fits = true;
        let at = if is_saved {
            match self.channel.next(self.own_lane(), |call| matches!(call, RecordedCall::Said), "output") {
                NextCall::Live(at) => Some(at),
                NextCall::Recorded(..) => None,
                NextCall::Mismatch => {
                    fits = false;
                    None
                }
            }
        } else {
            // What was shown before the server went down is not shown again among what is new.
            Some(self.channel.place(self.own_lane())).filter(|at| !self.channel.is_recorded(at))
        };
        if let Some(at) = at {
            self.channel.count_output(size(&call));
            self.channel.send(at, call);
        }
        Say { channel: self.channel.clone(), fits }
    }
}

/// Output that is on its way already; awaiting this waits only where the task is far ahead of the store.
#[must_use = "a task that does not await its output can get arbitrarily far ahead of the store"]
pub struct Say {
    channel: Rc<TaskChannel>,
    /// Whether the task fits its journal.
    fits: bool,
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say").finish_non_exhaustive()
    }
}

impl Future for Say {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.fits {
            return self.channel.poll_room(context);
        }
        self.channel.hold_up(context);
        Poll::Pending
    }
}

pub(crate) fn decide(at: CallId, entry: Entry) -> Decision {
    let mut decision = Decision::default();
    decision.entry_of(at, entry);
    decision
}

/// About how many bytes output takes in the journal.
fn size(call: &Call) -> usize {
    const REST: usize = 64;
    match call {
        Call::Stream { content, .. } => content.len() + REST,
        Call::Progress { label, .. } => label.len() + REST,
        Call::Emit { data, .. } => data.iter().map(|(key, value)| key.len() + value.to_string().len()).sum(),
        Call::Report { entry } => json_bytes(&**entry) + REST,
        Call::RequestConfirmation { .. }
        | Call::RequestUserInput { .. }
        | Call::OfferRetry { .. }
        | Call::Step { .. }
        | Call::StepAgain
        | Call::StepCompleted { .. }
        | Call::Sleep { .. }
        | Call::Child { .. }
        | Call::Withdraw => REST,
    }
}
