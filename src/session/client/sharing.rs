//! Questions that are shared: read and answered by whoever has a link.

use super::Sessions;
use crate::auth::{Action, Principal};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::request::Answer;
use crate::session::messages::{Answered, Refused, SharedRequest};
use crate::session::protocol::{ReadRequest, Request as _};
use crate::store::Idempotency;

impl Sessions {
    /// The same by a share link, which names the question.
    ///
    /// # Errors
    /// Those of [`Sessions::answer`].
    pub(crate) async fn answer_shared(
        &self,
        holder: &Principal,
        session_id: SessionId,
        request_id: RequestId,
        answer: Answer,
        idempotency: Option<Idempotency>,
    ) -> Result<Answered, Refused> {
        self.answer(holder, session_id, Some(request_id.to_string()), answer, idempotency).await
    }

    /// An open question that somebody may answer, before they share it.
    ///
    /// # Errors
    /// [`Refused::NoOpenRequest`], [`Refused::AlreadyAnswered`], [`Refused::NotAsked`], [`Refused::UnknownSession`] or
    /// [`Refused::Unavailable`].
    pub(crate) async fn shareable(
        &self,
        principal: &Principal,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        self.read_request(principal, ReadRequest::ACTION, session_id, request_id).await
    }

    /// The question that a share link is for.
    ///
    /// # Errors
    /// Those of [`Sessions::shareable`].
    pub(crate) async fn shared(
        &self,
        holder: &Principal,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        self.read_request(holder, Action::ReadShared, session_id, request_id).await
    }

    async fn read_request(
        &self,
        principal: &Principal,
        action: Action,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        match &self.cluster {
            None => self.read_here(principal, action, session_id, request_id).await,
            Some(cluster) => self.read_anywhere(cluster, principal, action, session_id, request_id).await,
        }
    }

    /// Reads an open question of a session of this server.
    pub(in crate::session) async fn read_here(
        &self,
        principal: &Principal,
        action: Action,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        let by = principal.clone();
        self.ask_by(principal, action, session_id, |reply| ReadRequest { request_id, by, reply }).await
    }
}
