//! What a task waits for, counted: people, children, time, or anything outside.
//!
//! A session whose task waits for people only leaves memory, and a restart leaves it alone. So a call says what it
//! waits for as long as it does, and a branch that waits in none of its calls counts as working outside.

use std::cell::Cell;
use std::rc::Rc;

use super::channel::TaskChannel;
use crate::session::calls::Lane;

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Somebody's answer.
    People,
    /// The end of another session.
    Child,
    /// A moment.
    Time,
    /// Anything else: the store, another thread, another server.
    Outside,
}

/// How many calls of a task wait for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) people: usize,
    pub(crate) children: usize,
    pub(crate) time: usize,
    pub(crate) outside: usize,
}

impl Outstanding {
    /// Whether nothing goes on before somebody answers.
    pub(crate) fn is_people_only(&self) -> bool {
        let Self { people, children, time, outside } = *self;
        people > 0 && children + time + outside == 0
    }
}

/// The counts of a channel.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    people: Cell<usize>,
    children: Cell<usize>,
    time: Cell<usize>,
    outside: Cell<usize>,
    /// Branches that wait in none of their calls.
    working: Cell<usize>,
}

impl Counts {
    pub(crate) fn outstanding(&self) -> Outstanding {
        Outstanding {
            people: self.people.get(),
            children: self.children.get(),
            time: self.time.get(),
            outside: self.outside.get() + self.working.get(),
        }
    }

    fn of(&self, awaits: Awaits) -> &Cell<usize> {
        match awaits {
            Awaits::People => &self.people,
            Awaits::Child => &self.children,
            Awaits::Time => &self.time,
            Awaits::Outside => &self.outside,
        }
    }
}

/// A branch of a task: a lane that somebody uses. It works unless it waits in a call, or for branches of its own.
pub(crate) struct Branch {
    channel: Rc<TaskChannel>,
    pub(crate) lane: Lane,
    parent: Option<Rc<Branch>>,
    /// Its calls that wait.
    waiting: Cell<usize>,
    /// Its own branches that are in use.
    branches: Cell<usize>,
}

impl Branch {
    pub(crate) fn new(channel: Rc<TaskChannel>, parent: Option<Rc<Branch>>, lane: Lane) -> Rc<Self> {
        if let Some(parent) = &parent {
            parent.update(|parent| add(&parent.branches));
        }
        add(&channel.counts.working);
        Rc::new(Self { channel, lane, parent, waiting: Cell::new(0), branches: Cell::new(0) })
    }

    fn is_working(&self) -> bool {
        self.waiting.get() + self.branches.get() == 0
    }

    fn update(&self, change: impl FnOnce(&Self)) {
        let before = self.is_working();
        change(self);
        match (before, self.is_working()) {
            (true, false) => subtract(&self.channel.counts.working),
            (false, true) => add(&self.channel.counts.working),
            (true, true) | (false, false) => {}
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        if self.is_working() {
            subtract(&self.channel.counts.working);
        }
        if let Some(parent) = &self.parent {
            parent.update(|parent| subtract(&parent.branches));
        }
    }
}

/// A call that waits, for as long as this lives.
pub(crate) struct Waiting {
    channel: Rc<TaskChannel>,
    branch: Option<Rc<Branch>>,
    awaits: Awaits,
}

impl Waiting {
    pub(crate) fn new(channel: Rc<TaskChannel>, branch: Option<Rc<Branch>>, awaits: Awaits) -> Self {
        add(channel.counts.of(awaits));
        if let Some(branch) = &branch {
            branch.update(|branch| add(&branch.waiting));
        }
        Self { channel, branch, awaits }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        subtract(self.channel.counts.of(self.awaits));
        if let Some(branch) = &self.branch {
            branch.update(|branch| subtract(&branch.waiting));
        }
    }
}

fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn subtract(count: &Cell<usize>) {
    count.set(count.get().saturating_sub(1));
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending};
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use futures::task::noop_waker;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::burst::Line;
    use crate::domain::id::SessionId;
    use crate::domain::record::Internal;
    use crate::session::calls::child::ChildSpec;
    use crate::session::calls::{Call, CallId, Outcome};
    use crate::session::task::channel::ChannelLimits;
    use crate::session::task::context::TaskContext;
    use crate::session::task::kind::TaskError;
    use crate::session::task::recorded_calls::RecordedCalls;

    fn task() -> (Rc<TaskChannel>, TaskContext) {
        task_after(RecordedCalls::default())
    }

