//! The report for spreadsheets: one finding a row.

use super::Audit;

const COLUMNS: [&str; 14] = [
    "agent", "severity", "rule", "message", "line", "column", "page", "table", "row", "expected", "actual", "evidence",
    "proof", "cell",
];

pub(super) fn render(audit: &Audit<'_>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(COLUMNS);
    for agent in &audit.agents {
        for finding in agent.findings {
            let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
            let location = &finding.location;
            let _ = writer.write_record([
                agent.agent_id.to_owned(),
                finding.severity.as_str().to_owned(),
                finding.rule.clone(),
                inert(&finding.message),
                location.line.to_string(),
                number(location.column),
                number(location.page),
                number(location.table),
                number(location.row),
                inert(finding.expected.as_deref().unwrap_or_default()),
                inert(finding.actual.as_deref().unwrap_or_default()),
                inert(&finding.evidence),
                inert(finding.proof.as_deref().unwrap_or_default()),
                number(location.cell),
            ]);
        }
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// A text of a table as no spreadsheet takes it for a formula, which it would run; a number may begin with a minus.
#[must_use]
pub fn inert(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '@', '\t', '\r'])
        || (text.starts_with('-') && text.parse::<rust_decimal::Decimal>().is_err());
    if formula { format!("'{text}") } else { text.to_owned() }
}
