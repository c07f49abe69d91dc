//! A workflow among those of all owners, and under which topics it is followed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use super::definition::Definition;
use crate::domain::id::Slot;
use crate::domain::owner::{BadOwner, Owner};
use crate::hub::{Topic, TopicKey};

/// Which workflow: two owners may have the same id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct WorkflowKey {
    /// Whose it is.
    pub owner: Owner,
    /// Its id.
    pub id: Arc<str>,
}

impl WorkflowKey {
    /// The one of this owner with this id.
    #[must_use]
    pub(crate) fn new(owner: &Owner, id: &str) -> Self {
        Self { owner: owner.clone(), id: id.into() }
    }

    /// That of a definition.
    #[must_use]
    pub(crate) fn of(definition: &Definition) -> Self {
        Self::new(&definition.owner, &definition.id)
    }

    /// Under what those follow it who follow nothing else.
    #[must_use]
    pub(crate) fn topic(&self) -> Topic {
        Topic::Workflow(self.topic_key())
    }

    fn topic_key(&self) -> TopicKey {
        // Neither part has a line break in it.
        match self.owner.identity() {
            None => TopicKey::of(&self.id),
            Some(owner) => TopicKey::of(&format!("{owner}\n{}", self.id)),
        }
    }

    /// The slot that it falls into: with several servers, it is live at the owner of that.
    #[must_use]
    pub(crate) fn slot(&self) -> Slot {
        self.topic_key().slot()
    }

    /// The topics of all who follow it.
    #[must_use]
    pub(crate) fn topics(&self) -> SmallVec<[Topic; 3]> {
        smallvec![self.topic(), topic_of_all(Some(&self.owner)), topic_of_all(None)]
    }
}

/// What tells it from all others in what operators read: its id, behind its owner where that is not the server.
impl fmt::Display for WorkflowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner.identity() {
            None => f.write_str(&self.id),
            Some(owner) => write!(f, "{owner}/{}", self.id),
        }
    }
}

impl FromStr for WorkflowKey {
    type Err = BadOwner;

    fn from_str(text: &str) -> Result<Self, BadOwner> {
        // No id has a slash in it; an owner may.
        match text.rsplit_once('/') {
            Some((owner, id)) => Ok(Self::new(&owner.parse()?, id)),
            None => Ok(Self::new(&Owner::SERVER, text)),
        }
    }
}

impl TryFrom<String> for WorkflowKey {
    type Error = BadOwner;

    fn try_from(text: String) -> Result<Self, BadOwner> {
        text.parse()
    }
}

impl From<WorkflowKey> for String {
    fn from(key: WorkflowKey) -> Self {
        key.to_string()
    }
}

/// Under what those follow all workflows who see these of one owner, or everybody's.
#[must_use]
pub(crate) fn topic_of_all(sight: Option<&Owner>) -> Topic {
    match sight {
        Some(owner) => Topic::WorkflowsOf(TopicKey::of(owner.as_str())),
        None => Topic::Workflows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_owners_workflows_of_one_id_have_no_topic_in_common_but_that_of_all() {
        let key = |owner: &str| WorkflowKey::new(&owner.parse().unwrap(), "w");
        let keys = [key("server"), key("ada"), key("a/b"), key("bo")];
        assert!(keys.iter().all(|one| one.to_string().parse::<WorkflowKey>().as_ref() == Ok(one)));
        for (at, one) in keys.iter().enumerate() {
            for other in &keys[at + 1..] {
                let common: Vec<Topic> =
                    one.topics().into_iter().filter(|topic| other.topics().contains(topic)).collect();
                assert_eq!(common, [Topic::Workflows]);
                assert_ne!(one.to_string(), other.to_string());
            }
        }
    }
}
