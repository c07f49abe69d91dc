//! What a body says has happened, as all take it who tell of events over HTTP.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::State;
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::start::{execution_id, priority};
use crate::domain::event::{Group, Happening, Kind, LARGEST};
use crate::domain::status::Priority;

/// The most characters of the ids of crews and agents.
const LONGEST_ID: usize = 128;

/// Something that has happened.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are told")]
pub(in crate::http) struct TellEvent {
    /// What: `custom.` and more; for an operator also one of `system.*`.
    #[schema(required = false)]
    r#type: String,
    /// A text or any other value for an operator to tell instead of `type` and `data`: it is told as `custom.message`.
    #[schema(value_type = Option<Value>)]
    message: (),
    /// More about it; where the type is declared, it has to fit its schema.
    #[schema(value_type = Option<Object>)]
    data: (),
    /// How urgent it is.
    priority: Option<Priority>,
    /// To which execution it happened.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
    execution_id: (),
    /// To which crew.
    crew_id: Option<String>,
    /// To which agent.
    agent_id: Option<String>,
    /// What is to be kept with it.
    #[schema(value_type = Option<Object>)]
    metadata: (),
}

/// Who tells of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Teller {
    /// Somebody who tells of what is their own.
    Publisher,
    /// Somebody who speaks to all, or to one.
    Operator,
}

impl Teller {
    /// The type with this word, where these may tell of it: what the server alone knows cannot be made up.
    fn kind(self, word: &str) -> Option<Kind> {
        let kind = Kind::parse(word)?;
        let may = match self {
            Teller::Publisher => kind.group() == Group::Custom,
            Teller::Operator => matches!(kind.group(), Group::Custom | Group::System),
        };
        may.then_some(kind)
    }

    fn words(self) -> &'static str {
        match self {
            Teller::Publisher => "custom. and more, such as custom.orders.paid",
            Teller::Operator => "custom. and more, or one of system.*",
        }
    }
}

/// Reads what happened, and checks it against what is declared of its type.
///
/// # Errors
/// Everything that is wrong with it.
pub(in crate::http) async fn read(state: &State, body: Option<Value>, teller: Teller) -> Result<Happening, Problem> {
    let mut fields = Fields::of(body)?;
    let happening = happening(&mut fields, teller);
    let mut faults = fields.finish();
    if let Some(happening) = &happening {
        faults.extend(state.event_types.faults(happening).await?);
    }
    match happening {
        Some(happening) if faults.is_empty() => Ok(happening),
        Some(_) | None => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

/// Reads what happened; `None` where nobody can say what.
fn happening(fields: &mut Fields, teller: Teller) -> Option<Happening> {
    let message = if teller == Teller::Operator && !fields.has("type") { fields.value("message") } else { None };
    let kind = match message {
        Some(_) => Kind::parse("custom.message"),
        None => {
            let kind = fields.one_of("type", teller.words(), |word| teller.kind(word));
            fields.required("type", kind)
        }
    };
    let (mut data, metadata) = (object(fields, "data"), object(fields, "metadata"));
    data.extend(message.map(|message| ("message".to_owned(), message)));
    let bytes = [&data, &metadata].map(|map| serde_json::to_vec(map).map_or(0, |text| text.len()));
    if bytes.iter().sum::<usize>() > LARGEST {
        fields.fault(&["data"], format!("must have at most {LARGEST} bytes, with metadata"), "too_long");
        return None;
    }
    let (priority, execution_id) = (priority(fields), execution_id(fields));
    let (crew_id, agent_id) = (fields.text("crew_id", LONGEST_ID), fields.text("agent_id", LONGEST_ID));
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

fn object(fields: &mut Fields, key: &str) -> Map<String, Value> {
    fields.object(key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value, teller: Teller) -> (Option<Happening>, Vec<String>) {
        let mut fields = Fields::of(Some(body)).unwrap();
        let read = happening(&mut fields, teller);
        let words = fields.finish().into_iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind));
        (read, words.collect())
    }

    #[test]
    fn what_has_happened_is_read_whole() {
        let body =
            json!({"type": "custom.a", "data": {"a": 1}, "priority": "critical", "crew_id": "c", "execution_id": "e"});
        let (read, faults) = read(body, Teller::Publisher);
        let happening = read.unwrap();
        assert_eq!((happening.kind.word(), happening.priority, faults.len()), ("custom.a", Priority::Critical, 0));
        assert_eq!((happening.data["a"].clone(), happening.crew_id.as_deref()), (json!(1), Some("c")));
        assert_eq!(happening.execution_id.unwrap().as_str(), "e");
    }

    #[test]
    fn an_operator_may_tell_of_the_server_and_say_a_mere_message() {
        let happening = |body| read(body, Teller::Operator).0.unwrap();
        assert_eq!(happening(json!({"type": "system.error"})).priority, Priority::Critical);
        let told = happening(json!({"message": "Lunch!", "priority": "low"}));
        assert_eq!((told.kind.word(), Value::Object(told.data)), ("custom.message", json!({"message": "Lunch!"})));
        assert_eq!(
            read(json!({"message": "x"}), Teller::Publisher).1,
            ["body.type missing", "body.message unknown_field"]
        );
        assert_eq!(
            read(json!({"message": "x", "type": "custom.a"}), Teller::Operator).1,
            ["body.message unknown_field"]
        );
    }

    #[test]
    fn every_fault_is_told() {
        for teller in [Teller::Publisher, Teller::Operator] {
            assert_eq!(read(json!({}), teller).1, ["body.type missing"]);
            for word in ["execution.started", "custom", "custom.", "custom.*", "connection.lost", "system.*", "x"] {
                assert_eq!(read(json!({"type": word}), teller).1, ["body.type invalid_value"], "{word}");
            }
            let bad =
                json!({"type": 1, "data": [], "priority": "urgent", "execution_id": "a b", "crew_id": 2, "more": 3});
            assert_eq!(
                read(bad, teller).1,
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
            assert_eq!(read(long, teller).1, ["body.data too_long"]);
        }
        assert_eq!(read(json!({"type": "system.error"}), Teller::Publisher).1, ["body.type invalid_value"]);
    }
}
