//! Reads JSON without changing a number on the way.
//!
//! `serde_json` rounds what it cannot hold: an order number of twenty digits would come back as another one. So whatever
//! comes from outside is read here, and a number that would be changed is refused by name. Whole numbers are exact up to
//! 64 bits; numbers with a fraction are doubles, as everywhere in JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::nesting::{self, TooDeep};

/// From here on doubles are further apart than whole numbers: 2^53.
const SPARSE: f64 = 9_007_199_254_740_992.0;

/// Most significant digits that a double has when it is written out in full.
const MOST_DIGITS: usize = 767;

/// Most characters of a number that an error repeats.
const SHOWN: usize = 48;

/// Most keys that the path to a number names.
const DEEPEST: usize = 32;

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON; the text says why.
    #[error("{0}")]
    Syntax(String),
    /// It has a number that would be changed.
    #[error(transparent)]
    Number(#[from] LostNumber),
    /// It is nested so deeply that it could not be read again inside other JSON.
    #[error(transparent)]
    Deep(#[from] TooDeep),
}

/// A number that cannot be held as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostNumber {
    /// The keys and places that lead to it.
    pub path: Vec<String>,
    /// The number, cut where it is long.
    number: String,
}

impl LostNumber {
    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        let is_whole = self.number.chars().all(|char| char.is_ascii_digit() || matches!(char, '-' | '…'));
        let limit = if is_whole { "whole numbers have at most 64 bits" } else { "it is beyond what a double holds" };
        format!("{} cannot be held exactly: {limit}; send it as a string", self.number)
    }
}

impl fmt::Display for LostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for LostNumber {}

/// Reads JSON in which every number stays what it is, and which may stand inside other JSON.
///
/// # Errors
/// [`Unreadable`].
pub fn read(text: &[u8]) -> Result<Value, Unreadable> {
    let odd = odd_token(text);
    if let Some(Odd::Number(token)) = &odd
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
    {
        return Err(lost(text, token).into());
    }
    let value = serde_json::from_slice(text).map_err(|error| match odd {
        Some(Odd::Word(token)) => {
            let path = path_to(text, token.at);
            let at = if path.is_empty() { String::new() } else { format!(" (at {})", path.join(".")) };
            Unreadable::Syntax(format!("{} is not a JSON number{at}", token.shown(text)))
        }
        Some(Odd::Number(_)) | None => Unreadable::Syntax(error.to_string()),
    })?;
    Ok(nesting::checked(value)?)
}

/// A value for people and programs to read: a string as it is, anything else as JSON.
#[must_use]
pub fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Cow::from)
}

/// Whether a number is held as it is written: a whole number within 64 bits, or another one whose double is the same
/// where it is written with as many digits. Below 2^53 a fraction may be rounded, as doubles are.
#[must_use]
pub fn is_kept(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let Ok(double) = number.parse::<f64>() else { return false };
    let digits = significant(number);
    if digits.is_empty() || !double.is_finite() || double == 0.0 {
        return digits.is_empty();
    }
    if double.abs() < SPARSE {
        return true;
    }
    digits.len() <= MOST_DIGITS && significant(&format!("{:.*e}", digits.len() - 1, double)) == digits
}

/// The digits of a number from the first to the last that is not zero; none where it is zero.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// A token that is no string, and where it stands.
struct Token {
    at: usize,
    end: usize,
}

impl Token {
    fn shown(&self, text: &[u8]) -> String {
        let token = text.get(self.at..self.end).unwrap_or_default();
        let shown = String::from_utf8_lossy(token.get(..SHOWN).unwrap_or(token)).into_owned();
        if token.len() > SHOWN { shown + "…" } else { shown }
    }
}

enum Odd {
    /// A number that would be changed.
    Number(Token),
    /// `NaN` or `Infinity`, which Python and others write.
    Word(Token),
}

/// The first token that is no number that can be held.
fn odd_token(text: &[u8]) -> Option<Odd> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = string_end(text, at),
            b'-' | b'0'..=b'9' => {
                let number = token(text, at);
                let written = text.get(at..number.end).unwrap_or_default();
                if written == b"-Infinity" {
                    return Some(Odd::Word(number));
                }
                if !is_short(written) && std::str::from_utf8(written).is_ok_and(|number| !is_kept(number)) {
                    return Some(Odd::Number(number));
                }
                at = number.end;
            }
            b'N' | b'I' => {
                let word = token(text, at);
                if matches!(text.get(at..word.end), Some(b"NaN" | b"Infinity")) {
                    return Some(Odd::Word(word));
                }
                at = word.end;
            }
            _ => at += 1,
        }
    }
    None
}

/// Whether a number has so few digits that nothing of it can get lost.
fn is_short(number: &[u8]) -> bool {
    number.len() < 16 && !number.iter().any(|byte| matches!(byte, b'e' | b'E'))
}

fn token(text: &[u8], at: usize) -> Token {
    let rest = text.get(at..).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    Token { at, end: at + length.max(1) }
}

/// Where the string that begins at `at` is over.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn lost(text: &[u8], token: &Token) -> LostNumber {
    LostNumber { path: path_to(text, token.at), number: token.shown(text) }
}

/// Where one stands within lists and objects.
enum Step {
    Key(String),
    Place(usize),
}