    fn task_after(recorded: RecordedCalls) -> (Rc<TaskChannel>, TaskContext) {
        let spec = serde_json::from_value(json!({"task": "test"})).unwrap();
        let limits = ChannelLimits { entry_bytes: 1024, burst_bytes: 1024 };
        let channel = TaskChannel::new(SessionId::random(), Rc::new(spec), limits, Arc::default(), recorded);
        (channel.clone(), TaskContext::new(channel))
    }

    /// Polls a call once, which has to wait.
    fn begin<'a, T: 'a>(call: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
        let mut call: Pin<Box<dyn Future<Output = T> + 'a>> = Box::pin(call);
        assert!(call.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending());
        call
    }

    #[actix::test]
    async fn each_call_counts_as_what_it_waits_for_until_it_is_over() {
        let (channel, ctx) = task();
        let counts = || {
            let Outstanding { people, children, time, outside } = channel.outstanding();
            [people, children, time, outside]
        };
        let mut question = begin(ctx.confirm("?"));
        assert_eq!(counts(), [1, 0, 0, 0]);
        assert!(channel.outstanding().is_people_only());
        let child = begin(ctx.child("c", ChildSpec::default()));
        let pause = begin(ctx.sleep(Duration::from_secs(60)));
        let step = begin(ctx.step("s", pending::<Result<Value, TaskError>>));
        assert_eq!(counts(), [1, 1, 1, 1]);
        assert!(!channel.outstanding().is_people_only());
        drop(step);
        drop(pause);
        drop(child);
        assert_eq!(counts(), [1, 0, 0, 0]);
        channel.resolve(CallId { lane: None, ordinal: 0 }, Outcome::Confirm { value: true });
        assert_eq!(question.as_mut().poll(&mut Context::from_waker(&noop_waker())), Poll::Ready(true));
        drop(question);
        assert_eq!(counts(), [0, 0, 0, 0]);
        assert!(!channel.outstanding().is_people_only(), "a task that waits for nobody goes on");
    }

    #[actix::test]
    async fn a_step_counts_as_outside_before_and_while_it_is_done() {
        let (channel, ctx) = task();
        let mut step = begin(ctx.step("s", pending::<Result<Value, TaskError>>));
        assert_eq!(channel.outstanding().outside, 1);
        channel.resolve(CallId { lane: None, ordinal: 0 }, Outcome::StepRun);
        assert!(step.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending());
        assert_eq!(channel.outstanding().outside, 1);
        drop(step);
        let calls: Vec<Call> = channel.take_calls().into_iter().map(|made| made.call).collect();
        assert_eq!(calls, [Call::Step { name: "s".into(), repeatable: true }]);
    }

    #[actix::test]
    async fn a_step_that_had_begun_begins_again_once_all_before_is_written() {
        let begun = Internal::StepStarted { lane: None, ordinal: 0, name: "s".into(), repeatable: true };
        let mut recorded = RecordedCalls::default();
        recorded.push(&Line::Internal(Box::new(begun)));
        let (channel, ctx) = task_after(recorded);
        let begins = Cell::new(0);
        let mut step = begin(ctx.step("s", || {
            begins.set(begins.get() + 1);
            pending::<Result<Value, TaskError>>()
        }));
        assert_eq!((begins.get(), channel.outstanding().outside), (0, 1));
        let calls: Vec<Call> = channel.take_calls().into_iter().map(|made| made.call).collect();
        assert_eq!(calls, [Call::StepAgain]);
        channel.resolve(CallId { lane: None, ordinal: 0 }, Outcome::StepRun);
        assert!(step.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending());
        assert_eq!((begins.get(), channel.outstanding().outside), (1, 1));
    }

    #[actix::test]
    async fn a_branch_works_unless_it_waits_in_a_call_or_for_its_own_branches() {
        let (channel, ctx) = task();
        let working = || channel.outstanding().outside;
        let branch = ctx.lane("a");
        assert_eq!(working(), 1);
        let inner = branch.lane("b");
        assert_eq!(working(), 1, "the outer one waits for the inner one");
        let question = begin(inner.confirm("?"));
        assert_eq!(working(), 0);
        assert!(channel.outstanding().is_people_only());
        drop(question);
        let again = inner.clone();
        drop(inner);
        assert_eq!(working(), 1, "somebody uses it still");
        drop(again);
        assert_eq!(working(), 1, "the outer one goes on");
        drop(branch);
        assert_eq!(working(), 0);
    }
}
