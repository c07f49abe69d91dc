//! A value as it is sent: whole, or only its beginning.

use serde::{Deserialize, Deserializer, Serialize};

use crate::workflow::value::Value;

/// A value as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Excerpt {
    /// As it is.
    Whole(Value),
    /// Only its beginning: it is larger than `workflows.max_told_bytes`.
    Cut {
        /// Always true.
        truncated: bool,
        /// About how many bytes it has.
        bytes: usize,
        /// How it begins.
        preview: String,
    },
}

/// What another server has sent is taken as it is: it was cut there, where it had to be.
impl<'de> Deserialize<'de> for Excerpt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|value| Excerpt::Whole(Value::from(value)))
    }
}

impl Excerpt {
    /// A value as it is sent where at most `most` bytes of one are.
    #[must_use]
    pub(crate) fn of(value: &Value, most: usize) -> Self {
        let bytes = value.size();
        if bytes <= most {
            return Excerpt::Whole(value.clone());
        }
        let preview = match value {
            Value::Text(text) => beginning(text, most).to_owned(),
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Json(_) => {
                let mut written = Beginning { bytes: Vec::new(), most };
                // It ends with an error as soon as there is enough.
                let _ = serde_json::to_writer(&mut written, value);
                written.text()
            }
        };
        Excerpt::Cut { truncated: true, bytes, preview }
    }
}

/// At most so many bytes of a text, cut at a character.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Takes the first bytes of what is written, and refuses the rest.
struct Beginning {
    bytes: Vec<u8>,
    most: usize,
}

impl Beginning {
    /// What was taken, without a character that was cut.
    fn text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_else(|error| {
            let whole = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(whole);
            String::from_utf8(bytes).unwrap_or_default()
        })
    }
}

impl std::io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.most - self.bytes.len();
        if room == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
