//! Sockets: one WebSocket's inbound side as an actor, and what stands round it.
//!
//! **Owns** the decoder of one WebSocket and the fragments of its current message. **Hears** what the inbound guard
//! lets through. **Tells** its [`Inbound`]; what is said to the client goes through the outbox, never through the
//! actor, which stands still while the client does not read. **Ends when** the peer has gone.
//!
//! This is the only file that names `actix_web_actors`.

mod accept;
mod audits;
mod backlog;
mod body;
mod buffered;
mod catch_up;
pub(crate) mod close;
pub(crate) mod dialect;
pub(crate) mod entrance;
pub(crate) mod event_socket;
mod event_stream;
mod fragments;
mod guard;
pub(crate) mod handshake;
mod inbound;
mod lease;
pub(crate) mod listener;
mod outcome;
mod presence;
pub(crate) mod socket;
mod stream;
pub(crate) mod tls;
mod visit;
mod workflows;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use actix::{Actor, ActorContext, StreamHandler};
use actix_web_actors::ws;

pub(crate) use accept::{Admission, Connections, SessionRequest};
pub(crate) use audits::AuditRequest;
pub(crate) use entrance::Gate;
pub(crate) use event_socket::EventSockets;
pub(crate) use event_stream::event_stream;
#[cfg(any(test, fuzzing))]
pub(crate) use guard::guarded;
pub(crate) use workflows::WorkflowsRequest;

use crate::hub::Link;
use crate::hub::close::CloseCode;
use crate::hub::frame;
use crate::session::messages::Refused;
use backlog::Backlog;
use fragments::{Fragments, Message};
use inbound::Inbound;

/// Why a connection was not made; nothing was answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    /// The session did not take it on.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There are too many, or the server is going down: it may be tried again later.
    #[error("no connection can be made now: {}", .0.reason())]
    NotNow(CloseCode),
    /// The client speaks another version of the protocol.
    #[error("this server speaks version 13 of the WebSocket protocol")]
    UnsupportedVersion,
    /// The request is no WebSocket upgrade; the text says what it lacks.
    #[error("this is a WebSocket: {0}")]
    NotAWebSocket(String),
}

/// The inbound side of one WebSocket.
struct Connection {
    link: Rc<Link>,
    backlog: Rc<Backlog>,
    inbound: Box<dyn Inbound>,
    fragments: Fragments,
}

impl Actor for Connection {
    type Context = ws::WebsocketContext<Self>;
}

impl Connection {
    fn hear(&mut self, message: Result<Message, CloseCode>) {
        if !self.link.is_open() {
            return;
        }
        match message {
            Ok(Message::Text(text)) => self.inbound.text(&text),
            Ok(Message::Binary) => self.inbound.binary(),
            Ok(Message::Unfinished) => {}
            Err(code) => self.link.close(code),
        }
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Connection {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        use actix_http::ws::Item;
        match message {
            Ok(ws::Message::Text(text)) => {
                if self.link.is_open() {
                    self.inbound.text(&text);
                }
            }
            Ok(ws::Message::Binary(_)) => self.hear(Ok(Message::Binary)),
            Ok(ws::Message::Continuation(item)) => {
                let message = match item {
                    Item::FirstText(data) => self.fragments.begin(true, &data),
                    Item::FirstBinary(data) => self.fragments.begin(false, &data),
                    Item::Continue(data) => self.fragments.go_on(&data),
                    Item::Last(data) => self.fragments.finish(&data),
                };
                self.hear(message);
            }
            Ok(ws::Message::Ping(data)) => self.link.send_control(frame::pong(&data)),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(reason)) => self.link.peer_closed(reason.map(|reason| reason.code.into())),
            // The guard lets no error of the socket through: what is left of this kind is text that is not UTF-8.
            Err(ws::ProtocolError::Io(_)) if self.link.is_open() => self.link.close(CloseCode::NotUtf8),
            Err(_) if self.link.is_open() => self.link.close(CloseCode::ProtocolError),
            // A decoder that goes on to fail would be asked again and again.
            Err(_) => ctx.stop(),
        }
        self.backlog.hear();
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        self.link.hang_up();
        ctx.stop();
    }
}

/// The WebSocket handshake, and the start of the actor.
mod upgrade {
    use super::{Connection, Error, Fragments, handshake, ws};
    use crate::connection::body::Body;
    use crate::connection::guard::Guard;
    use crate::connection::inbound::Inbound;
    use crate::connection::presence::Presence;
    use actix_web::body::BodyStream;
    use actix_web::error::PayloadError;
    use actix_web::http::header;
    use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
    use bytes::Bytes;
    use futures::Stream;
    use std::rc::Rc;

    /// Checks the handshake.
    pub(super) fn accept(request: &HttpRequest) -> Result<HttpResponseBuilder, Error> {
        handshake::check(request)?;
        let mut response = ws::handshake(request).map_err(|error| Error::NotAWebSocket(error.to_string()))?;
        if let Some(chosen) = handshake::subprotocol(request) {
            response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, chosen));
        }
        Ok(response)
    }

    /// Starts the actor, with the outbox as the response's body.
    pub(super) fn start<P>(
        mut response: HttpResponseBuilder,
        guard: Guard<P>,
        inbound: Box<dyn Inbound>,
        presence: Presence,
        max_message_bytes: usize,
    ) -> HttpResponse
    where
        P: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    {
        presence.announce();
        let (link, backlog) = (Rc::clone(&presence.link), guard.backlog());
        let connection = Connection { link, backlog, inbound, fragments: Fragments::default() };
        let codec = actix_http::ws::Codec::new().max_size(max_message_bytes);
        let actor = ws::WebsocketContext::with_codec(connection, guard, codec);
        response.body(BodyStream::new(Body::new(actor, presence)))
    }
}
