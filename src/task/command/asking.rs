//! The question that a command has put to people.

use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::protocol::Question;
use crate::domain::request::Values;
use crate::session::{TaskContext, TaskError};

/// The open question of a command. Its answers name no question, so there is one at a time; the next one waits, and
/// with it all that the command prints after it.
pub(super) struct Asking {
    ctx: TaskContext,
    open: Option<LocalBoxFuture<'static, Reply>>,
    next: Option<Question>,
}

/// What people said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// To a confirmation.
    Confirmed(bool),
    /// To a form; an error where nobody filled it in.
    FilledIn(Result<Values, TaskError>),
}

impl Asking {
    /// No question yet; `ctx` is the lane that is asked in.
    pub(super) fn new(ctx: TaskContext) -> Self {
        Self { ctx, open: None, next: None }
    }

    /// Asks, now or when the open question is answered.
    pub(super) fn put(&mut self, question: Question) {
        if self.open.is_some() {
            self.next = Some(question);
            return;
        }
        let ctx = self.ctx.clone();
        let ask = async move {
            match question {
                Question::Confirm(question) => Reply::Confirmed(ctx.confirm(question).await),
                Question::Ask(form) => Reply::FilledIn(ctx.ask(form).await),
            }
        };
        self.open = Some(ask.boxed_local());
    }

    /// Whether a question is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether another question waits for the open one.
    pub(super) fn is_full(&self) -> bool {
        self.next.is_some()
    }

    /// Waits for the answer to the open question, and asks the next one.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Reply> {
        let Some(open) = &mut self.open else { return Poll::Pending };
        let Poll::Ready(reply) = open.as_mut().poll(context) else { return Poll::Pending };
        self.open = None;
        if let Some(next) = self.next.take() {
            self.put(next);
        }
        Poll::Ready(reply)
    }

    /// Takes the questions back.
    pub(super) fn withdraw(&mut self) {
        self.open = None;
        self.next = None;
    }
}
