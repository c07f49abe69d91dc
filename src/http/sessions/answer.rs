//! Answers to open questions: `POST /sessions/{session_id}/confirm`, `/input` and `/retry`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::client::{By, Subject};
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use super::start::idempotency;
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::domain::request::{Answer, Values};
use crate::domain::status::Status;
use crate::store::Idempotency;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![AnswerRequest => confirm, AnswerRequest => input, AnswerRequest => retry]
}

/// The answer to a yes-or-no question; it counts for the offer of another attempt, too.
#[derive(Debug, ToSchema)]
pub(in crate::http) struct Confirm {
    /// Yes or no.
    value: bool,
    /// The question; may be left out while exactly one is open.
    request_id: Option<String>,
}

/// A form that is filled in.
#[derive(Debug, ToSchema)]
pub(in crate::http) struct Input {
    /// The values by field name.
    #[schema(value_type = Object)]
    values: Values,
    /// The form; may be left out while exactly one question is open.
    request_id: Option<String>,
}

/// The answer to the offer of another attempt.
#[derive(Debug, ToSchema)]
pub(in crate::http) struct Retry {
    /// Whether to try again; yes where it is left out.
    #[schema(required = false)]
    value: bool,
    /// The question; may be left out while exactly one is open.
    request_id: Option<String>,
}

/// An answer that won and is in the store.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Accepted {
    /// The session.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// The question.
    #[schema(value_type = String, format = "uuid")]
    request_id: crate::domain::id::RequestId,
    /// Where the session stands then.
    status: Status,
}

/// Answers a yes-or-no question.
#[utoipa::path(
    post, path = "/sessions/{session_id}/confirm", tag = "answers",
    params(
        ("session_id" = String, Path, description = "The session's id."),
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gets the first reply again and changes nothing."),
    ),
    request_body(content = Confirm),
    responses(
        (status = 200, description = "The answer won.", body = Accepted),
        (status = "4XX", description = "It was not taken."),
    )
)]
async fn confirm(
    state: web::Data<State>,
    Subject(session_id): Subject,
    By(principal): By,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let once = idempotency(&request, "confirm", body.as_ref())?;
    let Confirm { value, request_id } = or_unknown(&state, &principal, session_id, decode_confirm(body)).await?;
    submit(&state, &principal, session_id, request_id, Answer::Confirm(value), once).await
}

/// Fills in a form.
#[utoipa::path(
    post, path = "/sessions/{session_id}/input", tag = "answers",
    params(
        ("session_id" = String, Path, description = "The session's id."),
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gets the first reply again and changes nothing."),
    ),
    request_body(content = Input),
    responses(
        (status = 200, description = "The answer won.", body = Accepted),
        (status = "4XX", description = "It was not taken; with 422 the question stays open."),
    )
)]
async fn input(
    state: web::Data<State>,
    Subject(session_id): Subject,
    By(principal): By,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let once = idempotency(&request, "input", body.as_ref())?;
    let Input { values, request_id } = or_unknown(&state, &principal, session_id, decode_input(body)).await?;
    submit(&state, &principal, session_id, request_id, Answer::Input(values), once).await
}

/// Answers the offer of another attempt.
#[utoipa::path(
    post, path = "/sessions/{session_id}/retry", tag = "answers",
    params(
        ("session_id" = String, Path, description = "The session's id."),
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gets the first reply again and changes nothing."),
    ),
    request_body(content = Option<Retry>),
    responses(
        (status = 200, description = "The answer won.", body = Accepted),
        (status = "4XX", description = "It was not taken."),
    )
)]
async fn retry(
    state: web::Data<State>,
    Subject(session_id): Subject,
    By(principal): By,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let once = idempotency(&request, "retry", body.as_ref())?;
    let Retry { value, request_id } = or_unknown(&state, &principal, session_id, decode_retry(body)).await?;
    submit(&state, &principal, session_id, request_id, Answer::Retry(value), once).await
}

async fn submit(
    state: &State,
    principal: &Principal,
    session_id: SessionId,
    request_id: Option<String>,
    answer: Answer,
    once: Option<Idempotency>,
) -> Result<HttpResponse, Problem> {
    let answered = state.sessions.answer(principal, session_id, request_id, answer, once).await?;
    Ok(HttpResponse::Ok().json(Accepted { session_id, request_id: answered.request_id, status: answered.status }))
}

/// What was decoded; where that failed and there is no such session, that it is unknown.
///
/// # Errors
/// The decoder's, or that there is no such session, which comes first.
pub(in crate::http) async fn or_unknown<T>(
    state: &State,
    principal: &Principal,
    session_id: SessionId,
    decoded: Result<T, Problem>,
) -> Result<T, Problem> {
    if decoded.is_err() {
        state.sessions.find(principal, session_id).await?;
    }
    decoded
}

fn decode_confirm(body: Option<Value>) -> Result<Confirm, Problem> {
    let mut fields = Fields::of(body)?;
    let request_id = fields.text("request_id", 64);
    let value = fields.boolean("value");
    let value = fields.required("value", value);
    let faults = fields.finish();
    match value {
        Some(value) if faults.is_empty() => Ok(Confirm { value, request_id }),
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

fn decode_input(body: Option<Value>) -> Result<Input, Problem> {
    let mut fields = Fields::of(body)?;
    let request_id = fields.text("request_id", 64);
    let values = fields.object("values");
    let values = fields.required("values", values);
    let faults = fields.finish();
    match values {
        Some(values) if faults.is_empty() => Ok(Input { values, request_id }),
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

fn decode_retry(body: Option<Value>) -> Result<Retry, Problem> {
    let mut fields = Fields::of(body)?;
    let request_id = fields.text("request_id", 64);
    let value = fields.boolean("value").unwrap_or(true);
    let faults = fields.finish();
    if faults.is_empty() { Ok(Retry { value, request_id }) } else { Err(Problem::invalid(Code::InvalidBody, faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults<T: std::fmt::Debug>(decoded: Result<T, Problem>) -> Vec<String> {
        decoded.unwrap_err().errors.iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect()
    }

    #[test]
    fn an_answer_of_the_wrong_shape_is_told_field_by_field() {
        assert_eq!(faults(decode_confirm(None)), ["body.value missing"]);
        assert_eq!(
            faults(decode_confirm(Some(json!({"value": "x", "request_id": 1, "y": 1})))),
            ["body.request_id wrong_type", "body.value wrong_type", "body.y unknown_field"]
        );
        assert_eq!(faults(decode_input(Some(json!({"values": 3})))), ["body.values wrong_type"]);
        assert_eq!(faults(decode_input(Some(json!({})))), ["body.values missing"]);
        assert_eq!(faults(decode_retry(Some(json!({"value": "x"})))), ["body.value wrong_type"]);
        assert_eq!(faults(decode_retry(Some(json!([])))), ["body wrong_type"]);
    }

    #[test]
    fn a_retry_means_yes_unless_it_says_no() {
        assert!(decode_retry(None).unwrap().value);
        assert!(!decode_retry(Some(json!({"value": false}))).unwrap().value);
        let confirm = decode_confirm(Some(json!({"value": false, "request_id": "r"}))).unwrap();
        assert_eq!((confirm.value, confirm.request_id.as_deref()), (false, Some("r")));
    }
}
