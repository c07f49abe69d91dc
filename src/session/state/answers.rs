//! How questions are closed: by an answer, by the clock, or because the task no longer asks.

use serde_json::Value;

use super::questions::asked_again;
use super::{Effect, Effects, OpenRequest, Question, SessionState};
use crate::domain::entry::Entry;
use crate::domain::form;
use crate::domain::id::RequestId;
use crate::domain::request::{Answer, Values};
use crate::domain::time::Timestamp;
use crate::session::calls::{CallId, Outcome};
use crate::session::messages::{Refused, Winner};
use crate::session::task::recorded_calls::WITHDRAWN;

impl SessionState {
    /// Takes an answer, if it is one.
    ///
    /// # Errors
    /// [`Refused::NoOpenRequest`], [`Refused::AmbiguousRequest`], [`Refused::AlreadyAnswered`] or
    /// [`Refused::Rejected`]; the question stays open then.
    pub(crate) fn answer(
        &mut self,
        request_id: Option<&str>,
        answer: Answer,
        by: String,
        now: Timestamp,
    ) -> Result<(RequestId, Effects), Refused> {
        let at = self.find(request_id, &answer)?;
        let request = self.open.get(at).ok_or(Refused::NoOpenRequest)?;
        let id = request.id;
        let winner = Winner { by, value: None, values: None, timed_out: false, withdrawn: false };
        let (winner, outcome) = match (&request.question, answer) {
            (Question::Form(form), Answer::Input(sent)) => {
                let values = form::check(&form.fields, &sent).map_err(|errors| Refused::Rejected {
                    request_id: id,
                    errors,
                    form: Box::new(asked_again(id, form, &sent)),
                })?;
                (Winner { values: Some(form::masked(&form.fields, &values)), ..winner }, Outcome::Input(values))
            }
            (Question::Confirmation, Answer::Confirm(value)) => {
                (Winner { value: Some(value), ..winner }, Outcome::Confirmed(value))
            }
            (Question::Retry, Answer::Retry(value) | Answer::Confirm(value)) => {
                (Winner { value: Some(value), ..winner }, Outcome::Retry(value))
            }
            (Question::Form(_) | Question::Confirmation | Question::Retry, _) => return Err(Refused::NoOpenRequest),
        };
        let mut effects = Effects::new();
        self.close(at, winner, Some(outcome), &mut effects, now);
        Ok((id, effects))
    }

    /// The answer that a question has.
    pub(crate) fn winner(&self, request_id: RequestId) -> Option<&Winner> {
        self.answered.get(&request_id)
    }

    /// Which open question an answer is for.
    fn find(&self, request_id: Option<&str>, answer: &Answer) -> Result<usize, Refused> {
        let fits = |request: &OpenRequest| {
            matches!(
                (&request.question, answer),
                (Question::Form(_), Answer::Input(_))
                    | (Question::Confirmation, Answer::Confirm(_))
                    | (Question::Retry, Answer::Retry(_) | Answer::Confirm(_))
            )
        };
        let Some(text) = request_id else {
            return match self.open.as_slice() {
                [only] if fits(only) => Ok(0),
                [] | [_] => Err(Refused::NoOpenRequest),
                _ => Err(Refused::AmbiguousRequest),
            };
        };
        let id = text.parse().map_err(|_| Refused::NoOpenRequest)?;
        if let Some(winner) = self.answered.get(&id) {
            return Err(Refused::AlreadyAnswered { winner: Box::new(winner.clone()), open_request_id: None });
        }
        self.open.iter().position(|request| request.id == id && fits(request)).ok_or(Refused::NoOpenRequest)
    }

    /// Closes a question with its answer; the task goes on.
    fn close(&mut self, at: usize, winner: Winner, outcome: Option<Outcome>, effects: &mut Effects, now: Timestamp) {
        let request = self.open.remove(at);
        if let (Question::Form(form), Some(Outcome::Input(values))) = (&request.question, &outcome)
            && form::has_secrets(&form.fields)
        {
            effects.push(Effect::Seal(request.id, values.clone(), form::secrets(&form.fields, values)));
        }
        effects.push(Effect::Tell(answered(request.id, &winner), None));
        self.answered.insert(request.id, winner);
        if outcome == Some(Outcome::Retry(true)) {
            self.attempt += 1;
        }
        let resolved = outcome.map(|outcome| (request.call, outcome));
        if self.open.is_empty() {
            self.withheld.extend(resolved);
            effects.push(Effect::TakePermit);
            return;
        }
        effects.extend(resolved.map(|(call, outcome)| Effect::Resolve(call, outcome)));
        self.enter(self.waiting_status(), effects, now);
    }

    pub(crate) fn withdraw(&mut self, call: &CallId, effects: &mut Effects, now: Timestamp) {
        if let Some(at) = self.open.iter().position(|request| request.call == *call) {
            self.close(at, withdrawn(), None, effects, now);
        }
        self.withdraw_child(call, effects);
    }

    /// The secrets among the values that answer an open question.
    pub(crate) fn secrets(&self, request: RequestId, values: &Values) -> Vec<String> {
        let asked = self.open.iter().find(|open| open.id == request);
        match asked.map(|open| &open.question) {
            Some(Question::Form(form)) => form::secrets(&form.fields, values),
            Some(Question::Confirmation | Question::Retry) | None => Vec::new(),
        }
    }

    /// Withdraws every open question, because the task ends or is stopped.
    pub(crate) fn withdraw_all(&mut self, effects: &mut Effects) {
        for request in std::mem::take(&mut self.open) {
            effects.push(Effect::Tell(answered(request.id, &withdrawn()), None));
            self.answered.insert(request.id, withdrawn());
        }
    }

    pub(crate) fn time_out(&mut self, id: RequestId, effects: &mut Effects, now: Timestamp) {
        let Some(at) = self.open.iter().position(|request| request.id == id) else { return };
        let Some(request) = self.open.get(at) else { return };
        let winner = Winner { by: "timeout".into(), value: None, values: None, timed_out: true, withdrawn: false };
        let (winner, outcome) = match (&request.question, request.default.clone()) {
            (Question::Form(form), Some(Value::Object(values))) => {
                (Winner { values: Some(form::masked(&form.fields, &values)), ..winner }, Outcome::Input(values))
            }
            (Question::Confirmation, Some(Value::Bool(value))) => {
                (Winner { value: Some(value), ..winner }, Outcome::Confirmed(value))
            }
            (Question::Confirmation | Question::Retry | Question::Form(_), _) => (winner, Outcome::TimedOut),
        };
        self.close(at, winner, Some(outcome), effects, now);
    }
}

/// What stands for the answer to a question that its task no longer asks.
fn withdrawn() -> Winner {
    Winner { by: WITHDRAWN.into(), value: None, values: None, timed_out: false, withdrawn: true }
}

/// The entry that tells an answer.
fn answered(request_id: RequestId, winner: &Winner) -> Entry {
    Entry::Answered {
        request_id,
        by: winner.by.clone(),
        value: winner.value,
        values: winner.values.clone(),
        timed_out: winner.timed_out,
        withdrawn: winner.withdrawn,
    }
}
