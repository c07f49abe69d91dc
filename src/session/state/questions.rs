//! Questions to people, of whatever call: how they are opened, and closed by an answer, by the clock, or because the task
//! no longer asks.

use std::time::Duration;

use serde_json::Value;

use super::{Decision, Effect, SessionState};
use crate::auth::policy::{is_among, may_answer};
use crate::auth::{Principal, PrincipalKind};
use crate::domain::answerers::{Answerers, Assignee, GivenAnswer};
use crate::domain::context::Context;
use crate::domain::entry::Entry;
use crate::domain::form;
use crate::domain::id::RequestId;
use crate::domain::owner::Owner;
use crate::domain::record::Internal;
use crate::domain::request::{Answer, Form, Values};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::{self, CallId, Outcome};
use crate::session::messages::{Refused, Winner};

/// Who answers a question that the task no longer asks. Journals of earlier versions have such an answer by this name
/// alone, as one that came too late.
pub(crate) const WITHDRAWN: &str = "task";

/// A question that nobody has answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenRequest {
    pub(crate) id: RequestId,
    pub(crate) question: Question,
    /// The call of the task that waits for it.
    pub(crate) call: CallId,
    /// When it was asked.
    pub(crate) asked_at: Timestamp,
    /// What it is about.
    pub(crate) context: Option<Box<Context>>,
    /// When its time runs out.
    pub(crate) deadline: Option<Timestamp>,
    /// What is answered then.
    pub(crate) default: Option<Value>,
    /// Who may answer, and how many have to.
    pub(crate) answerers: Answerers,
    /// The answers that are given, where several are required.
    pub(crate) given: Vec<GivenAnswer>,
}

/// A question that is not open any more.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Closed {
    winner: Winner,
    /// Whom it was put to.
    assignees: Vec<Assignee>,
}

/// Which question a person has closed last, and when: to know the answer again when it comes twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LastAnswered {
    id: RequestId,
    is_retry: bool,
    at: Timestamp,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    /// Yes or no.
    Confirmation,
    /// A form; its default answer stands with the request.
    Form(Form),
    /// Whether to try again.
    Retry,
}

impl Question {
    /// The status of a session that waits for the answer.
    fn status(&self) -> Status {
        match self {
            Question::Confirmation => Status::WaitingConfirmation,
            Question::Form(_) => Status::WaitingInput,
            Question::Retry => Status::WaitingRetry,
        }
    }

    /// Whether this is an answer of the right kind.
    fn fits(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Question::Form(_), Answer::Input(_))
            | (Question::Confirmation, Answer::Confirm(_))
            | (Question::Retry, Answer::Retry(_) | Answer::Confirm(_)) => true,
            (Question::Form(_) | Question::Confirmation | Question::Retry, _) => false,
        }
    }

    /// What is given where nobody has answered in time.
    fn given_in_time(&self, default: Option<&Value>) -> Given {
        match (self, default) {
            (Question::Form(form), Some(Value::Object(values))) => calls::ask::given_default(form, values),
            (Question::Confirmation, Some(Value::Bool(value))) => calls::confirm::given(*value),
            (Question::Confirmation | Question::Retry | Question::Form(_), _) => {
                Given { value: None, values: None, outcome: Outcome::TimedOut }
            }
        }
    }
}

impl OpenRequest {
    /// How many people have to say yes still.
    #[must_use]
    pub(crate) fn missing(&self) -> u32 {
        let given = u32::try_from(self.given.len()).unwrap_or(u32::MAX);
        self.answerers.required_answers.unwrap_or(1).saturating_sub(given)
    }

    /// The answer that this person has given.
    #[must_use]
    pub(crate) fn given_by(&self, name: &str) -> Option<&GivenAnswer> {
        self.given.iter().find(|given| given.by == name)
    }

    /// What an answer gives.
    fn given(&self, answer: Answer) -> Result<Given, Refused> {
        match (&self.question, answer) {
            (Question::Form(form), Answer::Input(sent)) => calls::ask::given(self, form, &sent),
            (Question::Confirmation, Answer::Confirm(value)) => Ok(calls::confirm::given(value)),
            (Question::Retry, Answer::Retry(value) | Answer::Confirm(value)) => Ok(calls::attempts::given(value)),
            (Question::Form(_) | Question::Confirmation | Question::Retry, _) => Err(Refused::NoOpenRequest),
        }
    }
}

/// What an answer gives: what everybody sees of it, and what the task gets.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) value: Option<bool>,
    pub(crate) values: Option<Values>,
    pub(crate) outcome: Outcome,
}

/// A question that is about to be opened.
pub(crate) struct NewQuestion {
    pub(crate) id: RequestId,
    /// The status of a session that waits for nothing else.
    pub(crate) status: Status,
    /// The entry that asks it.
    pub(crate) entry: Entry,
    /// When its time runs out.
    pub(crate) deadline: Option<Timestamp>,
    /// What is answered then.
    pub(crate) default: Option<Value>,
}

