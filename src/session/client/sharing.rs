//! Questions that are shared: read and answered by whoever has a link.

use super::Sessions;
use crate::auth::{Action, Principal, PrincipalKind};
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

    /// An open question, for somebody who may answer it and wants to share it, or for whom it is shared with.
    ///
    /// # Errors
    /// [`Refused::NoOpenRequest`], [`Refused::AlreadyAnswered`], [`Refused::NotAsked`], [`Refused::UnknownSession`] or
    /// [`Refused::Unavailable`].
    pub(crate) async fn question(
        &self,
        principal: &Principal,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        match &self.cluster {
            None => self.question_here(principal, session_id, request_id).await,
            Some(cluster) => self.question_anywhere(cluster, principal, session_id, request_id).await,
        }
    }

    /// The same of a session of this server.
    pub(in crate::session) async fn question_here(
        &self,
        principal: &Principal,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        let (by, action) = (principal.clone(), by_link(principal, Action::ReadShared, ReadRequest::ACTION));
        self.ask_by(principal, action, session_id, |reply| ReadRequest { request_id, by, reply }).await
    }
}

/// What somebody does: one thing where they come by a share link, and another where not.
pub(super) fn by_link(principal: &Principal, by_link: Action, otherwise: Action) -> Action {
    if principal.kind() == PrincipalKind::Link { by_link } else { otherwise }
}
