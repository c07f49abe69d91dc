//! Keeps secrets out of what a task says: out of the journal, and so out of events and of what clients see.
//!
//! This is where all of that comes by. What a step gave is needed again after a restart as it was, so where it holds a
//! secret it is written sealed, with a masked one beside it.

use serde_json::Value;

use crate::domain::entry::Entry;
use crate::domain::mask::Mask;
use crate::domain::record::Internal;
use crate::domain::request::Field;
use crate::session::actor::Session;
use crate::session::calls::Call;
use crate::session::task::kind::{TaskError, TaskResult};

impl Session {
    /// The call, without secrets in what is kept of it.
    pub(crate) fn without_secrets(&self, mut call: Call, mask: &Mask) -> Call {
        if mask.is_empty() {
            return call;
        }
        match &mut call {
            Call::Tell(_, entry) | Call::Pass(_, entry) => clean_entry(entry, mask),
            Call::Note(record) => self.clean_record(record, mask),
            Call::Confirm(_, question) => mask.clean(&mut question.message),
            Call::Ask(_, form) => {
                form.message.iter_mut().for_each(|message| mask.clean(message));
                form.fields.iter_mut().for_each(|field| clean_field(field, mask));
            }
            Call::OfferRetry(_, error) => mask.clean(error),
            Call::StepStarted(..) | Call::Child(..) | Call::Withdraw(_) => {}
        }
        call
    }

    fn clean_record(&self, record: &mut Internal, mask: &Mask) {
        let Internal::StepCompleted { outcome, sealed, .. } = record else { return };
        match outcome {
            Ok(value) => {
                let plain = value.clone();
                if mask.clean_value(value) {
                    *sealed = Some(self.environment.store.seal(plain.to_string().as_bytes()));
                }
            }
            Err(error) => mask.clean(error),
        }
    }
}

/// A task's result, without secrets.
pub(crate) fn cleaned(mut result: TaskResult, mask: &Mask) -> TaskResult {
    match &mut result {
        Ok(values) => {
            mask.clean_value(values);
        }
        Err(TaskError::Failed(text) | TaskError::Cancelled(text)) => mask.clean(text),
    }
    result
}

fn clean_entry(entry: &mut Entry, mask: &Mask) {
    match entry {
        Entry::Stream { content } => mask.clean(content),
        Entry::Progress { label, .. } => mask.clean(label),
        Entry::Custom(custom) => {
            mask.clean_members(&mut custom.data);
        }
        // A task does not tell these by itself.
        Entry::Status { .. }
        | Entry::RequestConfirmation { .. }
        | Entry::RequestUserInput { .. }
        | Entry::Answered { .. }
        | Entry::TaskCompleted { .. }
        | Entry::TaskFailed { .. }
        | Entry::TaskCancelled { .. }
        | Entry::Recovered { .. } => {}
    }
}

fn clean_field(field: &mut Field, mask: &Mask) {
    mask.clean(&mut field.description);
    field.value.iter_mut().for_each(|value: &mut Value| {
        mask.clean_value(value);
    });
    field.choices.iter_mut().flatten().for_each(|choice| {
        mask.clean_value(choice);
    });
}