/// When the time of a question runs out that is asked at `now`.
pub(crate) fn deadline(timeout: Option<f64>, now: Timestamp) -> Option<Timestamp> {
    let limit = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    limit.map(|limit| now.plus(limit))
}

impl SessionState {
    /// Opens a question of that call.
    pub(crate) fn open_question(&self, call: CallId, question: NewQuestion) -> Decision {
        let NewQuestion { id, status, entry, deadline, default } = question;
        let mut decision = Decision::default();
        let status = self.open.first().map_or(status, |oldest| oldest.question.status());
        self.announce(status, self.attempt, &mut decision);
        decision.entry_of(call, entry);
        if let Some(at) = deadline {
            decision.record(Internal::Deadline { request_id: id, at, default });
            decision.effect(Effect::SetTimers);
        }
        if self.status == Status::Running {
            decision.effect(Effect::ReleasePermit);
        }
        decision
    }

    /// Takes an answer to a session of this owner, if it is one.
    ///
    /// # Errors
    /// [`Refused::NoOpenRequest`], [`Refused::AmbiguousRequest`], [`Refused::AlreadyAnswered`], [`Refused::NotAsked`] or
    /// [`Refused::Rejected`]; the question stays open then.
    pub(crate) fn decide_answer(
        &self,
        request_id: Option<&str>,
        answer: Answer,
        by: &Principal,
        owner: &Owner,
    ) -> Result<(RequestId, Decision), Refused> {
        let request = self.find(request_id, &answer)?;
        may_answer(by, owner, request.id, &request.answerers)?;
        let by = person(by, owner).to_owned();
        let (request_id, given) = (request.id, request.given(answer)?);
        let Given { value, values, outcome } = given;
        let mut answers = request.given.clone();
        if let (Some(_), Some(value)) = (request.answerers.required_answers, value) {
            if let Some(before) = request.given_by(&by) {
                let winner = Box::new(Winner::one_of_several(before));
                return Err(Refused::AlreadyAnswered { winner, open_request_id: None });
            }
            let missing = request.missing().saturating_sub(1);
            if value && missing > 0 {
                let mut decision = Decision::default();
                decision.entry(Entry::AnswerGiven { request_id, by, value, missing });
                return Ok((request_id, decision));
            }
            answers.push(GivenAnswer { by: by.clone(), value });
        }
        let entry = Entry::Answered { request_id, by, value, values, timed_out: false, withdrawn: false, answers };
        Ok((request_id, self.close(request, entry, Some(outcome))))
    }

    /// The answer that a question has.
    pub(crate) fn winner(&self, request_id: RequestId) -> Option<&Winner> {
        self.answered.get(&request_id).map(|closed| &closed.winner)
    }

    /// The answer that this one, which names no question, repeats where it comes so soon after it.
    pub(crate) fn repeated(&self, answer: &Answer, now: Timestamp, window: Duration) -> Option<&Winner> {
        let last = self.last_answered.filter(|last| now < last.at.plus(window))?;
        self.winner(last.id).filter(|winner| match answer {
            Answer::Confirm(value) => !last.is_retry && winner.value == Some(*value),
            Answer::Retry(value) => last.is_retry && winner.value == Some(*value),
            // The secrets of a form are not known any more.
            Answer::Input(values) => winner.values.as_ref() == Some(values),
        })
    }

    /// Whether an open question is put to somebody, by name or by a group.
    pub(crate) fn asks(&self, principal: &Principal) -> bool {
        self.open.iter().any(|request| is_among(principal, &request.answerers.assignees))
    }

    /// Whether a question was that is open no longer.
    pub(crate) fn has_asked(&self, principal: &Principal) -> bool {
        self.answered.values().any(|closed| is_among(principal, &closed.assignees))
    }

    /// The secrets among the values that answer an open question.
    pub(crate) fn secrets(&self, request: RequestId, values: &Values) -> Vec<String> {
        let asked = self.open.iter().find(|open| open.id == request);
        match asked.map(|open| &open.question) {
            Some(Question::Form(form)) => form::secrets(&form.fields, values),
            Some(Question::Confirmation | Question::Retry) | None => Vec::new(),
        }
    }

    pub(super) fn time_out(&self, id: RequestId) -> Decision {
        let Some(request) = self.open.iter().find(|request| request.id == id) else { return Decision::default() };
        let Given { value, values, outcome } = request.question.given_in_time(request.default.as_ref());
        let by = "timeout".to_owned();
        let answers = request.given.clone();
        let entry = Entry::Answered { request_id: id, by, value, values, timed_out: true, withdrawn: false, answers };
        self.close(request, entry, Some(outcome))
    }

