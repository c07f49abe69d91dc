//! Where a task and its session meet: the task puts calls in and waits for outcomes, the session takes the calls out
//! after each poll and puts outcomes in.
//!
//! Both live in the session's actor on one thread; nothing else has a channel.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::future::LocalBoxFuture;
use tokio_util::sync::CancellationToken;

use crate::domain::id::SessionId;
use crate::domain::mask::Mask;
use crate::domain::record::Spec;
use crate::session::calls::{Call, CallId, Lane, Outcome, RecordedCall};
use crate::session::task::recorded_calls::RecordedCalls;

/// What a task may put in before it has to wait for its session to take it out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelLimits {
    /// Most bytes of one entry, as clients get it.
    pub(crate) entry_bytes: usize,
    /// Bytes told in one go.
    pub(crate) burst_bytes: usize,
}

impl ChannelLimits {
    /// What an entry needs beside the one text in it: its other fields, and the words at the end of a text that was cut.
    const FIELDS: usize = 512;

    /// Most bytes of an entry's one text, inside JSON.
    pub(crate) fn text_bytes(&self) -> usize {
        self.entry_bytes.saturating_sub(Self::FIELDS)
    }
}

/// Where a task and its session meet.
pub(crate) struct TaskChannel {
    pub(crate) session_id: SessionId,
    pub(crate) spec: Rc<Spec>,
    pub(crate) limits: ChannelLimits,
    pub(crate) cancelled: CancellationToken,
    /// Hides the secrets of the settings, and those that the task was told.
    mask: RefCell<Arc<Mask>>,
    attempt: Cell<u32>,
    calls: RefCell<Vec<Call>>,
    outcomes: RefCell<HashMap<CallId, Outcome>>,
    /// Who waits for the outcome of a call.
    waiting: RefCell<HashMap<CallId, Waker>>,
    /// Who waits for room.
    held_up: RefCell<Vec<Waker>>,
    ordinals: RefCell<HashMap<Option<Lane>, u32>>,
    recorded_calls: RefCell<RecordedCalls>,
    cleanups: RefCell<Vec<(u64, LocalBoxFuture<'static, ()>)>>,
    next_cleanup: Cell<u64>,
    /// Why the task cannot go on: it does not fit its journal, or its journal has no room for what it tells.
    failure: RefCell<Option<String>>,
    /// Bytes told since the session last took calls out.
    told_bytes: Cell<usize>,
    /// Whether the task should be polled though no waker of its own has fired.
    news: Cell<bool>,
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
        recorded_calls: RecordedCalls,
    ) -> Rc<Self> {
        Rc::new(Self {
            session_id,
            spec,
            limits,
            cancelled: CancellationToken::new(),
            mask: mask.into(),
            attempt: Cell::new(1),
            calls: RefCell::default(),
            outcomes: RefCell::default(),
            waiting: RefCell::default(),
            held_up: RefCell::default(),
            ordinals: RefCell::default(),
            recorded_calls: RefCell::new(recorded_calls),
            cleanups: RefCell::default(),
            next_cleanup: Cell::new(0),
            failure: RefCell::default(),
            told_bytes: Cell::new(0),
            news: Cell::new(true),
        })
    }

    // The task's side.

    /// The next call of a lane; `fits` says whether a recorded call is the same, `what` names this one.
    pub(crate) fn next(&self, lane: &Option<Lane>, fits: impl Fn(&RecordedCall) -> bool, what: &str) -> NextCall {
        let call = self.take_ordinal(lane);
        let Some(recorded) = self.recorded_calls.borrow_mut().take(&call) else { return NextCall::Live(call) };
        if fits(&recorded) {
            return NextCall::Recorded(call, recorded);
        }
        self.fail(format!(
            "task changed under a running session: call {} was {} and is now {what}",
            call.ordinal + 1,
            recorded.describe()
        ));
        NextCall::Mismatch
    }

    /// Skips an attempt that is known to have failed, and gives its error: the next call of the lane is then the offer
    /// of a retry.
    pub(crate) fn skip_failed_attempt(&self, lane: &Option<Lane>, attempt: u32) -> Option<String> {
        let mut ordinals = self.ordinals.borrow_mut();
        let next = ordinals.entry(lane.clone()).or_default();
        let from = CallId { lane: lane.clone(), ordinal: *next };
        let (offer, error) = self.recorded_calls.borrow().failure_after(&from, attempt)?;
        *next = offer.ordinal;
        Some(error)
    }

