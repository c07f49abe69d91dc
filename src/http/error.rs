//! What is told when a request is not done: the table of codes, and what else the answer says (RFC 9457).

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::connection;
use crate::hub::close::CloseCode;
use crate::session::messages::{Fault, Refused, Winner};
use crate::store;

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($name:ident $status:literal $word:literal $text:literal;)*) => {
        /// What went wrong, as a stable word with its HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $text] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }

            /// The word on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }

            /// What is told where there is nothing more exact to say.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text),* }
            }
        }
    };
}

codes! {
    BadRequest 400 "bad_request" "The request is not valid.";
    InvalidJson 400 "invalid_json" "The body is not JSON.";
    ForbiddenHost 403 "forbidden_host" "This server is not called by the name in the Host header.";
    ForbiddenOrigin 403 "forbidden_origin" "Pages of this origin may not use this server.";
    Forbidden 403 "forbidden" "This is not allowed.";
    NotFound 404 "not_found" "There is nothing at this path.";
    UnknownSession 404 "unknown_session" "There is no session with this id.";
    UnknownTask 404 "unknown_task" "There is no task with this name.";
    MethodNotAllowed 405 "method_not_allowed" "This path does not take this method; the Allow header names those that it takes.";
    NotAcceptable 406 "not_acceptable" "The answer cannot be given in a form that the request accepts.";
    RequestTimeout 408 "request_timeout" "The body did not come in time.";
    Conflict 409 "conflict" "Something else has changed what this request builds on.";
    IdempotencyConflict 409 "idempotency_conflict" "This idempotency key was used with another body.";
    AlreadyAnswered 409 "already_answered" "The question has been answered already.";
    NoOpenRequest 409 "no_open_request" "No question is open that this could answer.";
    AmbiguousRequest 409 "ambiguous_request" "Several questions are open: say which one with request_id.";
    NotEnded 409 "not_ended" "The session has not ended; cancel it first.";
    PayloadTooLarge 413 "payload_too_large" "The body is larger than this server takes.";
    UriTooLong 414 "uri_too_long" "The address is longer than this server takes.";
    UnsupportedMediaType 415 "unsupported_media_type" "The body must be JSON, with the header Content-Type: application/json.";
    InvalidBody 422 "invalid_body" "The body is JSON, but not what this path takes.";
    InvalidQuery 422 "invalid_query" "The query is not what this path takes.";
    InvalidHeader 422 "invalid_header" "A header is not what this path takes.";
    UpgradeRequired 426 "upgrade_required" "This path is for WebSockets.";
    TooManyRequests 429 "too_many_requests" "There are too many requests; try again later.";
    HeadersTooLarge 431 "headers_too_large" "The headers are larger than this server takes.";
    Internal 500 "internal_error" "The server failed to do this.";
    TooManyConnections 503 "too_many_connections" "Too many connections are open; try again later.";
    QueueFull 503 "queue_full" "Too many sessions wait already; try again later.";
    ShuttingDown 503 "shutting_down" "The server is going down; try again later.";
    StoreUnavailable 503 "store_unavailable" "The store does not answer now; try again later.";
}

impl Code {
    /// Seconds after which to try again, where that may help.
    #[must_use]
    pub const fn retry_after(self) -> Option<u64> {
        match self.status() {
            429 => Some(1),
            503 => Some(2),
            _ => None,
        }
    }

    /// The most general code with this status.
    fn of(status: StatusCode) -> Option<Code> {
        let general = match status.as_u16() {
            404 => Code::NotFound,
            409 => Code::Conflict,
            403 => Code::Forbidden,
            503 => Code::StoreUnavailable,
            other => return Code::ALL.iter().copied().find(|code| code.status() == other),
        };
        Some(general)
    }
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {detail}", .code.word())]
pub struct Problem {
    /// What went wrong, in a word.
    pub code: Code,
    /// What went wrong, for people.
    pub detail: Cow<'static, str>,
    /// Everything that is wrong with the request, place by place.
    pub errors: Vec<Fault>,
    /// The answer that was first.
    pub winner: Option<Box<Winner>>,
}

/// A problem as it is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Problem"))]
pub(super) struct ProblemBody<'a> {
    /// Always `about:blank`: `code` says what it is.
    r#type: &'a str,
    /// The words of the HTTP status.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, for people.
    detail: &'a str,
    /// What went wrong, as a stable word.
    code: &'a str,
    /// Everything that is wrong with the request, place by place.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<Fault>>", optional))]
    errors: &'a [Fault],
    /// The answer that was first, with `already_answered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    winner: Option<&'a Winner>,
}

/// The schema of every error.
pub(super) type Told = ProblemBody<'static>;