    pub(super) fn withdraw(&self, call: CallId, awaited_children: usize) -> Decision {
        match self.open.iter().find(|request| request.call == call) {
            Some(request) => self.close(request, withdrawn(request), None),
            None => calls::child::decide_leave(self, call, awaited_children),
        }
    }

    /// Which open question an answer is for.
    fn find(&self, request_id: Option<&str>, answer: &Answer) -> Result<&OpenRequest, Refused> {
        let Some(text) = request_id else {
            return match self.open.as_slice() {
                [only] if only.question.fits(answer) => Ok(only),
                [] | [_] => Err(Refused::NoOpenRequest),
                _ => Err(Refused::AmbiguousRequest),
            };
        };
        let id = text.parse().map_err(|_| Refused::NoOpenRequest)?;
        if let Some(winner) = self.winner(id) {
            return Err(Refused::AlreadyAnswered { winner: Box::new(winner.clone()), open_request_id: None });
        }
        let asked = self.open.iter().find(|request| request.id == id && request.question.fits(answer));
        asked.ok_or(Refused::NoOpenRequest)
    }

    /// Closes a question with the entry that says how; the task goes on, with the outcome where there is one.
    fn close(&self, request: &OpenRequest, entry: Entry, outcome: Option<Outcome>) -> Decision {
        let mut decision = Decision::default();
        if let (Question::Form(form), Some(Outcome::UserInput { values })) = (&request.question, &outcome)
            && form::has_secrets(&form.fields)
        {
            decision.seal = Some((request.id, values.clone()));
            decision.effect(Effect::Hide(form::secrets(&form.fields, values)));
        }
        decision.entry(entry);
        let attempt = self.attempt + u32::from(outcome == Some(Outcome::Retry { value: true }));
        let oldest = self.open.iter().find(|other| other.id != request.id);
        let resolved = outcome.map(|outcome| (request.call.clone(), outcome));
        match oldest {
            Some(oldest) => {
                if let Some((call, outcome)) = resolved {
                    decision.effect(Effect::Resolve(call, outcome));
                }
                self.announce(oldest.question.status(), attempt, &mut decision);
            }
            None => {
                if let Some((call, outcome)) = resolved {
                    decision.effect(Effect::Withhold(call, outcome));
                }
                decision.effect(Effect::TakePermit);
            }
        }
        decision
    }

    pub(super) fn evolve_asked(
        &mut self,
        id: RequestId,
        question: Question,
        context: Option<&Context>,
        call: Option<&CallId>,
        answerers: Answerers,
        asked_at: Timestamp,
    ) {
        // A call that a journal does not name is none that a task waits for.
        let call = call.cloned().unwrap_or(CallId { lane: None, ordinal: u32::MAX });
        let context = context.cloned().map(Box::new);
        let (deadline, default, given) = (None, None, Vec::new());
        self.open.push(OpenRequest { id, question, call, asked_at, context, deadline, default, answerers, given });
    }

    pub(super) fn evolve_deadline(&mut self, id: RequestId, at: Timestamp, default: Option<&Value>) {
        if let Some(request) = self.open.iter_mut().find(|request| request.id == id) {
            request.deadline = Some(at);
            request.default = default.cloned();
        }
    }

    pub(super) fn evolve_answered(&mut self, id: RequestId, winner: Winner, at: Timestamp) {
        let is_retry = |request: &OpenRequest| request.id == id && request.question == Question::Retry;
        let is_retry = self.open.iter().any(is_retry);
        if winner.value == Some(true) && is_retry {
            self.attempt += 1;
        }
        let place = self.open.iter().position(|request| request.id == id);
        let closed = place.map(|place| self.open.remove(place));
        let is_of_a_person = !winner.timed_out && !winner.withdrawn;
        self.last_answered = is_of_a_person.then_some(LastAnswered { id, is_retry, at });
        let assignees = closed.map(|request| request.answerers.assignees).unwrap_or_default();
        self.answered.insert(id, Closed { winner, assignees });
    }

    pub(super) fn evolve_given(&mut self, id: RequestId, given: GivenAnswer) {
        if let Some(request) = self.open.iter_mut().find(|request| request.id == id) {
            request.given.push(given);
        }
    }
}

/// Under which name somebody answers. An operator's token is one person where others are known, whatever its holder calls
/// itself: else one could be several.
fn person<'a>(by: &'a Principal, owner: &Owner) -> &'a str {
    let is_nobody_known = by.grant().is_none() && by.kind() == PrincipalKind::Operator;
    if is_nobody_known && !owner.is_server() { by.kind().word() } else { by.recorded_name() }
}

/// What stands for the answer to a question that its task no longer asks.
pub(super) fn withdrawn(request: &OpenRequest) -> Entry {
    Entry::Answered {
        request_id: request.id,
        by: WITHDRAWN.to_owned(),
        value: None,
        values: None,
        timed_out: false,
        withdrawn: true,
        answers: request.given.clone(),
    }
}
