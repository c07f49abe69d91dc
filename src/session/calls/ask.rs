//! `ask`: a form to fill in.
//!
//! Recorded as the request, with a deadline where it has one, and its `answered`; the values of secrets stand beside
//! that, sealed. A recorded one that is answered gives the values; one that is not waits at the same request.

use futures::FutureExt;
use serde_json::Value;

use super::asking::Asking;
use super::{Call, CallId, Outcome, QuestionKind};
use crate::domain::entry::Entry;
use crate::domain::form;
use crate::domain::id::RequestId;
use crate::domain::request::{Field, FieldType, Form, Values};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::messages::Refused;
use crate::session::state::{Decision, Given, NewQuestion, OpenRequest, SessionState, deadline};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;

/// The error of a form whose time ran out.
pub(crate) const UNANSWERED: &str = "nobody filled in the form in time";

impl TaskContext {
    /// Asks somebody to fill in a form, once it is awaited; gives values that fit it, or an error where its time runs out
    /// and it has no default answer.
    pub fn ask(&self, form: impl Into<Form>) -> Ask {
        Asking::new(self.clone(), form.into(), |ctx, form| {
            async move {
                match ctx.ask_people(QuestionKind::Form, Call::from(form)).await {
                    Outcome::UserInput { values } => Ok(values),
                    Outcome::Confirm { .. }
                    | Outcome::Retry { .. }
                    | Outcome::TimedOut
                    | Outcome::ChildEnded { .. }
                    | Outcome::StepRun => Err(TaskError::failed(UNANSWERED)),
                }
            }
            .boxed_local()
        })
    }
}

/// A form on its way: see [`TaskContext::ask`].
pub type Ask = Asking<Form, Result<Values, TaskError>>;

pub(crate) fn decide(state: &SessionState, at: CallId, id: RequestId, mut form: Form, now: Timestamp) -> Decision {
    if let Some(fault) = form::faults(&form.fields).first() {
        let error = format!("the task asks a form that is not valid: {}: {}", fault.field, fault.message);
        return state.finish(Err(TaskError::Failed(error)));
    }
    if let Some(fault) = form.answerers.fault(false) {
        return state.finish(Err(TaskError::Failed(format!("the task asks a form that is not valid: {fault}"))));
    }
    let default = match form.default.take().map(|default| form::check(&form.fields, &default)).transpose() {
        Ok(default) => default.map(Value::Object),
        Err(_) => {
            let error = "the task asks a form whose default answer does not fit it".to_owned();
            return state.finish(Err(TaskError::Failed(error)));
        }
    };
    let fields: Vec<Field> = form::with_read_defaults(form.fields).into_iter().map(without_secret_value).collect();
    let expires_at = deadline(form.timeout, now);
    let entry = Entry::RequestUserInput {
        request_id: id,
        default: shown_default(&fields, default.as_ref()),
        fields,
        message: form.message,
        timeout: form.timeout,
        expires_at,
        context: form.context.non_empty(),
        answerers: form.answerers,
    };
    let question = NewQuestion { id, status: Status::WaitingInput, entry, deadline: expires_at, default };
    state.open_question(at, question)
}

/// A default answer as people see it.
fn shown_default(fields: &[Field], default: Option<&Value>) -> Option<Values> {
    default.and_then(Value::as_object).map(|values| form::masked(fields, values))
}

/// The form of a request.
pub(crate) fn recorded_form(fields: &[Field], message: Option<&str>, timeout: Option<f64>) -> Form {
    Form { message: message.map(str::to_owned), fields: fields.to_vec(), timeout, ..Form::default() }
}

/// What an answer gives.
///
/// # Errors
/// [`Refused::Rejected`] where the values do not fit the form.
pub(crate) fn given(request: &OpenRequest, form: &Form, sent: &Values) -> Result<Given, Refused> {
    let values = form::check(&form.fields, sent).map_err(|errors| Refused::Rejected {
        request_id: request.id,
        errors,
        form: Box::new(asked_again(request, form, sent)),
    })?;
    Ok(given_values(form, values))
}

/// What the default answer gives.
pub(crate) fn given_default(form: &Form, values: &Values) -> Given {
    given_values(form, values.clone())
}

/// What a recorded one gives; `unsealed` are the values with their secrets, where there are any.
pub(crate) fn recorded(values: Option<Values>, unsealed: Option<Values>) -> Option<Outcome> {
    unsealed.or(values).map(|values| Outcome::UserInput { values })
}

fn given_values(form: &Form, values: Values) -> Given {
    let shown = form::masked(&form.fields, &values);
    Given { value: None, values: Some(shown), outcome: Outcome::UserInput { values } }
}

/// The form again, with the values that were sent as those to start with; a secret has none.
fn asked_again(request: &OpenRequest, form: &Form, sent: &Values) -> Entry {
    let filled = |field: &Field| {
        let value = sent.get(&field.name).cloned().or_else(|| field.value.clone());
        without_secret_value(Field { value, ..field.clone() })
    };
    Entry::RequestUserInput {
        request_id: request.id,
        fields: form.fields.iter().map(filled).collect(),
        message: form.message.clone(),
        timeout: form.timeout,
        expires_at: request.deadline,
        default: shown_default(&form.fields, request.default.as_ref()),
        context: request.context.clone(),
        answerers: request.answerers.clone(),
    }
}

/// The field as clients get it: a secret has no value to start with.
fn without_secret_value(mut field: Field) -> Field {
    if field.field_type == FieldType::Secret {
        field.value = None;
    }
    field
}
