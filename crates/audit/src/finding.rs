//! What a check found: how bad, where, and what it stands on.

use serde::{Deserialize, Serialize};

/// Most characters of a message, a value or a proof: documents have words and contexts of any length.
const LONGEST: usize = 1_000;

/// How bad a finding is. Only what breaks a proven structure is more than [`Severity::Info`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; nothing is proven.
    Info,
    /// Breaks a structure that little proves.
    Warning,
    /// Breaks a structure that much proves.
    Error,
}

impl Severity {
    /// As it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Where a finding is. All numbers count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Location {
    /// Line of the source; of the page in a PDF; row of the sheet in a workbook.
    pub line: u32,
    /// Column of the source, in characters; workbooks and PDFs have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// Which cell of its row, in CSV and workbooks: 3 is C.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cell: Option<u32>,
    /// Page of a PDF, sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub page: Option<u32>,
    /// Which table of the document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub table: Option<u32>,
    /// Which row of the table, headings included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u32>,
}

impl From<crate::Place> for Location {
    fn from(place: crate::Place) -> Self {
        let given = |number: u32| (number > 0).then_some(number);
        let (column, page) = (given(place.column), given(place.page));
        Self { line: place.line.max(1), column, page, ..Self::default() }
    }
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule, such as `numeric.footing`.
    pub rule: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where.
    pub location: Location,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual: Option<String>,
    /// The words of the document that show it.
    pub evidence: String,
    /// What the finding stands on: where else the same reading holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proof: Option<String>,
}

impl Finding {
    /// A finding without expected and actual values.
    pub fn new(severity: Severity, rule: &str, message: String, location: Location, evidence: &str) -> Self {
        Self {
            severity,
            rule: rule.to_owned(),
            message: shorten(&message, LONGEST),
            location,
            expected: None,
            actual: None,
            evidence: shorten(evidence, 400),
            proof: None,
        }
    }

    /// With what would be right and what is there.
    #[must_use]
    pub fn values(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        let [expected, actual] = [expected.into(), actual.into()].map(|value| shorten(&value, LONGEST));
        (self.expected, self.actual) = (Some(expected), Some(actual));
        self
    }

    /// With what it stands on.
    #[must_use]
    pub fn proof(mut self, proof: impl Into<String>) -> Self {
        self.proof = Some(shorten(&proof.into(), LONGEST));
        self
    }
}

/// At most `limit` characters of a text, on one line.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let mut short: String = text.chars().take(limit).map(|c| if c == '\n' { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
