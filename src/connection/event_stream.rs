//! A session as server-sent events: the same shard, outbox and watchdog as a WebSocket, without an actor.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures::Stream;

use super::accept::Connections;
use super::catch_up::catch_up;
use super::dialect::sse::SSE;
use super::presence::Presence;
use super::{Error, close};
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::session::messages::Greeting;

/// The events of a session after `since` (all of them where it is `None`), and live ones until the session's last.
/// Where the client has the last one already, the answer is 204.
///
/// # Errors
/// [`Error::Refused`] where the session is not known, [`Error::NotNow`] where there are too many connections or the
/// server goes down; nothing was answered then.
pub(crate) async fn event_stream(
    connections: &Connections,
    request: &HttpRequest,
    session_id: SessionId,
    since: Option<u64>,
) -> Result<HttpResponse, Error> {
    let shared = &connections.shared;
    if let Some(code) = shared.links.refusal() {
        return Err(Error::NotNow(code));
    }
    let principal = Principal::of(request);
    if let Some(seen) = since.filter(|seen| *seen > 0) {
        let state = shared.sessions.describe(&principal, session_id).await?.summary.state;
        if state.status.is_terminal() && state.last_seq <= seen {
            // A browser comes back after the end; this is what tells it not to (HTML standard, "Server-sent events").
            return Ok(HttpResponse::NoContent().finish());
        }
    }
    let (presence, _) = shared.arrive(request, &SSE, Some(session_id));
    if !presence.link.is_open() {
        return Err(Error::NotNow(CloseCode::TooManyMessages));
    }
    let presence = presence.watching_session(shared.sessions.clone(), session_id);
    let since = since.unwrap_or(0);
    let journal = shared.journal(principal, session_id, Rc::clone(&presence.link), Greeting::Spoken);
    if !journal.attach(Some(since)).await? {
        actix::spawn(async move {
            if let Err(refused) = catch_up(&journal.link, &journal, since).await {
                journal.link.close(close::code(&refused));
            }
        });
    }
    Ok(respond(presence))
}

/// The response whose body is what the connection is sent.
pub(super) fn respond(presence: Presence) -> HttpResponse {
    presence.announce();
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compressing would hold events back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Events { presence })
}

/// The body of an event stream.
struct Events {
    presence: Presence,
}

impl Stream for Events {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.presence.link.poll_next(context).map(|next| next.map(Ok))
    }
}
