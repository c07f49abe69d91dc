//! `/shared`: the question that a share link is for, read and answered by whoever has the link.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::body::JsonBody;
use super::decode::Fields;
use super::error::{Code, Problem};
use super::recorded::Noted;
use super::route::{Route, routes};
use super::sessions::start::idempotency;
use crate::auth::Principal;
use crate::auth::links::Found;
use crate::domain::id::{RequestId, SessionId};
use crate::domain::request::{Answer, Values};
use crate::domain::time::Timestamp;
use crate::session::messages::{Refused, SharedRequest};

pub(super) fn routes() -> Vec<Route> {
    routes![ReadShared => show, AnswerShared => answer]
}

/// What a share link is for. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct SharedQuestion {
    /// The question.
    request: SharedRequest,
    /// Under which name the answer is recorded.
    by: String,
    /// When the link ends; its question may be over before.
    #[schema(value_type = f64)]
    expires_at: Timestamp,
}

/// An answer by a share link that is in the store.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct SharedAnswer {
    /// The question.
    #[schema(value_type = String, format = "uuid")]
    request_id: RequestId,
    /// Under which name it is recorded.
    by: String,
}

/// The answer: `value` to a yes-or-no question or the offer of another attempt, `values` to a form.
#[derive(ToSchema)]
#[schema(as = AnswerByLink)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(super) struct AnswerByLinkBody {
    /// Yes or no.
    value: Option<bool>,
    /// The values of the form by field name.
    #[schema(value_type = Option<Object>)]
    values: Option<Values>,
}

/// Whoever shows a link that is good.
struct Holder {
    principal: Principal,
    session_id: SessionId,
    request_id: RequestId,
    expires_at: Timestamp,
}

impl Holder {
    /// Whose link is shown.
    ///
    /// # Errors
    /// Where it is none, or has expired.
    async fn of(state: &State, request: &HttpRequest) -> Result<Self, Problem> {
        match state.links.find(&Principal::of(request)).await? {
            Found::Good { session_id, holder: principal, expires_at } => {
                let invitation = principal.invitation().ok_or(Code::Unauthenticated)?;
                let request_id = invitation.request_id;
                // From here on it is known by its name, in the audit trail as well.
                request.extensions_mut().insert(principal.clone());
                Noted::session(request, session_id);
                Ok(Self { principal, session_id, request_id, expires_at })
            }
            Found::Expired => Err(Code::LinkExpired.into()),
            Found::Unknown => Err(Code::Unauthenticated.into()),
        }
    }

    fn name(&self) -> &str {
        self.principal.recorded_name()
    }

    /// The question.
    ///
    /// # Errors
    /// Where it is not open any more, or was answered by this link.
    async fn question(&self, state: &State) -> Result<SharedRequest, Problem> {
        let read = state.sessions.question(&self.principal, self.session_id, self.request_id).await;
        read.map(|request| *request).map_err(|refused| self.over(refused))
    }

    /// Why the link is good for nothing, in words that say nothing of the session.
    fn over(&self, refused: Refused) -> Problem {
        match refused {
            Refused::AlreadyAnswered { winner, .. } => {
                let is_own = winner.by == self.name() || winner.answers.iter().any(|given| given.by == self.name());
                match (is_own, winner.timed_out || winner.withdrawn) {
                    (true, _) => Code::LinkUsed.into(),
                    (false, true) => Code::RequestClosed.into(),
                    (false, false) => Code::AnsweredElsewhere.into(),
                }
            }
            Refused::NoOpenRequest | Refused::UnknownSession => Code::RequestClosed.into(),
            other @ (Refused::UnknownTask(_)
            | Refused::Invalid(_)
            | Refused::IdempotencyConflict
            | Refused::ExecutionExists
            | Refused::NotEnded
            | Refused::NotAsked(_)
            | Refused::NotOwned
            | Refused::AmbiguousRequest
            | Refused::Rejected { .. }
            | Refused::QueueFull
            | Refused::ShuttingDown
            | Refused::Elsewhere
            | Refused::Locked
            | Refused::Unavailable(_)) => other.into(),
        }
    }
}

