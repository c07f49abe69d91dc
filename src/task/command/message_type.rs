//! Which message a line means to be, also where it cannot be read as one.
//!
//! A line that begins like an object and names the type of a message is one, whatever else is wrong with it: passed on as
//! output, a question would never be asked and a step be done twice. So its `type` is looked for without a JSON parser,
//! from both ends: what stands before a mistake is found from the beginning, and what stands behind it from the end.

use std::ops::Range;

/// The types of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageType {
    /// Output.
    Stream,
    /// How far the command is.
    Progress,
    /// A question for yes or no.
    RequestConfirmation,
    /// A question for a form.
    RequestUserInput,
    /// A step begins.
    Step,
    /// A step is done.
    StepCompleted,
    /// The end, with a result.
    TaskCompleted,
    /// The end, without one.
    TaskFailed,
}

impl MessageType {
    /// All of them.
    pub(super) const ALL: [MessageType; 8] = [
        MessageType::Stream,
        MessageType::Progress,
        MessageType::RequestConfirmation,
        MessageType::RequestUserInput,
        MessageType::Step,
        MessageType::StepCompleted,
        MessageType::TaskCompleted,
        MessageType::TaskFailed,
    ];

    /// The word in `type`.
    pub(super) fn word(self) -> &'static str {
        match self {
            MessageType::Stream => "stream",
            MessageType::Progress => "progress",
            MessageType::RequestConfirmation => "request_confirmation",
            MessageType::RequestUserInput => "request_user_input",
            MessageType::Step => "step",
            MessageType::StepCompleted => "step_completed",
            MessageType::TaskCompleted => "task_completed",
            MessageType::TaskFailed => "task_failed",
        }
    }

    /// Whether nothing is lost where such a message is shown as a line of output.
    pub(super) fn is_output(self) -> bool {
        matches!(self, MessageType::Stream | MessageType::Progress)
    }

    fn parse(word: &[u8]) -> Option<Self> {
        MessageType::ALL.into_iter().find(|kind| kind.word().as_bytes() == word)
    }
}

/// A line without what terminals take as commands and editors as a mark: white space, a byte order mark and escape
/// sequences before its first character and behind its last one.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let mut rest = line.trim_ascii();
    loop {
        let before = rest.len();
        rest = rest.strip_prefix(MARK).unwrap_or(rest).trim_ascii_start();
        rest = rest.get(escape_sequence(rest)..).unwrap_or_default().trim_ascii_start();
        if rest.len() == before {
            break;
        }
    }
    // An escape sequence has no closing bracket of an object in it, so what follows the last one is nothing else.
    let end = rest.iter().rposition(|byte| *byte == b'}').map_or(rest.len(), |at| at + 1);
    let (message, mut tail) = rest.split_at(end);
    loop {
        let before = tail.len();
        tail = tail.get(escape_sequence(tail)..).unwrap_or_default().trim_ascii_start();
        if tail.is_empty() {
            return message;
        }
        if tail.len() == before {
            return rest;
        }
    }
}

/// How many bytes at the beginning are one escape sequence (ECMA-48).
fn escape_sequence(text: &[u8]) -> usize {
    const ESCAPE: u8 = 0x1B;
    let after = |start: usize, is_end: fn(&u8) -> bool| {
        let rest = text.get(start..).unwrap_or_default();
        rest.iter().position(is_end).map_or(text.len(), |at| start + at + 1)
    };
    match text {
        [ESCAPE, b'[', ..] => after(2, |byte| (0x40..=0x7E).contains(byte)),
        // A command to the system ends with BEL or with an escape and a backslash.
        [ESCAPE, b']', ..] => after(2, |byte| matches!(byte, 0x07 | b'\\')),
        [ESCAPE, b'(' | b')', _, ..] => 3,
        [ESCAPE, _, ..] => 2,
        _ => 0,
    }
}

/// The type that a line names, as far as it can be seen from its beginning. Quotes may be missing or single ones, as
/// Python and JavaScript show objects.
pub(super) fn from_beginning(line: &[u8]) -> Option<MessageType> {
    let mut found = Found::default();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' | b'\'' => {
                let end = closing_quote(line, start);
                found.word(depth, unescaped(line, start + 1..end).as_ref());
                at = end + 1;
            }
            b'{' | b'[' => {
                depth += 1;
                found.other();
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                found.other();
            }
            b':' => found.colon(),
            0x1B => at = start + escape_sequence(line.get(start..).unwrap_or_default()).max(1),
            byte if byte.is_ascii_whitespace() => {}
            byte if is_part_of_word(*byte) => {
                while line.get(at).is_some_and(|byte| is_part_of_word(*byte)) {
                    at += 1;
                }
                found.word(depth, line.get(start..at).unwrap_or_default());
            }
            _ => found.other(),
        }
    }
    found.kind
}

