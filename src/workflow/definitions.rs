//! The stored workflows: made, read, changed and removed, each change against the version that it was made from.

use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::client::{Draft, Expected};
use super::definition::{Definition, id_fault};
use super::graph::Graph;
use super::kept::pause_reason;
use super::key::WorkflowKey;
use super::messages::Status;
use super::refused::Refused;
use super::validate::{Checked, validate, within_limits};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::process::threads;
use crate::store::{self, Document, Precondition, Store};
use crate::workflow::Settings;

const COLLECTION: &str = "workflows";
/// Documents that are read at once for a list: each may be large.
const BATCH: usize = 8;

/// The stored workflows of one owner. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Definitions {
    store: Store,
    owner: Owner,
    catalogue: Arc<Catalogue>,
    limits: Arc<Settings>,
    /// How many graphs are checked at once.
    checks: Arc<Semaphore>,
}

/// What a graph must be to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Valid, so that it can be run.
    Valid,
    /// Within the limits; it may have faults, and can only be run when it has none any more.
    Sizes,
}

/// A stored workflow in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    /// Which one.
    pub key: WorkflowKey,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Who changed it last, where they said.
    pub author: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Whether it becomes live again after a restart.
    pub autostart: bool,
    /// How many nodes it has.
    pub node_count: usize,
}

/// What stands in a document; the rest of a definition is what the store knows of it.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default)]
    autostart: bool,
    graph: Graph,
}

/// What a list needs of it.
#[derive(Deserialize)]
struct Outline {
    name: String,
    author: Option<String>,
    #[serde(default)]
    autostart: bool,
    graph: Nodes,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<IgnoredAny>,
}

impl Definitions {
    /// Those of the server in a store; their graphs are checked against these classes and limits.
    #[must_use]
    pub(crate) fn new(store: Store, catalogue: Arc<Catalogue>, limits: Arc<Settings>) -> Self {
        let checks = Arc::new(Semaphore::new(limits.max_computing));
        Self { store, owner: Owner::SERVER, catalogue, limits, checks }
    }

    /// Those of this owner.
    #[must_use]
    pub(crate) fn of(&self, owner: &Owner) -> Self {
        Self { owner: owner.clone(), ..self.clone() }
    }

