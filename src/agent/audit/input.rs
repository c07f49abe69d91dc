//! What an audit is started with.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard_audit::MediaType;
use callboard_audit::check::{Check, Checklist, Options};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::audits::Audits;
use crate::session::messages::Fault;

/// What an audit works on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Input {
    /// The document, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<String>,
    /// The document in Base64, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document_base64: Option<String>,
    pub(crate) media_type: String,
    pub(crate) name: String,
    /// The ids of its agents; all checks where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) agents: Vec<String>,
    /// The folder of the settings that they may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<String>,
}

impl Input {
    /// One of these bytes: as text where they are text, so that people can read them.
    pub(crate) fn new(bytes: Vec<u8>, media_type: MediaType, name: String, agents: Vec<String>) -> Self {
        let media_type = media_type.as_str().to_owned();
        let (document, document_base64) = match String::from_utf8(bytes) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        Self { document, document_base64, media_type, name, agents, folder: None }
    }

    pub(crate) fn agents(&self) -> Vec<String> {
        if self.agents.is_empty() { checks() } else { self.agents.clone() }
    }

    pub(crate) fn media_type(&self) -> Result<MediaType, String> {
        MediaType::parse(&self.media_type).map_err(|error| error.to_string())
    }

    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, String> {
        match (&self.document, &self.document_base64) {
            (Some(text), _) => Ok(Cow::Borrowed(text.as_bytes())),
            (None, Some(text)) => STANDARD.decode(text).map(Cow::Owned).map_err(|error| error.to_string()),
            (None, None) => Err("there is no document".into()),
        }
    }

    /// Its lines, where it has some that people and models read.
    pub(crate) fn source(&self) -> Option<&str> {
        let has_lines = match self.media_type().ok()? {
            MediaType::Markdown | MediaType::Text | MediaType::Csv => true,
            MediaType::Html | MediaType::Pdf | MediaType::Xlsx => false,
        };
        self.document.as_deref().filter(|_| has_lines)
    }
}

/// The ids of the checks that come with the server.
fn checks() -> Vec<String> {
    Check::ALL.iter().map(|check| check.id().to_owned()).collect()
}

pub(super) fn schema(settings: &Audits) -> Value {
    json!({
        "type": "object",
        "required": ["media_type", "name"],
        "additionalProperties": false,
        "properties": {
            "document": {"type": "string", "description": "The document, where it is text."},
            "document_base64": {"type": "string", "description": "The document in Base64, where it is not."},
            "media_type": {"type": "string", "description": "Its media type."},
            "name": {"type": "string", "maxLength": 255, "description": "What it is called."},
            "agents": {"type": "array", "maxItems": settings.max_agents, "uniqueItems": true,
                       "items": {"type": "string", "maxLength": 64},
                       "description": "The ids of the agents that look through it; all checks without."},
            "folder": {"type": "string", "description": "The folder of the settings that they may read."}
        }
    })
}

pub(super) fn config_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "checklist": {"type": "object", "description": "What the document has to disclose, instead of the list for annual reports."},
            "max_findings": {"type": "integer", "minimum": 1, "description": "Most findings of one agent."}
        }
    })
}

/// How checks are run.
///
/// # Errors
/// What is wrong with the checklist.
pub(crate) fn options(config: &Value, settings: &Audits) -> Result<Options, String> {
    let wanted = config.get("max_findings").and_then(Value::as_u64).unwrap_or(settings.max_findings);
    let max_findings = wanted.min(settings.max_findings);
    let options = Options { max_findings, ..Options::default() };
    match config.get("checklist").filter(|checklist| !checklist.is_null()) {
        None => Ok(options),
        Some(checklist) => match Checklist::from_json(&checklist.to_string()) {
            Ok(checklist) => Ok(Options { checklist, ..options }),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// What the schemas cannot say.
pub(super) fn faults(input: &Value, config: &Value, settings: &Audits) -> Vec<Fault> {
    let fault = |part: &str, key: &str, msg: String, kind: &str| Fault {
        loc: ["body", part, key].map(str::to_owned).to_vec(),
        msg,
        kind: kind.to_owned(),
    };
    let mut faults = Vec::new();
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    if let Err(error) = MediaType::parse(text("media_type").unwrap_or_default()) {
        faults.push(fault("input", "media_type", error.to_string(), "unsupported_media_type"));
    }
    // Four characters of Base64 are three bytes.
    let bytes = text("document").map(str::len).or_else(|| text("document_base64").map(|text| text.len() / 4 * 3));
    match bytes {
        None => faults.push(fault("input", "document", "is missing".into(), "missing")),
        Some(bytes) if bytes > settings.max_document_bytes => {
            let msg = format!("must have at most {} bytes (audits.max_document_bytes)", settings.max_document_bytes);
            faults.push(fault("input", "document", msg, "too_large"));
        }
        Some(_) => {}
    }
    if let Err(error) = options(config, settings) {
        faults.push(fault("config", "checklist", error, "invalid_value"));
    }
    faults
}
