//! Why a document or a checklist cannot be read.

/// Why a document or a checklist cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are of a kind that no reader knows.
    #[error("unsupported media type {0:?}")]
    UnsupportedMediaType(String),
    /// The bytes are not what their media type says.
    #[error("not a valid {format} document: {reason}")]
    Malformed {
        /// The format that was expected, such as `PDF`.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The document goes beyond a limit.
    #[error("the document has more than {limit} {what}")]
    TooLarge {
        /// What there is too much of, such as `cells`.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// The checklist cannot be used.
    #[error("invalid checklist: {0}")]
    Checklist(String),
}

impl Error {
    pub(crate) fn malformed(format: &'static str, reason: impl ToString) -> Self {
        let mut reason = reason.to_string();
        // Parsers quote their input, which may be as long as the document.
        if reason.len() > 300 {
            let end = (0..=300).rev().find(|&at| reason.is_char_boundary(at)).unwrap_or(0);
            reason.truncate(end);
            reason.push('…');
        }
        Error::Malformed { format, reason }
    }
}
