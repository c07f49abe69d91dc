//! What is answered when a request is not done: the table of codes, and what else the answer says (RFC 9457).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::callback;
use crate::connection;
use crate::domain::id::RequestId;
use crate::event::Span;
use crate::hub::close::CloseCode;
use crate::process::threads;
use crate::session::messages::{Fault, Refused, Winner};
use crate::store;
use crate::trail;
use crate::workflow;
use crate::workflow::fault::{GraphFault, GraphFaults, NodeFaults};

/// The media type of every error.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($name:ident $status:literal $word:literal $text:literal;)*) => {
        /// What went wrong, as a stable word with its HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $text] $name,)*
        }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &[Code] = &[$(Code::$name),*];

            /// The HTTP status.
            #[must_use]
            pub(crate) const fn status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }

            /// The word on the wire.
            #[must_use]
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }

            /// What is said where there is nothing more exact to say.
            #[must_use]
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Code::$name => $text),* }
            }
        }
    };
}

codes! {
    BadRequest 400 "bad_request" "The request is not valid.";
    InvalidJson 400 "invalid_json" "The body is not JSON.";
    Unauthenticated 401 "unauthenticated" "This needs a credential that is good here: Authorization: Bearer TOKEN, or X-API-Key: KEY.";
    ForbiddenHost 403 "forbidden_host" "This server is not called by the name in the Host header.";
    ForbiddenOrigin 403 "forbidden_origin" "Pages of this origin may not use this server.";
    Forbidden 403 "forbidden" "This is not allowed.";
    NotFound 404 "not_found" "There is nothing at this path.";
    UnknownSession 404 "unknown_session" "There is no session with this id.";
    UnknownTask 404 "unknown_task" "There is no task with this name.";
    UnknownClient 404 "unknown_client" "There is no connection with this client id.";
    UnknownWorkflow 404 "unknown_workflow" "There is no workflow with this id.";
    UnknownAudit 404 "unknown_audit" "There is no audit with this id.";
    UnreadableDocument 422 "unreadable_document" "The document cannot be read.";
    UnknownAgent 404 "unknown_agent" "There is no agent with this id.";
    UnknownCrew 404 "unknown_crew" "There is no crew with this id.";
    UnknownEventType 404 "unknown_event_type" "No such type of events is declared.";
    UnknownMemory 404 "unknown_memory" "Nothing is kept under this key.";
    UnknownKey 404 "unknown_key" "There is no API key with this id.";
    UnknownDelivery 404 "unknown_delivery" "This session has no callback with this id.";
    UnknownUser 404 "unknown_user" "There is no user of this name.";
    UnknownNode 404 "unknown_node" "No live workflow has such a node.";
    MethodNotAllowed 405 "method_not_allowed" "This path does not take this method; the Allow header names those that it takes.";
    NotAcceptable 406 "not_acceptable" "The answer cannot be given in a form that the request accepts.";
    RequestTimeout 408 "request_timeout" "The body did not come in time.";
    Conflict 409 "conflict" "Something else has changed what this request builds on.";
    IdempotencyConflict 409 "idempotency_conflict" "This idempotency key was used with another body.";
    ExecutionExists 409 "execution_exists" "Another execution has this id.";
    AlreadyAnswered 409 "already_answered" "The question has been answered already.";
    AnsweredElsewhere 410 "already_answered" "Somebody else has answered this question.";
    LinkUsed 410 "link_used" "This link has been used.";
    LinkExpired 410 "link_expired" "This link has expired.";
    RequestClosed 410 "request_closed" "This question is not asked any more.";
    NoOpenRequest 409 "no_open_request" "No question is open that this could answer.";
    AmbiguousRequest 409 "ambiguous_request" "Several questions are open: say which one with request_id.";
    NotEnded 409 "not_ended" "The session has not ended; cancel it first.";
    AgentConfigured 409 "agent_configured" "This agent stands in the settings, and is changed there.";
    AgentInUse 409 "agent_in_use" "Crews need this agent.";
    AlreadyExists 409 "already_exists" "There is one with this id already.";
    UserExists 409 "user_exists" "There is a user of this name already.";
    LimitReached 409 "limit_reached" "As many are kept as may be; remove some first.";
    MemoryFull 409 "memory_full" "The client keeps as many keys as it may; remove some first.";
    PositionUnknown 409 "position_unknown" "The position is one of another log.";
    WorkflowExists 409 "workflow_exists" "There is a workflow with this id already.";
    VersionConflict 409 "version_conflict" "Somebody else has changed it; current_version says what it is now.";
    AlreadyRunning 409 "already_running" "The workflow is live already.";
    WorkflowEnding 409 "workflow_ending" "The workflow has begun all its iterations, and is changed no more.";
    InputIsLinked 409 "input_is_linked" "The input is linked to another node's output, and follows that.";
    AmbiguousNode 409 "ambiguous_node" "Several live workflows have such a node: say which one with workflow_id.";
    PreconditionFailed 412 "version_conflict" "Somebody else has changed it; current_version says what it is now.";
    PositionTooOld 410 "position_too_old" "Events after this position are kept no longer.";
    PayloadTooLarge 413 "payload_too_large" "The body is larger than this server takes.";
    UriTooLong 414 "uri_too_long" "The address is longer than this server takes.";
    UnsupportedMediaType 415 "unsupported_media_type" "The body must be JSON, with the header Content-Type: application/json.";
    InvalidBody 422 "invalid_body" "The body is JSON, but not what this path takes.";
    InvalidQuery 422 "invalid_query" "The query is not what this path takes.";
    InvalidHeader 422 "invalid_header" "A header is not what this path takes.";
    InvalidPath 422 "invalid_path" "The address is not what this path takes.";
    InvalidGraph 422 "invalid_graph" "The graph is not valid; node_errors says why, node by node.";
    InvalidInputs 422 "invalid_inputs" "The workflow cannot be run with these inputs.";
    UnknownInput 422 "unknown_input" "The node has no such input.";
    InvalidValue 422 "invalid_value" "The value does not fit.";
    UpgradeRequired 426 "upgrade_required" "This path is for WebSockets.";
    TooManyRequests 429 "too_many_requests" "There are too many requests; try again later.";
    HeadersTooLarge 431 "headers_too_large" "The headers are larger than this server takes.";
    Internal 500 "internal_error" "The server failed to do this.";
    TooManyConnections 503 "too_many_connections" "Too many connections are open; try again later.";
    Overloaded 503 "overloaded" "The server is at a limit of its system; try again later.";
    QueueFull 503 "queue_full" "Too many sessions wait already; try again later.";
    TooManyLive 503 "too_many_live" "Too many workflows are live already; stop one first.";
    ShuttingDown 503 "shutting_down" "The server is going down; try again later.";
    TooBusy 503 "too_busy" "The server has too much of this to do already; try again later.";
    StoreUnavailable 503 "store_unavailable" "The store does not answer now; try again later.";
}

