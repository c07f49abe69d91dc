//! Publishes what a client of an event socket sends for that: in its order, checked like what comes over HTTP, and
//! with a bound on how much may be under way.

use std::rc::Rc;

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

use super::super::accept::Shared;
use super::super::dialect::event_socket::Publish;
use crate::auth::storage::NoRoom;
use crate::auth::{Action, Principal};
use crate::domain::event::EncodedEvent;
use crate::domain::fault::Fault;
use crate::event::{self, types};
use crate::hub::Link;

/// Most events of one client that are under way at once: those that wait to be checked, and as many that are written.
const MOST: usize = 256;

/// Why an event is not published.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Unpublished {
    /// The client does not wait for answers.
    #[error("{MOST} events wait already: wait for their answers")]
    TooFast,
    /// It does not fit what is declared of its type.
    #[error("data does not fit what is declared of this type")]
    Invalid(Vec<Fault>),
    /// Whoever publishes keeps as much as they may.
    #[error("{0}")]
    NoRoom(String),
    /// The server cannot take it.
    #[error("the server cannot do that now; try again")]
    NotNow,
}

/// Publishes what one client sends, until this is dropped and all is answered.
pub(super) struct Publisher {
    waiting: mpsc::Sender<Box<Publish>>,
}

impl Publisher {
    /// Starts the work in a task of its own; what is published belongs to whose things this principal means.
    pub(super) fn start(link: Rc<Link>, shared: Rc<Shared>, principal: Principal) -> Self {
        let (waiting, next) = mpsc::channel(MOST);
        actix::spawn(work(link, shared, principal, next));
        Self { waiting }
    }

    /// Takes an event.
    ///
    /// # Errors
    /// Gives it back where too many wait.
    pub(super) fn take(&self, publish: Box<Publish>) -> Result<(), Box<Publish>> {
        match self.waiting.try_send(publish) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(publish) | TrySendError::Closed(publish)) => Err(publish),
        }
    }
}

async fn work(link: Rc<Link>, shared: Rc<Shared>, principal: Principal, mut waiting: mpsc::Receiver<Box<Publish>>) {
    let mut writing = FuturesOrdered::new();
    loop {
        tokio::select! {
            biased;
            Some((reference, written)) = writing.next(), if !writing.is_empty() => answer(&link, &reference, written),
            next = waiting.recv(), if writing.len() < MOST => {
                let Some(publish) = next else { break };
                let Publish { new_event, reference } = *publish;
                if let Err(no_room) = shared.gate.storage.has_room(&principal, Action::PublishEvent).await {
                    send_unpublished(&link, &reference, &Unpublished::from(no_room));
                    continue;
                }
                match shared.event_sockets.types.faults(&new_event).await.map_err(Unpublished::from) {
                    Ok(faults) if faults.is_empty() => {
                        let written = shared.event_sockets.events.write(principal.owner().clone(), new_event);
                        writing.push_back(async move { (reference, written.await) });
                    }
                    Ok(faults) => send_unpublished(&link, &reference, &Unpublished::Invalid(faults)),
                    Err(why) => send_unpublished(&link, &reference, &why),
                }
            }
        }
    }
    while let Some((reference, written)) = writing.next().await {
        answer(&link, &reference, written);
    }
}

/// The answer to an event that is kept.
#[derive(Serialize)]
struct Published<'a> {
    r#type: &'static str,
    seq: Option<u64>,
    r#ref: &'a Value,
    id: Uuid,
}

fn answer(link: &Link, reference: &Value, written: Result<EncodedEvent, event::Error>) {
    match written {
        Ok(recorded) => {
            let event = &recorded.event;
            let published = Published { r#type: "published", seq: event.seq, r#ref: reference, id: event.id };
            // These types always can be written: their keys are strings.
            link.answer(&serde_json::to_vec(&published).unwrap_or_default());
        }
        Err(_) => send_unpublished(link, reference, &Unpublished::NotNow),
    }
}

/// Answers a client that what it published is not.
pub(super) fn send_unpublished(link: &Link, reference: &Value, why: &Unpublished) {
    let code = match why {
        Unpublished::TooFast | Unpublished::NoRoom(_) => "rate_limited",
        Unpublished::Invalid(_) => "invalid_message",
        Unpublished::NotNow => "store_unavailable",
    };
    link.count_error(code);
    let mut error = json!({"type": "error", "code": code, "message": why.to_string(), "ref": reference});
    if let (Unpublished::Invalid(faults), Some(error)) = (why, error.as_object_mut()) {
        error.insert("errors".into(), json!(faults));
    }
    send(link, &error);
}

fn send(link: &Link, answer: &Value) {
    link.answer(answer.to_string().as_bytes());
}

impl From<NoRoom> for Unpublished {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Full { .. } => Unpublished::NoRoom(no_room.to_string()),
            NoRoom::Store(_) => Unpublished::NotNow,
        }
    }
}

impl From<types::Error> for Unpublished {
    fn from(_: types::Error) -> Self {
        Unpublished::NotNow
    }
}
