//! Who answers here what other members ask.

use std::collections::HashMap;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::question::{Notice, Question};
use crate::store::Fence;

/// What comes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Response<T> {
    /// This.
    Answer(T),
    /// Another member has to be asked, who is known soon.
    NotHere,
}

type Respond = Box<dyn Fn(Fence, &[u8]) -> Option<LocalBoxFuture<'static, Response<Bytes>>>>;
type Notify = Box<dyn Fn(Fence, &[u8], Bytes)>;

/// See the module. They are called on the thread of the post, and must not hold it up.
#[derive(Default)]
pub(crate) struct Responders {
    questions: HashMap<&'static str, Respond>,
    notices: HashMap<&'static str, Notify>,
}

impl Responders {
    /// Has questions of this type answered so.
    #[must_use]
    pub(crate) fn on<Q, F>(mut self, respond: impl Fn(Fence, Q) -> F + 'static) -> Self
    where
        Q: Question,
        F: Future<Output = Response<Q::Answer>> + 'static,
    {
        let respond = move |from, body: &[u8]| {
            let question = serde_json::from_slice::<Q>(body).ok()?;
            let answering = respond(from, question);
            Some(
                async move {
                    match answering.await {
                        // Each answer was written to be read: what cannot be is an empty text, which nobody takes for one.
                        Response::Answer(answer) => {
                            Response::Answer(serde_json::to_vec(&answer).unwrap_or_default().into())
                        }
                        Response::NotHere => Response::NotHere,
                    }
                }
                .boxed_local(),
            )
        };
        self.questions.insert(Q::NAME, Box::new(respond));
        self
    }

    /// Has notices of this type taken so, with the bytes that came along.
    #[must_use]
    pub(crate) fn on_notice<N: Notice>(mut self, notify: impl Fn(Fence, N, Bytes) + 'static) -> Self {
        let notify = move |from, json: &[u8], rest| match serde_json::from_slice(json) {
            Ok(notice) => notify(from, notice, rest),
            Err(error) => log::warn!(notice = N::NAME, error:%; "a notice of another member could not be read"),
        };
        self.notices.insert(N::NAME, Box::new(notify));
        self
    }

    /// Begins to answer a question; nothing where nobody here can.
    pub(super) fn respond(
        &self,
        from: Fence,
        name: &str,
        body: &[u8],
    ) -> Option<LocalBoxFuture<'static, Response<Bytes>>> {
        self.questions.get(name).and_then(|respond| respond(from, body))
    }

    /// Hands a notice on.
    pub(super) fn notify(&self, from: Fence, name: &str, json: &[u8], rest: Bytes) {
        match self.notices.get(name) {
            Some(notify) => notify(from, json, rest),
            None => log::debug!(notice = name; "nobody here takes a notice of another member"),
        }
    }
}
