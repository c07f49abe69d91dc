//! How questions are opened.

use std::time::Duration;

use serde_json::Value;

use super::{Effect, Effects, OpenRequest, Question, SessionState};
use crate::domain::entry::Entry;
use crate::domain::form;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::request::{Confirmation, Field, FieldType, Form, Values};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::CallId;
use crate::session::task::kind::TaskError;

impl SessionState {
    /// The state that the oldest open question puts the session in.
    pub(crate) fn waiting_status(&self) -> Status {
        match self.open.first().map(|request| &request.question) {
            Some(Question::Confirmation) => Status::WaitingConfirmation,
            Some(Question::Form(_)) => Status::WaitingInput,
            Some(Question::Retry) => Status::WaitingRetry,
            None => self.status,
        }
    }

    pub(crate) fn confirm(
        &mut self,
        call: CallId,
        id: RequestId,
        asked: Confirmation,
        effects: &mut Effects,
        now: Timestamp,
    ) {
        let entry = Entry::RequestConfirmation { request_id: id, message: asked.message, timeout: asked.timeout };
        let default = asked.default.map(Value::Bool);
        self.open_request(call, id, Question::Confirmation, entry, asked.timeout, default, effects, now);
    }

    pub(crate) fn ask(&mut self, call: CallId, id: RequestId, mut form: Form, effects: &mut Effects, now: Timestamp) {
        let faults = form::faults(&form.fields);
        if let Some(fault) = faults.first() {
            let error = format!("the task asks a form that is not valid: {}: {}", fault.field, fault.message);
            self.finish(Err(TaskError::Failed(error)), effects, now);
            return;
        }
        let default = match form.default.take().map(|default| form::check(&form.fields, &default)).transpose() {
            Ok(default) => default.map(Value::Object),
            Err(_) => {
                let error = "the task asks a form whose default answer does not fit it".to_owned();
                self.finish(Err(TaskError::Failed(error)), effects, now);
                return;
            }
        };
        form.fields = form::with_read_defaults(form.fields);
        let question = Question::Form(form.clone());
        let entry = Entry::RequestUserInput {
            request_id: id,
            fields: form.fields.into_iter().map(without_secret_value).collect(),
            message: form.message,
            timeout: form.timeout,
        };
        self.open_request(call, id, question, entry, form.timeout, default, effects, now);
    }

    pub(crate) fn offer_retry(
        &mut self,
        call: CallId,
        id: RequestId,
        error: String,
        effects: &mut Effects,
        now: Timestamp,
    ) {
        let entry = Entry::TaskFailed { error, can_retry: true, attempt: self.attempt, request_id: Some(id) };
        self.open_request(call, id, Question::Retry, entry, None, None, effects, now);
    }

    #[expect(clippy::too_many_arguments, reason = "the three kinds of question end here, and nothing else does")]
    fn open_request(
        &mut self,
        call: CallId,
        id: RequestId,
        question: Question,
        entry: Entry,
        timeout: Option<f64>,
        default: Option<Value>,
        effects: &mut Effects,
        now: Timestamp,
    ) {
        let deadline = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(|t| now.plus(t));
        let lane = call.lane.clone();
        self.open.push(OpenRequest { id, question, call, deadline, default: default.clone() });
        let was_running = self.status == Status::Running;
        self.enter(self.waiting_status(), effects, now);
        effects.push(Effect::Tell(entry, lane));
        if let Some(at) = deadline {
            effects.push(Effect::Note(Internal::Deadline { request_id: id, at, default }));
            effects.push(Effect::Arm);
        }
        if was_running {
            effects.push(Effect::ReleasePermit);
        }
    }
}

/// The form again, with the values that were sent as those to start with; a secret has none.
pub(crate) fn asked_again(request_id: RequestId, form: &Form, sent: &Values) -> Entry {
    let filled = |field: &Field| {
        let value = sent.get(&field.name).cloned().or_else(|| field.value.clone());
        without_secret_value(Field { value, ..field.clone() })
    };
    Entry::RequestUserInput {
        request_id,
        fields: form.fields.iter().map(filled).collect(),
        message: form.message.clone(),
        timeout: form.timeout,
    }
}

/// The field as it is told: a secret has no value to start with on the wire.
fn without_secret_value(mut field: Field) -> Field {
    if field.field_type == FieldType::Secret {
        field.value = None;
    }
    field
}
