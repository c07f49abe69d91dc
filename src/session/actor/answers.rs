//! How a session takes answers: each once, and a repeated one not for the next question.

use actix::clock::Instant;
use actix::{Context, Handler};

use crate::auth::Principal;
use crate::config::seconds;
use crate::domain::entry::json_bytes;
use crate::domain::id::RequestId;
use crate::domain::request::Answer;
use crate::domain::status::Status;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::{AnswerReply, OnCommit};
use crate::session::messages::{Answered, Fault, Refused};
use crate::session::protocol::SubmitAnswer;
use crate::session::state::{NewLine, reply_record};
use crate::store::Idempotency;

/// An answer that was taken, now or earlier under the same key.
struct Taken {
    request_id: RequestId,
    /// Where the session stood, if that was replied already.
    status: Option<Status>,
    /// Under which the reply is to be kept.
    idempotency: Option<Idempotency>,
}

impl Session {
    /// Takes an answer, unless it is one that was taken before.
    fn take_answer(
        &mut self,
        request_id: Option<&str>,
        answer: Answer,
        by: &Principal,
        idempotency: Option<Idempotency>,
        actor: &mut Context<Self>,
    ) -> Result<Taken, Refused> {
        if let Some(idempotency) = &idempotency
            && let Some(taken) = self.taken_before(idempotency)?
        {
            return Ok(taken);
        }
        let moment = Instant::now();
        if request_id.is_none()
            && let Some(winner) = self.answer_guard.repeated(&answer, moment)
        {
            let open_request_id = self.state.open().first().map(|request| request.id);
            return Err(Refused::AlreadyAnswered { winner: Box::new(winner.clone()), open_request_id });
        }
        self.writable()?;
        if self.environment.kinds.get(&self.spec.task).is_none() {
            return Err(Refused::UnknownTask(self.spec.task.clone()));
        }
        if self.locked.is_some() {
            return Err(Refused::Locked);
        }
        self.has_room_for(&answer)?;
        let now = self.now();
        let window = seconds(self.environment.settings.answer_guard);
        let decided = self.state.decide_answer(request_id, answer.clone(), by, &self.owner());
        let (request_id, decision) = decided.map_err(|refused| {
            // A session that has ended leaves memory at once, and the guard with it.
            match (request_id, self.state.repeated(&answer, now, window).cloned()) {
                (None, Some(winner)) if refused == Refused::NoOpenRequest => {
                    Refused::AlreadyAnswered { winner: Box::new(winner), open_request_id: None }
                }
                (Some(_), _) | (None, _) => refused,
            }
        })?;
        self.carry_out(decision, now, actor);
        if let Some(winner) = self.state.winner(request_id) {
            self.answer_guard.accept(answer, winner.clone(), moment, window);
        }
        Ok(Taken { request_id, status: None, idempotency })
    }

    /// The answer that was taken under this key.
    fn taken_before(&self, idempotency: &Idempotency) -> Result<Option<Taken>, Refused> {
        if let Some(Answered { request_id, status }) = self.state.replied(idempotency)? {
            return Ok(Some(Taken { request_id, status: Some(status), idempotency: None }));
        }
        // One that is in the row that is being built has no status yet.
        let taken = self.on_commit.iter().find_map(|on_commit| match on_commit {
            OnCommit::Answered(AnswerReply { request_id, idempotency: Some(taken), .. })
                if taken.key == idempotency.key =>
            {
                Some((*request_id, taken))
            }
            OnCommit::Answered(_)
            | OnCommit::AnswerRefused(..)
            | OnCommit::Started(_)
            | OnCommit::Cancelled(_)
            | OnCommit::Described(..)
            | OnCommit::RequestRead(..)
            | OnCommit::GuestsLeave(_)
            | OnCommit::StepWritten(_) => None,
        });
        match taken {
            Some((request_id, taken)) if taken == idempotency => {
                Ok(Some(Taken { request_id, status: None, idempotency: None }))
            }
            Some(_) => Err(Refused::IdempotencyConflict),
            None => Ok(None),
        }
    }

    /// Settles what is replied to those whose answers are in the row that is being made.
    pub(crate) fn settle_replies(&mut self, on_commit: &mut [OnCommit]) {
        for on_commit in on_commit {
            let OnCommit::Answered(AnswerReply { request_id, status: status @ None, idempotency, .. }) = on_commit
            else {
                continue;
            };
            let answered = Answered { request_id: *request_id, status: self.state.status() };
            *status = Some(answered.status);
            if let Some(idempotency) = idempotency.take() {
                let now = self.now();
                self.write(&NewLine::Record(reply_record(idempotency, &answered), None), now);
            }
        }
    }

    /// Refuses values that no entry has room for.
    fn has_room_for(&self, answer: &Answer) -> Result<(), Refused> {
        let Answer::Input(values) = answer else { return Ok(()) };
        let (bytes, most) = (json_bytes(values), self.channel.limits.text_bytes());
        if bytes <= most {
            return Ok(());
        }
        let msg = format!("take {bytes} bytes as JSON; {most} are the most");
        Err(Refused::Invalid(vec![Fault { loc: vec!["body".into(), "values".into()], msg, kind: "too_long".into() }]))
    }
}

impl Handler<SubmitAnswer> for Session {
    type Result = ();

    fn handle(&mut self, message: SubmitAnswer, actor: &mut Context<Self>) {
        let SubmitAnswer { request_id, answer, by, idempotency, reply } = message;
        match self.take_answer(request_id.as_deref(), answer, &by, idempotency, actor) {
            Err(refused @ Refused::Unavailable(_)) => {
                let _ = reply.send(Err(refused));
            }
            // The answer that was first may not be written yet.
            Err(refused) => {
                let refused = self.refusal_for(&by, refused);
                self.on_commit.push(OnCommit::AnswerRefused(reply, refused));
            }
            Ok(Taken { request_id, status, idempotency }) => {
                self.idle_reported = false;
                self.on_commit.push(OnCommit::Answered(AnswerReply { reply, request_id, status, idempotency }));
            }
        }
        self.settle();
    }
}
