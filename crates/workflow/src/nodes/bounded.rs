//! What keeps the results of nodes within bounds: a text that cannot outgrow its limit, and a limit of nesting.

use std::io;

use serde_json::Value as Json;

use super::NodeError;
use callboard_domain::nesting;

/// Most bytes of a text that a node makes, whatever the settings say of values: what is made must fit in memory first.
pub(super) const LARGEST_TEXT: usize = 16 * 1024 * 1024;

/// Most items of a list that a node makes of anything but a list.
pub(super) const MOST_ITEMS: usize = 100_000;

/// A text that is written piece by piece and fails when it becomes too large.
#[derive(Debug, Default)]
pub(super) struct Bounded(Vec<u8>);

impl Bounded {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &str) -> Result<(), NodeError> {
        if self.0.len() + piece.len() > LARGEST_TEXT {
            return Err(too_large());
        }
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }

    /// The whole text.
    pub(super) fn finish(self) -> Result<String, NodeError> {
        String::from_utf8(self.0).map_err(|_| NodeError::new("the text is no UTF-8"))
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST_TEXT {
            return Err(io::Error::other(too_large()));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_large() -> NodeError {
    NodeError::new(format!("the text becomes larger than {LARGEST_TEXT} bytes"))
}

/// The same, where it is not nested too deep.
pub(super) fn nested(json: Json) -> Result<Json, NodeError> {
    nesting::checked(json).map_err(|error| error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_cannot_outgrow_its_limit() {
        let mut text = Bounded::default();
        let piece = "x".repeat(LARGEST_TEXT / 2);
        text.push(&piece).unwrap();
        text.push(&piece).unwrap();
        assert_eq!(text.push("x"), Err(too_large()));
        assert_eq!(text.finish().unwrap().len(), LARGEST_TEXT);
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(nested(deep(nesting::DEEPEST_JSON)).is_ok());
        assert_eq!(nested(deep(nesting::DEEPEST_JSON + 1)).unwrap_err().message, "it is nested more than 100 deep");
    }
}
