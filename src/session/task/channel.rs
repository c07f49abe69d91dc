//! The task channel: a task puts calls in and waits for outcomes, the session takes the calls out after each poll and
//! puts outcomes in.
//!
//! Both ends live in the session's actor on one thread. What goes through are [`Call`]s and [`Outcome`]s, whatever
//! makes them: a Rust function, or a child process whose messages become the same types (`task/command`).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::future::LocalBoxFuture;
use tokio_util::sync::CancellationToken;

use super::outstanding::{Awaits, Branch, Counts, Outstanding, Waiting};
use super::recorded_calls::RecordedCalls;
use crate::domain::entry::JsonSize;
use crate::domain::id::SessionId;
use crate::domain::mask::Mask;
use crate::domain::nesting::DEEPEST_JSON;
use crate::domain::record::Spec;
use crate::session::calls::{Call, CallId, Lane, MadeCall, Outcome, RecordedCall};

/// How much a task may put in before it has to wait for its session to take it out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelLimits {
    /// Most bytes of one entry, as clients get it.
    pub(crate) entry_bytes: usize,
    /// Most bytes of output in one go.
    pub(crate) burst_bytes: usize,
}

impl ChannelLimits {
    /// What an entry needs beside the one text in it: its other fields, and the words at the end of a text that was cut.
    const FIELDS: usize = 512;

    /// Most bytes of an entry's one text, inside JSON.
    pub(crate) fn text_bytes(&self) -> usize {
        self.entry_bytes.saturating_sub(Self::FIELDS)
    }

    /// Why an entry or record that is so large beside its usual fields cannot be written, where it cannot.
    pub(crate) fn too_large(&self, what: &str, JsonSize { bytes, depth }: JsonSize) -> Option<String> {
        if depth > DEEPEST_JSON {
            return Some(format!("entry_too_deep: the {what} is nested {depth} deep, and {DEEPEST_JSON} is the most"));
        }
        let most = self.text_bytes();
        (bytes > most).then(|| {
            format!(
                "entry_too_large: the {what} takes {bytes} bytes as JSON, and {most} fit (sessions.max_entry_bytes)"
            )
        })
    }
}

/// What a task and its session share.
pub(crate) struct TaskChannel {
    pub(crate) session_id: SessionId,
    pub(crate) spec: Rc<Spec>,
    pub(crate) limits: ChannelLimits,
    pub(crate) cancelled: CancellationToken,
    pub(crate) counts: Counts,
    /// Hides the secrets of the settings, and those that people gave the task.
    mask: RefCell<Arc<Mask>>,
    attempt: Cell<u32>,
    calls: RefCell<Vec<MadeCall>>,
    outcomes: RefCell<HashMap<CallId, Outcome>>,
    /// Outcomes that the task gets once its session has a permit.
    withheld: RefCell<Vec<(CallId, Outcome)>>,
    /// Who waits for the outcome of a call.
    waiting: RefCell<HashMap<CallId, Waker>>,
    /// Who waits for room.
    held_up: RefCell<Vec<Waker>>,
    ordinals: RefCell<HashMap<Option<Lane>, u32>>,
    recorded: RefCell<RecordedCalls>,
    cleanups: RefCell<Vec<(u64, LocalBoxFuture<'static, ()>)>>,
    next_cleanup: Cell<u64>,
    /// Why the task cannot go on: it does not fit its journal, or its journal has no room for what it says.
    failure: RefCell<Option<String>>,
    /// Bytes of output since the session last took calls out.
    output_bytes: Cell<usize>,
    /// Whether the task should be polled though no waker of its own has fired.
    poll_wanted: Cell<bool>,
}

/// What stands in the journal for a call.
pub(crate) enum NextCall {
    /// Nothing yet: the call is made now.
    Live(CallId),
    /// This: the call is not made again.
    Recorded(CallId, RecordedCall),
    /// Another call: the task cannot go on.
    Mismatch,
}

impl TaskChannel {
    pub(crate) fn new(
        session_id: SessionId,
        spec: Rc<Spec>,
        limits: ChannelLimits,
        mask: Arc<Mask>,
        recorded: RecordedCalls,
    ) -> Rc<Self> {
        Rc::new(Self {
            session_id,
            spec,
            limits,
            cancelled: CancellationToken::new(),
            counts: Counts::default(),
            mask: mask.into(),
            attempt: Cell::new(1),
            calls: RefCell::default(),
            outcomes: RefCell::default(),
            withheld: RefCell::default(),
            waiting: RefCell::default(),
            held_up: RefCell::default(),
            ordinals: RefCell::default(),
            recorded: RefCell::new(recorded),
            cleanups: RefCell::default(),
            next_cleanup: Cell::new(0),
            failure: RefCell::default(),
            output_bytes: Cell::new(0),
            poll_wanted: Cell::new(true),
        })
    }

