//! Keeps crews and agents in the store.
//!
//! Invariant: a crew that is stored names only agents that are. Writes that could break it share a guard in the store.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Agent, Crew, Error};
use crate::config::crews::Crews;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};

/// Crews read at once when one is looked for that needs an agent.
const PAGE: usize = 100;

/// What every change shares with the others: how many there are, and what names what, hangs on all of them.
const GUARD: &str = "crews";

/// A crew or an agent.
pub(crate) trait Thing: Serialize + DeserializeOwned + Send {
    /// Where they are stored.
    const COLLECTION: &'static str;
    /// What an id begins with that is made here.
    const PREFIX: &'static str;

    /// Most that may be kept.
    fn most(limits: &Crews) -> usize;

    /// The crew, where it is one.
    fn as_crew(&self) -> Option<&Crew>;
}

impl Thing for Agent {
    const COLLECTION: &'static str = "agents";
    const PREFIX: &'static str = "agent_";

    fn most(limits: &Crews) -> usize {
        limits.max_agents
    }

    fn as_crew(&self) -> Option<&Crew> {
        None
    }
}

impl Thing for Crew {
    const COLLECTION: &'static str = "crews";
    const PREFIX: &'static str = "crew_";

    fn most(limits: &Crews) -> usize {
        limits.max_crews
    }

    fn as_crew(&self) -> Option<&Crew> {
        Some(self)
    }
}

/// Something stored, with what the store says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept<T> {
    /// Its id.
    pub id: String,
    /// Counts up from 1 with every change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The thing itself.
    #[serde(flatten)]
    pub thing: T,
}

/// The crews and agents of the server. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    store: Store,
    limits: Crews,
}

impl Roster {
    /// Those in this store, of which there may be so many.
    #[must_use]
    pub(crate) fn new(store: Store, limits: &Crews) -> Self {
        Self { store, limits: limits.clone() }
    }

    /// One.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Unavailable`].
    pub(crate) async fn get<T: Thing>(&self, id: &str) -> Result<Kept<T>, Error> {
        let found = self.store.document(&Owner::SERVER, T::COLLECTION, id).await?;
        kept(found.ok_or(Error::Unknown)?)
    }

    /// Up to `limit` in the order of their ids, those after `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn list<T: Thing>(&self, after: Option<&str>, limit: usize) -> Result<Vec<Kept<T>>, Error> {
        let found = self.store.documents(&Owner::SERVER, T::COLLECTION, after, limit).await?;
        found.into_iter().map(kept).collect()
    }

    /// Stores a new one, under this id or one that is made.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::MissingAgents`], [`Error::TooMany`] or [`Error::Unavailable`].
    pub(crate) async fn create<T: Thing>(&self, id: Option<String>, thing: T) -> Result<Kept<T>, Error> {
        let id = id.unwrap_or_else(|| format!("{}{}", T::PREFIX, Uuid::new_v4().simple()));
        let body = text(&thing)?;
        let decide = async || {
            self.check(&thing).await?;
            let most = T::most(&self.limits);
            if self.store.document_heads(&Owner::SERVER, T::COLLECTION, None, most).await?.len() >= most {
                return Err(Error::TooMany(most));
            }
            Ok((vec![put::<T>(&id, body.clone(), Precondition::Absent)], ()))
        };
        let made = self.store.change_guarded(&Owner::SERVER, GUARD, decide).await;
        match made {
            Ok((made, ())) => written(made, thing),
            Err(Error::Outdated(_)) => Err(Error::Exists),
            Err(error) => Err(error),
        }
    }

    /// Changes one that is at this version, or at any.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Outdated`], [`Error::MissingAgents`] or [`Error::Unavailable`].
    pub(crate) async fn save<T: Thing>(&self, id: &str, thing: T, expected: Option<u64>) -> Result<Kept<T>, Error> {
        let body = text(&thing)?;
        let decide = async || {
            self.check(&thing).await?;
            let version = match expected {
                Some(version) => version,
                None => self.get::<T>(id).await?.version,
            };
            Ok((vec![put::<T>(id, body.clone(), Precondition::Version(version))], ()))
        };
        let (saved, ()) = self.store.change_guarded::<_, Error, _>(&Owner::SERVER, GUARD, decide).await?;
        written(saved, thing)
    }

    /// Removes one that is at this version, or at any; gives it as it was.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Outdated`], [`Error::InUse`] or [`Error::Unavailable`].
    pub(crate) async fn remove<T: Thing>(&self, id: &str, expected: Option<u64>) -> Result<Kept<T>, Error> {
        let decide = async || {
            if T::COLLECTION == Agent::COLLECTION {
                let crews = self.crews_of(id).await?;
                if !crews.is_empty() {
                    return Err(Error::InUse(crews));
                }
            }
            let removed = self.get::<T>(id).await?;
            let precondition = Precondition::Version(expected.unwrap_or(removed.version));
            Ok((vec![Write::remove(&Owner::SERVER, T::COLLECTION, id, precondition)], removed))
        };
        let (_, removed) = self.store.change_guarded::<_, Error, _>(&Owner::SERVER, GUARD, decide).await?;
        Ok(removed)
    }

    /// Which of these agents there are not.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn missing<'a>(&self, agents: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Error> {
        let mut missing = Vec::new();
        for id in agents.collect::<BTreeSet<_>>() {
            if self.store.document(&Owner::SERVER, Agent::COLLECTION, id).await?.is_none() {
                missing.push(id.to_owned());
            }
        }
        Ok(missing)
    }

    /// The ids of the crews that need this agent; of many, the first of them.
    async fn crews_of(&self, agent: &str) -> Result<Vec<String>, Error> {
        let mut after: Option<String> = None;
        loop {
            let page = self.list::<Crew>(after.as_deref(), PAGE).await?;
            let need = page.iter().filter(|crew| crew.thing.needs().any(|id| id == agent));
            let found: Vec<String> = need.map(|crew| crew.id.clone()).collect();
            if !found.is_empty() || page.len() < PAGE {
                return Ok(found);
            }
            after = page.last().map(|crew| crew.id.clone());
        }
    }

    /// Whether all is there that a thing names.
    async fn check<T: Thing>(&self, thing: &T) -> Result<(), Error> {
        let Some(crew) = thing.as_crew() else { return Ok(()) };
        let missing = self.missing(crew.needs()).await?;
        if missing.is_empty() { Ok(()) } else { Err(Error::MissingAgents(missing)) }
    }
}

