//! The question that a command has put to people.

use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::domain::context::Source;
use crate::session::TaskContext;
use crate::session::calls::{Call, Outcome, QuestionKind};

/// The open question of a command. Its answers name no question, so there is one at a time; the next one waits, and
/// with it all that the command prints after it.
pub(super) struct OpenQuestion {
    ctx: TaskContext,
    /// Who asks, where it is not the session itself.
    source: Option<Source>,
    open: Option<(QuestionKind, LocalBoxFuture<'static, Outcome>)>,
    next: Option<(QuestionKind, Call)>,
}

impl OpenQuestion {
    /// No question yet; `ctx` is the lane that is asked in, `source` what questions come from that do not say so.
    pub(super) fn new(ctx: TaskContext, source: Option<Source>) -> Self {
        Self { ctx, source, open: None, next: None }
    }

    /// Makes a call that asks people, now or when the open question is answered.
    pub(super) fn ask(&mut self, kind: QuestionKind, call: Call) {
        if self.open.is_some() {
            self.next = Some((kind, call));
            return;
        }
        let mut call = call;
        if let (Call::RequestConfirmation { context, .. } | Call::RequestUserInput { context, .. }, Some(source)) =
            (&mut call, &self.source)
        {
            context.get_or_insert_default().source.get_or_insert_with(|| source.clone());
        }
        let ctx = self.ctx.clone();
        let answer = async move { ctx.ask_people(kind, call).await };
        self.open = Some((kind, answer.boxed_local()));
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
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<(QuestionKind, Outcome)> {
        let Some((kind, open)) = &mut self.open else { return Poll::Pending };
        let kind = *kind;
        let Poll::Ready(outcome) = open.as_mut().poll(context) else { return Poll::Pending };
        self.open = None;
        if let Some((kind, next)) = self.next.take() {
            self.ask(kind, next);
        }
        Poll::Ready((kind, outcome))
    }

    /// Takes the questions back.
    pub(super) fn withdraw(&mut self) {
        self.open = None;
        self.next = None;
    }
}
