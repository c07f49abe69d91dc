//! What one member can ask of another, as types.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something that a member is asked and answers once, however often it is asked.
pub(crate) trait Question: Serialize + DeserializeOwned + Send + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What is answered.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// Something that a member is sent and does not answer; it may be lost.
pub(crate) trait Notice: Serialize + DeserializeOwned + Send + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Whoever was to answer is no member any more.
    #[error("the member that was asked has gone")]
    Gone,
    /// This server goes down, or too much is asked at once.
    #[error("nothing can be asked of other members now")]
    NotNow,
    /// What came is not what this version answers.
    #[error("the member that was asked answers something else")]
    Unreadable,
}
