//! What the parser of a socket declares of each message that clients may send there.

use crate::auth::Action;

/// A message that clients may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<R> {
    /// The word that names it.
    pub word: &'static str,
    /// What somebody does who sends it.
    pub action: Action,
    /// Reads what else it has.
    pub(super) read: R,
}

impl<R> Message<R> {
    pub(super) const fn new(word: &'static str, action: Action, read: R) -> Self {
        Self { word, action, read }
    }

    /// The message with this word.
    pub(super) fn find<'a>(messages: &'a [Self], word: &str) -> Option<&'a Self> {
        messages.iter().find(|message| message.word == word)
    }
}
