//! What a client of a session's WebSocket says, and what becomes of it.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::HttpRequest;

use super::close;
use super::dialect::session::{Inbound as Said, Misunderstood, Outbound, decode};
use super::entrance::Caller;
use super::outcome::Outcome;
use crate::auth::{Action, Decision, Principal, Resource, may};
use crate::domain::id::SessionId;
use crate::domain::request::Answer;
use crate::hub::Link;
use crate::hub::close::CloseCode;
use crate::session::Sessions;
use crate::session::messages::Refused;

/// The most answers of one connection that wait for their session or workflow.
const IN_FLIGHT: u32 = 4096;
/// What a client is told that has sent more.
pub(super) const TOO_MANY_WAIT: &str = "too many messages wait already";
/// Who answers, where the client does not say.
pub(super) const NOBODY_IN_PARTICULAR: &str = "websocket";
/// The most characters of a client's own name.
const NAME_LENGTH: usize = 64;
/// The `code` that a client gets for what it may not do.
pub(super) const FORBIDDEN: &str = "forbidden";

/// What hears the messages of a WebSocket, one implementation for each kind of socket.
pub(super) trait Inbound {
    /// A whole text message.
    fn text(&mut self, text: &str);

    /// A whole binary message.
    fn binary(&mut self);
}

/// The name that the client of a socket gave itself in `?client_id=`.
pub(super) fn own_name(request: &HttpRequest) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let name = pairs.find(|(key, _)| key == "client_id").map(|(_, name)| name.chars().take(NAME_LENGTH).collect());
    name.filter(|name: &String| !name.is_empty())
}

/// Whether somebody may do this.
pub(super) fn is_allowed(principal: &Principal, action: Action) -> bool {
    may(principal, action, Resource::Unread) == Decision::Allowed
}

/// For a connection that is not let in: it is closed, and what it says does not matter.
pub(super) struct Unheard;

impl Inbound for Unheard {
    fn text(&mut self, _: &str) {}

    fn binary(&mut self) {}
}

/// Answers and cancels for one session.
pub(super) struct SessionInbound {
    link: Rc<Link>,
    sessions: Sessions,
    session_id: SessionId,
    caller: Rc<Caller>,
    in_flight: Rc<Cell<u32>>,
}

impl SessionInbound {
    /// Hears the client of `link`, who is this caller.
    pub(super) fn new(link: Rc<Link>, sessions: Sessions, session_id: SessionId, caller: Rc<Caller>) -> Self {
        Self { link, sessions, session_id, caller, in_flight: Rc::default() }
    }

    /// Does something in a task of its own: the connection's own task stands still while the client does not read.
    fn spawn(&self, action: Action, work: impl Future<Output = Result<(), Refused>> + 'static) {
        let Some(in_flight) = InFlight::take(&self.in_flight) else {
            send_error(&self.link, "rate_limited", TOO_MANY_WAIT);
            return;
        };
        let (link, caller, session_id) = (Rc::clone(&self.link), Rc::clone(&self.caller), self.session_id);
        actix::spawn(async move {
            let _in_flight = in_flight;
            let done = work.await;
            caller.record_outcome(action, || format!("/sessions/{session_id}"), Outcome::from(&done));
            if let Err(refused) = done {
                send_refused(&link, &refused);
            }
        });
    }

    fn answer(&self, request_id: Option<String>, answer: Answer) {
        let principal = self.caller.principal().or_named(NOBODY_IN_PARTICULAR);
        let (sessions, session_id) = (self.sessions.clone(), self.session_id);
        self.spawn(Action::AnswerRequest, async move {
            sessions.answer(&principal, session_id, request_id, answer, None).await.map(|_| ())
        });
    }

    fn cancel(&self) {
        let principal = self.caller.principal().or_named("user");
        let reason = principal.name().map(|by| format!("cancelled by {by}"));
        let (sessions, session_id) = (self.sessions.clone(), self.session_id);
        self.spawn(
            Action::CancelSession,
            async move { sessions.cancel(&principal, session_id, reason).await.map(|_| ()) },
        );
    }
}

impl Inbound for SessionInbound {
    fn text(&mut self, text: &str) {
        match decode(text) {
            Ok((action, _)) if let Some(lacking) = self.caller.screen(action) => {
                send_error(&self.link, FORBIDDEN, &lacking);
            }
            Ok((_, Said::Answer { request_id, answer })) => self.answer(request_id, answer),
            Ok((_, Said::Cancel)) => self.cancel(),
            Ok((_, Said::Ping { timestamp })) => self.link.answer(&Outbound::Pong { timestamp }.json()),
            Err(fault) => send_misunderstood(&self.link, &fault),
        }
    }

    fn binary(&mut self) {
        send_misunderstood(&self.link, &Misunderstood::Invalid("messages are text frames".into()));
    }
}

/// One of the answers that may wait; it is free again when this goes.
pub(super) struct InFlight(Rc<Cell<u32>>);

