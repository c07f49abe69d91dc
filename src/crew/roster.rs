//! Keeps crews and agents in the store; agents of the settings and those that come with the server are there beside them.
//!
//! Invariant: a crew that is stored names only agents that are, of the same owner or everybody's. Writes that could break it
//! share a guard in the store.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callboard_audit::check::Check;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Agent, AgentKind, Crew, Error, headers};
use crate::config::crews::Crews;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};

/// Crews read at once when one is looked for that needs an agent.
const PAGE: usize = 100;

/// What every change shares with the others: how many there are, and what names what, hangs on all of them.
const GUARD: &str = "crews";

/// A crew or an agent.
pub(crate) trait Thing: Clone + Serialize + DeserializeOwned + Send {
    /// Where they are stored.
    const COLLECTION: &'static str;
    /// What an id begins with that is made here.
    const PREFIX: &'static str;

    /// Most that may be kept.
    fn most(limits: &Crews) -> usize;

    /// The crew, where it is one.
    fn as_crew(&self) -> Option<&Crew>;

    /// Those that stand in the settings, by id.
    fn configured(roster: &Roster) -> Option<&BTreeMap<String, Kept<Self>>>;

    /// It with what is secret in it sealed.
    #[must_use]
    fn sealed(self, _: &Store) -> Self {
        self
    }

    /// It with what a client was shown masked and has sent back, as it was before.
    ///
    /// # Errors
    /// Where it was nothing.
    fn restored(self, _before: Option<&Self>) -> Result<Self, Error> {
        Ok(self)
    }

    /// It without what nobody is shown.
    #[must_use]
    fn shown(self) -> Self {
        self
    }
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

    fn configured(roster: &Roster) -> Option<&BTreeMap<String, Kept<Self>>> {
        Some(&roster.configured)
    }

    fn sealed(self, store: &Store) -> Self {
        headers::sealed(self, store)
    }

    fn restored(self, before: Option<&Self>) -> Result<Self, Error> {
        headers::restored(self, before)
    }

    fn shown(self) -> Self {
        headers::masked(self)
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

    fn configured(_: &Roster) -> Option<&BTreeMap<String, Kept<Self>>> {
        None
    }
}

/// Something stored, with what the store says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept<T> {
    /// Its id.
    pub id: String,
    /// Whose it is; the server's where it is left out.
    #[serde(default, skip_serializing_if = "Owner::is_server")]
    pub owner: Owner,
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

/// The crews and agents of one owner, with those of the settings and of the server, which are everybody's. Cloning shares
/// them.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    store: Store,
    owner: Owner,
    limits: Crews,
    /// The agents of the settings.
    configured: Arc<BTreeMap<String, Kept<Agent>>>,
    /// The agents that come with the server: they are named and never listed.
    built_in: Arc<BTreeMap<String, Agent>>,
}

impl Roster {
    /// Those of the server in this store, of which there may be so many, and the agents of the settings, whose names are
    /// their ids.
    #[must_use]
    pub(crate) fn new(store: Store, limits: &Crews, configured: &[Agent]) -> Self {
        let now = Timestamp::now();
        let kept = |agent: &Agent| {
            let id = agent.name.clone();
            let owner = Owner::SERVER;
            let thing = agent.clone().sealed(&store);
            (id.clone(), Kept { id, owner, version: 1, created_at: now, updated_at: now, thing })
        };
        let configured = Arc::new(configured.iter().map(kept).collect());
        Self { store, owner: Owner::SERVER, limits: limits.clone(), configured, built_in: Arc::new(built_in()) }
    }

    /// Those of this owner.
    #[must_use]
    pub(crate) fn of(&self, owner: &Owner) -> Self {
        Self { owner: owner.clone(), ..self.clone() }
    }

