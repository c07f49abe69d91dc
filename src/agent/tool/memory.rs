//! `memory_read`, `memory_write`: what agents keep, under the client of their run. Both are events, as they are over HTTP.

use serde_json::{Map, Value, json};

use super::{Given, Tool, text};
use crate::agent::{Agents, Assignment};
use crate::domain::event::Kind;
use crate::domain::owner::Owner;
use crate::memory::{Error, Place, client_of};
use crate::session::TaskContext;
use crate::store::Precondition;

impl Agents {
    pub(super) async fn memory_read(&self, owner: &Owner, place: Result<Place, String>) -> Given {
        let (place, memory) = match (place, &self.shared.memory) {
            (Ok(place), Some(memory)) => (place, memory.of(owner)),
            (Err(error), _) => return Given::refused(error),
            (_, None) => return Given::refused("there is no memory here"),
        };
        match memory.get(&place).await {
            Ok(kept) => Given::ok(match serde_json::from_str(&kept.text) {
                Ok(Value::String(text)) => text,
                Ok(_) | Err(_) => kept.text,
            }),
            Err(Error::Missing) => Given::refused(format!("nothing is kept under {:?}", place.key())),
            Err(error) => Given::refused(error.to_string()),
        }
    }

    pub(super) async fn memory_write(
        &self,
        owner: &Owner,
        place: Result<Place, String>,
        arguments: &Map<String, Value>,
    ) -> Given {
        let (place, memory) = match (place, &self.shared.memory) {
            (Ok(place), Some(memory)) => (place, memory.of(owner)),
            (Err(error), _) => return Given::refused(error),
            (_, None) => return Given::refused("there is no memory here"),
        };
        let value = arguments.get("value").cloned().unwrap_or_default().to_string();
        match memory.put(&place, &value, None, Precondition::Anything).await {
            Ok(kept) => Given::ok(format!("kept under {:?}, version {}", place.key(), kept.version)),
            Err(error) => Given::refused(error.to_string()),
        }
    }

    /// Writes the event of what was done with memory.
    pub(super) async fn write_memory_event(
        &self,
        lane: &TaskContext,
        work: &Assignment,
        tool: Tool,
        arguments: &Map<String, Value>,
        given: &Given,
    ) {
        let kind = match tool {
            Tool::MemoryRead => Kind::MemoryRetrieved,
            Tool::MemoryWrite if given.text.ends_with("version 1") => Kind::MemoryStored,
            Tool::MemoryWrite => Kind::MemoryUpdated,
            Tool::SearchFiles | Tool::ReadFile | Tool::HttpGet | Tool::AskHuman | Tool::Delegate | Tool::Decide => {
                return;
            }
        };
        if let Ok(place) = place(lane, arguments)
            && given.ok
        {
            let data = json!({"client_id": place.client_id(), "key": place.key(), "agent_id": work.agent_id});
            if let Value::Object(data) = data {
                lane.emit(kind.word(), data).await;
            }
        }
    }
}

/// The place that the arguments name, in the memory of the run.
pub(super) fn place(lane: &TaskContext, arguments: &Map<String, Value>) -> Result<Place, String> {
    Place::new(&client_of(&lane.channel.spec), text(arguments, "key")).map_err(|error| format!("the key {error}"))
}
