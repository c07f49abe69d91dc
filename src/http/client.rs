//! What a request says of its sender and its subject, outside of body and query: ids in headers and paths.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, web};
use futures::future::LocalBoxFuture;

use super::State;
use super::decode::fault;
use super::error::{Code, Problem};
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::session::messages::Called;

impl FromRequest for Principal {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Principal::of(request)))
    }
}

/// The session that a path names. An id that is none names no session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject(pub(super) SessionId);

impl FromRequest for Subject {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("session_id").and_then(|text| text.parse().ok());
        ready(id.map(Subject).ok_or_else(|| Code::UnknownSession.into()))
    }
}

/// The execution that a path names: by the word that its starter chose, or by its session's id.
#[derive(Clone, Debug)]
pub(super) struct Execution(pub(super) Called);

impl FromRequest for Execution {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("execution_id").and_then(|text| text.parse().ok());
        let state = request.app_data::<web::Data<State>>().cloned();
        let principal = Principal::of(request);
        Box::pin(async move {
            let (Some(id), Some(state)) = (id, state) else { return Err(Code::UnknownSession.into()) };
            Ok(Execution(state.sessions.called(&principal, id).await?))
        })
    }
}

/// Who answers or cancels: under the name that `X-Client-Id` says, else as `http`.
#[derive(Clone, Debug)]
pub(super) struct By(pub(super) Principal);

impl FromRequest for By {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = visible(request.headers(), "X-Client-Id", 64);
        ready(given.map(|name| By(Principal::of(request).named(name.unwrap_or("http")))))
    }
}

/// A header of 1 to `most` visible ASCII characters, where it was sent.
///
/// # Errors
/// Where it is something else.
pub(super) fn visible<'a>(headers: &'a HeaderMap, name: &str, most: usize) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let bytes = value.as_bytes();
    if (1..=most).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic)
        && let Ok(text) = value.to_str()
    {
        return Ok(Some(text));
    }
    let fault = fault(&["header", name], format!("must be 1 to {most} visible ASCII characters"), "invalid_value");
    Err(Problem::invalid(Code::InvalidHeader, vec![fault]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn an_idempotency_key_is_visible_and_not_too_long() {
        let header = |value: &str| TestRequest::get().insert_header(("idempotency-key", value)).to_http_request();
        let cases = [
            ("k1", true),
            ("!~", true),
            ("", false),
            ("a b", false),
            (&"x".repeat(255), true),
            (&"x".repeat(256), false),
        ];
        for (value, taken) in cases {
            let request = header(value);
            let read = visible(request.headers(), "Idempotency-Key", 255);
            assert_eq!(read.is_ok(), taken, "{value}");
            if let Err(problem) = read {
                assert_eq!(problem.errors[0].loc, ["header", "Idempotency-Key"]);
            }
        }
        assert_eq!(visible(TestRequest::get().to_http_request().headers(), "Idempotency-Key", 255), Ok(None));
    }

    #[actix_web::test]
    async fn an_id_that_is_none_is_unknown() {
        for (text, code) in [("../etc", Some(Code::UnknownSession)), ("00000000-0000-4000-8000-000000000000", None)] {
            let (request, mut payload) = TestRequest::get().param("session_id", text.to_owned()).to_http_parts();
            let read = Subject::from_request(&request, &mut payload).await;
            assert_eq!(read.err().map(|problem| problem.code), code, "{text}");
        }
    }
}