impl Code {
    /// Seconds after which to try again, where that may help.
    #[must_use]
    pub(crate) const fn retry_after(self) -> Option<u64> {
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
            422 => Code::InvalidBody,
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
pub(crate) struct Problem {
    /// What went wrong, in a word.
    pub code: Code,
    /// What went wrong, for people.
    pub detail: Cow<'static, str>,
    /// Everything that is wrong with the request, place by place.
    pub errors: Vec<Fault>,
    /// The answer that was first.
    pub winner: Option<Box<Winner>>,
    /// The question that is open now, where the answer only repeats the one before.
    pub open_request_id: Option<RequestId>,
    /// The version that a workflow has now.
    pub current_version: Option<u64>,
    /// What is wrong with a graph.
    pub graph: Option<Box<GraphFaults>>,
    /// Which events there are, where a position leads nowhere.
    pub span: Option<Box<Span>>,
    /// Seconds after which to try again, where that is known better than by the code.
    pub retry_after: Option<NonZeroU32>,
}

/// A problem as it is sent.
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
    /// The question that is open now, with `already_answered` where the answer only repeats the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    open_request_id: Option<RequestId>,
    /// The version that the workflow has now, with `version_conflict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    current_version: Option<u64>,
    /// What is wrong with the graph, by the ids of its nodes, with `invalid_graph`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    node_errors: Option<&'a BTreeMap<String, NodeFaults>>,
    /// What is wrong with the graph as a whole, with `invalid_graph`.
    #[serde(skip_serializing_if = "<[GraphFault]>::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<GraphFault>>", optional))]
    graph_errors: &'a [GraphFault],
    /// Which events there are, with `position_unknown` and `position_too_old`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    data: Option<LogSpan<'a>>,
}

/// Which events there are.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct LogSpan<'a> {
    /// Which log this is: a word that is made with the database.
    epoch: &'a str,
    /// The place of the oldest event that is kept.
    first_seq: u64,
    /// The place of the newest event.
    last_seq: u64,
}

