//! The findings of agents that are no checks: their shape, and whether they quote the document.

use callboard_audit::{Finding, Location};
use serde::Deserialize;
use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::domain::json::text_of;

/// Most bytes of a text of a finding.
const LONGEST: usize = 4096;

/// What the output of an agent that takes part in an audit has to fit.
#[must_use]
pub(crate) fn schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "required": ["findings"],
        "additionalProperties": false,
        "properties": {"findings": {"type": "array", "items": {
            "type": "object",
            "required": ["severity", "rule", "message", "evidence"],
            "properties": {
                "severity": {"type": "string", "enum": ["info", "warning", "error"]},
                "rule": text("The rule that is broken, in a few words."),
                "message": text("What is wrong, in a sentence."),
                "evidence": text("The words of the document that show it, copied exactly."),
                "expected": text("What would be right, where that can be said."),
                "actual": text("What is there."),
                "location": {"type": "object"},
                "proof": text("What the finding stands on.")
            }
        }}}
    })
}

/// What became of the findings of an agent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reviewed {
    /// Those that stand.
    pub(crate) kept: Vec<Value>,
    /// How many quote what is not in the document, or were beyond the limit.
    pub(crate) dropped: usize,
}

/// A finding as an agent gives it.
#[derive(Deserialize)]
struct Given {
    #[serde(flatten)]
    finding: Unplaced,
    #[serde(default)]
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Unplaced {
    severity: callboard_audit::Severity,
    rule: String,
    message: String,
    evidence: String,
    #[serde(default)]
    expected: Option<Value>,
    #[serde(default)]
    actual: Option<Value>,
    #[serde(default)]
    proof: Option<String>,
}

/// Looks through what an agent gave: a list of findings, or an object with one in `findings`. With a transcript, each has to
/// quote it, and gets the place of its quote.
///
/// # Errors
/// Where it is no list of findings.
pub(crate) fn review(output: &Value, quoted: Option<&Transcript>, most: usize) -> Result<Reviewed, String> {
    let list = output.as_array().or_else(|| output.get("findings")?.as_array());
    let list = list.ok_or("tool: the output is no list of findings")?;
    let mut reviewed = Reviewed::default();
    for (at, value) in list.iter().enumerate() {
        let given = Given::deserialize(value).map_err(|error| format!("tool: finding {} is none: {error}", at + 1))?;
        let found = match quoted {
            Some(transcript) => transcript.find(&given.finding.evidence),
            None => Some(given.location.unwrap_or(Location { line: 1, ..Location::default() })),
        };
        match found {
            Some(location) if reviewed.kept.len() < most => reviewed.kept.push(json!(given.finding.at(location))),
            Some(_) | None => reviewed.dropped += 1,
        }
    }
    Ok(reviewed)
}

impl Unplaced {
    fn at(self, location: Location) -> Finding {
        let text = |value: Value| cut(text_of(&value).into_owned());
        Finding {
            severity: self.severity,
            rule: cut(self.rule),
            message: cut(self.message),
            location,
            expected: self.expected.filter(|value| !value.is_null()).map(text),
            actual: self.actual.filter(|value| !value.is_null()).map(text),
            evidence: cut(self.evidence),
            proof: self.proof.map(cut),
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_audit::{Document, Limits, MediaType};

    fn finding(evidence: &str) -> Value {
        json!({"severity": "error", "rule": "sum", "message": "It does not add up.", "evidence": evidence, "actual": 6})
    }

    #[test]
    fn what_is_not_quoted_is_dropped_and_counted() {
        let text = "One\n\nThe total is 6.\n";
        let document = Document::read(text.as_bytes(), MediaType::Text, &Limits::default()).unwrap();
        let transcript = Transcript::of(&document, Some(text));
        let output = json!({"findings": [finding("The total is 6"), finding("The total is 7"), finding("")]});
        let reviewed = review(&output, Some(&transcript), 10).unwrap();
        assert_eq!((reviewed.kept.len(), reviewed.dropped), (1, 2));
        assert_eq!((&reviewed.kept[0]["location"]["line"], &reviewed.kept[0]["actual"]), (&json!(3), &json!("6")));
        assert_eq!(review(&output, None, 2).unwrap().dropped, 1);
    }

    #[test]
    fn what_is_no_list_of_findings_is_an_error() {
        for output in [json!("none"), json!({"findings": 1}), json!([{"severity": "bad"}]), json!(["x"])] {
            assert!(review(&output, None, 10).unwrap_err().starts_with("tool: "), "{output}");
        }
        assert_eq!(review(&json!([]), None, 10), Ok(Reviewed::default()));
    }
}
