//! What the store knows of the live workflows that come back: how they run, and their inputs.

use serde::{Deserialize, Serialize};

use super::client::LiveOptions;
use super::executor::messages::Inputs;
use super::executor::spec::Asked;
use super::key::WorkflowKey;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, Precondition, Store};

/// The collection of documents about live workflows.
pub(super) const LIVE: &str = "live";

/// What is kept of a live workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// How it runs.
    #[serde(default)]
    pub(super) options: LiveOptions,
    /// The inputs that were changed.
    #[serde(default)]
    pub(super) inputs: Inputs,
    /// What its nodes have asked of sessions.
    #[serde(default = "Asked::nothing")]
    pub(super) asked: Asked,
    /// Whether it is live and moves by single steps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) moves_by_steps: bool,
    /// Why it does not come back, though it would, until somebody starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paused: Option<String>,
}

/// A workflow that was live when the server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WasLive {
    /// Which one.
    pub key: WorkflowKey,
    /// When it was started, or one of its inputs was changed last.
    pub since: Timestamp,
    /// Why it does not come back, where it does not.
    pub paused: Option<String>,
}

/// How many documents are read at once.
const PAGE: usize = 100;

/// The workflows that were live when the server ended.
///
/// # Errors
/// [`store::Error::Unavailable`].
pub(crate) async fn were_live(store: &Store) -> Result<Vec<WasLive>, store::Error> {
    let mut found = Vec::new();
    let mut after: Option<(Owner, String)> = None;
    loop {
        let place = after.as_ref().map(|(owner, id)| (owner, id.as_str()));
        let page = store.documents_of_all(LIVE, place, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some((last.owner.clone(), last.id.clone()));
        found.extend(page.into_iter().map(|document| {
            let Kept { paused, .. } = serde_json::from_str(&document.body).unwrap_or_default();
            WasLive { key: WorkflowKey::new(&document.owner, &document.id), since: document.updated_at, paused }
        }));
    }
}

/// Why a workflow does not come back until somebody starts it, where it does not.
///
/// # Errors
/// [`store::Error::Unavailable`].
pub(in crate::workflow) async fn pause_reason(
    store: &Store,
    key: &WorkflowKey,
) -> Result<Option<String>, store::Error> {
    let document = store.document(&key.owner, LIVE, &key.id).await?;
    Ok(document.and_then(|document| serde_json::from_str::<Kept>(&document.body).ok()?.paused))
}

/// Keeps a workflow from coming back until somebody starts it, for this reason; gives whether it would have come back.
///
/// # Errors
/// [`store::Error::Unavailable`].
pub(crate) async fn pause(store: &Store, key: &WorkflowKey, reason: String) -> Result<bool, store::Error> {
    let Some(document) = store.document(&key.owner, LIVE, &key.id).await? else { return Ok(false) };
    let kept: Kept = serde_json::from_str(&document.body).unwrap_or_default();
    let kept = Kept { paused: Some(reason), ..kept };
    // This always can be written: its keys are strings.
    let body = serde_json::to_string(&kept).unwrap_or_default();
    store.put_document(&key.owner, LIVE, &key.id, body, Precondition::Version(document.version)).await?;
    Ok(true)
}

/// Has the store know this of a workflow, or nothing.
pub(super) async fn write(store: &Store, key: &WorkflowKey, kept: Option<Kept>) -> Result<(), store::Error> {
    match kept {
        Some(kept) => {
            // This always can be written: its keys are strings.
            let body = serde_json::to_string(&kept).unwrap_or_default();
            store.put_document(&key.owner, LIVE, &key.id, body, Precondition::Anything).await.map(|_| ())
        }
        None => match store.remove_document(&key.owner, LIVE, &key.id, Precondition::Anything).await {
            Err(store::Error::NotFound) => Ok(()),
            removed => removed,
        },
    }
}
