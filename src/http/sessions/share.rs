//! `POST /sessions/{session_id}/share`: a link by which somebody without a login answers one question.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::client::{By, Subject};
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::login::is_encrypted;
use super::super::route::{Route, routes};
use super::answer::or_unknown;
use crate::auth::links::{ANSWER_PAGE, NewLink};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::time::Timestamp;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ShareRequest => share]
}

/// The most characters of the name of whoever is to answer.
const LONGEST_NAME: usize = 64;

/// A share link. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct CreatedLink {
    /// Where the question is answered: whoever has this can, once.
    url: String,
    /// What to show at `/shared`, as `Authorization: Bearer`; it is shown this once.
    token: String,
    /// Under which name the answer is recorded: `link:NAME`.
    by: String,
    /// When the link ends; its question may be over before.
    #[schema(value_type = f64)]
    expires_at: Timestamp,
}

/// Which question is shared, for how long, and with whom.
#[derive(ToSchema)]
#[schema(as = NewLink)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(in crate::http) struct NewLinkBody {
    /// The question.
    #[schema(format = "uuid")]
    request_id: String,
    /// Seconds until the link ends; the setting `auth.link_lifetime` is the most.
    #[schema(exclusive_minimum = 0)]
    expires_in: f64,
    /// Who is to answer by it: the answer is recorded under `link:NAME`.
    #[schema(min_length = 1, max_length = 64)]
    by: Option<String>,
}

/// Makes a link by which somebody without a login can answer one open question, once.
#[utoipa::path(
    post, path = "/sessions/{session_id}/share", tag = "answers",
    params(("session_id" = String, Path, description = "The session's id.")),
    request_body(content = NewLinkBody),
    responses(
        (status = 200, description = "The link.", body = CreatedLink),
        (status = "4XX", description = "None was made."),
        (status = 503, description = "None can be made now."),
    )
)]
async fn share(
    state: web::Data<State>,
    Subject(session_id): Subject,
    By(principal): By,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let decoded = decode(body, session_id, state.settings.auth.link_lifetime);
    let new = or_unknown(&state, &principal, session_id, decoded).await?;
    state.sessions.question(&principal, session_id, new.request_id).await?;
    let made = state.links.make(&principal, new).await?;
    let url = format!("{}{ANSWER_PAGE}{}", base(&state, &request), made.token);
    Ok(HttpResponse::Ok().json(CreatedLink { url, token: made.token, by: made.name, expires_at: made.expires_at }))
}

/// What the addresses of this server begin with, as far as whoever asks can know.
fn base(state: &State, request: &HttpRequest) -> String {
    if let Some(url) = &state.settings.server.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = if is_encrypted(state, request) { "https" } else { "http" };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

fn decode(body: Option<Value>, session_id: SessionId, longest: f64) -> Result<NewLink, Problem> {
    let mut fields = Fields::of(body)?;
    let request_id = fields.one_of("request_id", "the id of a question", |text| text.parse::<RequestId>().ok());
    let request_id = fields.required("request_id", request_id);
    let expires_in = fields.positive("expires_in", longest);
    let expires_in = fields.required("expires_in", expires_in);
    let name = fields.text("by", LONGEST_NAME);
    if name.as_deref().is_some_and(|name| name.trim().is_empty() || name.contains(char::is_control)) {
        fields.fault(&["by"], "must be a name without control characters", "invalid_value");
    }
    let faults = fields.finish();
    let good_for = expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match (request_id, good_for) {
        (Some(request_id), Some(good_for)) if faults.is_empty() => {
            Ok(NewLink { session_id, request_id, name, good_for })
        }
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_link_names_its_question_and_ends() {
        let good = json!({"request_id": RequestId::random(), "expires_in": 60, "by": "Bo"});
        let new = decode(Some(good.clone()), SessionId::random(), 100.0).unwrap();
        assert_eq!((new.good_for, new.name.as_deref()), (Duration::from_secs(60), Some("Bo")));
        for (field, value) in [
            ("request_id", json!(null)),
            ("request_id", json!("x")),
            ("expires_in", json!(null)),
            ("expires_in", json!(0)),
            ("expires_in", json!(101)),
            ("by", json!(" ")),
            ("by", json!("a\nb")),
            ("by", json!("x".repeat(65))),
            ("more", json!(1)),
        ] {
            let mut body = good.clone();
            body[field] = value.clone();
            let problem = decode(Some(body), SessionId::random(), 100.0).unwrap_err();
            assert_eq!(problem.code, Code::InvalidBody, "{field} {value}");
            assert!(problem.errors.iter().all(|fault| fault.loc.iter().any(|part| part == field)), "{field} {value}");
        }
    }
}
