//! The steps of a command: what it does once, by name.
//!
//! A step is a call in a lane of its own, `step/NAME`, so that steps are found again in whatever order they come. Those of
//! one name are numbered in each attempt: the second one is in `step-2/NAME`, so that a loop does each of its rounds. An
//! attempt that ends in the middle of a step leaves an error as its outcome; the next one begins it anew. What is done is
//! kept by name and number for all attempts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use super::process::Handle;
use super::protocol::ToCommand;
use super::step_value::StepValue;
use crate::session::{TaskContext, TaskError};

/// Most steps that a command may have begun and not completed.
const MOST_OPEN: usize = 64;

/// What came of the steps that are done.
pub(super) type Done = Rc<RefCell<HashMap<Step, StepValue>>>;

/// A step of a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    name: String,
    /// Which one of that name, from 1.
    number: u32,
}

/// The steps of one attempt.
pub(super) struct Steps {
    ctx: TaskContext,
    process: Handle,
    done: Done,
    /// How many of each name have begun in this attempt.
    begun: HashMap<String, u32>,
    open: Vec<Open>,
}

/// A step that has begun.
struct Open {
    step: Step,
    /// Where its result goes, once.
    result: Option<oneshot::Sender<StepValue>>,
    work: LocalBoxFuture<'static, StepEnd>,
}

/// How a step comes out.
enum StepEnd {
    /// It was done before.
    Known(StepValue),
    /// It is done now.
    New(StepValue),
    /// The command has ended in the middle.
    Abandoned,
}

impl Steps {
    /// No step yet; `ctx` is the task's own.
    pub(super) fn new(ctx: &TaskContext, process: Handle, done: Done) -> Self {
        Self { ctx: ctx.clone(), process, done, begun: HashMap::new(), open: Vec::new() }
    }

    /// The command is about to do a step: it gets word to go ahead, or what came of it before.
    ///
    /// # Errors
    /// What is wrong where it is in the middle of that step, or of too many.
    pub(super) fn begin(&mut self, name: String) -> Result<(), String> {
        if self.open.iter().any(|open| open.step.name == name) {
            return Err(format!("begins the step {name:?} again before it was completed"));
        }
        let number = self.begun.entry(name.clone()).and_modify(|number| *number += 1).or_insert(1);
        let step = Step { name, number: *number };
        if let Some(value) = self.done.borrow().get(&step) {
            self.process.borrow_mut().send(&ToCommand::StepResult { name: &step.name, value: value.json() });
            return Ok(());
        }
        if self.open.len() >= MOST_OPEN {
            return Err(format!("begins more than {MOST_OPEN} steps at once"));
        }
        let (result, completed) = oneshot::channel();
        let of_number = if step.number == 1 { "step".to_owned() } else { format!("step-{}", step.number) };
        let lane = self.ctx.lane(&of_number).lane(&step.name);
        let work = play(lane, step.name.clone(), self.process.clone(), completed).boxed_local();
        self.open.push(Open { step, result: Some(result), work });
        Ok(())
    }

    /// The command has done a step.
    ///
    /// # Errors
    /// What is wrong where it is not in the middle of that step.
    pub(super) fn complete(&mut self, name: &str, value: StepValue) -> Result<(), String> {
        let open = self.open.iter_mut().find(|open| open.step.name == name);
        let Some(result) = open.and_then(|open| open.result.take()) else {
            return Err(format!("completes the step {name:?}, which it is not in the middle of"));
        };
        // A step that another attempt had done, and that its program does not know of yet, has its outcome already.
        result.send(value).map_err(|_| format!("completes the step {name:?} before it was told to do it"))
    }

    /// Lets all steps go on.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) {
        // Each is polled every time: a session wakes its task as a whole, not the future that waits for it.
        self.open.retain_mut(|open| {
            let Poll::Ready(outcome) = open.work.as_mut().poll(context) else { return true };
            let value = match outcome {
                StepEnd::Known(value) => {
                    self.process
                        .borrow_mut()
                        .send(&ToCommand::StepResult { name: &open.step.name, value: value.json() });
                    value
                }
                StepEnd::New(value) => value,
                StepEnd::Abandoned => return false,
            };
            self.done.borrow_mut().insert(open.step.clone(), value);
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

async fn play(lane: TaskContext, name: String, process: Handle, completed: oneshot::Receiver<StepValue>) -> StepEnd {
    let mut completed = Some(completed);
    loop {
        let begin = || {
            process.borrow_mut().send(&ToCommand::StepRun { name: &name });
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
            (Ok(value), true) => return StepEnd::Known(value),
            (Ok(value), false) => return StepEnd::New(value),
            (Err(_), false) => return StepEnd::Abandoned,
            // An earlier attempt was in the middle of it when it ended.
            (Err(_), true) => {}
        }
    }
}
