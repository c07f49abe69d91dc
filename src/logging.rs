//! Log lines on standard error: text for people, or one JSON object a line for machines.

use std::io::Write as _;

use env_logger::{Builder, Target};
use log::kv::{Error, Key, Value, VisitSource};
use log::{Record, SetLoggerError};
use serde_json::{Map, Value as Json};

use crate::config::log::{Log, LogFormat};
use crate::domain::mask::Mask;
use crate::domain::time::Timestamp;

/// Logs from now on, for the whole process, without the secrets that `mask` hides. A line that cannot be written, because standard error is closed or full,
/// is dropped.
///
/// # Errors
/// Where something logs already.
pub(crate) fn init(settings: &Log, mask: Mask) -> Result<(), SetLoggerError> {
    let line = match settings.format {
        LogFormat::Text => text_line,
        LogFormat::Json => json_line,
    };
    Builder::new()
        // Logs every request that cannot be read as an error of the server: strangers could fill the log. Asked for by
        // its name it is there. Another part of it repeats at each start what this server says itself.
        .filter_module("actix_http::h1::dispatcher", log::LevelFilter::Off)
        .filter_module("actix_server", log::LevelFilter::Warn)
        .parse_filters(&settings.filter)
        .target(Target::Stderr)
        .format(move |out, record| out.write_all(mask.text(&line(record, Timestamp::now())).as_bytes()))
        .try_init()
}

/// `time level target message key=value …`, always one line.
fn text_line(record: &Record<'_>, now: Timestamp) -> String {
    let mut line = format!("{} {:<5} {} ", now.to_rfc3339(), record.level(), record.target());
    push_on_one_line(&mut line, &record.args().to_string());
    for (key, value) in fields(record) {
        line.push(' ');
        push_on_one_line(&mut line, &key);
        line.push('=');
        match value.as_str().filter(|text| is_plain(text)) {
            Some(text) => line.push_str(text),
            None => push_on_one_line(&mut line, &value.to_string()),
        }
    }
    line.push('\n');
    line
}

/// One JSON object: `timestamp`, `level`, `target`, `message`, then the fields beside them.
fn json_line(record: &Record<'_>, now: Timestamp) -> String {
    let mut object = Map::new();
    object.insert("timestamp".into(), now.to_rfc3339().into());
    object.insert("level".into(), record.level().as_str().into());
    object.insert("target".into(), record.target().into());
    object.insert("message".into(), record.args().to_string().into());
    for (mut key, value) in fields(record) {
        while matches!(key.as_str(), "timestamp" | "level" | "target" | "message") {
            key.insert(0, '_');
        }
        object.insert(key, value);
    }
    let mut line = Json::Object(object).to_string();
    line.push('\n');
    line
}

/// The record's fields in their order; of two with one key the later one.
fn fields(record: &Record<'_>) -> Map<String, Json> {
    struct Fields(Map<String, Json>);

    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            // What is not JSON, such as a map whose keys are no texts, is logged as it is displayed.
            let value = serde_json::to_value(&value).unwrap_or_else(|_| Json::String(value.to_string()));
            // The macro takes the name of a field as it stands in the source.
            let name = key.as_str().strip_prefix("r#").unwrap_or(key.as_str());
            self.0.insert(name.to_owned(), value);
            Ok(())
        }
    }

    let mut fields = Fields(Map::new());
    // A field that cannot be visited ends the list; the rest of the line still says what happened.
    let _ = record.key_values().visit(&mut fields);
    fields.0
}

/// Line breaks and terminal commands in a message must not pass for lines of the log.
fn push_on_one_line(line: &mut String, text: &str) {
    for c in text.chars() {
        if is_hidden(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '=' | '\\') || is_hidden(c))
}

/// Control characters, and the line separators that some viewers break lines at.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;
    use log::kv::ToValue as _;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_123_456);

    fn line(format: fn(&Record<'_>, Timestamp) -> String, message: &str, fields: &[(&str, Value<'_>)]) -> String {
        let fields: Vec<(Key<'_>, Value<'_>)> =
            fields.iter().map(|(key, value)| (Key::from_str(key), value.clone())).collect();
        let fields = fields.as_slice();
        format(
            &Record::builder()
                .args(format_args!("{message}"))
                .level(Level::Info)
                .target("callboard::app")
                .key_values(&fields)
                .build(),
            NOW,
        )
    }

    #[test]
    fn a_text_line_reads_as_time_level_target_message_and_fields() {
        let fields = [("port", 8000.to_value()), ("host", "::1".to_value()), ("why", "no \"reason\"\n".to_value())];
        assert_eq!(
            line(text_line, "listening\n2023", &fields),
            "2023-11-14T22:13:20.123456Z INFO  callboard::app listening\\n2023 port=8000 host=::1 why=\"no \\\"reason\\\"\\n\"\n"
        );
    }

    #[test]
    fn a_field_that_is_a_word_of_the_language_has_its_own_name() {
        // So the macros hand on `r#type = "stream"`.
        let fields = [("r#type", "stream".to_value())];
        assert!(line(json_line, "odd", &fields).ends_with(",\"message\":\"odd\",\"type\":\"stream\"}\n"));
        assert!(line(text_line, "odd", &fields).ends_with(" odd type=stream\n"));
    }

    #[test]
    fn a_json_line_is_one_flat_object() {
        let fields = [("port", 8000.to_value()), ("message", "mine".to_value()), ("share", f64::NAN.to_value())];
        assert_eq!(
            line(json_line, "listening", &fields),
            "{\"timestamp\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"INFO\",\"target\":\"callboard::app\",\
             \"message\":\"listening\",\"port\":8000,\"_message\":\"mine\",\"share\":null}\n"
        );
    }

    proptest! {
        #[test]
        fn any_message_and_fields_are_one_line(
            message in any::<String>(),
            fields in proptest::collection::vec(("(message|level|[a-z]{1,3}|\\PC{0,4}|.{0,4})", any::<String>()), 0..5),
            number in any::<f64>(),
        ) {
            let mut given: Vec<(&str, Value<'_>)> =
                fields.iter().map(|(key, text)| (key.as_str(), text.to_value())).collect();
            given.push(("number", number.to_value()));
            let json = line(json_line, &message, &given);
            let text = line(text_line, &message, &given);
            for line in [&json, &text] {
                prop_assert!(line.ends_with('\n'));
                prop_assert_eq!(line.lines().count(), 1, "{}", line);
            }
            let object: Map<String, Json> = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&object["message"], &Json::String(message));
            for (key, text) in fields.iter().filter(|(key, _)| key.len() == 3 && key != "number") {
                let last = fields.iter().rfind(|(other, _)| other == key).map_or(text, |(_, text)| text);
                prop_assert_eq!(&object[key.as_str()], &Json::String(last.clone()));
            }
        }
    }
}