impl Problem {
    /// A problem with a text of its own.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), winner: None }
    }

    /// A request of which these parts are wrong; `code` is one of those with status 422.
    #[must_use]
    pub fn invalid(code: Code, errors: Vec<Fault>) -> Self {
        Self { errors, ..Problem::from(code) }
    }

    /// The problem that stands for an error status which the framework gave.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let fallback = if status.is_server_error() { Code::Internal } else { Code::BadRequest };
        Code::of(status).unwrap_or(fallback).into()
    }

    /// The whole answer.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let status = self.status_code();
        let body = ProblemBody {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.word(),
            errors: &self.errors,
            winner: self.winner.as_deref(),
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        if let Some(seconds) = self.code.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if matches!(self.code, Code::PayloadTooLarge | Code::RequestTimeout) {
            // What is left of the body is not read.
            response.force_close();
        }
        if self.code == Code::UpgradeRequired {
            response.insert_header((header::UPGRADE, "websocket"));
        }
        response.json(body)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem::new(code, code.text())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::UnknownSession => Code::UnknownSession.into(),
            Refused::UnknownTask(name) => {
                Problem::new(Code::UnknownTask, format!("There is no task called {name:?}; GET /tasks names them."))
            }
            Refused::Invalid(faults) => Problem::invalid(Code::InvalidBody, faults),
            Refused::IdempotencyConflict => Code::IdempotencyConflict.into(),
            Refused::NotEnded => Code::NotEnded.into(),
            Refused::NoOpenRequest => Code::NoOpenRequest.into(),
            Refused::AmbiguousRequest => Code::AmbiguousRequest.into(),
            Refused::AlreadyAnswered(winner) => {
                Problem { winner: Some(winner), ..Problem::from(Code::AlreadyAnswered) }
            }
            Refused::Rejected { errors, .. } => {
                let faults = errors.into_iter().map(|error| Fault {
                    loc: vec!["body".into(), "values".into(), error.field],
                    msg: error.message,
                    kind: "invalid_value".into(),
                });
                Problem::invalid(Code::InvalidBody, faults.collect())
            }
            Refused::QueueFull => Code::QueueFull.into(),
            Refused::ShuttingDown => Code::ShuttingDown.into(),
            // What the database says is for the log, where the store writes it.
            Refused::Unavailable(_) => Code::StoreUnavailable.into(),
        }
    }
}

impl From<connection::Error> for Problem {
    fn from(error: connection::Error) -> Self {
        match error {
            connection::Error::Refused(refused) => refused.into(),
            connection::Error::NotNow(CloseCode::GoingAway) => Code::ShuttingDown.into(),
            connection::Error::NotNow(_) => Code::TooManyConnections.into(),
            connection::Error::NotAWebSocket(text) => Problem::new(Code::BadRequest, text),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Code::UnknownSession.into(),
            store::Error::Conflict(_) | store::Error::Outdated { .. } => Code::Conflict.into(),
            store::Error::Unusable(_) | store::Error::Unavailable(_) => Code::StoreUnavailable.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::RequestId;
    use crate::domain::request::FieldError;
    use actix_web::body::MessageBody;
    use serde_json::{Value, json};

    fn told(problem: &Problem) -> (HttpResponse, Value) {
        let (head, body) = problem.response().into_parts();
        let body = serde_json::from_slice(&body.try_into_bytes().unwrap()).unwrap();
        (head.set_body(actix_web::body::BoxBody::new(())), body)
    }

    #[test]
    fn every_refusal_has_its_status_and_code() {
        let winner = Winner { by: "ada".into(), value: Some(true), values: None, timed_out: false };
        let wrong = FieldError { field: "to_address".into(), message: "no address".into() };
        let cases = [
            (Refused::UnknownSession, 404, "unknown_session"),
            (Refused::UnknownTask("x".into()), 404, "unknown_task"),
            (Refused::Invalid(Vec::new()), 422, "invalid_body"),
            (Refused::IdempotencyConflict, 409, "idempotency_conflict"),
            (Refused::NotEnded, 409, "not_ended"),
            (Refused::NoOpenRequest, 409, "no_open_request"),
            (Refused::AmbiguousRequest, 409, "ambiguous_request"),
            (Refused::AlreadyAnswered(Box::new(winner)), 409, "already_answered"),
            (Refused::Rejected { request_id: RequestId::random(), errors: vec![wrong] }, 422, "invalid_body"),
            (Refused::QueueFull, 503, "queue_full"),
            (Refused::ShuttingDown, 503, "shutting_down"),
            (Refused::Unavailable("disk at /var/lib".into()), 503, "store_unavailable"),
        ];
        for (refused, status, code) in cases {
            let (head, body) = told(&refused.clone().into());
            assert_eq!((head.status().as_u16(), body["code"].as_str().unwrap()), (status, code), "{refused:?}");
            assert_eq!(body["status"], status);
            assert_eq!(body["type"], "about:blank");
            assert_eq!(head.headers().get("content-type").unwrap(), PROBLEM_JSON);
            assert_eq!(head.headers().contains_key("retry-after"), status == 503);
            assert_eq!(body.get("winner").is_some(), code == "already_answered");
            assert!(!body["detail"].as_str().unwrap().contains("/var/lib"));
        }
    }

    #[test]
    fn a_rejected_field_is_named_with_its_place() {
        let errors = vec![FieldError { field: "to_address".into(), message: "no address".into() }];
        let (_, body) = told(&Refused::Rejected { request_id: RequestId::random(), errors }.into());
        assert_eq!(
            body["errors"],
            json!([{"loc": ["body", "values", "to_address"], "msg": "no address", "type": "invalid_value"}])
        );
    }

    #[test]
    fn the_framework_s_statuses_have_codes() {
        for (status, word) in
            [(404, "not_found"), (413, "payload_too_large"), (418, "bad_request"), (507, "internal_error")]
        {
            assert_eq!(Problem::of_status(StatusCode::from_u16(status).unwrap()).code.word(), word);
        }
    }

    #[test]
    fn codes_are_stable_words() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(code.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
            assert!(seen.insert(code.word()), "{code:?}");
        }
    }
}
