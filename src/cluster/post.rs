//! What is asked of other members, and by them.
//!
//! **Owns** the questions that are not answered yet, and what others have asked lately. **Hears** questions of this server,
//! and what comes from other members. **Asks** a question again and again until it is answered, whoever is to answer it by
//! then. **Ends** with the server.
//!
//! Invariant: a member begins to answer a question once, however often it comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, StreamHandler, WrapFuture};
use bytes::Bytes;
use futures::stream::{LocalBoxStream, Stream, StreamExt as _};
use tokio::sync::{oneshot, watch};

use super::answered::{Answered, Known};
use super::envelope::{Envelope, Head};
use super::handle::To;
use super::question::Unanswered;
use super::responders::{Responders, Response};
use super::view::{Owner, owner};
use super::wire::Wire;
use crate::metrics;
use crate::store::{Fence, Incoming, View};

/// How often it is looked which questions are to be asked again.
const LOOK: Duration = Duration::from_millis(50);
/// After how long a question is asked again that was sent to somebody; longer where it has waited for long.
const AGAIN: Duration = Duration::from_millis(500);
/// The same of one that nobody could be sent.
const SOON: Duration = Duration::from_millis(25);
/// The longest pause before a question is asked again: some take as long as people do.
const LONGEST: Duration = Duration::from_secs(4);

/// Ask this of a member; the answer comes once there is one.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AskMember {
    pub(super) to: To,
    pub(super) name: &'static str,
    pub(super) body: Bytes,
    pub(super) reply: oneshot::Sender<Result<Bytes, Unanswered>>,
}

/// To itself: others own slots now.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct ViewChanged;

/// See the module.
pub(crate) struct Post {
    wire: Arc<dyn Wire>,
    view: watch::Receiver<Arc<View>>,
    incoming: Option<LocalBoxStream<'static, Incoming>>,
    responders: Responders,
    /// Called where something may have been lost.
    on_missed: Box<dyn Fn()>,
    asked: HashMap<u64, Asked>,
    last_id: u64,
    /// The most questions of this server that may wait.
    max_asked: usize,
    answered: Answered,
    metrics: metrics::Cluster,
}

/// A question that waits for its answer.
struct Asked {
    to: To,
    name: &'static str,
    body: Bytes,
    message: Bytes,
    reply: oneshot::Sender<Result<Bytes, Unanswered>>,
    /// Who was asked last.
    sent_to: Option<Fence>,
    was_sent: bool,
    since: Instant,
    again_at: Instant,
    /// Whether it is being answered here.
    is_here: bool,
}

impl Post {
    /// A post for what comes and goes over this wire, whose questions these answer.
    pub(crate) fn new(
        wire: Arc<dyn Wire>,
        view: watch::Receiver<Arc<View>>,
        incoming: impl Stream<Item = Incoming> + 'static,
        responders: Responders,
        on_missed: impl Fn() + 'static,
        max_asked: usize,
        metrics: metrics::Cluster,
    ) -> Self {
        Self {
            wire,
            view,
            incoming: Some(incoming.boxed_local()),
            responders,
            on_missed: Box::new(on_missed),
            asked: HashMap::new(),
            // An earlier life of this process may have asked others; they know it by another fence.
            last_id: 0,
            max_asked,
            answered: Answered::default(),
            metrics,
        }
    }

    /// Sends a question to whoever is to answer it now.
    fn send(&mut self, id: u64, ctx: &mut Context<Self>) {
        let Some(asked) = self.asked.get_mut(&id) else { return };
        let now = Instant::now();
        let to = {
            let view = Arc::clone(&self.view.borrow());
            match asked.to {
                To::Slot(slot) => owner(&view, slot),
                To::Member(fence) if fence == view.me => Owner::Here,
                To::Member(fence) if view.member(fence).is_some() => Owner::Elsewhere(fence),
                To::Member(_) => return self.end(id, Err(Unanswered::Gone)),
            }
        };
        match to {
            Owner::Nobody => asked.again_at = now + SOON,
            Owner::Elsewhere(fence) => {
                let counter = if asked.was_sent { &self.metrics.repeated } else { &self.metrics.asked };
                counter.inc();
                asked.was_sent = true;
                asked.sent_to = Some(fence);
                asked.again_at = now + (now.duration_since(asked.since) / 4).clamp(AGAIN, LONGEST);
                if !self.wire.send(fence, asked.message.clone()) {
                    asked.again_at = now + SOON;
                }
            }
            Owner::Here => self.answer_own(id, ctx),
        }
    }

    /// Answers a question of this server that has come to be this server's to answer.
    fn answer_own(&mut self, id: u64, ctx: &mut Context<Self>) {
        let me = self.view.borrow().me;
        let Some(asked) = self.asked.get_mut(&id).filter(|asked| !asked.is_here) else { return };
        let Some(answering) = self.responders.respond(me, asked.name, &asked.body) else {
            return self.end(id, Err(Unanswered::Unreadable));
        };
        asked.is_here = true;
        ctx.spawn(answering.into_actor(self).map(move |response, post, _| match response {
            Response::Answer(answer) => post.end(id, Ok(answer)),
            Response::NotHere => {
                if let Some(asked) = post.asked.get_mut(&id) {
                    asked.is_here = false;
                    asked.again_at = Instant::now() + SOON;
                }
            }
        }));
    }

