//! `/sessions/{session_id}/callbacks`: what was sent of a session, and sending it again; and what a start says of that.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::client::Subject;
use super::super::decode::Fields;
use super::super::error::Problem;
use super::super::route::{Route, routes};
use crate::auth::Principal;
use crate::callback::{Attempt, Delivery, LONGEST_URL, Standing, Wrong};
use crate::domain::callback::{Callback, CallbackEvent};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadCallbacks => list, SendCallback => send_again]
}

/// The most characters of a secret.
const LONGEST_SECRET: usize = 256;

/// Where a session's news is to be posted.
#[derive(ToSchema)]
#[schema(as = NewCallback)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(in crate::http) struct NewCallback {
    /// The address, with http or https; none in a private network but for hosts among `callbacks.allowed_hosts`.
    #[schema(max_length = 2048)]
    url: String,
    /// What is posted: `request` for each question, `ended` at the end; both where it is left out.
    events: Option<Vec<String>>,
    /// What it is signed with, after Standard Webhooks: `whsec_` and base64.
    secret: Option<String>,
    /// Whether the news of a question has `data.share.url`, a link by which whoever gets it can answer, once; needs
    /// `server.public_url`.
    share: Option<bool>,
}

/// What was sent of a session, or is to be. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ShownDelivery {
    /// Its id, which is also its `webhook-id`.
    id: String,
    /// Where it goes.
    url: String,
    /// How it stands.
    state: Standing,
    /// When it was made.
    #[schema(value_type = f64)]
    #[cfg_attr(test, ts(type = "number"))]
    created_at: crate::domain::time::Timestamp,
    /// The last tries, oldest first.
    attempts: Vec<Attempt>,
}

/// What was sent of a session, in the order of what has happened.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct DeliveryList {
    callbacks: Vec<ShownDelivery>,
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, url, standing, created_at, attempts, .. } = delivery;
        Self { id, url, state: standing, created_at, attempts }
    }
}

/// Lists what was sent of a session, with how often it was tried.
#[utoipa::path(
    get, path = "/sessions/{session_id}/callbacks", tag = "sessions",
    params(("session_id" = String, Path, format = "uuid", description = "The session's id.")),
    responses(
        (status = 200, description = "The deliveries.", body = DeliveryList),
        (status = 404, description = "There is no such session."),
        (status = 503, description = "They cannot be read now."),
    )
)]
async fn list(
    state: web::Data<State>,
    principal: Principal,
    Subject(session_id): Subject,
) -> Result<HttpResponse, Problem> {
    // Whoever is asked something of a session does not see where its news goes: such addresses may hold secrets.
    let summary = state.sessions.own(&principal, session_id).await?;
    let all = state.callbacks.deliveries(&summary.owner, session_id).await?;
    Ok(HttpResponse::Ok().json(DeliveryList { callbacks: all.into_iter().map(ShownDelivery::from).collect() }))
}

/// Sends something of a session again, however it stands, under the same `webhook-id`.
#[utoipa::path(
    post, path = "/sessions/{session_id}/callbacks/{delivery_id}/redeliver", tag = "sessions",
    params(
        ("session_id" = String, Path, format = "uuid", description = "The session's id."),
        ("delivery_id" = String, Path, pattern = "^[0-9A-Za-z_]{1,64}$", description = "The delivery's id."),
    ),
    responses(
        (status = 202, description = "It is sent again."),
        (status = 404, description = "There is no such session or delivery."),
        (status = 503, description = "It cannot be sent now."),
    )
)]
async fn send_again(
    state: web::Data<State>,
    principal: Principal,
    Subject(session_id): Subject,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let summary = state.sessions.own(&principal, session_id).await?;
    let (_, delivery_id) = path.into_inner();
    state.callbacks.send_again(&summary.owner, session_id, &delivery_id).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Where a session's news is to be sent, as the body of a start says.
pub(in crate::http) fn callback(fields: &mut Fields, state: &State) -> Option<Box<Callback>> {
    let given = fields.object("callback")?;
    let mut inner = Fields::of(Some(Value::Object(given))).ok()?;
    let url = inner.required_text("url", LONGEST_URL);
    let words = inner.texts("events", CallbackEvent::ALL.len(), 16);
    let secret = inner.text("secret", LONGEST_SECRET);
    let share = inner.boolean("share").unwrap_or_default();
    let events = match words {
        None => Some(CallbackEvent::ALL.to_vec()),
        Some(words) => {
            let events: Option<Vec<CallbackEvent>> = words.iter().map(|word| CallbackEvent::parse(word)).collect();
            if events.as_ref().is_none_or(Vec::is_empty) {
                inner.fault(&["events"], "must name some of: request, ended", "invalid_value");
            }
            events
        }
    };
    let callback = match (url, events) {
        (Some(url), Some(events)) => match state.callbacks.checked(url, events, secret.as_deref(), share) {
            Ok(callback) => Some(Box::new(callback)),
            Err(wrong @ Wrong::Url(_)) => {
                inner.fault(&["url"], wrong.to_string(), "forbidden_url");
                None
            }
            Err(wrong @ Wrong::Share) => {
                inner.fault(&["share"], wrong.to_string(), "invalid_value");
                None
            }
            Err(wrong @ Wrong::Secret) => {
                inner.fault(&["secret"], wrong.to_string(), "invalid_value");
                None
            }
        },
        _ => None,
    };
    fields.take_over(&["callback"], inner.finish());
    callback
}
