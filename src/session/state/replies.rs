//! Replies to answers that came with an `Idempotency-Key`, so that the same key again changes nothing.

use super::SessionState;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::messages::{Answered, Refused};
use crate::store::Idempotency;

/// An answer that was accepted under a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeptReply {
    digest: String,
    request_id: RequestId,
    /// Where the session stood; open until the row with the answer is made.
    status: Option<Status>,
}

impl SessionState {
    /// The reply to an earlier answer with this key: its question, and the status that was replied, if it was already.
    ///
    /// # Errors
    /// [`Refused::IdempotencyConflict`] where the key came with another body.
    pub(crate) fn replied(&self, idempotency: &Idempotency) -> Result<Option<(RequestId, Option<Status>)>, Refused> {
        match self.replies.get(&idempotency.key) {
            Some(reply) if reply.digest == idempotency.digest_text() => Ok(Some((reply.request_id, reply.status))),
            Some(_) => Err(Refused::IdempotencyConflict),
            None => Ok(None),
        }
    }

    /// Remembers that an answer was accepted under a key.
    pub(crate) fn accept_key(&mut self, idempotency: &Idempotency, request_id: RequestId) {
        let reply = KeptReply { digest: idempotency.digest_text(), request_id, status: None };
        self.replies.insert(idempotency.key.clone(), reply);
    }

    /// Settles what is replied under a key; gives the record of it.
    pub(crate) fn settle_reply(&mut self, key: &str, answered: &Answered) -> Option<Internal> {
        let reply = self.replies.get_mut(key)?;
        reply.status = Some(answered.status);
        Some(Internal::Replied {
            key: key.to_owned(),
            digest: reply.digest.clone(),
            request_id: answered.request_id,
            status: answered.status,
        })
    }

    pub(crate) fn fold_reply(&mut self, key: &str, digest: &str, request_id: RequestId, status: Status) {
        let reply = KeptReply { digest: digest.to_owned(), request_id, status: Some(status) };
        self.replies.insert(key.to_owned(), reply);
    }
}
