//! `POST /api/v1/events`: anybody tells of something, under a type that users made up.

use actix_web::{HttpResponse, web};
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::{Code, PROBLEM_JSON, Problem, Told};
use super::super::start::priority;
use super::event_types;
use super::events::DescribedEvent;
use crate::domain::event::{Happening, Kind};
use crate::domain::status::Priority;

/// The most bytes that `data` and `metadata` may have together: every listener gets them.
const LARGEST: usize = 65_536;

/// Something that has happened.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are told")]
pub(in crate::http) struct PublishEvent {
    /// What: `custom.` and more.
    r#type: String,
    /// More about it; where the type is declared, it has to fit its schema.
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

/// Tells of something; it is kept when the answer comes, and has its place among all events.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events",
    request_body(content = PublishEvent),
    responses(
        (status = 200, description = "The event.", body = DescribedEvent),
        (status = "4XX", description = "It was not told.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be kept now.", body = Told, content_type = PROBLEM_JSON),
    )
)]
pub(in crate::http) async fn publish(
    state: web::Data<State>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::of(body)?;
    let happening = read(&mut fields);
    let mut faults = fields.finish();
    if let Some(happening) = &happening {
        faults.extend(event_types::faults(state.sessions.store(), happening).await?);
    }
    match happening {
        Some(happening) if faults.is_empty() => {
            let recorded = state.events.write(happening).await?;
            Ok(HttpResponse::Ok().content_type("application/json").body(recorded.json))
        }
        Some(_) | None => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

/// Reads what happened; `None` where nobody can say what.
fn read(fields: &mut Fields) -> Option<Happening> {
    let kind = fields.one_of("type", "custom. and more, such as custom.orders.paid", custom);
    let kind = fields.required("type", kind);
    let (data, metadata) = (fields.object("data").unwrap_or_default(), fields.object("metadata").unwrap_or_default());
    let bytes = [&data, &metadata].map(|map| serde_json::to_vec(map).map_or(0, |text| text.len()));
    if bytes.iter().sum::<usize>() > LARGEST {
        fields.fault(&["data"], format!("must have at most {LARGEST} bytes, with metadata"), "too_long");
    }
    let priority = priority(fields);
    let execution_id = fields.one_of("execution_id", "a UUID", |text| text.parse().ok());
    let (crew_id, agent_id) = (fields.text("crew_id", 64), fields.text("agent_id", 64));
    let usual = Happening::new(kind?);
    Some(Happening {
        priority: priority.unwrap_or(usual.priority),
        execution_id,
        crew_id: crew_id.map(Into::into),
        agent_id: agent_id.map(Into::into),
        data,
        metadata,
        ..usual
    })
}

fn custom(word: &str) -> Option<Kind> {
    Kind::parse(word).filter(|kind| matches!(kind, Kind::Custom(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn faults(body: Value) -> Vec<String> {
        let mut fields = Fields::of(Some(body)).unwrap();
        let _ = read(&mut fields);
        fields.finish().into_iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect()
    }

    #[test]
    fn every_fault_is_told() {
        assert_eq!(faults(json!({"type": "custom.a"})), Vec::<String>::new());
        assert_eq!(faults(json!({})), ["body.type missing"]);
        for word in ["execution.started", "custom", "custom.", "custom.*", "x"] {
            assert_eq!(faults(json!({"type": word})), ["body.type invalid_value"], "{word}");
        }
        let bad = json!({"type": 1, "data": [], "priority": "urgent", "execution_id": "x", "crew_id": 2, "more": 3});
        assert_eq!(
            faults(bad),
            [
                "body.type invalid_value",
                "body.data wrong_type",
                "body.priority invalid_value",
                "body.execution_id invalid_value",
                "body.crew_id wrong_type",
                "body.more unknown_field"
            ]
        );
        assert_eq!(faults(json!({"type": "custom.a", "data": {"a": "x".repeat(70_000)}})), ["body.data too_long"]);
    }
}