fn text<T: Thing>(thing: &T) -> Result<String, Error> {
    serde_json::to_string(thing).map_err(|error| Error::Unavailable(error.to_string()))
}

fn put<T: Thing>(id: &str, body: String, precondition: Precondition) -> Write {
    Write::put(&Owner::SERVER, T::COLLECTION, id, body, precondition)
}

/// The thing that was written, with what the store says of it.
fn written<T>(documents: Vec<Option<Document>>, thing: T) -> Result<Kept<T>, Error> {
    let Document { id, version, created_at, updated_at, .. } =
        documents.into_iter().next().flatten().ok_or(Error::Unknown)?;
    Ok(Kept { id, version, created_at, updated_at, thing })
}

fn kept<T: Thing>(document: Document) -> Result<Kept<T>, Error> {
    let Document { owner: _, id, version, created_at, updated_at, body, collection } = document;
    let thing = serde_json::from_str(&body)
        .map_err(|error| Error::Unavailable(format!("a document in {collection} is not what it must be: {error}")))?;
    Ok(Kept { id, version, created_at, updated_at, thing })
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        store::Error::from(error).into()
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Error::Unknown,
            store::Error::Outdated { version } => Error::Outdated(version),
            store::Error::Conflict(text) | store::Error::Unusable(text) | store::Error::Unavailable(text) => {
                Error::Unavailable(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crew::{AgentKind, Process};
    use futures::future::join;
    use serde_json::Map;

    fn roster() -> Roster {
        let settings = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
        Roster::new(Store::open(&settings, 1).unwrap(), &Crews { max_crews: 100, max_agents: 200 })
    }

    fn agent(name: &str) -> Agent {
        Agent {
            name: name.into(),
            role: "r".into(),
            goal: "g".into(),
            backstory: None,
            kind: AgentKind::Check,
            config: Map::new(),
            tools: Vec::new(),
            max_iterations: Some(3),
        }
    }

    fn crew(agents: &[&str]) -> Crew {
        Crew {
            name: "c".into(),
            description: None,
            process: Process::Sequential,
            agents: agents.iter().map(|id| (*id).to_owned()).collect(),
            manager: None,
            tasks: Vec::new(),
            config: Map::new(),
        }
    }

    #[actix_web::test]
    async fn a_crew_names_only_agents_that_there_are() {
        let roster = roster();
        let refused = roster.create(None, crew(&["a", "b"])).await;
        assert_eq!(refused, Err(Error::MissingAgents(vec!["a".into(), "b".into()])));
        roster.create(Some("a".into()), agent("ada")).await.unwrap();
        let made = roster.create(None, crew(&["a"])).await.unwrap();
        assert!(made.id.starts_with("crew_") && made.version == 1, "{made:?}");
        let led = Crew { manager: Some("b".into()), ..crew(&["a"]) };
        assert_eq!(roster.save(&made.id, led, None).await, Err(Error::MissingAgents(vec!["b".into()])));
        assert_eq!(roster.remove::<Agent>("a", None).await, Err(Error::InUse(vec![made.id.clone()])));
        roster.remove::<Crew>(&made.id, Some(1)).await.unwrap();
        roster.remove::<Agent>("a", None).await.unwrap();
        assert_eq!(roster.remove::<Agent>("a", None).await, Err(Error::Unknown));
    }

    #[actix_web::test]
    async fn of_a_crew_and_the_end_of_its_agent_one_wins() {
        for _ in 0..20 {
            let roster = roster();
            roster.create(Some("a".into()), agent("ada")).await.unwrap();
            let (made, removed) = join(roster.create(None, crew(&["a"])), roster.remove::<Agent>("a", None)).await;
            assert_ne!(made.is_ok(), removed.is_ok());
        }
    }

    #[actix_web::test]
    async fn a_change_is_made_to_the_version_that_it_expects() {
        let roster = roster();
        roster.create(Some("a".into()), agent("ada")).await.unwrap();
        assert_eq!(roster.create(Some("a".into()), agent("bob")).await, Err(Error::Exists));
        assert_eq!(roster.save("a", agent("bob"), Some(1)).await.unwrap().version, 2);
        assert_eq!(roster.save("a", agent("eve"), Some(1)).await, Err(Error::Outdated(2)));
        assert_eq!(roster.remove::<Agent>("a", Some(1)).await, Err(Error::Outdated(2)));
        let all = futures::future::join_all((0..8).map(|_| roster.save("a", agent("eve"), None))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!(roster.get::<Agent>("a").await.unwrap().version, 10);
        assert_eq!(roster.save("b", agent("eve"), None).await, Err(Error::Unknown));
        assert_eq!(roster.save("b", agent("eve"), Some(1)).await, Err(Error::Unknown));
        assert_eq!(roster.list::<Agent>(None, 10).await.unwrap()[0].thing.name, "eve");
    }
}
