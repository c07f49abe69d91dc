//! A waker that remembers that it fired.
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
}
