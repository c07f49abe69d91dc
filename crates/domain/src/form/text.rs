//! Texts: their length, their lines and the pattern that they must match.

use serde_json::Value;

use super::invisible::is_blank;
use crate::pattern::Allowance;
use crate::request::Field;

/// Most characters of a text whose field has no `max_length`.
pub const MAX_TEXT: usize = 100_000;

/// One line of text.
pub(super) fn line(field: &Field, value: &Value, allowance: &Allowance) -> Result<Value, String> {
    if value.as_str().is_some_and(|text| text.contains(['\n', '\r'])) {
        return Err("must be a single line".to_owned());
    }
    text(field, value, allowance)
}

/// Any text; an empty one is let through whatever its length or pattern should be, as browsers do. One in which there is
/// nothing to see is empty.
pub(super) fn text(field: &Field, value: &Value, allowance: &Allowance) -> Result<Value, String> {
    let text = value.as_str().ok_or("must be a text")?;
    if is_blank(text) {
        return Ok(Value::from(""));
    }
    limits(field, text, allowance)?;
    Ok(Value::from(text))
}

/// Whether a text has the length and the pattern of its field.
pub(super) fn limits(field: &Field, text: &str, allowance: &Allowance) -> Result<(), String> {
    let most = field.max_length.unwrap_or(MAX_TEXT);
    // A text has at least as many bytes as characters, so most texts need not be counted.
    if text.len() > most && text.chars().nth(most).is_some() {
        return Err(format!("must have at most {}", characters(most)));
    }
    if let Some(least) = field.min_length.filter(|least| text.chars().take(*least).count() < *least) {
        return Err(format!("must have at least {}", characters(least)));
    }
    let Some(pattern) = &field.pattern else { return Ok(()) };
    match allowance.matches(pattern, text) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("must match the pattern {pattern}")),
        Err(reason) => Err(format!("cannot be checked: its pattern {reason}")),
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::fit::{cases, field, fit};
    use serde_json::json;

    #[test]
    fn lines_and_texts() {
        let line = json!({"type": "string", "required": false});
        cases(
            line,
            &[
                (json!(" a b "), Ok(json!(" a b "))),
                (json!(""), Ok(json!(""))),
                (json!("a\nb"), Err("must be a single line")),
                (json!("a\r"), Err("must be a single line")),
                (json!(5), Err("must be a text")),
                (json!({"a": 1}), Err("must be a text")),
            ],
        );
        cases(
            json!({"type": "text"}),
            &[(json!("a\r\nb\n"), Ok(json!("a\r\nb\n"))), (json!(true), Err("must be a text"))],
        );
        cases(json!({"type": "secret"}), &[(json!("a\nb"), Ok(json!("a\nb"))), (json!(1), Err("must be a text"))]);
    }

    #[test]
    fn lengths_count_characters() {
        cases(
            json!({"min_length": 2, "max_length": 3}),
            &[
                (json!("äö"), Ok(json!("äö"))),
                (json!("äöü"), Ok(json!("äöü"))),
                (json!("ä"), Err("must have at least 2 characters")),
                (json!("äöüß"), Err("must have at most 3 characters")),
                (json!(""), Ok(json!(""))),
            ],
        );
        cases(json!({"max_length": 1}), &[(json!("ab"), Err("must have at most 1 character"))]);
    }

    #[test]
    fn a_text_without_a_limit_has_one_all_the_same() {
        let fits = |of: Value, text: &str| fit(&field(of), &json!(text), &Allowance::default()).is_ok();
        let long = "ä".repeat(MAX_TEXT);
        assert!(fits(json!({"type": "text"}), &long));
        assert!(!fits(json!({"type": "text"}), &(long.clone() + "x")));
        assert!(fits(json!({"type": "text", "max_length": MAX_TEXT + 1}), &(long + "x")));
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let wrong = Err("must match the pattern a|ab");
        cases(
            json!({"pattern": "a|ab"}),
            &[
                (json!("a"), Ok(json!("a"))),
                (json!("ab"), Ok(json!("ab"))),
                (json!("b"), wrong.clone()),
                (json!("xa"), wrong.clone()),
                (json!("abb"), wrong.clone()),
                (json!("a "), wrong),
            ],
        );
        cases(json!({"pattern": "(?m)^a$", "type": "text"}), &[(json!("a\nb"), Err("must match the pattern (?m)^a$"))]);
    }
}
