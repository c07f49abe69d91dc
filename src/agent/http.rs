//! Agents of kind `http`: an endpoint that gets the task as JSON and answers with what came of it.

use serde_json::Value;

use super::review::Note;
use super::{Agents, Assignment, Output};
use crate::domain::mask::Mask;
use crate::session::{TaskContext, TaskError};
use crate::workflow::node::Fetch;

/// Whether a header says how one speaks with a server; the value of any other may be a secret.
fn is_negotiation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("accept") || matches!(name.as_str(), "content-type" | "user-agent" | "cache-control" | "prefer")
}

impl Agents {
    /// Sends the agent's task to its endpoint. Which servers may be asked is decided as for workflows.
    pub(super) async fn ask_endpoint(
        &self,
        lane: &TaskContext,
        work: &Assignment,
        notes: &[Note],
    ) -> Result<Output, TaskError> {
        let text = |key: &str| work.agent.config.get(key).and_then(Value::as_str);
        let roster = self.shared.roster.as_ref().ok_or("there are no agents here")?;
        let headers = roster.headers_of(&work.agent).map_err(TaskError::failed)?;
        // The endpoint may send back what it was sent. What says how it is to be spoken to is no secret.
        let secrets = headers.iter().filter(|(name, _)| !is_negotiation(name)).map(|(_, value)| value.as_str());
        // The token of a `Bearer TOKEN`, too.
        let mask =
            Mask::new(secrets.flat_map(|value| [Some(value), value.split_once(' ').map(|(_, rest)| rest)]).flatten());
        let fetch = Fetch {
            method: text("method").unwrap_or("POST").to_owned(),
            url: text("url").unwrap_or_default().to_owned(),
            headers,
            body: Some(("application/json".to_owned(), work.to_input(notes).to_string().into_bytes())),
        };
        let worker = self.shared.worker.clone();
        let fetched = lane
            .step("http", || async {
                let mut fetched =
                    worker.fetch(fetch).await.map_err(|error| TaskError::Failed(format!("tool: {error}")))?;
                mask.clean(&mut fetched.text);
                Ok(fetched)
            })
            .await?;
        if !(200..300).contains(&fetched.status) {
            return Err(TaskError::Failed(format!("tool: the endpoint answered with status {}", fetched.status)));
        }
        let values = serde_json::from_str(&fetched.text).unwrap_or(Value::String(fetched.text));
        Ok(Output::of_program(values, true))
    }
}
