//! A checklist as data: what to look for, when it is asked for, and how a report says that it does not apply.

use serde::{Deserialize, Serialize};

use crate::{Error, Severity};

/// Bytes, items and phrases that a checklist may have.
const MOST_BYTES: usize = 1 << 20;
const MOST_ITEMS: usize = 1_000;
const MOST_PHRASES: usize = 10_000;
const LONGEST_PHRASE: usize = 200;

/// Where an item's phrases count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Anywhere.
    #[default]
    Anywhere,
    /// In a heading.
    Heading,
    /// In the label of a table's row.
    Table,
}

impl Place {
    pub(super) fn allows(self, heading: bool, label: bool) -> bool {
        match self {
            Place::Anywhere => true,
            Place::Heading => heading,
            Place::Table => label,
        }
    }
}

/// One thing that a document is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// A short name, unique in the checklist.
    pub id: String,
    /// What it is.
    pub title: String,
    /// How bad it is when it is missing.
    #[serde(default = "missing")]
    pub severity: Severity,
    /// One of these phrases shows it.
    #[serde(default)]
    pub any: Vec<String>,
    /// All of these phrases show it together.
    #[serde(default)]
    pub all: Vec<String>,
    /// It is asked for only where one of these is in the document.
    #[serde(default)]
    pub when: Vec<String>,
    /// One of these says that it does not apply.
    #[serde(default)]
    pub not_applicable: Vec<String>,
    /// Where the phrases count.
    #[serde(default)]
    pub place: Place,
}

fn missing() -> Severity {
    Severity::Warning
}

/// What a kind of document is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// What it is for.
    pub title: String,
    /// The share of unconditional items, in percent, from which a document is taken to be of this kind.
    #[serde(default = "half")]
    pub applies_from: u8,
    /// The items.
    #[serde(rename = "item")]
    pub items: Vec<ChecklistItem>,
}

fn half() -> u8 {
    50
}

impl Checklist {
    /// The checklist for annual reports that comes with this crate.
    #[expect(clippy::expect_used, reason = "shipped with the crate and read by its tests")]
    pub fn annual_report() -> Self {
        Self::from_toml(include_str!("../../../checklists/annual-report.toml")).expect("a valid checklist")
    }

    /// From TOML.
    ///
    /// # Errors
    /// [`Error::Checklist`], with the line and the key.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Self::within(text)?;
        let checklist: Self = toml::from_str(text).map_err(|error| Error::Checklist(error.to_string()))?;
        checklist.validated()
    }

    /// From JSON of the same shape.
    ///
    /// # Errors
    /// [`Error::Checklist`], with the line and the key.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Self::within(text)?;
        let checklist: Self = serde_json::from_str(text).map_err(|error| Error::Checklist(error.to_string()))?;
        checklist.validated()
    }

    fn within(text: &str) -> Result<(), Error> {
        if text.len() > MOST_BYTES {
            return Err(Error::TooLarge { what: "bytes of checklist", limit: MOST_BYTES as u64 });
        }
        Ok(())
    }

    fn validated(mut self) -> Result<Self, Error> {
        let invalid = |reason: String| Err(Error::Checklist(reason));
        if self.items.is_empty() || self.items.len() > MOST_ITEMS {
            return invalid(format!("it needs 1 to {MOST_ITEMS} items"));
        }
        if self.applies_from > 100 {
            return invalid("applies_from is a percentage".to_owned());
        }
        let mut phrases = 0;
        let mut ids = std::collections::HashSet::new();
        for item in &mut self.items {
            if !ids.insert(item.id.clone()) {
                return invalid(format!("item {:?} is there twice", item.id));
            }
            if item.any.is_empty() && item.all.is_empty() {
                return invalid(format!("item {:?} has neither `any` nor `all`", item.id));
            }
            for phrase in item.any.iter_mut().chain(&mut item.all).chain(&mut item.when).chain(&mut item.not_applicable)
            {
                phrases += 1;
                *phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
                if phrase.is_empty() || phrase.len() > LONGEST_PHRASE {
                    return invalid(format!(
                        "item {:?} has a phrase that is empty or longer than {LONGEST_PHRASE} bytes",
                        item.id
                    ));
                }
            }
        }
        if phrases > MOST_PHRASES {
            return invalid(format!("it has more than {MOST_PHRASES} phrases"));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_checklist_is_valid() {
        assert!(Checklist::annual_report().items.len() > 15);
    }

    #[test]
    fn a_checklist_of_ones_own_is_checked() {
        let own = "title = 'Mine'\n[[item]]\nid = 'a'\ntitle = 'A'\nany = ['alpha']\n";
        assert_eq!(Checklist::from_toml(own).unwrap().items[0].severity, Severity::Warning);
        let json = serde_json::to_string(&Checklist::from_toml(own).unwrap()).unwrap();
        assert_eq!(Checklist::from_json(&json).unwrap().title, "Mine");
        for (text, reason) in [
            ("title = 'x'\nitem = []", "1 to"),
            ("title = 'x'\n[[item]]\nid = 'a'\ntitle = 'A'", "neither"),
            ("title = 'x'\n[[item]]\nid = 'a'\ntitle = 'A'\nany = ['']", "empty"),
            ("title = 'x'\n[[item]]\nid = 'a'\ntitle = 'A'\nany = ['a']\nfoo = 1", "foo"),
        ] {
            let error = Checklist::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
