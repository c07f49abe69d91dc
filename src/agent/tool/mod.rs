//! What a model may use, each opt-in and within limits.
//!
//! A tool that reads from a file, a server or memory taints the conversation; one that writes or reaches outside is then used
//! only after a person has confirmed its literal arguments.

mod files;
mod folder;
pub(super) mod human;
mod memory;

use callboard_model::Tool as Declared;
use serde_json::{Map, Value, json};

use super::team::Team;
use super::{Agents, Assignment};
use crate::domain::schema::Schema;
use crate::session::messages::Fault;
use crate::session::{TaskContext, TaskError};
use crate::workflow::node::Fetch;

/// Most faults of a call that its model is told.
const MOST_FAULTS: usize = 5;

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    SearchFiles,
    ReadFile,
    HttpGet,
    MemoryRead,
    MemoryWrite,
    AskHuman,
    Delegate,
    Decide,
}

/// What a tool gave to its model.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Given {
    pub(super) ok: bool,
    pub(super) text: String,
}

impl Given {
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self { ok: true, text: text.into() }
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { ok: false, text: text.into() }
    }
}

impl Tool {
    /// The tool of this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "search_files" => Tool::SearchFiles,
            "read_file" => Tool::ReadFile,
            "http_get" => Tool::HttpGet,
            "memory_read" => Tool::MemoryRead,
            "memory_write" => Tool::MemoryWrite,
            "ask_human" => Tool::AskHuman,
            "delegate" => Tool::Delegate,
            "decide" => Tool::Decide,
            _ => return None,
        })
    }

    /// Whether it writes, or reaches outside.
    pub(super) fn reaches_out(self) -> bool {
        matches!(self, Tool::HttpGet | Tool::MemoryWrite)
    }

    /// Whether what it gives comes from outside.
    pub(super) fn taints(self) -> bool {
        matches!(self, Tool::SearchFiles | Tool::ReadFile | Tool::HttpGet | Tool::MemoryRead)
    }

    /// As models are offered it.
    pub(super) fn declare(self, agent_id: &str, team: &Team) -> Declared {
        let text = |about: &str| json!({"type": "string", "description": about});
        let (name, description, properties, required): (_, _, Value, &[&str]) = match self {
            Tool::SearchFiles => (
                "search_files",
                "Finds the lines that contain a text, in the files of the folder. Gives path, line number and line.",
                json!({"query": text("The text to look for; case does not matter."),
                       "path": text("Where to look, relative to the folder; everywhere where it is left out.")}),
                &["query"],
            ),
            Tool::ReadFile => (
                "read_file",
                "Gives the text of a file.",
                json!({"path": text("The file, relative to the folder."),
                       "offset": {"type": "integer", "minimum": 0, "description": "The byte to begin at."}}),
                &["path"],
            ),
            Tool::HttpGet => {
                ("http_get", "Gives what a web server answers.", json!({"url": text("The URL.")}), &["url"])
            }
            Tool::MemoryRead => {
                ("memory_read", "Gives what is kept under a key.", json!({"key": text("The key.")}), &["key"])
            }
            Tool::MemoryWrite => (
                "memory_write",
                "Keeps a value under a key, for later runs.",
                json!({"key": text("The key: letters, digits, _, -, ., :, @ or ~."),
                       "value": {"description": "The value: a text, or any JSON."}}),
                &["key", "value"],
            ),
            Tool::AskHuman => (
                "ask_human",
                "Asks a person: a question that is answered by yes or no, or a form.",
                json!({"kind": {"type": "string", "enum": ["confirm", "form"]}, "message": text("The question."),
                       "fields": {"type": "array", "items": {"type": "object", "required": ["name"]},
                                  "description": "The fields of a form: name, description, type, required, choices."}}),
                &["kind", "message"],
            ),
            Tool::Delegate => (
                "delegate",
                "Has another agent do something, and gives what came of it.",
                json!({"agent": {"type": "string", "enum": team.others(agent_id), "description": "Who does it."},
                       "instructions": text("What is to be done, with all that is needed for it."),
                       "task": text("A short name for it.")}),
                &["agent", "instructions"],
            ),
            Tool::Decide => (
                "decide",
                "Records what you decide about the work that you have: accept or finish ends the task.",
                json!({"decision": {"type": "string", "enum": ["accept", "revise", "reassign", "ask_human", "finish"]},
                       "reason": text("Why.")}),
                &["decision", "reason"],
            ),
        };
        let parameters = json!({"type": "object", "properties": properties, "required": required});
        Declared { name: name.to_owned(), description: description.to_owned(), parameters }
    }
}

/// What is wrong with the arguments of a tool, by the schema of them; nothing where they fit.
pub(super) fn fault(schema: &Schema, arguments: &Map<String, Value>) -> Option<String> {
    let faults = schema.faults("arguments", &Value::Object(arguments.clone()));
    let named = |fault: &Fault| {
        let place: Vec<&str> = fault.loc.iter().skip(2).map(String::as_str).collect();
        format!("{} {}", place.join("."), fault.msg)
    };
    let faults: Vec<String> = faults.iter().take(MOST_FAULTS).map(named).collect();
    (!faults.is_empty()).then(|| format!("the arguments are wrong: {}", faults.join("; ")))
}

/// A text among the arguments; empty where there is none.
pub(super) fn text<'a>(arguments: &'a Map<String, Value>, key: &str) -> &'a str {
    arguments.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Agents {
    /// Uses a tool that neither people nor other agents take part in, as a step of this name.
    pub(super) async fn use_tool(
        &self,
        lane: &TaskContext,
        work: &Assignment,
        (step, tool): (&str, Tool),
        arguments: &Map<String, Value>,
    ) -> Result<Given, TaskError> {
        let most = self.shared.limits.max_tool_result_bytes;
        let owner = lane.channel.spec.owner();
        let given: Given = lane
            .step(step, || async {
                let mut given = match tool {
                    Tool::SearchFiles => self.search_files(work, arguments).await,
                    Tool::ReadFile => self.read_file(work, arguments).await,
                    Tool::HttpGet => self.http_get(arguments).await,
                    Tool::MemoryRead => self.memory_read(&owner, memory::place(lane, arguments)).await,
                    Tool::MemoryWrite => self.memory_write(&owner, memory::place(lane, arguments), arguments).await,
                    Tool::AskHuman | Tool::Delegate | Tool::Decide => Given::refused("this is no such tool"),
                };
                cut(&mut given.text, most);
                Ok(given)
            })
            .await
            .map_err(|error| match error {
                TaskError::Failed(error) => TaskError::Failed(format!("tool: {error}")),
                cancelled @ TaskError::Cancelled(_) => cancelled,
            })?;
        self.write_memory_event(lane, work, tool, arguments, &given).await;
        Ok(given)
    }

    async fn http_get(&self, arguments: &Map<String, Value>) -> Given {
        let (method, url) = ("GET".to_owned(), text(arguments, "url").to_owned());
        let fetch = Fetch { method, url, headers: Vec::new(), body: None };
        match self.shared.worker.fetch(fetch).await {
            Ok(fetched) if (200..300).contains(&fetched.status) => Given::ok(fetched.text),
            Ok(fetched) => Given::refused(format!("status {}: {}", fetched.status, fetched.text)),
            Err(error) => Given::refused(error.to_string()),
        }
    }
}

/// Cuts what a tool gives, and says how much is left out.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let at = text.floor_char_boundary(most);
        let left_out = text.len() - at;
        text.truncate(at);
        text.push_str(&format!("\n[{left_out} bytes left out]"));
    }
}