    /// At most `limit` of them in the order of their ids, those after the id `after`.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, Refused> {
        let batch = async |last: Option<&Listed>, wanted| {
            let after = last.map(|last| &*last.key.id).or(after);
            self.store.documents(&self.owner, COLLECTION, after, wanted).await
        };
        listed(batch, limit).await
    }

    /// At most `limit` of all owners, in the order of those and of their ids: those behind the one of this owner with this
    /// id.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn list_of_all(
        &self,
        after: Option<(&Owner, &str)>,
        limit: usize,
    ) -> Result<Vec<Listed>, Refused> {
        let batch = async |last: Option<&Listed>, wanted| {
            let after = last.map(|last| (&last.key.owner, &*last.key.id)).or(after);
            self.store.documents_of_all(COLLECTION, after, wanted).await
        };
        listed(batch, limit).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Refused::UnknownWorkflow`] or [`Refused::Unavailable`].
    pub(crate) async fn get(&self, id: &str) -> Result<Definition, Refused> {
        let document = self.store.document(&self.owner, COLLECTION, id).await?.ok_or(Refused::UnknownWorkflow)?;
        let stored: Stored = serde_json::from_str(&document.body).map_err(|error| unreadable(&error))?;
        Ok(definition(document, stored))
    }

    /// How one of them stands that is not live.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn standing(&self, definition: Definition) -> Result<Status, Refused> {
        let pause_reason = pause_reason(&self.store, &WorkflowKey::of(&definition)).await?;
        let Definition { id, version, graph, .. } = definition;
        let stopped = Status::stopped(id, version, graph.nodes.len(), self.limits.interval_ms);
        Ok(Status { pause_reason, ..stopped })
    }

    /// Stores a new one; its id is made where the draft has none.
    ///
    /// # Errors
    /// [`Refused::Invalid`], [`Refused::InvalidId`], [`Refused::AlreadyExists`] or [`Refused::Unavailable`].
    pub(crate) async fn create(&self, mut draft: Draft, check: Check) -> Result<Definition, Refused> {
        let id = draft.id.take().unwrap_or_else(|| format!("workflow_{}", Uuid::new_v4().simple()));
        if let Some(fault) = id_fault(&id) {
            return Err(Refused::InvalidId(fault.to_string()));
        }
        let (stored, body) = self.written(draft, check).await?;
        match self.store.put_document(&self.owner, COLLECTION, &id, body, Precondition::Absent).await {
            Ok(document) => Ok(definition(document, stored)),
            Err(store::Error::Outdated { .. }) => Err(Refused::AlreadyExists),
            Err(other) => Err(other.into()),
        }
    }

    /// Changes one. The draft's id does not count.
    ///
    /// # Errors
    /// [`Refused::UnknownWorkflow`], [`Refused::Invalid`], [`Refused::VersionConflict`] or [`Refused::Unavailable`].
    pub(crate) async fn update(
        &self,
        id: &str,
        draft: Draft,
        expected: Expected,
        check: Check,
    ) -> Result<Definition, Refused> {
        let mut present = self.version(id).await?;
        let (stored, body) = self.written(draft, check).await?;
        loop {
            let version = match expected {
                Expected::Any => present,
                Expected::Version(version) => version,
            };
            let put = self
                .store
                .put_document(&self.owner, COLLECTION, id, body.clone(), Precondition::Version(version))
                .await;
            match (put, expected) {
                (Ok(document), _) => return Ok(definition(document, stored)),
                // Whoever was faster has made progress, so that this comes to an end.
                (Err(store::Error::Outdated { version }), Expected::Any) => present = version,
                (Err(store::Error::Outdated { version }), Expected::Version(_)) => {
                    return Err(Refused::VersionConflict(version));
                }
                (Err(other), _) => return Err(other.into()),
            }
        }
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Refused::UnknownWorkflow`], [`Refused::VersionConflict`] or [`Refused::Unavailable`].
    pub(crate) async fn remove(&self, id: &str, expected: Expected) -> Result<(), Refused> {
        let precondition = match expected {
            Expected::Any => Precondition::Anything,
            Expected::Version(version) => Precondition::Version(version),
        };
        match self.store.remove_document(&self.owner, COLLECTION, id, precondition).await {
            Ok(()) => Ok(()),
            Err(store::Error::Outdated { version }) => Err(Refused::VersionConflict(version)),
            Err(other) => Err(other.into()),
        }
    }

    /// Checks a graph against the classes and limits.
    ///
    /// # Errors
    /// [`Refused::Invalid`], or [`Refused::ShuttingDown`] where no thread is there any more to check it.
    pub(crate) async fn check(&self, graph: Graph) -> Result<(Graph, Checked), Refused> {
        let definitions = self.clone();
        self.beside(move || {
            let checked = validate(&graph, &definitions.catalogue, &definitions.limits).map_err(Refused::Invalid)?;
            Ok((graph, checked))
        })
        .await
    }

    async fn version(&self, id: &str) -> Result<u64, Refused> {
        let document = self.store.document(&self.owner, COLLECTION, id).await?;
        document.map(|document| document.version).ok_or(Refused::UnknownWorkflow)
    }

    /// Does what takes its time with a graph where it holds up nobody: a few bytes of a template or a pattern may take long.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let permit = Arc::clone(&self.checks).acquire_owned().await.map_err(|_| Refused::ShuttingDown)?;
        let work = move || {
            let _permit = permit;
            work()
        };
        let done = threads::blocking(work).await.map_err(|error| match error {
            threads::Error::Refused(error) => Refused::Unavailable(error.to_string()),
            threads::Error::BrokenOff => Refused::ShuttingDown,
        });
        done.flatten()
    }

    /// Checks a draft, and writes the text of its document.
    async fn written(&self, draft: Draft, check: Check) -> Result<(Stored, String), Refused> {
        let definitions = self.clone();
        self.beside(move || {
            let Self { catalogue, limits, .. } = &definitions;
            match check {
                Check::Valid => validate(&draft.graph, catalogue, limits).map(drop),
                Check::Sizes => within_limits(&draft.graph, limits),
            }
            .map_err(Refused::Invalid)?;
            let Draft { id: _, name, autostart, graph, author } = draft;
            let stored = Stored { name, author, autostart, graph };
            let body = serde_json::to_string(&stored).map_err(|error| unreadable(&error))?;
            Ok((stored, body))
        })
        .await
    }
}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definitions").field("catalogue", &self.catalogue).finish_non_exhaustive()
    }
}

