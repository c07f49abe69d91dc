//! The entries of a session's journal that clients see, exactly as they stand on the wire.

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use super::agent_entry::AgentEntry;
use super::answerers::{Answerers, GivenAnswer};
use super::context::Context;
use super::id::RequestId;
use super::request::Field;
use super::status::Status;
use super::time::Timestamp;

/// One journal entry; `type` says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// The session changed its state.
    Status {
        /// The new state.
        status: Status,
        /// Which try this is, from 1.
        attempt: u32,
    },
    /// A line of output.
    Stream {
        /// The line, without its end.
        content: String,
    },
    /// How far the task is.
    Progress {
        /// Units of work done; not below 0, and a fraction where the task counts so.
        #[schema(value_type = f64)]
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        done: Number,
        /// Units of work in all.
        #[schema(value_type = f64)]
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        total: Number,
        /// What is being done.
        label: String,
    },
    /// A yes-or-no question.
    RequestConfirmation {
        /// The question's id.
        #[schema(value_type = String)]
        request_id: RequestId,
        /// The question.
        message: String,
        /// Seconds until the default answer is taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        timeout: Option<f64>,
        /// When its time runs out, in seconds since the epoch.
        #[schema(value_type = Option<f64>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        expires_at: Option<Timestamp>,
        /// The answer that is taken then; where there is none, it counts as no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        default: Option<bool>,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        context: Option<Box<Context>>,
        /// Who may answer, and how many have to.
        #[serde(flatten)]
        answerers: Answerers,
    },
    /// A form to fill in.
    RequestUserInput {
        /// The question's id.
        #[schema(value_type = String)]
        request_id: RequestId,
        /// What to fill in.
        fields: Vec<Field>,
        /// What the form is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        message: Option<String>,
        /// Seconds until the default answer is taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        timeout: Option<f64>,
        /// When its time runs out, in seconds since the epoch.
        #[schema(value_type = Option<f64>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        expires_at: Option<Timestamp>,
        /// The answer that is taken then, the values of secrets masked; where there is none, the task has to do without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional, type = "Record<string, unknown>"))]
        default: Option<Map<String, Value>>,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        context: Option<Box<Context>>,
        /// Who may answer, and how many have to.
        #[serde(flatten)]
        answerers: Answerers,
    },
    /// One of several people whose answers a question requires has said yes; it stays open.
    AnswerGiven {
        /// The question's id.
        #[schema(value_type = String)]
        request_id: RequestId,
        /// Who answered.
        by: String,
        /// The answer.
        value: bool,
        /// How many answers are missing still.
        missing: u32,
    },
    /// A question's answer: the one that won, or that its time ran out, or that it is no longer asked.
    Answered {
        /// The question's id.
        #[schema(value_type = String)]
        request_id: RequestId,
        /// Who answered.
        by: String,
        /// The answer to a confirmation or retry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        value: Option<bool>,
        /// The answer to a form; the values of secrets are masked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional, type = "Record<string, unknown>"))]
        values: Option<Map<String, Value>>,
        /// Whether nobody answered in time.
        #[serde(default, skip_serializing_if = "is_false")]
        #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
        timed_out: bool,
        /// Whether nobody has to answer any more: the task has ended, or no longer asks.
        #[serde(default, skip_serializing_if = "is_false")]
        #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
        withdrawn: bool,
        /// All answers that were given, in their order, where the question requires several.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "ts", ts(as = "Option<Vec<GivenAnswer>>", optional))]
        answers: Vec<GivenAnswer>,
    },
    /// The end, with a result.
    TaskCompleted {
        /// The result.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        values: Value,
    },
    /// An attempt failed: a question where `can_retry`, else the end.
    TaskFailed {
        /// What went wrong.
        error: String,
        /// Whether a person may ask for another attempt.
        can_retry: bool,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The question's id, where `can_retry`.
        #[schema(value_type = Option<String>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        request_id: Option<RequestId>,
        /// What it is about, where `can_retry`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        context: Option<Box<Context>>,
    },
    /// The end, because somebody stopped it.
    TaskCancelled {
        /// Why.
        reason: String,
    },
    /// The server went down in the middle and has taken the session up again.
    Recovered {
        /// What happened.
        cause: String,
        /// Steps that had started and left no outcome: their effect may have happened.
        steps_in_doubt: Vec<String>,
    },
    /// What an agent says.
    #[serde(untagged)]
    Agent(AgentEntry),
    /// What a task kind tells in its own words.
    #[serde(untagged)]
    #[cfg_attr(feature = "ts", ts(skip))]
    Custom(Custom),
}

/// An entry of a type that the task kind made up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Custom {
    /// The type's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// All other fields.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