/// The keys and places that lead to what stands at `end`.
fn path_to(text: &[u8], end: usize) -> Vec<String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < end {
        let next = if text.get(at) == Some(&b'"') { string_end(text, at) } else { at + 1 };
        match (text.get(at), steps.last_mut()) {
            (Some(b'{'), _) => steps.push(Step::Key(String::new())),
            (Some(b'['), _) => steps.push(Step::Place(0)),
            (Some(b'}' | b']'), _) => drop(steps.pop()),
            (Some(b','), Some(Step::Place(place))) => *place += 1,
            // The last string before the place is its key: those before it belong to members that are over.
            (Some(b'"'), Some(Step::Key(key))) => {
                *key = serde_json::from_slice(text.get(at..next).unwrap_or_default()).unwrap_or_default();
            }
            _ => {}
        }
        at = next;
    }
    let words = steps.into_iter().take(DEEPEST).map(|step| match step {
        Step::Key(key) => key,
        Step::Place(place) => place.to_string(),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_number_is_kept_or_refused() {
        for kept in [
            "0",
            "-0",
            "1.0",
            "-0.0",
            "1e2",
            "9007199254740993",
            "-9223372036854775808",
            "18446744073709551615",
            "0e999",
            "1e22",
            "1e23",
            "9.9999999999999992e+22",
            "1e308",
            "9007199254740992.0",
            "1e-300",
            "0.1000000000000000055511151231257827",
            "3.14159265358979323846264338327950288",
            "123456789012345680.0",
        ] {
            assert!(is_kept(kept), "{kept}");
            assert!(read(kept.as_bytes()).is_ok(), "{kept}");
        }
        for lost in [
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "1e309",
            "-1e400",
            "1e-400",
            "9007199254740993.0",
            "9007199254740993e0",
            "123456789012345678.90",
            "90071992547409930e-1",
        ] {
            assert!(!is_kept(lost), "{lost}");
            assert!(matches!(read(lost.as_bytes()), Err(Unreadable::Number(_))), "{lost}");
        }
    }

    #[test]
    fn json_may_be_so_deep_that_it_can_stand_inside_other_json() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(deep(100).as_bytes()).is_ok());
        for levels in [101, 127] {
            assert_eq!(refused(&deep(levels)), "it is nested more than 100 deep", "{levels}");
        }
        assert!(refused(&deep(10_000)).starts_with("recursion limit exceeded"));
    }

    #[test]
    fn a_number_that_would_be_changed_is_named_with_its_place() {
        assert_eq!(
            refused(r#"{"a": "1e400", "values": {"x\"{[": [], "orders": [7, {"a": 123456789012345678901}]}}"#),
            "values.orders.1.a: 123456789012345678901 cannot be held exactly: whole numbers have at most 64 bits; send it as a string"
        );
        assert_eq!(
            refused("1e400"),
            "1e400 cannot be held exactly: it is beyond what a double holds; send it as a string"
        );
        let Err(Unreadable::Number(lost)) = read(format!("[{}]", "9".repeat(5000)).as_bytes()) else {
            panic!("it is kept")
        };
        assert_eq!(lost.path, ["0"]);
        assert!(lost.reason().len() < 200);
    }

    #[test]
    fn what_is_not_json_says_so() {
        assert_eq!(refused(r#"{"values": {"fee": NaN}}"#), "NaN is not a JSON number (at values.fee)");
        assert_eq!(refused("[1, -Infinity]"), "-Infinity is not a JSON number (at 1)");
        assert!(refused(r#"{"a": 123456789012345678901"#).starts_with("EOF"));
        assert!(refused("[1,").starts_with("EOF"));
        assert_eq!(read(br#"{"NaN": "NaN"}"#), Ok(json!({"NaN": "NaN"})));
    }

    fn numbers() -> impl Strategy<Value = String> {
        let edges = ["9007199254740992", "9223372036854775807", "18446744073709551615", "1", "9"];
        prop_oneof![
            "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?",
            (prop::sample::select(edges.to_vec()), "[0-9]{0,3}(\\.0{0,3}[0-9]?0)?")
                .prop_map(|(edge, more)| format!("{edge}{more}")),
        ]
    }

    proptest! {
        #[test]
        fn whole_numbers_come_back_digit_for_digit(number in "-?(0|[1-9][0-9]{0,24})") {
            if let Ok(value) = read(number.as_bytes()) {
                prop_assert_eq!(value.to_string(), if number == "-0" { "-0.0" } else { &number });
            }
        }

        #[test]
        fn a_kept_number_is_the_same_number_once_it_is_written_again(number in numbers()) {
            if let Ok(value) = read(number.as_bytes()) {
                let written = value.to_string();
                let large = number.parse::<f64>().unwrap().abs() >= SPARSE;
                prop_assert!(!large || is_kept(&written));
                prop_assert_eq!(written.parse::<f64>().unwrap(), number.parse::<f64>().unwrap());
                prop_assert_eq!(read(written.as_bytes()), Ok(value));
            }
        }

        #[test]
        fn every_double_is_kept_however_many_digits_it_is_written_with(double: f64, digits in 17..60usize) {
            if double.is_finite() {
                prop_assert!(is_kept(&format!("{double:.digits$e}")), "{:.*e}", digits, double);
                prop_assert!(is_kept(&json!(double).to_string()));
            }
        }

        #[test]
        fn reading_never_panics_and_agrees_with_the_parser(text in ".*") {
            let _ = read(text.as_bytes());
        }

        #[test]
        fn what_looks_like_json_never_panics(text in r#"[\[\]{}:,"\\a0-9eENnIi.+-]{0,40}"#) {
            let (read, parsed) = (read(text.as_bytes()), serde_json::from_str::<Value>(&text));
            match (read, parsed) {
                (Ok(read), parsed) => prop_assert_eq!(read, parsed.unwrap()),
                (Err(Unreadable::Syntax(_)), parsed) => prop_assert!(parsed.is_err()),
                (Err(Unreadable::Number(_) | Unreadable::Deep(_)), _) => {}
            }
        }
    }
}