    // The task's end.

    /// The next call of a lane; `fits` says whether a recorded call is the same, `what` names this one.
    pub(crate) fn next(&self, lane: Option<&Lane>, fits: impl Fn(&RecordedCall) -> bool, what: &str) -> NextCall {
        let at = self.take_place(lane);
        let Some(recorded) = self.recorded.borrow_mut().take(&at) else { return NextCall::Live(at) };
        if fits(&recorded) {
            return NextCall::Recorded(at, recorded);
        }
        self.fail(format!(
            "task changed under a running session: call {} was {} and is now {what}",
            at.ordinal + 1,
            recorded.describe()
        ));
        NextCall::Mismatch
    }

    /// Skips an attempt that is known to have failed, and gives its error: the next call of the lane is then the offer
    /// of a retry.
    pub(crate) fn skip_failed_attempt(&self, lane: Option<&Lane>, attempt: u32) -> Option<String> {
        let mut ordinals = self.ordinals.borrow_mut();
        let next = ordinals.entry(lane.cloned()).or_default();
        let from = CallId { lane: lane.cloned(), ordinal: *next };
        let (offer, error) = self.recorded.borrow().failure_after(&from, attempt)?;
        *next = offer.ordinal;
        Some(error)
    }

    /// Where the next call of a lane stands.
    pub(crate) fn place(&self, lane: Option<&Lane>) -> CallId {
        let lane = lane.cloned();
        let ordinal = self.ordinals.borrow().get(&lane).copied().unwrap_or_default();
        CallId { lane, ordinal }
    }

    /// Whether the journal has this call.
    pub(crate) fn is_recorded(&self, at: &CallId) -> bool {
        self.recorded.borrow().has(at)
    }

    /// How often the session had been taken up again when its journal was read.
    pub(crate) fn recoveries(&self) -> u32 {
        self.recorded.borrow().recoveries()
    }

    /// Makes a call.
    pub(crate) fn send(&self, at: CallId, call: Call) {
        self.calls.borrow_mut().push(MadeCall { at, call });
    }

    pub(crate) fn count_output(&self, bytes: usize) {
        self.output_bytes.set(self.output_bytes.get() + bytes);
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempt.get()
    }

    pub(crate) fn set_attempt(&self, attempt: u32) {
        self.attempt.set(attempt);
    }

    /// Keeps a clean-up for a cancel; gives its number, to take it back.
    pub(crate) fn add_cleanup(&self, cleanup: LocalBoxFuture<'static, ()>) -> u64 {
        let number = self.next_cleanup.get();
        self.next_cleanup.set(number + 1);
        self.cleanups.borrow_mut().push((number, cleanup));
        number
    }

    pub(crate) fn remove_cleanup(&self, number: u64) {
        self.cleanups.borrow_mut().retain(|(of, _)| *of != number);
    }

    fn take_place(&self, lane: Option<&Lane>) -> CallId {
        let lane = lane.cloned();
        let mut ordinals = self.ordinals.borrow_mut();
        let next = ordinals.entry(lane.clone()).or_default();
        let ordinal = *next;
        *next += 1;
        CallId { lane, ordinal }
    }

    /// Waits until there is room for more output.
    pub(crate) fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        if !self.is_full() {
            return Poll::Ready(());
        }
        self.hold_up(context);
        Poll::Pending
    }

    /// Waits for what does not come, as the task does not fit its journal.
    pub(crate) fn hold_up(&self, context: &Context<'_>) {
        self.held_up.borrow_mut().push(context.waker().clone());
    }