/// Shows the question that a share link is for.
#[utoipa::path(
    get, path = "/shared", tag = "answers",
    responses(
        (status = 200, description = "The question.", body = SharedQuestion),
        (status = 401, description = "There is no such link."),
        (status = 410, description = "The link was used or has expired, or its question is over."),
        (status = 503, description = "It cannot be read now."),
    )
)]
async fn show(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let holder = Holder::of(&state, &request).await?;
    let (by, expires_at) = (holder.name().to_owned(), holder.expires_at);
    let shown = SharedQuestion { request: holder.question(&state).await?, by, expires_at };
    Ok(HttpResponse::Ok().json(shown))
}

/// Answers the question that a share link is for: once. An answer that does not fit (422) uses nothing up.
#[utoipa::path(
    post, path = "/shared", tag = "answers",
    params(("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gets the first reply again and changes nothing.")),
    request_body(content = AnswerByLinkBody),
    responses(
        (status = 200, description = "The answer is taken.", body = SharedAnswer),
        (status = 401, description = "There is no such link."),
        (status = 410, description = "The link was used or has expired, or its question is over."),
        (status = "4XX", description = "It was not taken; with 422 the link stays good."),
        (status = 503, description = "It cannot be taken now."),
    )
)]
async fn answer(
    state: web::Data<State>,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let holder = Holder::of(&state, &request).await?;
    let once = idempotency(&request, &format!("shared {}", holder.name()), body.as_ref())?;
    let Holder { principal, session_id, request_id, .. } = &holder;
    let answer = match decode(body) {
        Ok(answer) => answer,
        // That it is over comes first: nobody should mend an answer that cannot be given.
        Err(problem) => return Err(holder.question(&state).await.err().unwrap_or(problem)),
    };
    let is_form = matches!(answer, Answer::Input(_));
    match state.sessions.answer_shared(principal, *session_id, *request_id, answer, once).await {
        Ok(answered) => {
            let by = holder.name().to_owned();
            Ok(HttpResponse::Ok().json(SharedAnswer { request_id: answered.request_id, by }))
        }
        Err(Refused::NoOpenRequest) => {
            holder.question(&state).await?;
            let wanted = if is_form { "value" } else { "values" };
            let given = if is_form { "values" } else { "value" };
            let mut fields = Fields::of(None)?;
            fields.fault(&[given], format!("this question is answered with {wanted}"), "unknown_field");
            Err(Problem::invalid(Code::InvalidBody, fields.finish()))
        }
        Err(refused) => Err(holder.over(refused)),
    }
}

pub(super) fn decode(body: Option<Value>) -> Result<Answer, Problem> {
    let mut fields = Fields::of(body)?;
    let is_form = fields.has("values");
    let (value, values) = if is_form { (None, fields.object("values")) } else { (fields.boolean("value"), None) };
    if !is_form {
        fields.required("value", value);
    }
    let faults = fields.finish();
    match (value, values) {
        (Some(value), None) if faults.is_empty() => Ok(Answer::Confirm(value)),
        (None, Some(values)) if faults.is_empty() => Ok(Answer::Input(values)),
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_a_value_or_the_values_of_a_form() {
        assert_eq!(decode(Some(json!({"value": false}))).unwrap(), Answer::Confirm(false));
        assert_eq!(decode(Some(json!({"values": {}}))).unwrap(), Answer::Input(Values::new()));
        for body in [
            None,
            Some(json!({})),
            Some(json!({"value": 1})),
            Some(json!({"values": []})),
            Some(json!({"value": true, "values": {}})),
            Some(json!({"value": true, "request_id": "x"})),
        ] {
            assert_eq!(decode(body.clone()).unwrap_err().code, Code::InvalidBody, "{body:?}");
        }
    }
}