impl InFlight {
    pub(super) fn take(in_flight: &Rc<Cell<u32>>) -> Option<Self> {
        if in_flight.get() >= IN_FLIGHT {
            return None;
        }
        in_flight.set(in_flight.get() + 1);
        Some(Self(Rc::clone(in_flight)))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Answers a client that something it said was not understood.
pub(super) fn send_misunderstood(link: &Link, fault: &Misunderstood) {
    send_error(link, fault.word(), &fault.to_string());
}

/// Answers a client what it has done, before it is closed for that.
pub(super) fn send_misused(link: &Link, code: CloseCode) {
    match code {
        CloseCode::TooBig => send_error(link, "too_large", "the message is larger than this server takes"),
        CloseCode::TooManyMessages => {
            send_error(link, "rate_limited", "messages come faster than this server takes them")
        }
        CloseCode::Overloaded => {
            send_error(link, "rate_limited", "too much is sent to this server at once; try again later")
        }
        CloseCode::Done
        | CloseCode::GoingAway
        | CloseCode::Restart
        | CloseCode::ProtocolError
        | CloseCode::NotUtf8
        | CloseCode::TooManyConnections
        | CloseCode::NoHeartbeat
        | CloseCode::TooSlow
        | CloseCode::NotAuthenticated
        | CloseCode::NotAllowed
        | CloseCode::Unknown
        | CloseCode::Disconnected => {}
    }
}

fn send_error(link: &Link, code: &'static str, message: &str) {
    link.count_error(code);
    link.answer(&Outbound::Error { code, message, winner: None, open_request_id: None }.json());
}

/// Answers a client why what it asked for was not done.
pub(super) fn send_refused(link: &Link, refused: &Refused) {
    for message in refusal(link, refused) {
        link.answer(&message);
    }
}

/// The messages that say why what a client asked for was not done; they are counted.
pub(super) fn refusal(link: &Link, refused: &Refused) -> Vec<Vec<u8>> {
    if let Refused::Rejected { request_id, errors, form } = refused {
        link.count_error("input_rejected");
        let rejected = Outbound::InputRejected { request_id: request_id.to_string(), errors }.json();
        return vec![rejected, serde_json::to_vec(form).unwrap_or_default()];
    }
    let (winner, open_request_id) = if let Refused::AlreadyAnswered { winner, open_request_id } = refused {
        (Some(&**winner), *open_request_id)
    } else {
        (None, None)
    };
    let (code, message) = (close::word(refused), close::text(refused));
    link.count_error(code);
    vec![Outbound::Error { code, message: &message, winner, open_request_id }.json()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::dialect::socket::{Form, Kind, Socket};
    use crate::domain::answerers::Answerers;
    use crate::domain::entry::Entry;
    use crate::domain::id::{ConnectionId, RequestId};
    use crate::domain::request::FieldError;
    use crate::session::messages::Winner;
    use actix::clock::Instant;
    use serde_json::{Value, json};
    use std::task::{Context, Poll, Waker};

    /// What a client of a socket is sent.
    fn all_sent(refused: &Refused) -> Vec<Value> {
        let link = Link::new(
            ConnectionId::new(0, 0),
            Socket::of(Kind::Session, Form::default()),
            1 << 20,
            None,
            Instant::now(),
            Rc::default(),
        );
        send_refused(&link, refused);
        let mut sent = Vec::new();
        while let Poll::Ready(Some(frame)) = link.poll_next(&mut Context::from_waker(Waker::noop())) {
            let start = frame.iter().position(|byte| *byte == b'{').unwrap();
            sent.push(serde_json::from_slice(&frame[start..]).unwrap());
        }
        sent
    }

    fn sent(refused: &Refused) -> Value {
        all_sent(refused).remove(0)
    }

    #[test]
    fn a_late_answer_is_sent_who_won() {
        let winner = Winner {
            by: "alice".into(),
            value: Some(true),
            values: None,
            timed_out: false,
            withdrawn: false,
            answers: Vec::new(),
        };
        assert_eq!(
            sent(&Refused::AlreadyAnswered { winner: Box::new(winner), open_request_id: None }),
            json!({"type": "error", "code": "already_answered", "message": "the question has been answered already",
                   "winner": {"by": "alice", "value": true}})
        );
    }

    #[test]
    fn a_rejected_answer_is_sent_field_by_field_and_the_form_comes_again() {
        let request_id = RequestId::random();
        let errors = vec![FieldError { field: "subject".into(), message: "is missing".into() }];
        let form = Entry::RequestUserInput {
            request_id,
            fields: Vec::new(),
            message: None,
            timeout: None,
            expires_at: None,
            default: None,
            context: None,
            answerers: Answerers::default(),
        };
        let sent = all_sent(&Refused::Rejected { request_id, errors, form: Box::new(form) });
        assert_eq!(
            sent,
            [
                json!({"type": "input_rejected", "request_id": request_id.to_string(),
                       "errors": [{"field": "subject", "message": "is missing"}]}),
                json!({"type": "request_user_input", "request_id": request_id.to_string(), "fields": []}),
            ]
        );
    }

    #[test]
    fn the_inside_is_not_told() {
        let sent = sent(&Refused::Unavailable("disk /var/x is full".into()));
        assert_eq!(sent["code"], "store_unavailable");
        assert!(!sent.to_string().contains("/var"), "{sent}");
    }

    #[test]
    fn only_so_many_answers_wait() {
        let in_flight = Rc::default();
        let mut slots: Vec<InFlight> = std::iter::from_fn(|| InFlight::take(&in_flight)).collect();
        assert_eq!(slots.len(), IN_FLIGHT as usize);
        slots.pop();
        assert!(InFlight::take(&in_flight).is_some());
    }
}
