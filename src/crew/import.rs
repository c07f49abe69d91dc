//! A crew that comes with its agents: all of it is stored at once, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::roster::{put, written};
use super::{Agent, Crew, Error, Kept, Roster, Thing, id_fault};
use crate::store::Precondition;

/// A crew and its agents, which it names by their names.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The agents, each with its name.
    pub(crate) agents: Vec<(String, Agent)>,
    /// The crew.
    pub(crate) crew: Crew,
}

impl Roster {
    /// Stores a crew with its agents. An agent's name is its id where that is free; else its id begins with its name.
    ///
    /// # Errors
    /// [`Error::TooMany`] or [`Error::Unavailable`].
    pub(crate) async fn import(&self, import: Import) -> Result<Kept<Crew>, Error> {
        let crew_id = format!("{}{}", Crew::PREFIX, Uuid::new_v4().simple());
        let decide = async || {
            self.check_room::<Agent>(import.agents.len()).await?;
            self.check_room::<Crew>(1).await?;
            let names = import.agents.iter().map(|(name, _)| name.as_str());
            let free: BTreeSet<String> = self.missing(names).await?.into_iter().collect();
            let mut ids = BTreeMap::new();
            for (name, _) in &import.agents {
                let is_free = id_fault(name).is_none() && free.contains(name);
                ids.insert(name.clone(), if is_free { name.clone() } else { own_id(name) });
            }
            let crew = named(import.crew.clone(), &ids);
            let mut writes =
                vec![put::<Crew>(self.owner(), &crew_id, super::roster::text(&crew)?, Precondition::Absent)];
            for (name, agent) in &import.agents {
                let id = ids.get(name).ok_or(Error::Unknown)?;
                writes.push(put::<Agent>(self.owner(), id, super::roster::text(agent)?, Precondition::Absent));
            }
            Ok((writes, crew))
        };
        let (made, crew) = self.change(decide).await?;
        written(made, crew)
    }
}

/// An id that begins with a name as far as that may stand in one.
fn own_id(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(40).collect();
    let mut number = Uuid::new_v4().simple().to_string();
    number.truncate(12);
    format!("{plain}-{number}")
}

/// The crew with the ids of its agents in the place of their names.
fn named(mut crew: Crew, ids: &BTreeMap<String, String>) -> Crew {
    let id = |name: &mut String| {
        if let Some(id) = ids.get(name) {
            name.clone_from(id);
        }
    };
    crew.agents.iter_mut().for_each(id);
    crew.manager_agent.iter_mut().for_each(id);
    crew.tasks.iter_mut().filter_map(|task| task.agent.as_mut()).for_each(id);
    crew
}