/// The schema of every error (RFC 9457).
pub(super) type ProblemDetails = ProblemBody<'static>;

impl Problem {
    /// A problem with a text of its own.
    #[must_use]
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            winner: None,
            open_request_id: None,
            current_version: None,
            graph: None,
            span: None,
            retry_after: None,
        }
    }

    /// The same, to be tried again after this time.
    #[must_use]
    pub(crate) fn after(self, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        Self { retry_after: NonZeroU32::new(seconds), ..self }
    }

    /// A request of which these parts are wrong; `code` is one of those with status 422.
    #[must_use]
    pub(crate) fn invalid(code: Code, errors: Vec<Fault>) -> Self {
        Self { errors, ..Problem::from(code) }
    }

    /// The problem that stands for an error status which the framework gave.
    #[must_use]
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let fallback = if status.is_server_error() { Code::Internal } else { Code::BadRequest };
        Code::of(status).unwrap_or(fallback).into()
    }

    /// The whole answer as bytes, for a connection that is closed behind it without having been read.
    #[must_use]
    pub(crate) fn last_words(&self) -> Bytes {
        let (status, body) = (self.status_code(), self.body());
        let retry = self.code.retry_after().map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
        let id = Uuid::new_v4();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n{retry}cache-control: \
             no-store\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat().into()
    }

    fn described(&self) -> ProblemBody<'_> {
        let status = self.status_code();
        ProblemBody {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.word(),
            errors: &self.errors,
            winner: self.winner.as_deref(),
            open_request_id: self.open_request_id,
            current_version: self.current_version,
            node_errors: self.graph.as_ref().map(|faults| &faults.node_errors),
            graph_errors: self.graph.as_ref().map(|faults| faults.graph_errors.as_slice()).unwrap_or_default(),
            data: self.span.as_ref().map(|span| LogSpan {
                epoch: &span.epoch,
                first_seq: span.first_seq,
                last_seq: span.last_seq,
            }),
        }
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(&self.described()).unwrap_or_default()
    }

    /// The whole answer.
    #[must_use]
    pub(crate) fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        if let Some(seconds) = self.retry_after.map(|known| known.get().into()).or(self.code.retry_after()) {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if matches!(self.code, Code::PayloadTooLarge | Code::RequestTimeout) {
            // What is left of the body is not read.
            response.force_close();
        }
        if self.code == Code::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"callboard\""));
        }
        if self.code == Code::UpgradeRequired {
            response.insert_header((header::UPGRADE, "websocket"));
            response.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
        }
        response.json(self.described())
    }
}

/// A text for people as a sentence.
pub(super) fn sentence(text: &impl ToString) -> String {
    let text = text.to_string();
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).chain(['.']).collect()
}

