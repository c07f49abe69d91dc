//! A question on its way: its context can be added until it is awaited, and is asked then.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::domain::answerers::Assignee;
use crate::domain::request::{Confirmation, Form};
use crate::session::task::context::TaskContext;

/// A question that is asked when it is awaited, and gives its answer: see [`TaskContext::confirm`] and
/// [`TaskContext::ask`].
#[must_use = "it is asked when it is awaited"]
pub struct Asking<Q, T> {
    stage: Stage<Q, T>,
    ask: Ask<Q, T>,
}

/// Asks a question, and waits for the answer.
type Ask<Q, T> = fn(TaskContext, Q) -> LocalBoxFuture<'static, T>;

enum Stage<Q, T> {
    New(TaskContext, Q),
    Asked(LocalBoxFuture<'static, T>),
    /// Only while it is being asked.
    Between,
}

impl<Q, T> Asking<Q, T> {
    pub(super) fn new(ctx: TaskContext, question: Q, ask: Ask<Q, T>) -> Self {
        Self { stage: Stage::New(ctx, question), ask }
    }

    /// Changes the question; one that has been asked stays as it is.
    fn with(mut self, change: impl FnOnce(Q) -> Q) -> Self {
        self.stage = match self.stage {
            Stage::New(ctx, question) => Stage::New(ctx, change(question)),
            asked @ (Stage::Asked(_) | Stage::Between) => asked,
        };
        self
    }
}

impl<T> Asking<Confirmation, T> {
    /// Gives it a title: what it is about, in a few words.
    pub fn titled(self, title: impl Into<String>) -> Self {
        self.with(|question| question.titled(title))
    }

    /// Adds details: an object of the values that led to it.
    pub fn about(self, details: impl Into<Value>) -> Self {
        self.with(|question| question.about(details))
    }

    /// Puts it to these people and groups as well: they see the session while it is open, and may answer.
    pub fn assigned_to(self, assignees: impl IntoIterator<Item = Assignee>) -> Self {
        self.with(|question| question.assigned_to(assignees))
    }

    /// Takes so many different people to say yes, and one to say no.
    pub fn requiring(self, answers: u32) -> Self {
        self.with(|question| question.requiring(answers))
    }

    /// Whoever started the session may not answer it.
    pub fn for_others(self) -> Self {
        self.with(Confirmation::for_others)
    }
}

impl<T> Asking<Form, T> {
    /// Gives it a title: what it is about, in a few words.
    pub fn titled(self, title: impl Into<String>) -> Self {
        self.with(|form| form.titled(title))
    }

    /// Adds details: an object of the values that led to it.
    pub fn about(self, details: impl Into<Value>) -> Self {
        self.with(|form| form.about(details))
    }

    /// Puts it to these people and groups as well: they see the session while it is open, and may fill it in.
    pub fn assigned_to(self, assignees: impl IntoIterator<Item = Assignee>) -> Self {
        self.with(|form| form.assigned_to(assignees))
    }

    /// Whoever started the session may not fill it in.
    pub fn for_others(self) -> Self {
        self.with(Form::for_others)
    }
}

impl<Q: Unpin, T> Future for Asking<Q, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        this.stage = match std::mem::replace(&mut this.stage, Stage::Between) {
            Stage::New(ctx, question) => Stage::Asked((this.ask)(ctx, question)),
            other @ (Stage::Asked(_) | Stage::Between) => other,
        };
        match &mut this.stage {
            Stage::Asked(answer) => answer.as_mut().poll(context),
            Stage::New(..) | Stage::Between => Poll::Pending,
        }
    }
}

impl<Q, T> fmt::Debug for Asking<Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("is_asked", &matches!(self.stage, Stage::Asked(_))).finish_non_exhaustive()
    }
}
