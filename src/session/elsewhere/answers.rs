//! What comes of what other servers ask of sessions here.

use std::sync::Arc;

use actix::Addr;
use bytes::Bytes;

use super::ask::Unproven;
use super::messages::{MemberFollows, MirrorGrew};
use super::outage::Outage;
use super::questions::{
    AnswerThere, AwaitThere, CancelThere, DescribeThere, FollowThere, JournalGrew, ReadThere, RemoveThere,
    SessionsRemoved, StartThere,
};
use crate::cluster::{Responders, Response};
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::session::Sessions;
use crate::session::directory::Directory;
use crate::session::messages::{Answered, Refused};
use crate::session::protocol::Reach;
use crate::session::retention::forget;
use crate::store::Fence;

/// Has questions about sessions answered by these, and notices of their journals taken by these directories.
#[must_use]
pub(crate) fn responders(
    responders: Responders,
    sessions: &Sessions,
    directories: Arc<[Addr<Directory>]>,
) -> Responders {
    let (starts, answers, cancels) = (sessions.clone(), sessions.clone(), sessions.clone());
    let (describes, reads, removes) = (sessions.clone(), sessions.clone(), sessions.clone());
    let (awaits, follows) = (sessions.clone(), sessions.clone());
    let grown = Arc::clone(&directories);
    responders
        .on(move |_, question: StartThere| {
            let (sessions, StartThere { spec, session_id, idempotency }) = (starts.clone(), question);
            async move { answer(&sessions, sessions.start_here(Spec { session_id, ..spec }, Some(idempotency))).await }
        })
        .on(move |_, question: AnswerThere| {
            let sessions = answers.clone();
            async move { answer_of(&sessions, question.session_id, Unproven::Refusals, take_answer(&sessions, question)).await }
        })
        .on(move |_, question: CancelThere| {
            let (sessions, CancelThere { by, session_id, reason, queued_only }) = (cancels.clone(), question);
            let reach = if queued_only { Reach::Queued } else { Reach::Anywhere };
            async move { answer_of(&sessions, session_id, Unproven::Refusals, sessions.cancel_here(&by, session_id, reason, reach)).await }
        })
        .on(move |_, DescribeThere { by, session_id }: DescribeThere| {
            let sessions = describes.clone();
            async move { answer_of(&sessions, session_id, Unproven::All, sessions.describe_here(&by, session_id)).await }
        })
        .on(move |_, ReadThere { by, session_id, request_id }: ReadThere| {
            let sessions = reads.clone();
            async move { answer_of(&sessions, session_id, Unproven::All, sessions.question_here(&by, session_id, request_id)).await }
        })
        .on(move |_, RemoveThere { by, session_id }: RemoveThere| {
            let sessions = removes.clone();
            async move { answer_of(&sessions, session_id, Unproven::Refusals, sessions.remove_here(&by, session_id)).await }
        })
        .on(move |_, AwaitThere { session_id }: AwaitThere| {
            let sessions = awaits.clone();
            async move { answer_of(&sessions, session_id, Unproven::Refusals, sessions.completion_here(session_id)).await }
        })
        .on(move |from, question: FollowThere| {
            let sessions = follows.clone();
            async move { answer_of(&sessions, question.session_id, Unproven::Refusals, follow(&sessions, from, question)).await }
        })
        .on_notice(move |_, notice: JournalGrew, text: Bytes| {
            let worker = notice.session_id.worker(grown.len());
            if let Some(directory) = grown.get(worker) {
                directory.do_send(MirrorGrew { notice, text });
            }
        })
        .on_notice(move |_, SessionsRemoved { sessions }: SessionsRemoved, _| forget(&directories, sessions))
}

/// The answer, where it is this server's to give.
async fn answer<T>(
    sessions: &Sessions,
    answering: impl Future<Output = Result<T, Refused>>,
) -> Response<Result<T, Refused>> {
    let mut outage = Outage::watch(sessions.store());
    match answering.await {
        // Whoever has the session next answers.
        Err(Refused::Elsewhere | Refused::ShuttingDown) => Response::NotHere,
        // Whoever asks has patience of their own.
        Err(Refused::Unavailable(_)) if outage.was_met() => {
            outage.is_over().await;
            Response::NotHere
        }
        answer => Response::Answer(answer),
    }
}

/// The answer of a session, where it is this server's to give.
async fn answer_of<T>(
    sessions: &Sessions,
    id: SessionId,
    unproven: Unproven,
    answering: impl Future<Output = Result<T, Refused>>,
) -> Response<Result<T, Refused>> {
    answer(sessions, async { sessions.prove(id, unproven, answering.await).await }).await
}

async fn take_answer(sessions: &Sessions, question: AnswerThere) -> Result<Answered, Refused> {
    let AnswerThere { by, session_id, request_id, answer, idempotency } = question;
    let plain = sessions.store().unseal(&answer)?;
    let answer = serde_json::from_slice(&plain).map_err(|error| Refused::Unavailable(error.to_string()))?;
    sessions.answer_here(&by, session_id, request_id, answer, Some(idempotency)).await
}

async fn follow(sessions: &Sessions, member: Fence, question: FollowThere) -> Result<u64, Refused> {
    let FollowThere { session_id, version, following, counted } = question;
    sessions.hand_to(session_id, |reply| MemberFollows { member, version, following, counted, reply }).await
}
