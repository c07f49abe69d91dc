//! SARIF 2.1.0 (OASIS): one run, each agent's findings as results.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Audit;
use crate::{Finding, Severity};

pub(super) fn render(audit: &Audit<'_>) -> String {
    let rules: BTreeSet<&str> =
        audit.agents.iter().flat_map(|agent| agent.findings).map(|finding| finding.rule.as_str()).collect();
    let results: Vec<Value> = audit
        .agents
        .iter()
        .flat_map(|agent| agent.findings.iter().map(|finding| result(audit.name, agent.agent_id, finding, &rules)))
        .collect();
    let failures: Vec<Value> = audit
        .agents
        .iter()
        .filter_map(|agent| {
            Some(json!({"level": "error", "message": {"text": format!("{}: {}", agent.agent_id, agent.error?)}}))
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "callboard-audit",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| json!({"id": rule})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": failures.is_empty(), "toolExecutionNotifications": failures}],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

fn result(name: &str, agent: &str, finding: &Finding, rules: &BTreeSet<&str>) -> Value {
    let level = match finding.severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let location = &finding.location;
    let mut region = json!({"startLine": location.line.max(1), "snippet": {"text": finding.evidence}});
    if let (Some(column), Some(region)) = (location.column.filter(|&column| column > 0), region.as_object_mut()) {
        region.insert("startColumn".to_owned(), json!(column));
    }
    let mut properties = json!({"agent": agent});
    if let Some(properties) = properties.as_object_mut() {
        let given = [("expected", &finding.expected), ("actual", &finding.actual), ("proof", &finding.proof)];
        for (key, value) in given.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
            properties.insert(key.to_owned(), json!(value));
        }
        let numbers = [("page", location.page), ("table", location.table), ("row", location.row)];
        for (key, value) in numbers.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            properties.insert(key.to_owned(), json!(value));
        }
    }
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(name)}, "region": region}}],
        "properties": properties,
    })
}

/// A file name as a relative reference (RFC 3986).
fn uri(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
