//! Who may answer a question beside the owner of its session, and how many of them have to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::owner::{BadOwner, Owner};

/// What an assignee begins with that is a group.
const GROUP: &str = "group:";

/// Somebody whom a question is put to: a person, by the name of the owner, or everybody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Assignee {
    /// One person.
    Owner(Owner),
    /// Everybody in this group: `group:NAME`.
    Group(Arc<str>),
}

impl FromStr for Assignee {
    type Err = BadOwner;

    fn from_str(text: &str) -> Result<Self, BadOwner> {
        match text.strip_prefix(GROUP) {
            // The name of a group is a text like that of an owner.
            Some(name) => name.parse::<Owner>().map(|_| Assignee::Group(name.into())),
            None => text.parse().map(Assignee::Owner),
        }
    }
}

impl TryFrom<String> for Assignee {
    type Error = BadOwner;

    fn try_from(text: String) -> Result<Self, BadOwner> {
        text.parse()
    }
}

impl From<Assignee> for String {
    fn from(assignee: Assignee) -> Self {
        assignee.to_string()
    }
}

impl fmt::Display for Assignee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assignee::Owner(owner) => write!(f, "{owner}"),
            Assignee::Group(name) => write!(f, "{GROUP}{name}"),
        }
    }
}

/// Who may answer a question, and how many of them have to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Answerers {
    /// Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>", optional))]
    pub assignees: Vec<Assignee>,
    /// How many different people have to say yes; the first no decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub required_answers: Option<u32>,
    /// Whether the one who started the session may answer; yes where it is left out.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    #[schema(value_type = Option<bool>)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub allow_own: bool,
}

impl Default for Answerers {
    fn default() -> Self {
        Self { assignees: Vec::new(), required_answers: None, allow_own: true }
    }
}

impl Answerers {
    /// The most assignees of a question, and the most answers that one can require.
    pub const MOST: usize = 100;

    /// What is wrong with them, where something is; only a confirmation can require several answers.
    #[must_use]
    pub fn fault(&self, is_confirmation: bool) -> Option<String> {
        let most = Self::MOST;
        if self.assignees.len() > most {
            return Some(format!("assignees: {most} are the most"));
        }
        match self.required_answers {
            None => None,
            Some(_) if !is_confirmation => Some("required_answers: only a confirmation can require several".to_owned()),
            Some(required) if (1..=most).contains(&(required as usize)) => None,
            Some(_) => Some(format!("required_answers: 1 to {most} are possible")),
        }
    }

    /// Whether the owner of the session answers alone, with one answer.
    #[must_use]
    pub fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// One person's answer to a confirmation that requires several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GivenAnswer {
    /// Who gave it.
    pub by: String,
    /// Yes or no.
    pub value: bool,
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_assignee_is_a_person_or_a_group() {
        let ada: Assignee = "ada".parse().unwrap();
        assert_eq!(ada, Assignee::Owner("ada".parse().unwrap()));
        let ops: Assignee = "group:ops".parse().unwrap();
        assert_eq!(ops, Assignee::Group("ops".into()));
        for assignee in [ada, ops] {
            assert_eq!(assignee.to_string().parse(), Ok(assignee));
        }
        for text in ["", "group:", "group: ops", "a\nb", "group:a\u{1f}"] {
            assert_eq!(text.parse::<Assignee>(), Err(BadOwner), "{text:?}");
        }
    }

    #[test]
    fn what_is_usual_takes_no_room() {
        assert_eq!(serde_json::to_value(Answerers::default()).unwrap(), json!({}));
        assert_eq!(serde_json::from_value::<Answerers>(json!({})).unwrap(), Answerers::default());
        let said = json!({"assignees": ["bo", "group:ops"], "required_answers": 2, "allow_own": false});
        let answerers: Answerers = serde_json::from_value(said.clone()).unwrap();
        assert_eq!(serde_json::to_value(&answerers).unwrap(), said);
        assert!(!answerers.are_usual());
    }

    #[test]
    fn only_a_confirmation_requires_several_answers_and_not_too_many() {
        let requiring = |required| Answerers { required_answers: Some(required), ..Answerers::default() };
        assert_eq!(requiring(2).fault(true), None);
        assert!(requiring(2).fault(false).unwrap().contains("only a confirmation"));
        for wrong in [0, 101, u32::MAX] {
            assert!(requiring(wrong).fault(true).unwrap().contains("1 to 100"), "{wrong}");
        }
        let many = Answerers { assignees: vec!["a".parse().unwrap(); 101], ..Answerers::default() };
        assert!(many.fault(true).unwrap().contains("100"));
    }
}