    /// What hides secrets in what the task says, as of now.
    pub(crate) fn mask(&self) -> Arc<Mask> {
        self.mask.borrow().clone()
    }

    // The session's end.

    /// Hides these as well from now on: the task knows them.
    pub(crate) fn hide(&self, secrets: &[String]) {
        if !secrets.is_empty() {
            let mask = self.mask().with(secrets);
            self.mask.replace(Arc::new(mask));
        }
    }

    /// Takes out the calls that were made since the last time.
    pub(crate) fn take_calls(&self) -> Vec<MadeCall> {
        self.output_bytes.set(0);
        std::mem::take(&mut *self.calls.borrow_mut())
    }

    /// Whether the task waits for its session to take out what it has said.
    pub(crate) fn is_full(&self) -> bool {
        self.output_bytes.get() >= self.limits.burst_bytes
    }

    /// Lets the task go on that waited for room.
    pub(crate) fn make_room(&self) {
        self.poll_wanted.set(true);
        let held_up = std::mem::take(&mut *self.held_up.borrow_mut());
        held_up.into_iter().for_each(Waker::wake);
    }

    /// Gives a call its outcome.
    pub(crate) fn resolve(&self, call: CallId, outcome: Outcome) {
        let waker = self.waiting.borrow_mut().remove(&call);
        self.outcomes.borrow_mut().insert(call, outcome);
        self.poll_wanted.set(true);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Keeps an outcome until [`TaskChannel::resolve_withheld`].
    pub(crate) fn withhold(&self, call: CallId, outcome: Outcome) {
        self.withheld.borrow_mut().push((call, outcome));
    }

    /// Gives the calls their outcomes that were withheld; whether there were any.
    pub(crate) fn resolve_withheld(&self) -> bool {
        let withheld = std::mem::take(&mut *self.withheld.borrow_mut());
        let any = !withheld.is_empty();
        withheld.into_iter().for_each(|(call, outcome)| self.resolve(call, outcome));
        any
    }

    /// What the task waits for.
    pub(crate) fn outstanding(&self) -> Outstanding {
        self.counts.outstanding()
    }

    /// Whether there is something new for the task.
    pub(crate) fn wants_poll(&self) -> bool {
        self.poll_wanted.get()
    }

    /// Whether there is something new for the task; asks once.
    pub(crate) fn take_wants_poll(&self) -> bool {
        self.poll_wanted.replace(false)
    }

    /// The task cannot go on, for this reason; the first one counts.
    pub(crate) fn fail(&self, reason: String) {
        self.failure.borrow_mut().get_or_insert(reason);
    }

    /// Why the task cannot go on.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// The clean-ups of a task that is stopped, together.
    pub(crate) fn take_cleanups(&self) -> Vec<LocalBoxFuture<'static, ()>> {
        std::mem::take(&mut *self.cleanups.borrow_mut()).into_iter().map(|(_, cleanup)| cleanup).collect()
    }

    pub(crate) fn has_cleanups(&self) -> bool {
        !self.cleanups.borrow().is_empty()
    }
}

/// Waits for the outcome of a call. Dropped before it comes, the call is withdrawn.
pub(crate) struct OutcomeFuture {
    channel: Rc<TaskChannel>,
    call: Option<CallId>,
    _waiting: Waiting,
}

impl OutcomeFuture {
    pub(crate) fn new(channel: Rc<TaskChannel>, branch: Option<Rc<Branch>>, call: CallId, awaits: Awaits) -> Self {
        let waiting = Waiting::new(channel.clone(), branch, awaits);
        Self { channel, call: Some(call), _waiting: waiting }
    }
}

impl Future for OutcomeFuture {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Some(call) = &self.call else { return Poll::Pending };
        let outcome = self.channel.outcomes.borrow_mut().remove(call);
        let Some(outcome) = outcome else {
            self.channel.waiting.borrow_mut().insert(call.clone(), context.waker().clone());
            return Poll::Pending;
        };
        self.call = None;
        Poll::Ready(outcome)
    }
}

impl Drop for OutcomeFuture {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.channel.waiting.borrow_mut().remove(&call);
            self.channel.send(call, Call::Withdraw);
        }
    }
}
