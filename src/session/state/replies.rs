//! Replies to answers that came with an `Idempotency-Key`, so that the same key again changes nothing.

use super::SessionState;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::messages::{Answered, Refused};
use crate::store::Idempotency;

/// What was replied to an answer that came with a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeptReply {
    digest: String,
    request_id: RequestId,
    status: Status,
}

impl SessionState {
    /// The reply to an earlier answer with this key.
    ///
    /// # Errors
    /// [`Refused::IdempotencyConflict`] where the key came with another body.
    pub(crate) fn replied(&self, idempotency: &Idempotency) -> Result<Option<Answered>, Refused> {
        match self.replies.get(&idempotency.key) {
            Some(reply) if reply.digest == idempotency.digest_text() => {
                Ok(Some(Answered { request_id: reply.request_id, status: reply.status }))
            }
            Some(_) => Err(Refused::IdempotencyConflict),
            None => Ok(None),
        }
    }

    pub(super) fn keep_reply(&mut self, key: &str, digest: &str, request_id: RequestId, status: Status) {
        let reply = KeptReply { digest: digest.to_owned(), request_id, status };
        self.replies.insert(key.to_owned(), reply);
    }
}

/// The record of what is replied to an answer.
pub(crate) fn reply_record(idempotency: Idempotency, answered: &Answered) -> Internal {
    Internal::Replied {
        digest: idempotency.digest_text(),
        key: idempotency.key,
        request_id: answered.request_id,
        status: answered.status,
    }
}
