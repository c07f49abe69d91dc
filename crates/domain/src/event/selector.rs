//! What a listener asks for.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::super::id::ExecutionId;
use super::NewEvent;
use super::kind::{Group, Kind};
use super::pattern::Pattern;

/// What a listener asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum Selector {
    /// All of one execution: `execution_{id}`, which need not be there yet.
    Execution(ExecutionId),
    /// All of one crew: `crew_{id}`.
    Crew(Arc<str>),
    /// Families of types: `task_updates`, `queue`, `requests`, `memory`, `system`; all of them: `global`, `all`.
    Groups(&'static str),
    /// A snapshot of the metrics, again and again: `metrics`.
    Metrics,
    /// Types: `execution.*`.
    Types(Pattern),
}

/// The words that stand for families of types.
const GROUPS: [(&str, &[Group]); 7] = [
    ("task_updates", &[Group::Task]),
    ("queue", &[Group::Queue]),
    ("requests", &[Group::Request]),
    ("memory", &[Group::Memory]),
    ("system", &[Group::System]),
    ("global", Group::ALL),
    ("all", Group::ALL),
];

/// The most bytes of a crew's id.
const LONGEST_ID: usize = 128;

impl TryFrom<String> for Selector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Selector::parse(&text).ok_or_else(|| format!("{text:?} is nothing that can be asked for"))
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl From<Selector> for String {
    fn from(asked: Selector) -> Self {
        asked.word()
    }
}

impl Selector {
    /// Reads what a listener asks for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "metrics" {
            return Some(Selector::Metrics);
        }
        if let Some((word, _)) = GROUPS.iter().find(|(word, _)| *word == text) {
            return Some(Selector::Groups(word));
        }
        if let Some(id) = text.strip_prefix("execution_") {
            return id.parse().ok().map(Selector::Execution);
        }
        if let Some(id) = text.strip_prefix("crew_") {
            let fits = !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(char::is_control);
            return fits.then(|| Selector::Crew(id.into()));
        }
        Pattern::parse(text).map(Selector::Types)
    }

    /// As it was asked for.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Selector::Execution(id) => format!("execution_{id}"),
            Selector::Crew(id) => format!("crew_{id}"),
            Selector::Groups(word) => (*word).to_owned(),
            Selector::Metrics => "metrics".to_owned(),
            Selector::Types(pattern) => pattern.word(),
        }
    }

    /// Whether it asks for this. Snapshots of the metrics are not events that happen: nobody gets them by this.
    #[must_use]
    pub fn takes(&self, new_event: &NewEvent) -> bool {
        match self {
            Selector::Execution(id) => new_event.execution_id.as_ref() == Some(id),
            Selector::Crew(id) => new_event.crew_id.as_ref() == Some(id),
            Selector::Groups(_) => self.bits() & new_event.kind.bit() != 0,
            Selector::Metrics => false,
            Selector::Types(pattern) => pattern.takes(&new_event.kind),
        }
    }

    /// The bits of the types that it asks for by their type.
    #[must_use]
    pub fn bits(&self) -> u64 {
        match self {
            Selector::Execution(_) | Selector::Crew(_) | Selector::Metrics => 0,
            Selector::Groups(word) => {
                let groups = GROUPS.iter().find(|(other, _)| other == word).map_or(&[][..], |(_, groups)| groups);
                let known = Kind::KNOWN.iter().filter(|kind| groups.contains(&kind.group()));
                let custom = if groups.contains(&Group::Custom) { Kind::Custom("".into()).bit() } else { 0 };
                known.map(Kind::bit).sum::<u64>() | custom
            }
            Selector::Types(pattern) => pattern.bits(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    #[test]
    fn a_subscription_is_written_as_it_is_read() {
        let id = SessionId::random();
        let words = [
            format!("execution_{id}"),
            "execution_exec_123".into(),
            "crew_a b".into(),
            "task_updates".into(),
            "queue".into(),
            "requests".into(),
            "memory".into(),
            "system".into(),
            "global".into(),
            "metrics".into(),
            "execution.*".into(),
            "custom.x".into(),
            "*".into(),
            "all".into(),
        ];
        for word in words {
            assert_eq!(Selector::parse(&word).map(|read| read.word()), Some(word));
        }
        for word in ["", "execution_", "execution_a b", "crew_", "nope", "execution"] {
            assert_eq!(Selector::parse(word), None, "{word}");
        }
    }

    #[test]
    fn global_all_and_a_star_are_every_type() {
        let custom = Kind::parse("custom.x.y").unwrap();
        for word in ["global", "all", "*"] {
            let everything = Selector::parse(word).unwrap();
            for kind in Kind::KNOWN.iter().chain([&custom]) {
                assert!(everything.takes(&NewEvent::new(kind.clone())), "{word} {kind:?}");
                assert!(everything.bits() & kind.bit() != 0, "{word} {kind:?}");
            }
        }
    }
}
