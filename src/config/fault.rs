//! What is wrong with the settings: all of it, each fault with its source, key and reason.

use std::fmt;

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was said: a file, with line and column where the text itself is broken, a variable or a flag.
    pub source: String,
    /// The setting, such as `connections.outbox_bytes`; empty where the fault is about the source as a whole.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub reason: String,
}

/// Everything that is wrong with the settings; never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults, in the order of their sources.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, source: impl Into<String>, key: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Fault { source: source.into(), key: key.into(), reason: reason.into() });
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { source, key, reason } = self;
        let parts = [source, key, reason].map(|part| on_one_line(part));
        write!(f, "{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "))
    }
}

/// Of `candidates`, the one that was probably meant by `word`.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Keys and texts come from outside: a line break in one must not look like another fault.
fn on_one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_recognised() {
        let words = ["port", "host", "outbox_bytes", "heartbeat_interval"];
        for (word, meant) in [
            ("prot", Some("port")),
            ("hots", Some("host")),
            ("outbox_byte", Some("outbox_bytes")),
            ("heartbeat_intervall", Some("heartbeat_interval")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), meant, "{word}");
        }
    }

    #[test]
    fn one_fault_is_one_line() {
        let mut faults = Faults::default();
        faults.add("a.toml", "x\ny", "unknown");
        faults.add("b.toml:1:2", "", "broken");
        assert_eq!(faults.to_string(), "a.toml: x\\ny: unknown\nb.toml:1:2: broken");
    }
}
