//! The steps of a command: what it does once, by name.
//!
//! A step is a call in a lane of its own, `step/NAME`, so that steps are found again in whatever order they come. An
//! attempt that ends in the middle of a step leaves an error as its outcome; the next one begins it anew. What is done is
//! kept by name for all attempts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use tokio::sync::oneshot;

use super::error::Error;
use super::process::Handle;
use super::protocol::Told;
use crate::session::{TaskContext, TaskError};

/// Most steps that a command may have begun and not completed.
const MOST_OPEN: usize = 64;

/// What came of the steps that are done.
pub(super) type Done = Rc<RefCell<HashMap<String, Value>>>;

/// The steps of one attempt.
pub(super) struct Steps {
    ctx: TaskContext,
    process: Handle,
    done: Done,
    open: Vec<Open>,
}

/// A step that has begun.
struct Open {
    name: String,
    /// Where its result goes, once.
    result: Option<oneshot::Sender<Value>>,
    work: LocalBoxFuture<'static, Outcome>,
}

/// How a step comes out.
enum Outcome {
    /// It was done before.
    Known(Value),
    /// It is done now.
    New(Value),
    /// The command has ended in the middle.
    Abandoned,
}

impl Steps {
    /// No step yet; `ctx` is the task's own.
    pub(super) fn new(ctx: &TaskContext, process: Handle, done: Done) -> Self {
        Self { ctx: ctx.lane("step"), process, done, open: Vec::new() }
    }

    /// The command is about to do a step: it is told to go ahead, or what came of it before.
    ///
    /// # Errors
    /// [`Error::Protocol`] where it is in the middle of that step, or of too many.
    pub(super) fn begin(&mut self, name: String) -> Result<(), Error> {
        if let Some(value) = self.done.borrow().get(&name) {
            self.process.borrow_mut().send(&Told::StepResult { name: &name, value });
            return Ok(());
        }
        if self.open.iter().any(|open| open.name == name) {
            return Err(Error::Protocol(format!("began the step {name:?} again before it was completed")));
        }
        if self.open.len() >= MOST_OPEN {
            return Err(Error::Protocol(format!("has begun more than {MOST_OPEN} steps at once")));
        }
        let (result, completed) = oneshot::channel();
        let work = play(self.ctx.lane(&name), name.clone(), self.process.clone(), completed).boxed_local();
        self.open.push(Open { name, result: Some(result), work });
        Ok(())
    }

    /// The command has done a step. Gives whether it was in the middle of it.
    pub(super) fn complete(&mut self, name: &str, value: Value) -> bool {
        let result = self.open.iter_mut().find(|open| open.name == name).and_then(|open| open.result.take());
        result.is_some_and(|result| result.send(value).is_ok())
    }

    /// Lets all steps go on.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) {
        // Each is polled every time: a session wakes its task as a whole, not the future that waits for it.
        self.open.retain_mut(|open| {
            let Poll::Ready(outcome) = open.work.as_mut().poll(context) else { return true };
            let value = match outcome {
                Outcome::Known(value) => {
                    self.process.borrow_mut().send(&Told::StepResult { name: &open.name, value: &value });
                    value
                }
                Outcome::New(value) => value,
                Outcome::Abandoned => return false,
            };
            self.done.borrow_mut().insert(std::mem::take(&mut open.name), value);
            false
        });
    }

    /// Ends those that are not completed, and waits until that is recorded.
    pub(super) async fn abandon(&mut self) {
        for open in &mut self.open {
            open.result = None;
        }
        poll_fn(|context| {
            self.poll(context);
            if self.open.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

async fn play(lane: TaskContext, name: String, process: Handle, completed: oneshot::Receiver<Value>) -> Outcome {
    let mut completed = Some(completed);
    loop {
        let begin = || {
            process.borrow_mut().send(&Told::StepRun { name: &name });
            let completed = completed.take();
            async {
                let value = match completed {
                    Some(completed) => completed.await.ok(),
                    None => None,
                };
                value.ok_or_else(|| TaskError::failed("the command ended before the step was completed"))
            }
        };
        let result = lane.step(&name, begin).await;
        match (result, completed.is_some()) {
            (Ok(value), true) => return Outcome::Known(value),
            (Ok(value), false) => return Outcome::New(value),
            (Err(_), false) => return Outcome::Abandoned,
            // An earlier attempt was in the middle of it when it ended.
            (Err(_), true) => {}
        }
    }
}