/// The type that a line names, as far as it can be seen from its end.
pub(super) fn from_end(line: &[u8]) -> Option<MessageType> {
    let mut kind = None;
    let mut depth = 0_usize;
    // The last word and whether there is a colon before it.
    let mut value: Option<(MessageType, bool)> = None;
    let mut end = line.len();
    while let Some(byte) = end.checked_sub(1).and_then(|at| line.get(at)) {
        end -= 1;
        match byte {
            b'"' => {
                let start = opening_quote(line, end);
                let word = unescaped(line, start + 1..end);
                if let Some((found, true)) = value
                    && word == b"type"
                    && depth == 1
                {
                    kind = weightier(kind, Some(found));
                }
                value = MessageType::parse(&word).map(|kind| (kind, false));
                end = start;
            }
            b':' => value = value.map(|(kind, _)| (kind, true)),
            b'}' | b']' => {
                depth += 1;
                value = None;
            }
            b'{' | b'[' => {
                depth = depth.saturating_sub(1);
                value = None;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => value = None,
        }
    }
    kind
}

/// Of two types the one that must not get lost.
pub(super) fn weightier(one: Option<MessageType>, other: Option<MessageType>) -> Option<MessageType> {
    match (one, other) {
        (Some(kind), Some(other)) if kind.is_output() && !other.is_output() => Some(other),
        (kind, other) => kind.or(other),
    }
}

/// What has been found on the way from the beginning.
#[derive(Default)]
struct Found {
    kind: Option<MessageType>,
    place: Place,
}

/// Where one is within a member of the outermost object.
#[derive(Clone, Copy, Default, PartialEq)]
enum Place {
    #[default]
    Elsewhere,
    /// Right behind a key `type`.
    BehindKey,
    /// Behind its colon.
    BehindColon,
}

impl Found {
    fn word(&mut self, depth: usize, word: &[u8]) {
        if self.place == Place::BehindColon {
            self.kind = weightier(self.kind, MessageType::parse(word));
        }
        self.place = if depth == 1 && word == b"type" { Place::BehindKey } else { Place::Elsewhere };
    }

    fn colon(&mut self) {
        self.place = if self.place == Place::BehindKey { Place::BehindColon } else { Place::Elsewhere };
    }

    fn other(&mut self) {
        self.place = Place::Elsewhere;
    }
}

fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The place of the quote that closes the one at `start`; the end of the line where there is none.
fn closing_quote(line: &[u8], start: usize) -> usize {
    let quote = line.get(start);
    let mut at = start + 1;
    while let Some(byte) = line.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if Some(byte) == quote => return at,
            _ => at += 1,
        }
    }
    line.len()
}

/// The place of the quote that opens the string which is closed at `end`; the line's beginning where there is none.
fn opening_quote(line: &[u8], end: usize) -> usize {
    let before = |at: usize| line.get(..at).unwrap_or_default();
    let mut at = end;
    while let Some(quote) = before(at).iter().rposition(|byte| *byte == b'"') {
        let escapes = before(quote).iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return quote;
        }
        at = quote;
    }
    0
}

/// What stands between quotes, with its escapes read; as it is where they cannot be.
fn unescaped(line: &[u8], range: Range<usize>) -> Vec<u8> {
    let text = line.get(range).unwrap_or_default();
    if !text.contains(&b'\\') {
        return text.to_vec();
    }
    let quoted = [b"\"", text, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).map_or_else(|_| text.to_vec(), String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_escape_sequences_round_a_line_are_skipped() {
        for (line, expected) in [
            ("\u{feff}{}", "{}"),
            (" \x1b[1;32m {\"a\":1} \x1b[0m\r", "{\"a\":1}"),
            ("\x1b]0;title\x07\u{feff}\x1b(B{}\x1b[K", "{}"),
            ("\x1b]8;;x\x1b\\{}", "{}"),
            ("{} more\x1b[0m", "{} more\x1b[0m"),
            ("\x1b[31mred\x1b[0m", "red\x1b[0m"),
            ("\x1b", "\x1b"),
            ("\x1b[", ""),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(bare(line.as_bytes())), expected, "{line:?}");
        }
    }

    #[test]
    fn the_type_is_found_in_what_is_broken() {
        for line in [
            r#"{"type":"step""#,
            r#"{"type" : "step","name":NaN}"#,
            r#"{"type":"step"} and more"#,
            r#"{"name":{"type":"stream"},"type":"step",}"#,
            r#"{"t\u0079pe":"st\u0065p","#,
            r#"{'type': 'step', 'name': 'it"s'}"#,
            r#"{type: "step", name: x}"#,
            "{\x1b[34m\"type\"\x1b[0m: \x1b[32m\"step\"\x1b[0m",
            r#"{"type":"stream","content":"a"}{"type":"step"}"#,
            r#"{"type":"other","type":"step"}"#,
        ] {
            assert_eq!(from_beginning(line.as_bytes()), Some(MessageType::Step), "{line}");
        }
        for line in [r#"{"name":"a,"type":"step"}"#, r#"{"name":"{[,"x":{"type":"stream"},"type":"step"}"#] {
            assert_eq!(from_end(line.as_bytes()), Some(MessageType::Step), "{line}");
        }
    }

    #[test]
    fn what_is_no_type_of_the_line_is_not_taken_for_one() {
        for line in [
            r#"{"level":"info","type":"request"}"#,
            r#"{"message":{"type":"step"},"list":[{"type":"step"}]}"#,
            r#"{"message":"{\"type\":\"step\"}"}"#,
            r#"{"kind":"type","name":"step"}"#,
            r#"{"type":["step"],"type":{"step":1},"type":null}"#,
            r#"{"type","step"}"#,
            "{not json",
            "{",
            "",
        ] {
            assert_eq!(from_beginning(line.as_bytes()), None, "{line}");
            assert_eq!(from_end(line.as_bytes()), None, "{line}");
        }
    }
}
