//! The report for people.

use std::fmt::Write;

use super::Audit;
use crate::{Finding, Location, Severity};

pub(super) fn render(audit: &Audit<'_>) -> String {
    let mut text = format!("# Audit of {}\n", escape(audit.name));
    let all = || audit.agents.iter().flat_map(|agent| agent.findings);
    let count = |severity: Severity| all().filter(|finding| finding.severity == severity).count();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{} errors, {} warnings, {} notes.",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Info)
    );
    for agent in &audit.agents {
        let _ = writeln!(text, "\n## {}\n", escape(agent.agent_id));
        if let Some(error) = agent.error {
            let _ = writeln!(text, "Failed: {}\n", escape(error));
        }
        if agent.findings.is_empty() {
            text.push_str("Nothing found.\n");
            continue;
        }
        let mut findings: Vec<&Finding> = agent.findings.iter().collect();
        findings
            .sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.location.page, finding.location.line));
        for finding in findings {
            one(&mut text, finding);
        }
    }
    text
}

fn one(text: &mut String, finding: &Finding) {
    let _ = writeln!(
        text,
        "- **{}** {} ({}): {}",
        finding.severity.as_str(),
        place(&finding.location),
        finding.rule,
        escape(&finding.message)
    );
    if let (Some(expected), Some(actual)) = (&finding.expected, &finding.actual) {
        let _ = writeln!(text, "  - expected {}, found {}", escape(expected), escape(actual));
    }
    if !finding.evidence.is_empty() {
        let _ = writeln!(text, "  - evidence: {}", escape(&finding.evidence));
    }
    if let Some(proof) = &finding.proof {
        let _ = writeln!(text, "  - proof: {}", escape(proof));
    }
}

fn place(location: &Location) -> String {
    let mut place = String::new();
    if let Some(page) = location.page {
        let _ = write!(place, "page {page}, ");
    }
    let _ = write!(place, "line {}", location.line);
    if let Some(table) = location.table {
        let _ = write!(place, ", table {table}");
    }
    if let Some(cell) = location.cell {
        let _ = write!(place, ", cell {cell}");
    }
    place
}

/// What a document says is text here, never markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped
}
