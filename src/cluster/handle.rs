//! How everything here speaks to the cluster, from any thread.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Addr;
use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use super::envelope::{Envelope, Head};
use super::post::{AskMember, Post};
use super::question::{Notice, Question, Unanswered};
use super::view::{Owner, member_of, others, owner};
use super::wire::Wire;
use crate::domain::id::{SessionId, Slot};
use crate::store::{Fence, View};

/// Who is to answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Whoever owns this slot when it is answered.
    Slot(Slot),
    /// This member.
    Member(Fence),
}

/// The cluster, as everything here sees it. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Cluster {
    post: Addr<Post>,
    view: watch::Receiver<Arc<View>>,
    wire: Arc<dyn Wire>,
}

impl Cluster {
    /// The cluster whose members this post asks.
    pub(crate) fn new(post: Addr<Post>, view: watch::Receiver<Arc<View>>, wire: Arc<dyn Wire>) -> Self {
        Self { post, view, wire }
    }

    /// Who is a member, and who owns what, at this moment.
    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    /// Where it can be awaited that this changes.
    pub(crate) fn views(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Who owns a slot.
    pub(crate) fn owner(&self, slot: Slot) -> Owner {
        owner(&self.view.borrow(), slot)
    }

    /// Whether this server owns a session.
    pub(crate) fn owns(&self, session: SessionId) -> bool {
        self.view.borrow().is_mine(session.slot())
    }

    /// Whether this server owns a session at this moment, once that is certain: others may have taken it for dead, which it
    /// sees a moment later. What a session says that is not in the store holds only where this is so afterwards.
    pub(crate) async fn certainly_owns(&self, session: SessionId) -> bool {
        let mut views = self.view.clone();
        loop {
            {
                let view = views.borrow_and_update();
                if !view.is_mine(session.slot()) {
                    return false;
                }
                if view.is_certain(Instant::now()) {
                    return true;
                }
            }
            // The store is closed where no other view comes.
            if views.changed().await.is_err() {
                return false;
            }
        }
    }

    /// Some slot of this server, where it has any: another one each time.
    pub(crate) fn own_slot(&self) -> Option<Slot> {
        let first = rand::random::<u8>();
        let view = self.view.borrow();
        Slot::all().map(|slot| Slot::new(slot.number().wrapping_add(first))).find(|slot| view.is_mine(*slot))
    }

    /// Some slot that somebody owns: another one each time.
    pub(crate) fn some_slot(&self) -> Option<Slot> {
        let first = rand::random::<u8>();
        let view = self.view.borrow();
        let mut slots = Slot::all().map(|slot| Slot::new(slot.number().wrapping_add(first)));
        slots.find(|slot| owner(&view, *slot) != Owner::Nobody)
    }

    /// What the member is called that owns a session.
    pub(crate) fn name_of_owner(&self, session: SessionId) -> Option<Arc<str>> {
        member_of(&self.view.borrow(), session.slot()).map(|member| Arc::clone(&member.id))
    }

    /// Asks at once, and waits for the answer for as long as it takes; whoever waits no longer drops the future. What is
    /// asked of one member is asked in the order of these calls, unless some of it has to be asked again.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) fn ask<Q: Question>(
        &self,
        to: To,
        question: &Q,
    ) -> impl Future<Output = Result<Q::Answer, Unanswered>> + use<Q> {
        let (reply, answer) = oneshot::channel();
        let asked = serde_json::to_vec(question).map(|body| {
            self.post.do_send(AskMember { to, name: Q::NAME, body: body.into(), reply });
        });
        async move {
            asked.map_err(|_| Unanswered::Unreadable)?;
            let answer: Bytes = answer.await.unwrap_or(Err(Unanswered::NotNow))?;
            serde_json::from_slice(&answer).map_err(|_| Unanswered::Unreadable)
        }
    }

    /// Asks every other member, and gives the answers of those that answer.
    pub(crate) async fn ask_others<Q: Question>(&self, question: &Q) -> Vec<(Fence, Q::Answer)> {
        self.ask_others_within(Duration::MAX, question).await
    }

    /// The same, where each has so long for its answer.
    pub(crate) async fn ask_others_within<Q: Question>(
        &self,
        patience: Duration,
        question: &Q,
    ) -> Vec<(Fence, Q::Answer)> {
        let others: Vec<Fence> = others(&self.view()).map(|member| member.fence).collect();
        let asking = others.into_iter().map(|fence| async move {
            let answer = tokio::time::timeout(patience, self.ask(To::Member(fence), question)).await;
            answer.ok()?.ok().map(|answer| (fence, answer))
        });
        futures::future::join_all(asking).await.into_iter().flatten().collect()
    }

    /// Sends a notice to a member, and these bytes along with it. It may be lost.
    pub(crate) fn notify<N: Notice>(&self, to: Fence, notice: &N, rest: &[u8]) {
        if let Some(message) = written(notice, rest) {
            self.wire.send(to, message);
        }
    }

    /// Sends a notice to all other members. It may be lost.
    pub(crate) fn notify_others<N: Notice>(&self, notice: &N, rest: &[u8]) {
        if let Some(message) = written(notice, rest) {
            self.wire.broadcast(message);
        }
    }
}

fn written<N: Notice>(notice: &N, rest: &[u8]) -> Option<Bytes> {
    let mut body = match serde_json::to_vec(notice) {
        Ok(body) => body,
        Err(error) => {
            log::error!(notice = N::NAME, error:%; "a notice for other members could not be written");
            return None;
        }
    };
    let head = Head::Notice { name: N::NAME.to_owned(), json: body.len() };
    body.extend_from_slice(rest);
    Some(Envelope::encode(&head, &body))
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("me", &self.view.borrow().me).finish_non_exhaustive()
    }
}