    fn end(&mut self, id: u64, answer: Result<Bytes, Unanswered>) {
        if let Some(asked) = self.asked.remove(&id) {
            // Whoever asked may be gone.
            let _ = asked.reply.send(answer);
        }
    }

    /// Asks again what was asked long enough ago, and forgets what nobody waits for any more.
    fn look(&mut self, ctx: &mut Context<Self>) {
        self.asked.retain(|_, asked| !asked.reply.is_closed());
        let now = Instant::now();
        let due = self.asked.iter().filter(|(_, asked)| asked.again_at <= now && !asked.is_here);
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.send(id, ctx);
        }
    }

    fn send_all(&mut self, ctx: &mut Context<Self>, is_due: impl Fn(&Asked) -> bool) {
        let due = self.asked.iter().filter(|(_, asked)| !asked.is_here && is_due(asked));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.send(id, ctx);
        }
    }

    fn take(&mut self, from: Fence, envelope: Envelope, ctx: &mut Context<Self>) {
        let Envelope { head, body } = envelope;
        match head {
            Head::Ask { id, name } => self.respond(from, id, &name, &body, ctx),
            Head::Answer { id } => self.end(id, Ok(body)),
            Head::NotHere { id } => {
                if let Some(asked) = self.asked.get_mut(&id) {
                    asked.again_at = Instant::now() + SOON;
                    asked.sent_to = None;
                }
            }
            Head::Notice { name, json } => {
                let json = json.min(body.len());
                let rest = body.slice(json..);
                self.responders.notify(from, &name, body.get(..json).unwrap_or_default(), rest);
            }
        }
    }

    /// Answers what another member asks.
    fn respond(&mut self, from: Fence, id: u64, name: &str, body: &[u8], ctx: &mut Context<Self>) {
        let asked = (from, id);
        match self.answered.ask(asked) {
            Known::UnderWay => {}
            Known::Answered(answer) => drop(self.wire.send(from, answer)),
            Known::New => {
                let Some(answering) = self.responders.respond(from, name, body) else {
                    log::debug!(question = name; "nobody here answers a question of another member");
                    self.answered.leave(asked);
                    self.wire.send(from, Envelope::encode(&Head::NotHere { id }, &[]));
                    return;
                };
                ctx.spawn(answering.into_actor(self).map(move |response, post, _| {
                    let message = match response {
                        Response::Answer(answer) => {
                            let message = Envelope::encode(&Head::Answer { id }, &answer);
                            post.answered.answer(asked, message.clone(), std::time::Instant::now());
                            message
                        }
                        Response::NotHere => {
                            post.answered.leave(asked);
                            Envelope::encode(&Head::NotHere { id }, &[])
                        }
                    };
                    post.wire.send(from, message);
                }));
            }
        }
    }
}

impl Actor for Post {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(LOOK, Self::look);
        if let Some(incoming) = self.incoming.take() {
            ctx.add_stream(incoming);
        }
        let (mut view, address) = (self.view.clone(), ctx.address());
        ctx.spawn(
            async move {
                while view.changed().await.is_ok() {
                    address.do_send(ViewChanged);
                }
            }
            .into_actor(self),
        );
    }
}

impl Handler<AskMember> for Post {
    type Result = ();

    fn handle(&mut self, message: AskMember, ctx: &mut Context<Self>) {
        let AskMember { to, name, body, reply } = message;
        if self.asked.len() >= self.max_asked {
            let _ = reply.send(Err(Unanswered::NotNow));
            return;
        }
        self.last_id += 1;
        let id = self.last_id;
        let message = Envelope::encode(&Head::Ask { id, name: name.to_owned() }, &body);
        let since = Instant::now();
        let asked = Asked {
            to,
            name,
            body,
            message,
            reply,
            sent_to: None,
            was_sent: false,
            since,
            again_at: since,
            is_here: false,
        };
        self.asked.insert(id, asked);
        self.send(id, ctx);
    }
}

impl Handler<ViewChanged> for Post {
    type Result = ();

    fn handle(&mut self, _: ViewChanged, ctx: &mut Context<Self>) {
        let view = Arc::clone(&self.view.borrow());
        // Who is still the one to be asked has the question already.
        self.send_all(ctx, |asked| match asked.to {
            To::Slot(slot) => match owner(&view, slot) {
                Owner::Elsewhere(fence) => asked.sent_to != Some(fence),
                Owner::Here => true,
                Owner::Nobody => false,
            },
            To::Member(fence) => view.member(fence).is_none(),
        });
    }
}

impl StreamHandler<Incoming> for Post {
    fn handle(&mut self, came: Incoming, ctx: &mut Context<Self>) {
        match came {
            Incoming::Message { from, body } => match Envelope::decode(&body) {
                Ok(envelope) => self.take(from, envelope, ctx),
                Err(error) => log::warn!(member:% = from, error:%; "what came from another member could not be read"),
            },
            Incoming::Missed => {
                self.send_all(ctx, |_| true);
                (self.on_missed)();
            }
        }
    }

    fn finished(&mut self, _: &mut Context<Self>) {
        // The store has been closed; the server goes down.
    }
}