fn definition(document: Document, stored: Stored) -> Definition {
    let Document { id, owner, version, created_at, updated_at, .. } = document;
    let Stored { name, author, autostart, graph } = stored;
    Definition { id, owner, name, version, author, created_at, updated_at, autostart, graph }
}

/// Reads a list in batches; each goes on behind the last that there is.
async fn listed(
    batch: impl AsyncFn(Option<&Listed>, usize) -> Result<Vec<Document>, store::Error>,
    limit: usize,
) -> Result<Vec<Listed>, Refused> {
    let mut listed: Vec<Listed> = Vec::new();
    while listed.len() < limit {
        let wanted = BATCH.min(limit - listed.len());
        let found = batch(listed.last(), wanted).await?;
        let is_end = found.len() < wanted;
        for document in found {
            listed.push(outline(document)?);
        }
        if is_end {
            break;
        }
    }
    Ok(listed)
}

fn outline(document: Document) -> Result<Listed, Refused> {
    let outline: Outline = serde_json::from_str(&document.body).map_err(|error| unreadable(&error))?;
    let key = WorkflowKey::new(&document.owner, &document.id);
    let Document { version, created_at, updated_at, .. } = document;
    let Outline { name, author, autostart, graph } = outline;
    Ok(Listed { key, name, version, author, created_at, updated_at, autostart, node_count: graph.nodes.len() })
}

