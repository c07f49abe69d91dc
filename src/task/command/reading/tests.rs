//! Messages, what means to be one, and what only looks like it.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::request::Confirmation;

fn broken(line: impl AsRef<[u8]>) -> String {
    let said = read(line.as_ref());
    let Printed::Broken(BadMessage { kind, reason }) = said else { panic!("{} is {said:?}", text(line.as_ref())) };
    format!("{}: {reason}", kind.word())
}

fn shown(content: &str, save_state: bool) -> Printed {
    Printed::Call(Call::Stream { content: content.to_owned(), save_state })
}

fn output(line: &str) -> Printed {
    Printed::Output(line.to_owned())
}

fn step_completed(value: &str) -> Printed {
    let value = serde_json::from_str(value).unwrap();
    Printed::StepCompleted { name: "a".into(), value: StepValue::read(value).unwrap() }
}

#[test]
fn a_message_is_understood() {
    let cases = [
        (r#"{"type":"stream","content":"a"}"#, shown("a", true)),
        (r#"{"type":"stream","content":"a","save_state":true}"#, shown("a", true)),
        (r#"{"type":"stream","content":"a","save_state":null}"#, shown("a", true)),
        (r#"{"save_state":false,"type":"stream","content":"a"}"#, shown("a", false)),
        (
            r#"{"type":"progress","done":1,"total":2,"save_state":false}"#,
            Printed::Call(Call::Progress { done: 1.into(), total: 2.into(), label: String::new(), save_state: false }),
        ),
        (
            r#" {"type":"progress","done":1,"total":2,"extra":[]} "#,
            Printed::Call(Call::Progress { done: 1.into(), total: 2.into(), label: String::new(), save_state: true }),
        ),
        (
            r#"{"type":"progress","done":0.5,"total":1.0,"label":"half"}"#,
            Printed::Call(Call::Progress {
                done: Number::from_f64(0.5).unwrap(),
                total: Number::from_f64(1.0).unwrap(),
                label: "half".into(),
                save_state: true,
            }),
        ),
        (
            r#"{"timeout":2.5,"default":true,"message":"Go?","type":"request_confirmation"}"#,
            Printed::Call(Call::from(Confirmation::new("Go?").or_after(2.5, true))),
        ),
        (
            r#"{"type":"request_confirmation","message":"?","context":{"title":"t","details":{"n":1},"more":0}}"#,
            Printed::Call(Call::from(Confirmation::new("?").titled("t").about(json!({"n": 1})))),
        ),
        (
            r#"{"type":"request_confirmation","message":"?","context":null}"#,
            Printed::Call(Call::from(Confirmation::new("?"))),
        ),
        (r#"{"type":"step","name":"a b/c"}"#, Printed::Call(Call::Step { name: "a b/c".into(), repeatable: true })),
        (r#"{"type":"step_completed","name":"a","value":null}"#, step_completed("null")),
        (
            r#"{"type":"step_completed","name":"a","value":18446744073709551615}"#,
            step_completed("18446744073709551615"),
        ),
        (r#"{"type":"step_completed","name":"a","value":[1e400]}"#, step_completed("[1e400]")),
        (r#"{"type":"task_completed","values":{"n":1}}"#, Printed::Completed(json!({"n": 1}))),
        (r#"{"type":"task_completed","values":null}"#, Printed::Completed(Value::Null)),
        (r#"{"type":"task_failed","error":"e"}"#, Printed::Failed { error: "e".into(), can_retry: false }),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line.as_bytes()), expected, "{line}");
        for marked in [format!("\u{feff}{line}"), format!("\x1b[32m{line}\x1b[0m")] {
            assert_eq!(read(marked.as_bytes()), expected, "{marked}");
        }
    }
}

#[test]
fn a_failure_is_one_whatever_it_says_of_itself() {
    for (error, expected) in
        [("null", "null"), (r#"{"code":7}"#, r#"{"code":7}"#), ("3", "3"), ("[]", "[]"), (r#""""#, "")]
    {
        let line = format!(r#"{{"type":"task_failed","error":{error},"can_retry":true}}"#);
        assert_eq!(read(line.as_bytes()), Printed::Failed { error: expected.into(), can_retry: true });
    }
}

#[test]
fn a_line_that_is_no_message_is_output() {
    for line in [
        "",
        "hello",
        "{",
        "{not json",
        "[]",
        r#"["stream","x"]"#,
        "{}",
        r#"{"type":"other"}"#,
        r#"{"level":"info","type":"request","took":NaN}"#,
        r#"{"level":"info","payload":{"type":"step"},"took":NaN}"#,
        r#"{"message":"sent {\"type\":\"step\"}""#,
        r#"{"items":[{"type":"step"},{"type":"st"#,
        r#"{"type":1}"#,
        r#"step {"type":"step"}"#,
        "1",
        "\u{feff}\x1b[1mbold\x1b[0m",
    ] {
        assert_eq!(read(line.as_bytes()), output(line), "{line}");
    }
    assert_eq!(read(b"\xff{"), output("\u{fffd}{"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one line a case")]
fn what_means_to_be_a_message_and_is_none_says_what_is_wrong() {
    let long = format!(r#"{{"type":"step","name":"{}"}}"#, "n".repeat(LONGEST_NAME + 1));
    let deep = format!(r#"{{"type":"task_completed","values":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let cases: [(&str, &str); 29] = [
        (
            r#"{"type":"request_confirmation","message":"m","context":["title"]}"#,
            "request_confirmation: context: an object is wanted",
        ),
        (
            r#"{"type":"request_confirmation","message":"m","context":{"title":1}}"#,
            "request_confirmation: context: invalid type: integer",
        ),
        (
            r#"{"type":"request_confirmation","message":"m","context":{"details":[1e400]}}"#,
            "request_confirmation: context.details.0",
        ),
        (
            r#"{"type":"request_user_input","fields":[{"name":"a"}],"context":{"source":{"node":"n"}}}"#,
            "request_user_input: context.source: node_id",
        ),
        (r#"{"type":"request_confirmation","message":"m","timeout":0}"#, "request_confirmation: timeout: more than 0"),
        (r#"{"type":"request_confirmation","message":"m","timeout":1e300}"#, "request_confirmation: timeout: more"),
        (r#"{"type":"request_confirmation","message":null}"#, "request_confirmation: invalid type: null"),
        (
            r#"{"type":"request_user_input","fields":[{"name":"a","tpye":"text"}]}"#,
            "request_user_input: fields: unknown field `tpye`",
        ),
        (r#"{"type":"request_user_input","fields":{}}"#, "request_user_input: fields: invalid type: map"),
        (r#"{"type":"request_user_input","fields":[{"name":"a","value":"\ud800"}]}"#, "request_user_input: fields: "),
        (
            r#"{"type":"request_user_input","fields":[{"name":"a"}],"default":{"a":1}}"#,
            "request_user_input: default: a: ",
        ),
        (
            r#"{"type":"request_user_input","fields":[],"default":[]}"#,
            "request_user_input: default: an object is wanted",
        ),
        (
            r#"{"type":"request_user_input","fields":[{"name":"a","type":"integer","max":123456789012345678901}]}"#,
            "request_user_input: fields.0.max: 123456789012345678901 cannot be held exactly",
        ),
        (r#"{"type":"step","name":""}"#, "step: name: 1 to 4096 bytes are wanted"),
        (r#"{"type":"step"}"#, "step: missing field `name`"),
        (r#"{"type":"step","name":7}"#, "step: invalid type: integer `7`, expected a string at column"),
        (r#"{"type":"step","type":"step","name":"a"}"#, "step: duplicate field `type`"),
        (r#"{"type":"step","name":"a","name":"b"}"#, "step: duplicate field `name`"),
        (r#"{"type":"step","name":"a""#, "step: EOF while parsing"),
        (r#"{"type":"step","name":"a"} {"#, "step: trailing characters at column"),
        (r#"{'type': 'step', 'name': 'a'}"#, "step: key must be a string at column 2"),
        (
            r#"{"type":"step_completed","name":"a","value":{"fee":NaN}}"#,
            "step_completed: NaN is not a JSON number (at value.fee)",
        ),
        (
            r#"{"type":"step_completed","name":"a","value":[-Infinity]}"#,
            "step_completed: -Infinity is not a JSON number",
        ),
        (r#"{"type":"step_completed","name":"a"}"#, "step_completed: missing field `value`"),
        (r#"{"type":"task_completed","values":{"n":1e400}}"#, "task_completed: values.n: 1e400 cannot be held"),
        (r#"{"type":"task_completed"}"#, "task_completed: missing field `values`"),
        (r#"{"type":"task_failed"}"#, "task_failed: missing field `error`"),
        (&long, "step: name: 1 to 4096 bytes"),
        (&deep, "task_completed: values: recursion limit exceeded"),
    ];
    for (line, expected) in cases {
        let reason = broken(line);
        assert!(reason.starts_with(expected), "{line}: {reason}");
        assert!(!reason.contains("line 1"), "{reason}");
    }
    assert!(broken(b"{\"type\":\"step\",\"name\":\"\xff\"}").starts_with("step: invalid unicode code point"));
    assert!(broken(b"\xEF\xBB\xBF{\"type\":\"step\"").starts_with("step: EOF"));
}

#[test]
fn a_message_that_is_only_shown_is_output_where_it_cannot_be_read() {
    for line in [
        r#"{"type":"stream"}"#,
        r#"{"type":"stream","content":null}"#,
        r#"{"type":"progress","done":-1,"total":2}"#,
        r#"{"type":"progress","done":"one","total":2}"#,
        r#"{"type":"progress","done":1,"total":2"#,
    ] {
        assert!(matches!(read(line.as_bytes()), Printed::Misfit { line: shown, .. } if shown == line), "{line}");
    }
}

#[test]
fn of_two_messages_on_one_line_neither_gets_lost() {
    let reason = broken(r#"{"type":"stream","content":"a"}{"type":"step","name":"b"}"#);
    assert_eq!(reason, "step: trailing characters at column 32");
}

#[test]
fn the_beginning_of_a_line_that_is_too_long_is_judged_by_its_type() {
    let cut = |kind: &str| format!(r#"{{"type":"{kind}","values":"aaaaaaaa"#);
    assert_eq!(
        read_beginning(cut("task_completed").as_bytes(), 40),
        Printed::Broken(BadMessage { kind: MessageType::TaskCompleted, reason: "it has more than 40 bytes".into() })
    );
    assert!(matches!(read_beginning(cut("stream").as_bytes(), 40), Printed::Misfit { .. }));
    assert_eq!(read_beginning(cut("other").as_bytes(), 40), Printed::Output(cut("other")));
}

/// A message of each type, its `type` first, in the middle or last.
fn messages() -> impl Strategy<Value = (MessageType, String)> {
    let text = r#"[a-z"'\\{}\[\]:, é-]{0,12}"#;
    let fields = |kind: MessageType, text: &str, other: &str| match kind {
        MessageType::Stream => json!({"content": text, "extra": {"type": other}}),
        MessageType::Progress => json!({"done": 1, "total": 2.5, "label": text}),
        MessageType::RequestConfirmation => json!({"message": text, "timeout": 3, "context": {"title": other}}),
        MessageType::RequestUserInput => json!({"fields": [{"name": "a", "description": text}], "message": other}),
        MessageType::Step => json!({"name": format!("{text}!"), "extra": other}),
        MessageType::StepCompleted => json!({"name": format!("{text}!"), "value": {"type": "stream", "x": [other]}}),
        MessageType::TaskCompleted => json!({"values": {text: [other, {"type": "step"}]}}),
        MessageType::TaskFailed => json!({"error": text, "can_retry": false, "extra": other}),
    };
    let kind = prop::sample::select(MessageType::ALL.to_vec());
    (kind, text, text, any::<prop::sample::Index>()).prop_map(move |(kind, text, other, place)| {
        let Value::Object(fields) = fields(kind, &text, &other) else { panic!("these are objects") };
        let mut members: Vec<String> =
            fields.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
        members.insert(place.index(members.len() + 1), format!(r#""type":"{}""#, kind.word()));
        (kind, format!("{{{}}}", members.join(",")))
    })
}

/// Whether a line is read as a message, or refused as one.
fn is_noticed(said: &Printed, kind: MessageType) -> bool {
    match said {
        Printed::Output(_) => false,
        Printed::Misfit { .. } => kind.is_output(),
        Printed::Broken(_)
        | Printed::Call(_)
        | Printed::StepCompleted { .. }
        | Printed::Completed(_)
        | Printed::Failed { .. } => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_message_with_one_byte_changed_is_never_passed_on_as_output(
        (kind, line) in messages(),
        place: prop::sample::Index,
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"\"'\\{}[]:, \n1e".to_vec())],
        change in 0..3u8,
    ) {
        let mut mutated = line.clone().into_bytes();
        // The bracket at the beginning and the type itself are what it is known by.
        let named = format!(r#""type":"{}""#, kind.word());
        let at = 1 + place.index(mutated.len() - 1);
        match change {
            0 => mutated[at] = byte,
            1 => drop(mutated.remove(at)),
            _ => mutated.insert(at, byte),
        }
        let changed = String::from_utf8_lossy(&mutated).into_owned();
        prop_assume!(changed.matches(&named).count() >= line.matches(&named).count());
        let said = read(&mutated);
        prop_assert!(is_noticed(&said, kind), "{}: {:?}", changed, said);
    }

    #[test]
    fn a_message_that_was_cut_off_is_never_passed_on_as_output((kind, line) in messages(), place: prop::sample::Index) {
        let named = format!(r#""type":"{}""#, kind.word());
        // What stands in the values may be called the same.
        prop_assume!(line.matches(&named).count() == 1);
        let end = line.find(&named).unwrap_or_default() + named.len();
        let cut = &line.as_bytes()[..end + place.index(line.len() - end)];
        let said = read(cut);
        prop_assert!(is_noticed(&said, kind), "{}: {:?}", text(cut), said);
    }

    #[test]
    fn a_message_is_read_as_what_it_is((kind, line) in messages()) {
        let said = read(line.as_bytes());
        let read = match said {
            Printed::Call(Call::Stream { .. }) => MessageType::Stream,
            Printed::Call(Call::Progress { .. }) => MessageType::Progress,
            Printed::Call(Call::RequestConfirmation { .. }) => MessageType::RequestConfirmation,
            Printed::Call(Call::RequestUserInput { .. }) => MessageType::RequestUserInput,
            Printed::Call(Call::Step { .. }) => MessageType::Step,
            Printed::StepCompleted { .. } => MessageType::StepCompleted,
            Printed::Completed(_) => MessageType::TaskCompleted,
            Printed::Failed { .. } => MessageType::TaskFailed,
            Printed::Output(_) | Printed::Misfit { .. } | Printed::Broken(_) | Printed::Call(_) => return Err(TestCaseError::fail(format!("{line}: {said:?}"))),
        };
        prop_assert_eq!(read, kind);
    }

    #[test]
    fn any_bytes_are_read(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let said = read(&line);
        if line.first() != Some(&b'{') && !line.contains(&b'{') {
            prop_assert_eq!(said, Printed::Output(String::from_utf8_lossy(&line).into_owned()));
        }
        let _ = read_beginning(&line, 10);
    }

    #[test]
    fn what_looks_like_a_message_is_read(line in r#"(\x1b\[[0-9m]|[{}\[\]:,"'\\ ]|type|step|stream|name|1|é){0,40}"#) {
        let _ = read(line.as_bytes());
        let _ = read_beginning(line.as_bytes(), 10);
    }

    #[test]
    fn an_object_of_another_type_is_output(kind in "[a-z_]{0,12}", value in ".{0,20}") {
        prop_assume!(MessageType::ALL.iter().all(|known| known.word() != kind));
        let line = json!({"type": kind, "content": value, "name": value, "error": value}).to_string();
        prop_assert_eq!(read(line.as_bytes()), Printed::Output(line));
    }

    #[test]
    fn what_is_streamed_arrives(content in ".{0,40}") {
        let line = json!({"type": "stream", "content": content}).to_string();
        prop_assert_eq!(read(line.as_bytes()), Printed::Call(Call::Stream { content, save_state: true }));
    }
}