/// An entry with its place in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Stamped {
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
    /// The lane of the task that told it, where the task has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub lane: Option<String>,
    /// 1, 2, 3… without a gap.
    pub seq: u64,
    /// When, in seconds since the epoch.
    #[schema(value_type = f64)]
    pub timestamp: Timestamp,
}

/// A line, progress or part of an agent's reply that is not saved: it reaches whoever is connected at that moment, has no place in the journal and is
/// never replayed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Unsaved<'a> {
    /// What is shown.
    #[serde(flatten)]
    pub entry: &'a Entry,
    /// The lane of the task that told it, where the task has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub lane: Option<&'a str>,
    /// Always false: this is how it differs from an entry of the journal.
    #[cfg_attr(feature = "ts", ts(type = "false"))]
    pub save_state: bool,
    /// When, in seconds since the epoch.
    #[schema(value_type = f64)]
    pub timestamp: Timestamp,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// What an entry means for replay and snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A line or progress: the first to be left out of a snapshot.
    Output,
    /// A question; not shown again once it is answered.
    Request(RequestId),
    /// An answer to that question.
    Answer(RequestId),
    /// Everything else, kept before output.
    State,
    /// The last entry of all.
    Terminal,
}

impl Entry {
    /// What the entry means for replay and snapshots.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Entry::Stream { .. } | Entry::Progress { .. } => Class::Output,
            Entry::RequestConfirmation { request_id, .. }
            | Entry::RequestUserInput { request_id, .. }
            | Entry::TaskFailed { request_id: Some(request_id), .. } => Class::Request(*request_id),
            Entry::Answered { request_id, .. } => Class::Answer(*request_id),
            Entry::TaskCompleted { .. } | Entry::TaskFailed { request_id: None, .. } | Entry::TaskCancelled { .. } => {
                Class::Terminal
            }
            Entry::Status { .. }
            | Entry::AnswerGiven { .. }
            | Entry::Recovered { .. }
            | Entry::Agent(_)
            | Entry::Custom(_) => Class::State,
        }
    }

    /// Who may answer, where it is a question that says so.
    pub fn answerers_mut(&mut self) -> Option<&mut Answerers> {
        match self {
            Entry::RequestConfirmation { answerers, .. } | Entry::RequestUserInput { answerers, .. } => Some(answerers),
            Entry::Status { .. }
            | Entry::Stream { .. }
            | Entry::Progress { .. }
            | Entry::AnswerGiven { .. }
            | Entry::Answered { .. }
            | Entry::TaskCompleted { .. }
            | Entry::TaskFailed { .. }
            | Entry::TaskCancelled { .. }
            | Entry::Recovered { .. }
            | Entry::Agent(_)
            | Entry::Custom(_) => None,
        }
    }

    /// The word in `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Entry::Status { .. } => "status",
            Entry::Stream { .. } => "stream",
            Entry::Progress { .. } => "progress",
            Entry::RequestConfirmation { .. } => "request_confirmation",
            Entry::RequestUserInput { .. } => "request_user_input",
            Entry::AnswerGiven { .. } => "answer_given",
            Entry::Answered { .. } => "answered",
            Entry::TaskCompleted { .. } => "task_completed",
            Entry::TaskFailed { .. } => "task_failed",
            Entry::TaskCancelled { .. } => "task_cancelled",
            Entry::Recovered { .. } => "recovered",
            Entry::Agent(entry) => entry.kind(),
            Entry::Custom(custom) => &custom.kind,
        }
    }
}

/// How large something is as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonSize {
    /// How many bytes it takes.
    pub bytes: usize,
    /// How deep it is nested: 0 where it is neither a list nor an object.
    pub depth: usize,
}

impl std::ops::Add for JsonSize {
    type Output = Self;

    /// The size of both beside one another.
    fn add(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, depth: self.depth.max(other.depth) }
    }
}

/// How many bytes something takes as JSON.
#[must_use]
pub fn json_bytes<T: Serialize + ?Sized>(value: &T) -> usize {
    json_size(value).bytes
}

/// How large something is as JSON.
#[must_use]
pub fn json_size<T: Serialize + ?Sized>(value: &T) -> JsonSize {
    /// Counts what is written.
    struct Counted(usize);

    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Follows how deep what is written stands.
    #[derive(Default)]
    struct Levels {
        open: usize,
        deepest: usize,
    }

    impl Levels {
        fn enter(&mut self) {
            self.open += 1;
            self.deepest = self.deepest.max(self.open);
        }
    }

    impl Formatter for &mut Levels {
        fn begin_array<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
            self.enter();
            writer.write_all(b"[")
        }

        fn end_array<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
            self.open -= 1;
            writer.write_all(b"]")
        }

        fn begin_object<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
            self.enter();
            writer.write_all(b"{")
        }

        fn end_object<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
            self.open -= 1;
            writer.write_all(b"}")
        }
    }

    let (mut counted, mut levels) = (Counted(0), Levels::default());
    // Counting never fails, and what cannot be written takes no room.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut counted, &mut levels));
    JsonSize { bytes: counted.0, depth: levels.deepest }
}

