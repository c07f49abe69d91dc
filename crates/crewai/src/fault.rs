//! What is wrong with a project, place by place.

/// Something that is wrong, or was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, then the path in it: keys, and numbers of entries from 0.
    pub loc: Vec<String>,
    /// What is wrong, for people.
    pub message: String,
    /// The same in a word.
    pub kind: &'static str,
}

/// Collects what is wrong, and what was left out.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) found: Vec<Fault>,
    pub(crate) warnings: Vec<Fault>,
}

/// Most faults, and most warnings, that are kept: a list of thousands helps nobody.
const MOST: usize = 200;

impl Faults {
    pub(crate) fn fault(&mut self, loc: &[String], message: impl Into<String>, kind: &'static str) {
        push(&mut self.found, loc, message.into(), kind);
    }

    pub(crate) fn warn(&mut self, loc: &[String], message: impl Into<String>) {
        push(&mut self.warnings, loc, message.into(), "ignored");
    }
}

fn push(list: &mut Vec<Fault>, loc: &[String], message: String, kind: &'static str) {
    let is_said = list.iter().any(|fault| fault.loc == loc && fault.message == message);
    if list.len() < MOST && !is_said {
        list.push(Fault { loc: loc.to_vec(), message, kind });
    }
}