/// The problem of a request to keep more than `most` of these.
pub(super) fn limit_reached(most: usize, of: &str) -> Problem {
    Problem::new(Code::LimitReached, format!("There are {most} {of}, which is as many as may be; remove some first."))
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

impl From<threads::Error> for Problem {
    fn from(error: threads::Error) -> Self {
        match error {
            threads::Error::Refused(error) => {
                log::error!(error:%; "the system starts no more threads for this server");
                Code::Overloaded.into()
            }
            threads::Error::BrokenOff => Code::ShuttingDown.into(),
        }
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
            Refused::ExecutionExists => Code::ExecutionExists.into(),
            Refused::NotEnded => Code::NotEnded.into(),
            Refused::NoOpenRequest => Code::NoOpenRequest.into(),
            Refused::AmbiguousRequest => Code::AmbiguousRequest.into(),
            refused @ (Refused::NotAsked(_) | Refused::NotOwned) => Problem::new(Code::Forbidden, sentence(&refused)),
            Refused::AlreadyAnswered { winner, open_request_id } => {
                Problem { winner: Some(winner), open_request_id, ..Problem::from(Code::AlreadyAnswered) }
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
            Refused::Locked => Problem::new(Code::StoreUnavailable, sentence(&refused)),
            // What the database says is for the log, where the store writes it.
            Refused::Unavailable(_) | Refused::Elsewhere => Code::StoreUnavailable.into(),
        }
    }
}

impl From<workflow::refused::Refused> for Problem {
    fn from(refused: workflow::refused::Refused) -> Self {
        use workflow::plan::SetError;
        use workflow::refused::Refused;
        let code = match &refused {
            Refused::UnknownWorkflow => Code::UnknownWorkflow,
            Refused::NotSet(SetError::UnknownNode(_)) => Code::UnknownNode,
            Refused::NotSet(SetError::UnknownInput(_)) => Code::UnknownInput,
            Refused::NotSet(SetError::InvalidValue(_)) | Refused::InvalidId(_) => Code::InvalidValue,
            Refused::NotSet(SetError::InputIsLinked) => Code::InputIsLinked,
            Refused::AmbiguousNode(_) => Code::AmbiguousNode,
            Refused::Invalid(_) => Code::InvalidGraph,
            Refused::AlreadyExists => Code::WorkflowExists,
            Refused::VersionConflict(_) => Code::VersionConflict,
            Refused::AlreadyRunning => Code::AlreadyRunning,
            Refused::Ending => Code::WorkflowEnding,
            Refused::TooManyLive => Code::TooManyLive,
            Refused::TooManyOfOne(_) => Code::TooManyRequests,
            Refused::ShuttingDown => Code::ShuttingDown,
            Refused::Unavailable(_) => Code::StoreUnavailable,
        };
        match refused {
            Refused::Invalid(faults) => Problem { graph: Some(faults), ..Problem::from(code) },
            Refused::VersionConflict(version) => Problem { current_version: Some(version), ..Problem::from(code) },
            Refused::NotSet(SetError::UnknownNode(name) | SetError::UnknownInput(name))
            | Refused::AmbiguousNode(name) => Problem::new(code, format!("{} It is {name:?}.", code.text())),
            Refused::NotSet(SetError::InvalidValue(text)) => Problem::new(code, format!("The value {text}.")),
            Refused::InvalidId(_) => Problem::new(code, sentence(&refused)),
            Refused::TooManyOfOne(too_many) => Problem::new(code, sentence(&too_many)),
            Refused::UnknownWorkflow
            | Refused::NotSet(SetError::InputIsLinked)
            | Refused::AlreadyExists
            | Refused::AlreadyRunning
            | Refused::Ending
            | Refused::TooManyLive
            | Refused::ShuttingDown
            | Refused::Unavailable(_) => code.into(),
        }
    }
}

impl From<connection::Error> for Problem {
    fn from(error: connection::Error) -> Self {
        match error {
            connection::Error::Refused(refused) => refused.into(),
            connection::Error::NotNow(CloseCode::GoingAway) => Code::ShuttingDown.into(),
            connection::Error::NotNow(CloseCode::TooManyMessages) => {
                Problem::new(Code::TooManyRequests, "You have as many sockets and event streams as you may have.")
            }
            connection::Error::NotNow(_) => Code::TooManyConnections.into(),
            unsupported @ connection::Error::UnsupportedVersion => {
                Problem::new(Code::UpgradeRequired, unsupported.to_string())
            }
            connection::Error::NotAWebSocket(text) => Problem::new(Code::BadRequest, text),
        }
    }
}

impl From<callback::Error> for Problem {
    fn from(error: callback::Error) -> Self {
        match error {
            callback::Error::Unknown => Code::UnknownDelivery.into(),
            callback::Error::Store(error) => error.into(),
        }
    }
}

impl From<trail::Error> for Problem {
    fn from(error: trail::Error) -> Self {
        match error {
            trail::Error::Store(error) => error.into(),
            damaged @ trail::Error::Damaged(_) => {
                log::error!(error:% = damaged; "the audit trail cannot be read");
                Code::Internal.into()
            }
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
mod tests;