/// Cuts a text so that it takes at most `most` bytes inside a JSON string, and says so at its end.
pub fn shorten(text: &mut String, most: usize) {
    // No character takes more than six bytes for each of its own.
    if text.len() <= most / 6 {
        return;
    }
    let mut taken = 0;
    let cut = text.char_indices().find(|(_, character)| {
        taken += escaped(*character);
        taken > most
    });
    if let Some((at, _)) = cut {
        let left_out = text.len() - at;
        text.truncate(at);
        text.push_str(&format!("… [{left_out} bytes left out]"));
    }
}

/// How many bytes a character takes inside a JSON string.
const fn escaped(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn a_text_is_cut_to_what_fits_into_json(text in "[a\u{0}\u{1f}\"\\\\\n\té☃]{0,200}", most in 0..300_usize) {
            let mut cut = text.clone();
            shorten(&mut cut, most);
            let size = json_bytes(&text);
            prop_assert_eq!(size, serde_json::to_string(&text).unwrap().len());
            if size - 2 <= most {
                prop_assert_eq!(cut, text);
            } else {
                let (kept, rest) = cut.rsplit_once("… [").unwrap();
                prop_assert!(json_bytes(kept) - 2 <= most && text.starts_with(kept));
                prop_assert_eq!(rest, format!("{} bytes left out]", text.len() - kept.len()));
            }
        }
    }

    fn stamped(entry: Entry) -> Stamped {
        Stamped { entry, lane: None, seq: 7, timestamp: Timestamp::from_micros(1_500_000) }
    }

    #[test]
    fn a_size_says_how_deep_json_is_nested() {
        for (value, depth) in [
            (json!("[[{\"]"), 0),
            (json!({}), 1),
            (json!([[], {"a": [1, {"b": "]}"}]}, 2]), 4),
            (json!([[[1]], [[[[2]]]]]), 5),
        ] {
            let bytes = value.to_string().len();
            assert_eq!(json_size(&value), JsonSize { bytes, depth }, "{value}");
        }
    }

    #[test]
    fn an_entry_is_flat_on_the_wire() {
        let entry = stamped(Entry::Stream { content: "x".into() });
        assert_eq!(
            serde_json::to_string(&entry).unwrap(),
            r#"{"type":"stream","content":"x","seq":7,"timestamp":1.5}"#
        );
    }

    #[test]
    fn entries_survive_the_wire() {
        let id = RequestId::random();
        let mut data = Map::new();
        data.insert("phase".into(), json!("research"));
        let entries = [
            Entry::Status { status: Status::WaitingRetry, attempt: 2 },
            Entry::Progress { done: 1.into(), total: 2.into(), label: "l".into() },
            Entry::RequestConfirmation {
                request_id: id,
                message: "m".into(),
                timeout: Some(1.5),
                expires_at: Some(Timestamp::from_micros(2_000_000)),
                default: Some(true),
                context: Some(Box::new(Context { title: Some("t".into()), ..Context::default() })),
                answerers: Answerers { required_answers: Some(2), ..Answerers::default() },
            },
            Entry::AnswerGiven { request_id: id, by: "x".into(), value: true, missing: 1 },
            Entry::Answered {
                request_id: id,
                by: "x".into(),
                value: Some(true),
                values: None,
                timed_out: false,
                withdrawn: false,
                answers: vec![GivenAnswer { by: "x".into(), value: true }],
            },
            Entry::TaskFailed { error: "e".into(), can_retry: true, attempt: 1, request_id: Some(id), context: None },
            Entry::TaskCompleted { values: json!({"a": 1}) },
            Entry::Recovered { cause: "c".into(), steps_in_doubt: vec!["s".into()] },
            Entry::Agent(AgentEntry::ToolResult {
                agent_id: "a".into(),
                call_id: "c".into(),
                tool: "t".into(),
                ok: false,
                text: "x".into(),
            }),
            Entry::Custom(Custom { kind: "phase_started".into(), data }),
        ];
        for entry in entries {
            let text = serde_json::to_string(&stamped(entry.clone())).unwrap();
            assert!(text.starts_with(&format!(r#"{{"type":"{}""#, entry.kind())), "{text}");
            let back: Stamped = serde_json::from_str(&text).unwrap();
            assert_eq!(back.entry, entry);
            assert_eq!(back.entry.class(), entry.class());
        }
    }
}