    /// Whose they are.
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The agent with this id, be it stored, of the settings, or one that comes with the server.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Unavailable`].
    pub(crate) async fn agent(&self, id: &str) -> Result<Agent, Error> {
        match self.built_in.get(id) {
            Some(agent) => Ok(agent.clone()),
            None => self.get::<Agent>(id).await.map(|kept| kept.thing),
        }
    }

    /// One.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Unavailable`].
    pub(crate) async fn get<T: Thing>(&self, id: &str) -> Result<Kept<T>, Error> {
        if let Some(kept) = self.configured::<T>(id) {
            return Ok(kept.clone());
        }
        let found = self.store.document(&self.owner, T::COLLECTION, id).await?;
        let kept = kept::<T>(found.ok_or(Error::Unknown)?)?;
        // An earlier version has stored it as it was given.
        Ok(Kept { thing: kept.thing.sealed(&self.store), ..kept })
    }

    /// The headers that an agent of kind `http` sends.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where they were sealed with another key.
    pub(crate) fn headers_of(&self, agent: &Agent) -> Result<Vec<(String, String)>, Error> {
        headers::unsealed(agent, &self.store)
    }

    /// Up to `limit` in the order of their ids, those after `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn list<T: Thing>(&self, after: Option<&str>, limit: usize) -> Result<Vec<Kept<T>>, Error> {
        let found = self.store.documents(&self.owner, T::COLLECTION, after, limit).await?;
        let found = self.with_configured::<T>(found, |kept| after.is_none_or(|after| kept.id.as_str() > after))?;
        Ok(sorted(found, limit, |one, other| one.id.cmp(&other.id)))
    }

    /// Up to `limit` of all owners, in the order of those and of their ids: those after the one of this owner with this id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn list_of_all<T: Thing>(
        &self,
        after: Option<(&Owner, &str)>,
        limit: usize,
    ) -> Result<Vec<Kept<T>>, Error> {
        let found = self.store.documents_of_all(T::COLLECTION, after, limit).await?;
        let place = |kept: &Kept<T>| (kept.owner.clone(), kept.id.clone());
        let after = after.map(|(owner, id)| (owner.clone(), id.to_owned()));
        let is_next = |kept: &Kept<T>| after.as_ref().is_none_or(|after| place(kept) > *after);
        let found = self.with_configured::<T>(found, is_next)?;
        Ok(sorted(found, limit, |one, other| place(one).cmp(&place(other))))
    }

    /// These, and those of the settings that are wanted.
    fn with_configured<T: Thing>(
        &self,
        found: Vec<Document>,
        is_wanted: impl Fn(&Kept<T>) -> bool,
    ) -> Result<Vec<Kept<T>>, Error> {
        let mut found: Vec<Kept<T>> = found.into_iter().map(kept).collect::<Result<_, _>>()?;
        let configured = T::configured(self).into_iter().flat_map(BTreeMap::values);
        // One of the settings comes before a stored one of its id, which was there before it.
        found.retain(|kept| self.configured::<T>(&kept.id).is_none());
        found.extend(configured.filter(|kept| is_wanted(kept)).cloned());
        Ok(found)
    }

    /// Stores a new one, under this id or one that is made.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::MissingAgents`], [`Error::TooMany`] or [`Error::Unavailable`].
    pub(crate) async fn create<T: Thing>(&self, id: Option<String>, thing: T) -> Result<Kept<T>, Error> {
        let id = id.unwrap_or_else(|| format!("{}{}", T::PREFIX, Uuid::new_v4().simple()));
        if self.configured::<T>(&id).is_some()
            || (T::COLLECTION == Agent::COLLECTION && self.built_in.contains_key(&id))
        {
            return Err(Error::Exists);
        }
        let thing = thing.restored(None)?.sealed(&self.store);
        let body = text(&thing)?;
        let decide = async || {
            self.check(&thing).await?;
            self.check_room::<T>(1).await?;
            Ok((vec![put::<T>(&self.owner, &id, body.clone(), Precondition::Absent)], ()))
        };
        let made = self.store.change_guarded(&self.owner, GUARD, decide).await;
        match made {
            Ok((made, ())) => written(made, thing),
            Err(Error::Outdated(_)) => Err(Error::Exists),
            Err(error) => Err(error),
        }
    }

    /// Changes one that is at this version, or at any.
    ///
    /// # Errors
    /// [`Error::Configured`], [`Error::Unknown`], [`Error::Outdated`], [`Error::MissingAgents`] or [`Error::Unavailable`].
    pub(crate) async fn save<T: Thing>(&self, id: &str, thing: T, expected: Option<u64>) -> Result<Kept<T>, Error> {
        self.refuse_configured::<T>(id)?;
        let decide = async || {
            self.check(&thing).await?;
            let before = self.get::<T>(id).await?;
            let thing = thing.clone().restored(Some(&before.thing))?.sealed(&self.store);
            let unchanged = Precondition::Version(expected.unwrap_or(before.version));
            Ok((vec![put::<T>(&self.owner, id, text(&thing)?, unchanged)], thing))
        };
        let (saved, thing) = self.store.change_guarded::<_, Error, _>(&self.owner, GUARD, decide).await?;
        written(saved, thing)
    }

    /// Removes one that is at this version, or at any; gives it as it was.
    ///
    /// # Errors
    /// [`Error::Configured`], [`Error::Unknown`], [`Error::Outdated`], [`Error::InUse`] or [`Error::Unavailable`].
    pub(crate) async fn remove<T: Thing>(&self, id: &str, expected: Option<u64>) -> Result<Kept<T>, Error> {
        self.refuse_configured::<T>(id)?;
        let decide = async || {
            if T::COLLECTION == Agent::COLLECTION {
                let crews = self.crews_of(id).await?;
                if !crews.is_empty() {
                    return Err(Error::InUse(crews));
                }
            }
            let removed = self.get::<T>(id).await?;
            let precondition = Precondition::Version(expected.unwrap_or(removed.version));
            Ok((vec![Write::remove(&self.owner, T::COLLECTION, id, precondition)], removed))
        };
        let (_, removed) = self.store.change_guarded::<_, Error, _>(&self.owner, GUARD, decide).await?;
        Ok(removed)
    }

    /// Which of these agents there are not.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn missing<'a>(&self, agents: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Error> {
        let mut missing = Vec::new();
        for id in agents.collect::<BTreeSet<_>>() {
            let is_there = self.built_in.contains_key(id) || self.configured.contains_key(id);
            if !is_there && self.store.document(&self.owner, Agent::COLLECTION, id).await?.is_none() {
                missing.push(id.to_owned());
            }
        }
        Ok(missing)
    }

    /// Whether so many more may be kept.
    pub(super) async fn check_room<T: Thing>(&self, more: usize) -> Result<(), Error> {
        let most = T::most(&self.limits);
        let there = self.store.document_heads(&self.owner, T::COLLECTION, None, most).await?.len();
        if there + more > most { Err(Error::TooMany(most)) } else { Ok(()) }
    }

    /// Changes documents by what `decide` finds, as if nobody else changed crews or agents meanwhile.
    pub(super) async fn change<T, F>(&self, decide: impl FnMut() -> F) -> Result<(Vec<Option<Document>>, T), Error>
    where
        F: Future<Output = Result<(Vec<Write>, T), Error>>,
    {
        self.store.change_guarded(&self.owner, GUARD, decide).await
    }

    fn configured<T: Thing>(&self, id: &str) -> Option<&Kept<T>> {
        T::configured(self)?.get(id)
    }

    fn refuse_configured<T: Thing>(&self, id: &str) -> Result<(), Error> {
        if self.configured::<T>(id).is_some() { Err(Error::Configured) } else { Ok(()) }
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

/// The checks, as agents.
fn built_in() -> BTreeMap<String, Agent> {
    let agent = |check: Check| {
        let name = check.id().to_owned();
        let role = "auditor".to_owned();
        let goal = match check {
            Check::NumericValidation => "Find figures that contradict each other.",
            Check::LogicConsistency => "Find periods, dates, references and terms that contradict each other.",
            Check::DisclosureCompleteness => "Find what a report of this kind has to disclose and does not.",
        };
        (name.clone(), Agent { name, role, goal: goal.to_owned(), kind: AgentKind::Check, ..Agent::default() })
    };
    Check::ALL.into_iter().map(agent).collect()
}

pub(super) fn text<T: Thing>(thing: &T) -> Result<String, Error> {
    serde_json::to_string(thing).map_err(|error| Error::Unavailable(error.to_string()))
}

pub(super) fn put<T: Thing>(owner: &Owner, id: &str, body: String, precondition: Precondition) -> Write {
    Write::put(owner, T::COLLECTION, id, body, precondition)
}

fn sorted<T>(mut found: Vec<Kept<T>>, limit: usize, order: impl Fn(&Kept<T>, &Kept<T>) -> Ordering) -> Vec<Kept<T>> {
    found.sort_by(order);
    found.truncate(limit);
    found
}

/// The thing that was written, with what the store says of it.
pub(super) fn written<T>(documents: Vec<Option<Document>>, thing: T) -> Result<Kept<T>, Error> {
    let Document { id, owner, version, created_at, updated_at, .. } =
        documents.into_iter().next().flatten().ok_or(Error::Unknown)?;
    Ok(Kept { id, owner, version, created_at, updated_at, thing })
}

fn kept<T: Thing>(document: Document) -> Result<Kept<T>, Error> {
    let Document { owner, id, version, created_at, updated_at, body, collection } = document;
    let thing = serde_json::from_str(&body)
        .map_err(|error| Error::Unavailable(format!("a document in {collection} is not what it must be: {error}")))?;
    Ok(Kept { id, owner, version, created_at, updated_at, thing })
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
    use futures::future::join;

    fn roster() -> Roster {
        let settings = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
        let configured = Agent { name: "set".into(), ..agent("set") };
        Roster::new(Store::open(&settings, 1).unwrap(), &Crews { max_crews: 100, max_agents: 200 }, &[configured])
    }

    fn agent(name: &str) -> Agent {
        Agent {
            name: name.into(),
            role: "r".into(),
            goal: "g".into(),
            kind: AgentKind::Check,
            max_iter: 3,
            ..Agent::default()
        }
    }

    fn crew(agents: &[&str]) -> Crew {
        let crew = serde_json::json!({"name": "c", "agents": agents});
        serde_json::from_value(crew).unwrap()
    }

    #[actix_web::test]
    async fn a_crew_names_only_agents_that_there_are() {
        let roster = roster();
        let refused = roster.create(None, crew(&["a", "b"])).await;
        assert_eq!(refused, Err(Error::MissingAgents(vec!["a".into(), "b".into()])));
        roster.create(Some("a".into()), agent("ada")).await.unwrap();
        let made = roster.create(None, crew(&["a"])).await.unwrap();
        assert!(made.id.starts_with("crew_") && made.version == 1, "{made:?}");
        let led = Crew { manager_agent: Some("b".into()), ..crew(&["a"]) };
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

    #[actix_web::test]
    async fn agents_of_the_settings_are_there_and_are_changed_there_only() {
        let roster = roster();
        roster.create(Some("z".into()), agent("zoe")).await.unwrap();
        let ids = |kept: Vec<Kept<Agent>>| kept.into_iter().map(|kept| kept.id).collect::<Vec<_>>();
        assert_eq!(ids(roster.list::<Agent>(None, 10).await.unwrap()), ["set", "z"]);
        assert_eq!(ids(roster.list::<Agent>(None, 1).await.unwrap()), ["set"]);
        assert_eq!(ids(roster.list::<Agent>(Some("set"), 10).await.unwrap()), ["z"]);
        assert_eq!(roster.create(Some("set".into()), agent("x")).await, Err(Error::Exists));
        assert_eq!(roster.save("set", agent("x"), None).await, Err(Error::Configured));
        assert_eq!(roster.remove::<Agent>("set", None).await, Err(Error::Configured));
        roster.create(None, crew(&["set", "z", "numeric_validation"])).await.unwrap();
        assert_eq!(roster.agent("numeric_validation").await.unwrap().kind, AgentKind::Check);
        assert_eq!(roster.agent("none").await, Err(Error::Unknown));
    }

    #[actix_web::test]
    async fn what_another_has_is_unknown_and_its_ids_are_free() {
        let (roster, ada) = (roster(), "ada".parse().unwrap());
        let hers = roster.of(&ada);
        roster.create(Some("a".into()), agent("server")).await.unwrap();
        assert_eq!(hers.get::<Agent>("a").await, Err(Error::Unknown));
        let refused = hers.create(None, crew(&["a"])).await;
        assert_eq!(refused, Err(Error::MissingAgents(vec!["a".into()])));
        let made = hers.create(Some("a".into()), agent("ada")).await.unwrap();
        assert_eq!((&made.owner, made.version), (&ada, 1));
        hers.create(Some("c".into()), crew(&["a", "set"])).await.unwrap();
        assert_eq!(roster.remove::<Crew>("c", None).await, Err(Error::Unknown));
        roster.remove::<Agent>("a", None).await.unwrap();
        let ids = |kept: &[Kept<Agent>]| kept.iter().map(|kept| kept.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&hers.list::<Agent>(None, 9).await.unwrap()), ["a", "set"]);
        assert_eq!(ids(&roster.list::<Agent>(None, 9).await.unwrap()), ["set"]);
        let all = roster.list_of_all::<Agent>(None, 1).await.unwrap();
        assert_eq!(ids(&all), ["set"]);
        let after = all.last().map(|last| (&last.owner, last.id.as_str()));
        let rest = roster.list_of_all::<Agent>(after, 9).await.unwrap();
        assert_eq!((ids(&rest), &rest[0].owner), (vec!["a".to_owned()], &ada));
    }
}
