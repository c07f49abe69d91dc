//! Reads the event in a body, for every route that publishes one.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::State;
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::sessions::start::{execution_id, priority};
use crate::domain::event::{Group, Kind, LARGEST, NewEvent, fits};
use crate::domain::status::Priority;

/// The most characters of the ids of crews and agents.
const LONGEST_ID: usize = 128;

/// An event to publish.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are listed")]
pub(in crate::http) struct TellEvent {
    /// What: `custom.` and more; for an operator also one of `system.*`.
    #[schema(required = false)]
    r#type: String,
    /// A text or any other value that an operator sends instead of `type` and `data`: it becomes a `custom.message`.
    #[schema(value_type = Option<Value>)]
    message: (),
    /// More about it; where the type is declared, it has to fit its schema.
    #[schema(value_type = Option<Object>)]
    data: (),
    /// How urgent it is.
    priority: Option<Priority>,
    /// The execution that it is about.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
    execution_id: (),
    /// The crew that it is about.
    crew_id: Option<String>,
    /// The agent that it is about.
    agent_id: Option<String>,
    /// What is to be kept with it.
    #[schema(value_type = Option<Object>)]
    metadata: (),
}

/// Who publishes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Sender {
    /// Anybody, of a type that users made up.
    Publisher,
    /// An operator, who may speak for the server.
    Operator,
}

impl Sender {
    /// The type with this word, where they may publish it: events of sessions come from the server alone.
    fn kind(self, word: &str) -> Option<Kind> {
        let kind = Kind::parse(word)?;
        let may = match self {
            Sender::Publisher => kind.group() == Group::Custom,
            Sender::Operator => matches!(kind.group(), Group::Custom | Group::System),
        };
        may.then_some(kind)
    }

    fn words(self) -> &'static str {
        match self {
            Sender::Publisher => "custom. and more, such as custom.orders.paid",
            Sender::Operator => "custom. and more, or one of system.*",
        }
    }
}

/// Reads an event, and checks it against what is declared of its type.
///
/// # Errors
/// Everything that is wrong with it.
pub(in crate::http) async fn read(state: &State, body: Option<Value>, sender: Sender) -> Result<NewEvent, Problem> {
    let mut fields = Fields::of(body)?;
    let new_event = new_event(&mut fields, sender);
    let mut faults = fields.finish();
    if let Some(new_event) = &new_event {
        faults.extend(state.event_types.faults(new_event).await?);
    }
    match new_event {
        Some(new_event) if faults.is_empty() => Ok(new_event),
        Some(_) | None => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

/// Reads an event; `None` where its type cannot be known.
fn new_event(fields: &mut Fields, sender: Sender) -> Option<NewEvent> {
    let message = if sender == Sender::Operator && !fields.has("type") { fields.value("message") } else { None };
    let kind = match message {
        Some(_) => Kind::parse("custom.message"),
        None => {
            let kind = fields.one_of("type", sender.words(), |word| sender.kind(word));
            fields.required("type", kind)
        }
    };
    let (mut data, metadata) = (object(fields, "data"), object(fields, "metadata"));
    data.extend(message.map(|message| ("message".to_owned(), message)));
    if !fits(&data, &metadata) {
        fields.fault(&["data"], format!("must have at most {LARGEST} bytes, with metadata"), "too_long");
        return None;
    }
    let (priority, execution_id) = (priority(fields), execution_id(fields));
    let (crew_id, agent_id) = (fields.text("crew_id", LONGEST_ID), fields.text("agent_id", LONGEST_ID));
    let usual = NewEvent::new(kind?);
    Some(NewEvent {
        priority: priority.unwrap_or(usual.priority),
        execution_id,
        crew_id: crew_id.map(Into::into),
        agent_id: agent_id.map(Into::into),
        data,
        metadata,
        ..usual
    })
}

fn object(fields: &mut Fields, key: &str) -> Map<String, Value> {
    fields.object(key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value, sender: Sender) -> (Option<NewEvent>, Vec<String>) {
        let mut fields = Fields::of(Some(body)).unwrap();
        let read = new_event(&mut fields, sender);
        let words = fields.finish().into_iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind));
        (read, words.collect())
    }

    #[test]
    fn what_has_happened_is_read_whole() {
        let body =
            json!({"type": "custom.a", "data": {"a": 1}, "priority": "critical", "crew_id": "c", "execution_id": "e"});
        let (read, faults) = read(body, Sender::Publisher);
        let new_event = read.unwrap();
        assert_eq!((new_event.kind.word(), new_event.priority, faults.len()), ("custom.a", Priority::Critical, 0));
        assert_eq!((new_event.data["a"].clone(), new_event.crew_id.as_deref()), (json!(1), Some("c")));
        assert_eq!(new_event.execution_id.unwrap().as_str(), "e");
    }

    #[test]
    fn an_operator_may_tell_of_the_server_and_say_a_mere_message() {
        let new_event = |body| read(body, Sender::Operator).0.unwrap();
        assert_eq!(new_event(json!({"type": "system.error"})).priority, Priority::Critical);
        let event = new_event(json!({"message": "Lunch!", "priority": "low"}));
        assert_eq!((event.kind.word(), Value::Object(event.data)), ("custom.message", json!({"message": "Lunch!"})));
        assert_eq!(
            read(json!({"message": "x"}), Sender::Publisher).1,
            ["body.type missing", "body.message unknown_field"]
        );
        assert_eq!(
            read(json!({"message": "x", "type": "custom.a"}), Sender::Operator).1,
            ["body.message unknown_field"]
        );
    }

    #[test]
    fn every_fault_is_told() {
        for sender in [Sender::Publisher, Sender::Operator] {
            assert_eq!(read(json!({}), sender).1, ["body.type missing"]);
            for word in ["execution.started", "custom", "custom.", "custom.*", "connection.lost", "system.*", "x"] {
                assert_eq!(read(json!({"type": word}), sender).1, ["body.type invalid_value"], "{word}");
            }
            let bad =
                json!({"type": 1, "data": [], "priority": "urgent", "execution_id": "a b", "crew_id": 2, "more": 3});
            assert_eq!(
                read(bad, sender).1,
                [
                    "body.type invalid_value",
                    "body.data wrong_type",
                    "body.priority invalid_value",
                    "body.execution_id invalid_value",
                    "body.crew_id wrong_type",
                    "body.more unknown_field"
                ]
            );
            let long = json!({"type": "custom.a", "data": {"a": "x".repeat(LARGEST)}});
            assert_eq!(read(long, sender).1, ["body.data too_long"]);
        }
        assert_eq!(read(json!({"type": "system.error"}), Sender::Publisher).1, ["body.type invalid_value"]);
    }
}
