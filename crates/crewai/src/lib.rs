//! Reads CrewAI projects as plain data, and says what of them only Python could run.
//!
//! A project is its files: `agents.yaml` and `tasks.yaml` of a classic one, or `crew.jsonc` and `agents/*.jsonc`. Nothing in
//! it is ever run. What has a meaning without Python becomes a [`Project`]; what has none is a [`Fault`] with its file and
//! path, all of them at once; what makes no difference here is left out with a warning.
//!
//! ```
//! use callboard_crewai::{File, Names, read};
//!
//! let files = [
//!     File { path: "crew.jsonc", text: r#"{
//!         "agents": ["writer"], // agents/writer.jsonc
//!         "tasks": [{"name": "write", "description": "Write about {topic}", "expected_output": "A page", "agent": "writer"}],
//!         "inputs": {"topic": "tea"},
//!     }"# },
//!     File { path: "agents/writer.jsonc", text: r#"{"role": "Writer", "goal": "Write", "llm": "openai/gpt-4o"}"# },
//! ];
//! let project = read(&files, &Names { tools: &[], models: &[] }).map_err(|faults| format!("{faults:?}"))?;
//! assert_eq!((project.agents.len(), project.tasks.len()), (1, 1));
//! // A model of a provider is the server's own business.
//! assert_eq!(project.warnings[0].loc, ["agents/writer.jsonc", "llm"]);
//! # Ok::<(), String>(())
//! ```

mod agent;
mod crew;
mod fault;
mod fields;
mod source;
mod task;

use serde_json::{Map, Value};

pub use fault::Fault;

use self::fault::Faults;
use self::fields::Fields;
use self::source::Source;

/// A file of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Its path in the project, with `/` between folders.
    pub path: &'a str,
    /// What it holds.
    pub text: &'a str,
}

/// What agents may name.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The tools that there are.
    pub tools: &'a [&'a str],
    /// The models that there are.
    pub models: &'a [&'a str],
}

/// What a project says, by the words of Callboard's own API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// What the crew is called, where the project says so.
    pub name: Option<String>,
    /// Whether a manager hands out the tasks.
    pub is_hierarchical: bool,
    /// The agents, in their order.
    pub agents: Vec<Agent>,
    /// The agents of the crew by name: all but a manager that stands apart.
    pub members: Vec<String>,
    /// The agent that leads it.
    pub manager_agent: Option<String>,
    /// The model that leads it, where no agent does; `default` stands for one that this server does not have.
    pub manager_llm: Option<String>,
    /// The tasks, in their order.
    pub tasks: Vec<Task>,
    /// Values for `{placeholders}`.
    pub inputs: Map<String, Value>,
    /// Where the crew itself stands: the file.
    pub loc: Vec<String>,
    /// What was left out, or reads differently here.
    pub warnings: Vec<Fault>,
}

/// An agent of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// What tasks call it.
    pub name: String,
    /// The fields of Callboard's agents.
    pub fields: Map<String, Value>,
    /// Where it stands: the file, and the path in it.
    pub loc: Vec<String>,
    /// What its output has to keep to.
    pub(crate) guardrail: Option<String>,
}

/// A task of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Which agent does it.
    pub agent: Option<String>,
    /// The other fields of Callboard's tasks.
    pub fields: Map<String, Value>,
    /// Where it stands: the file, and the path in it.
    pub loc: Vec<String>,
}

/// Reads a project.
///
/// # Errors
/// Everything in it that cannot be read, or not be run here.
pub fn read(files: &[File<'_>], names: &Names<'_>) -> Result<Project, Vec<Fault>> {
    let mut faults = Faults::default();
    let project = crew::read(files, names, &mut faults);
    let Faults { found, warnings } = faults;
    match project {
        Some(project) if found.is_empty() => Ok(Project { warnings, ..project }),
        Some(_) | None => Err(found),
    }
}

#[cfg(test)]
mod tests;
