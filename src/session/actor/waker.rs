//! A waker that remembers that it fired, and that knows whether anybody else holds it.
//!
//! A waker has to be usable from any thread, so its mark is an atomic: the one place in a session that has any.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use futures::task::AtomicWaker;

/// What a task's own futures wake.
#[derive(Default)]
struct Mark {
    fired: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.fired.store(true, Ordering::Release);
        self.outer.wake();
    }
}

/// The waker that one task is polled with.
pub(crate) struct TaskWaker {
    mark: Arc<Mark>,
    waker: Waker,
}

impl TaskWaker {
    pub(crate) fn new() -> Self {
        let mark = Arc::new(Mark::default());
        let waker = Waker::from(mark.clone());
        Self { mark, waker }
    }

    /// What to poll the task with.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Whether it fired since the last time; passes later ones on to `outer`.
    pub(crate) fn take_fired(&self, outer: &Waker) -> bool {
        self.mark.outer.register(outer);
        self.mark.fired.swap(false, Ordering::Acquire)
    }

    /// Whether the task waits for anything but its session, which keeps `kept` clones of the waker: for a timer, a
    /// socket, another thread.
    pub(crate) fn is_awaited_elsewhere(&self, kept: usize) -> bool {
        // One is the mark itself, one the waker that is kept here.
        Arc::strong_count(&self.mark) > 2 + kept
    }
}