    /// Whether the next call of a lane is answered from the journal.
    pub(crate) fn is_replaying(&self, lane: &Option<Lane>) -> bool {
        let ordinal = self.ordinals.borrow().get(lane).copied().unwrap_or_default();
        self.recorded_calls.borrow().has(&CallId { lane: lane.clone(), ordinal })
    }

    pub(crate) fn put(&self, call: Call) {
        self.calls.borrow_mut().push(call);
    }

    pub(crate) fn told(&self, bytes: usize) {
        self.told_bytes.set(self.told_bytes.get() + bytes);
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

    fn take_ordinal(&self, lane: &Option<Lane>) -> CallId {
        let mut ordinals = self.ordinals.borrow_mut();
        let next = ordinals.entry(lane.clone()).or_default();
        let ordinal = *next;
        *next += 1;
        CallId { lane: lane.clone(), ordinal }
    }

    /// What hides secrets in what the task says, as of now.
    pub(crate) fn mask(&self) -> Arc<Mask> {
        self.mask.borrow().clone()
    }

    // The session's side.

    /// Hides these as well from now on: the task is told them.
    pub(crate) fn hide(&self, secrets: &[String]) {
        if !secrets.is_empty() {
            let mask = self.mask().with(secrets);
            self.mask.replace(Arc::new(mask));
        }
    }

    /// Takes out what the task has asked for since the last time.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        self.told_bytes.set(0);
        std::mem::take(&mut *self.calls.borrow_mut())
    }

    /// Whether the task waits for its session to take out what it has told.
    pub(crate) fn is_full(&self) -> bool {
        self.told_bytes.get() >= self.limits.burst_bytes
    }

    /// Lets the task go on that waited for room.
    pub(crate) fn make_room(&self) {
        self.news.set(true);
        let held_up = std::mem::take(&mut *self.held_up.borrow_mut());
        held_up.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn resolve(&self, call: CallId, outcome: Outcome) {
        let waker = self.waiting.borrow_mut().remove(&call);
        self.outcomes.borrow_mut().insert(call, outcome);
        self.news.set(true);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How many clones of the task's waker are kept here.
    pub(crate) fn kept_wakers(&self, task: &Waker) -> usize {
        let waiting = self.waiting.borrow().values().filter(|waker| waker.will_wake(task)).count();
        waiting + self.held_up.borrow().iter().filter(|waker| waker.will_wake(task)).count()
    }

    /// Whether there is something new for the task.
    pub(crate) fn has_news(&self) -> bool {
        self.news.get()
    }

    /// Whether there is something new for the task; asks once.
    pub(crate) fn take_news(&self) -> bool {
        self.news.replace(false)
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
}

impl OutcomeFuture {
    pub(crate) fn new(channel: Rc<TaskChannel>, call: CallId) -> Self {
        Self { channel, call: Some(call) }
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
            self.channel.put(Call::Withdraw(call));
        }
    }
}

/// Waits for the answer to a question, which the journal may have already.
pub(crate) enum AnswerFuture {
    Known(Outcome),
    Open(OutcomeFuture),
    /// The task does not fit its journal, and goes no further.
    Stuck,
}

impl Future for AnswerFuture {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        match self.get_mut() {
            AnswerFuture::Known(outcome) => Poll::Ready(outcome.clone()),
            AnswerFuture::Open(pending) => Pin::new(pending).poll(context),
            AnswerFuture::Stuck => Poll::Pending,
        }
    }
}

/// What was told is on its way already; awaiting this waits only where the task is far ahead of the store.
#[must_use = "a task that does not await what it tells can get arbitrarily far ahead of the store"]
pub struct Say {
    channel: Rc<TaskChannel>,
    /// Whether the task fits its journal.
    fits: bool,
}

impl Say {
    pub(crate) fn new(channel: Rc<TaskChannel>, fits: bool) -> Self {
        Self { channel, fits }
    }
}

impl std::fmt::Debug for Say {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Say").finish_non_exhaustive()
    }
}

impl Future for Say {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.fits && !self.channel.is_full() {
            return Poll::Ready(());
        }
        self.channel.held_up.borrow_mut().push(context.waker().clone());
        Poll::Pending
    }
}