fn unreadable(error: &serde_json::Error) -> Refused {
    Refused::Unavailable(format!("a stored workflow is not what it must be: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::nodes::built_in;
    use serde_json::json;

    fn definitions() -> Definitions {
        let store = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
        let store = Store::open(&store, 1).unwrap();
        Definitions::new(store, Arc::new(built_in(&crate::workflow::Settings::default()).unwrap()), Arc::default())
    }

    fn draft(id: &str, class: &str) -> Draft {
        let graph = json!({"nodes": [{"id": "a", "type": class, "position": {"x": 1}}], "groups": ["g"]});
        let id = Some(id.to_owned()).filter(|id| !id.is_empty());
        Draft { id, name: "n".into(), graph: serde_json::from_value(graph).unwrap(), ..Draft::default() }
    }

    #[actix_web::test]
    async fn what_was_stored_is_there_as_it_was() {
        let definitions = definitions();
        let made = definitions.create(Draft { author: Some("ada".into()), ..draft("a", "TextInput") }, Check::Valid);
        let made = made.await.unwrap();
        assert_eq!((made.version, made.graph.rest["groups"][0].as_str()), (1, Some("g")));
        assert_eq!(definitions.get("a").await.unwrap(), made);
        let unnamed = definitions.create(draft("", "TextInput"), Check::Valid).await.unwrap();
        assert!(unnamed.id.starts_with("workflow_") && id_fault(&unnamed.id).is_none(), "{}", unnamed.id);
        let listed = definitions.list(None, 10).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!((&*listed[0].key.id, listed[0].node_count, listed[0].author.as_deref()), ("a", 1, Some("ada")));
    }

    #[actix_web::test]
    async fn what_another_has_is_unknown_and_its_ids_are_free() {
        let definitions = definitions();
        let hers = definitions.of(&"ada".parse().unwrap());
        definitions.create(draft("a", "TextInput"), Check::Valid).await.unwrap();
        definitions.create(draft("z", "TextInput"), Check::Valid).await.unwrap();
        assert_eq!(hers.get("a").await, Err(Refused::UnknownWorkflow));
        assert_eq!(hers.remove("a", Expected::Any).await, Err(Refused::UnknownWorkflow));
        let made = hers.create(draft("a", "TextInput"), Check::Valid).await.unwrap();
        assert_eq!((made.owner.as_str(), made.version), ("ada", 1));
        assert_eq!(hers.list(None, 9).await.unwrap().len(), 1);
        let mut all: Vec<String> = Vec::new();
        let mut after: Option<WorkflowKey> = None;
        while let page = definitions.list_of_all(after.as_ref().map(|key| (&key.owner, &*key.id)), 2).await.unwrap()
            && let Some(last) = page.last()
        {
            after = Some(last.key.clone());
            all.extend(page.iter().map(|listed| listed.key.to_string()));
        }
        assert_eq!(all, ["a", "z", "ada/a"]);
    }

    #[actix_web::test]
    async fn a_change_is_made_to_the_version_that_it_expects() {
        let definitions = definitions();
        definitions.create(draft("a", "TextInput"), Check::Valid).await.unwrap();
        let again = definitions.create(draft("a", "TextInput"), Check::Valid).await;
        assert_eq!(again, Err(Refused::AlreadyExists));
        let update = |expected| definitions.update("a", draft("", "TextInput"), expected, Check::Valid);
        assert_eq!(update(Expected::Version(1)).await.unwrap().version, 2);
        assert_eq!(update(Expected::Version(1)).await, Err(Refused::VersionConflict(2)));
        assert_eq!(update(Expected::Any).await.unwrap().version, 3);
        assert_eq!(definitions.remove("a", Expected::Version(2)).await, Err(Refused::VersionConflict(3)));
        assert_eq!(definitions.remove("a", Expected::Any).await, Ok(()));
        assert_eq!(definitions.remove("a", Expected::Any).await, Err(Refused::UnknownWorkflow));
        assert_eq!(update(Expected::Any).await, Err(Refused::UnknownWorkflow));
    }

    #[actix_web::test]
    async fn of_many_who_expect_one_version_one_wins_and_who_expects_none_always_does() {
        let definitions = definitions();
        definitions.create(draft("a", "TextInput"), Check::Valid).await.unwrap();
        let update = |expected| definitions.update("a", draft("", "TextInput"), expected, Check::Valid);
        let made = futures::future::join_all((0..8).map(|_| update(Expected::Version(1)))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
        let made = futures::future::join_all((0..8).map(|_| update(Expected::Any))).await;
        let mut versions: Vec<u64> = made.into_iter().map(|made| made.unwrap().version).collect();
        versions.sort_unstable();
        assert_eq!(versions, [3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[actix_web::test]
    async fn an_unfinished_graph_is_stored_only_as_one() {
        let definitions = definitions();
        let refused = definitions.create(draft("a", "Nope"), Check::Valid).await;
        assert!(matches!(refused, Err(Refused::Invalid(_))), "{refused:?}");
        let made = definitions.create(draft("a", "Nope"), Check::Sizes).await.unwrap();
        assert!(matches!(definitions.check(made.graph).await, Err(Refused::Invalid(_))));
        let refused = definitions.create(draft("../a", "TextInput"), Check::Valid).await;
        assert!(matches!(refused, Err(Refused::InvalidId(_))), "{refused:?}");
    }

    #[actix_web::test]
    async fn a_list_goes_on_where_it_ended() {
        let definitions = definitions();
        for at in 10..35 {
            definitions.create(draft(&format!("w{at}"), "TextInput"), Check::Valid).await.unwrap();
        }
        let ids = |listed: Vec<Listed>| listed.into_iter().map(|one| one.key.id.to_string()).collect::<Vec<_>>();
        let first = ids(definitions.list(None, 20).await.unwrap());
        assert_eq!((first.len(), first.last().map(String::as_str)), (20, Some("w29")));
        assert_eq!(ids(definitions.list(Some("w29"), 20).await.unwrap()), ["w30", "w31", "w32", "w33", "w34"]);
    }
}
