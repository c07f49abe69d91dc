//! Reports of an audit: Markdown for people, CSV for spreadsheets, SARIF for code review, JSON for programs.

pub mod csv;
mod markdown;
mod sarif;

use serde::Serialize;

use crate::Finding;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Markdown,
    /// For spreadsheets.
    Csv,
    /// SARIF 2.1.0.
    Sarif,
    /// For programs.
    Json,
}

impl Format {
    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "markdown" | "md" => Format::Markdown,
            "csv" => Format::Csv,
            "sarif" => Format::Sarif,
            "json" => Format::Json,
            _ => return None,
        })
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Markdown => "text/markdown; charset=utf-8",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Sarif => "application/sarif+json",
            Format::Json => "application/json",
        }
    }
}

/// An audit, as far as it is reported.
#[derive(Debug, Clone, Serialize)]
pub struct Audit<'a> {
    /// The document's name.
    pub name: &'a str,
    /// What each agent found, in the order of the agents.
    pub agents: Vec<AgentFindings<'a>>,
}

/// What one agent found.
#[derive(Debug, Clone, Serialize)]
pub struct AgentFindings<'a> {
    /// The agent's id.
    pub agent_id: &'a str,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// What it found.
    pub findings: &'a [Finding],
}

/// Writes the report.
pub fn render(audit: &Audit<'_>, format: Format) -> String {
    match format {
        Format::Markdown => markdown::render(audit),
        Format::Csv => csv::render(audit),
        Format::Sarif => sarif::render(audit),
        // Strings, numbers and lists always serialize.
        Format::Json => serde_json::to_string_pretty(audit).unwrap_or_default(),
    }
}
