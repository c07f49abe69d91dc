//! `POST /api/v1/websocket/broadcast`: an operator tells all event sockets something, or those that asked for one thing.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::api::event_types;
use super::super::auth::Admin;
use super::super::body::JsonBody;
use super::super::decode::{Fields, fault};
use super::super::error::{Code, PROBLEM_JSON, Problem, Told};
use super::super::start::priority;
use super::Done;
use crate::domain::event::{self, Group, Happening, Kind, Subscription};
use crate::domain::status::Priority;
use crate::hub::feed::{Audience, BroadcastEvent};

/// The most bytes that `data` and `metadata` may have together: every socket gets them.
const LARGEST: usize = 65_536;
/// The most characters of the ids of crews and agents.
const LONGEST_ID: usize = 128;

/// What is told to all.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are told")]
pub(in crate::http) struct Broadcast {
    /// What has happened: `custom.` and more, or one of `system.*`.
    r#type: String,
    /// More about it.
    #[schema(value_type = Option<Object>)]
    data: (),
    /// How urgent it is.
    priority: Option<Priority>,
    /// To which execution it happened.
    #[schema(value_type = Option<String>, format = "uuid")]
    execution_id: (),
    /// To which crew.
    crew_id: Option<String>,
    /// To which agent.
    agent_id: Option<String>,
    /// What is to be kept with it.
    #[schema(value_type = Option<Object>)]
    metadata: (),
}

/// What was told, and to how many.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Delivered {
    /// The event.
    #[schema(value_type = Object)]
    event: Value,
    /// To how many sockets it was told.
    delivered_to: usize,
}

/// Tells every event socket something, whatever it asked for; filters apply. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast", tag = "connections",
    request_body(content = Broadcast),
    responses(
        (status = 200, description = "It is told.", body = Done<Delivered>),
        (status = "4XX", description = "It was not told.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be told now.", body = Told, content_type = PROBLEM_JSON),
    ),
    security((), ("admin_token" = [])),
)]
pub(in crate::http) async fn to_all(
    state: web::Data<State>,
    _: Admin,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    tell(&state, read(body)?, Audience::Everybody).await
}

/// Tells something to the event sockets that asked for this, and to whoever listens to events of its type. Needs the
/// admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast/{subscription}", tag = "connections",
    params(("subscription" = String, Path, description = "What they asked for, word for word: `execution_{id}`, `crew_{id}`, `task_updates`, `queue`, `memory`, `system`, `global`, `metrics`, or a pattern such as `execution.*`.")),
    request_body(content = Broadcast),
    responses(
        (status = 200, description = "It is told.", body = Done<Delivered>),
        (status = "4XX", description = "It was not told.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be told now.", body = Told, content_type = PROBLEM_JSON),
    ),
    security((), ("admin_token" = [])),
)]
pub(in crate::http) async fn to_subscribers(
    state: web::Data<State>,
    _: Admin,
    subscription: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let Some(subscription) = Subscription::parse(&subscription) else {
        let wrong = fault(&["path", "subscription"], "is nothing that can be asked for", "invalid_value");
        return Err(Problem::invalid(Code::InvalidPath, vec![wrong]));
    };
    tell(&state, read(body)?, Audience::Subscribers(subscription)).await
}

async fn tell(state: &State, happening: Happening, audience: Audience) -> Result<HttpResponse, Problem> {
    let faults = event_types::faults(state.sessions.store(), &happening).await?;
    if !faults.is_empty() {
        return Err(Problem::invalid(Code::InvalidBody, faults));
    }
    // What is kept is in the log first; those who listen to its type are told from there.
    let recorded = state.events.write(happening).await.map_err(|_| Problem::from(Code::StoreUnavailable))?;
    let event = serde_json::from_slice(&recorded.json).unwrap_or_default();
    let told = event::Told::new(recorded.event);
    let delivered_to = state.desk.ask(BroadcastEvent { told, audience }).await?;
    Ok(HttpResponse::Ok().json(Done::new(Delivered { event, delivered_to })))
}

fn read(body: Option<Value>) -> Result<Happening, Problem> {
    let mut fields = Fields::of(body)?;
    let kind = fields.one_of("type", "custom. and more, or one of system.*", may_be_told);
    let kind = fields.required("type", kind);
    let (data, metadata) = (fields.object("data").unwrap_or_default(), fields.object("metadata").unwrap_or_default());
    let bytes = [&data, &metadata].map(|map| serde_json::to_vec(map).map_or(0, |text| text.len()));
    if bytes.iter().sum::<usize>() > LARGEST {
        fields.fault(&["data"], format!("must have at most {LARGEST} bytes, with metadata"), "too_long");
    }
    let urgency = priority(&mut fields);
    let execution_id = fields.one_of("execution_id", "a UUID", |text| text.parse().ok());
    let (crew_id, agent_id) = (fields.text("crew_id", LONGEST_ID), fields.text("agent_id", LONGEST_ID));
    let faults = fields.finish();
    let Some(kind) = kind.filter(|_| faults.is_empty()) else {
        return Err(Problem::invalid(Code::InvalidBody, faults));
    };
    let usual = Happening::new(kind);
    Ok(Happening {
        priority: urgency.unwrap_or(usual.priority),
        execution_id,
        crew_id: crew_id.map(Into::into),
        agent_id: agent_id.map(Into::into),
        data,
        metadata,
        ..usual
    })
}

/// What the server alone knows cannot be made up.
fn may_be_told(word: &str) -> Option<Kind> {
    Kind::parse(word).filter(|kind| matches!(kind.group(), Group::Custom | Group::System))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(body: Value) -> Vec<String> {
        let faults = read(Some(body)).unwrap_err().errors;
        faults.into_iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect()
    }

    #[test]
    fn what_is_told_is_read_whole() {
        let read = read(Some(json!({"type": "custom.a", "data": {"a": 1}, "priority": "critical", "crew_id": "c"})));
        let happening = read.unwrap();
        assert_eq!((happening.kind.word(), happening.priority), ("custom.a", Priority::Critical));
        assert_eq!((happening.data["a"].clone(), happening.crew_id.as_deref()), (json!(1), Some("c")));
        let plain = super::read(Some(json!({"type": "system.error"}))).unwrap();
        assert_eq!(plain.priority, Priority::Critical);
    }

    #[test]
    fn every_fault_is_told() {
        assert_eq!(faults(json!({})), ["body.type missing"]);
        for word in ["execution.failed", "custom", "custom.*", "system.*", "connection.lost", "x"] {
            assert_eq!(faults(json!({"type": word})), ["body.type invalid_value"], "{word}");
        }
        let bad = json!({"type": "custom.a", "data": 1, "priority": "no", "execution_id": "x", "crew_id": 1, "y": 1});
        let kinds = ["data wrong_type", "priority invalid_value", "execution_id invalid_value", "crew_id wrong_type"];
        let mut wanted: Vec<String> = kinds.map(|kind| format!("body.{kind}")).to_vec();
        wanted.push("body.y unknown_field".into());
        assert_eq!(faults(bad), wanted);
        assert_eq!(faults(json!({"type": "custom.a", "data": {"a": "x".repeat(LARGEST)}})), ["body.data too_long"]);
    }
}
