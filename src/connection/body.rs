//! A WebSocket's outgoing bytes, as the body of its response: the actor's own stream, then the outbox.
//!
//! The HTTP server polls this whenever it can write and whenever anything wakes the connection's task. The actor is
//! polled only when its own waker fired: most wakes are for the outbox, and polling an actor costs more than a write.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use actix_web::Error;
use bytes::Bytes;
use futures::Stream;
use futures::task::AtomicWaker;
use tokio::time::{Sleep, sleep};

use super::presence::Presence;

/// Notes that the actor has something to do. Atomic, because a waker may be woken from any thread: replies come from
/// the actors of other workers.
#[derive(Default)]
struct ActorWake {
    fired: AtomicBool,
    task: AtomicWaker,
}

impl Wake for ActorWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.fired.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// A WebSocket's outgoing bytes.
pub(super) struct Body<S> {
    /// `None` once the actor has ended.
    actor: Option<S>,
    wake: Arc<ActorWake>,
    waker: Waker,
    ending: Ending,
    presence: Presence,
}

/// How far a connection is with ending, once all is said.
enum Ending {
    /// It is not.
    No,
    /// The server writes what it buffered.
    Flushing,
    /// The peer has until then to read the last words. What it still sends is read and forgotten: closing over unread
    /// bytes would reset the connection, and the last words be lost.
    Leaving(Pin<Box<Sleep>>),
}

/// How long a peer has to read the last words.
const MOMENT: Duration = Duration::from_millis(250);

impl<S> Body<S> {
    /// The body that polls `actor` and drains the outbox of the connection.
    pub(super) fn new(actor: S, presence: Presence) -> Self {
        let wake = Arc::new(ActorWake { fired: AtomicBool::new(true), task: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&wake));
        Self { actor: Some(actor), wake, waker, ending: Ending::No, presence }
    }

    /// All is said. The server writes its buffer after this returns for the first time; then the socket is shut, at once
    /// where the peer has closed, too. Else the server would wait for the peer to go, and the peer for the server.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let link = &self.presence.link;
        if link.is_gone() {
            return Poll::Ready(());
        }
        if matches!(self.ending, Ending::No) {
            self.ending = Ending::Flushing;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if link.is_leaving() {
            if matches!(self.ending, Ending::Flushing) {
                link.stop_writing();
                self.ending = Ending::Leaving(Box::pin(sleep(MOMENT)));
            }
            if let Ending::Leaving(moment) = &mut self.ending
                && moment.as_mut().poll(context).is_pending()
            {
                return Poll::Pending;
            }
        }
        link.shut();
        Poll::Ready(())
    }
}

impl<S: Stream<Item = Result<Bytes, Error>> + Unpin> Body<S> {
    /// What the actor itself writes: nothing, as things are.
    fn poll_actor(&mut self, context: &Context<'_>) -> Option<Bytes> {
        self.wake.task.register(context.waker());
        if !self.wake.fired.swap(false, Ordering::AcqRel) {
            return None;
        }
        let actor = self.actor.as_mut()?;
        match Pin::new(actor).poll_next(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(bytes))) => {
                self.wake.fired.store(true, Ordering::Release);
                Some(bytes).filter(|bytes| !bytes.is_empty())
            }
            Poll::Ready(Some(Err(_)) | None) => {
                self.actor = None;
                if self.presence.link.is_open() {
                    self.presence.link.hang_up();
                }
                None
            }
        }
    }
}

impl<S: Stream<Item = Result<Bytes, Error>> + Unpin> Stream for Body<S> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(bytes) = this.poll_actor(context) {
            return Poll::Ready(Some(Ok(bytes)));
        }
        match this.presence.link.poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Poll::Ready(None) => this.poll_end(context).map(|()| None),
        }
    }
}
