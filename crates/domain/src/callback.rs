//! Where a session's news is sent to, as its starter wants it.

use serde::{Deserialize, Serialize};

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackEvent {
    /// A question was asked.
    Request,
    /// The session has ended.
    Ended,
}

impl CallbackEvent {
    /// Both.
    pub const ALL: [CallbackEvent; 2] = [CallbackEvent::Request, CallbackEvent::Ended];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            CallbackEvent::Request => "request",
            CallbackEvent::Ended => "ended",
        }
    }

    /// What this word says.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }
}

/// Where a session's news is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The address that it is posted to.
    pub url: String,
    /// What is sent.
    pub events: Vec<CallbackEvent>,
    /// What it is signed with, encrypted with the store's key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_secret: Option<String>,
    /// Whether the news of a question has a link by which whoever gets it can answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
}
