//! Keeps secrets out of what a task says: out of the journal, and so out of events and of what clients see.
//!
//! This is where all of that comes by. What a step gave is needed again after a restart as it was, so where it holds a
//! secret it is written sealed, with a masked one beside it.

use serde_json::Value;

use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::mask::Mask;
use crate::domain::record::Internal;
use crate::domain::request::{Field, Values};
use crate::session::actor::Session;
use crate::session::calls::Call;
use crate::session::state::NewLine;
use crate::session::task::kind::{TaskError, TaskResult};

impl Session {
    /// Hides secrets in what is kept of a call. The outcome of a step that has some is given sealed as well.
    pub(crate) fn mask_call(&self, call: &mut Call, mask: &Mask) -> Option<String> {
        if mask.is_empty() {
            return None;
        }
        match call {
            Call::Stream { content: text, .. }
            | Call::Progress { label: text, .. }
            | Call::OfferRetry { error: text } => mask.clean(text),
            Call::Report { entry } => entry.each_text(
                |text| mask.clean(text),
                |value| {
                    mask.clean_value(value);
                },
            ),
            Call::RequestConfirmation { message, context, .. } => {
                mask.clean(message);
                context.iter_mut().for_each(|context| context.clean(mask));
            }
            Call::Emit { data, .. } => {
                mask.clean_members(data);
            }
            // The default answer is given as it is; the entry that shows it is cleaned.
            Call::RequestUserInput { message, fields, context, .. } => {
                context.iter_mut().for_each(|context| context.clean(mask));
                message.iter_mut().for_each(|message| mask.clean(message));
                fields.iter_mut().for_each(|field| clean_field(field, mask));
            }
            Call::StepCompleted { outcome: Err(error) } => mask.clean(error),
            Call::StepCompleted { outcome: Ok(value) } => {
                let plain = value.clone();
                if mask.clean_value(value) {
                    return Some(self.environment.store.seal(plain.to_string().as_bytes()));
                }
            }
            Call::Step { .. } | Call::StepAgain | Call::Sleep { .. } | Call::Child { .. } | Call::Withdraw => {}
        }
        None
    }

    /// Hides secrets in the default answer that a request shows.
    pub(crate) fn mask_default(&self, line: &mut NewLine) {
        if let NewLine::Entry(Entry::RequestUserInput { default: Some(values), .. }, _) = line {
            self.channel.mask().clean_members(values);
        }
    }

    /// The record of the values that answer a form with secrets.
    pub(crate) fn sealed(&self, request_id: RequestId, values: Values) -> NewLine {
        let plain = Value::Object(values).to_string();
        let values = self.environment.store.seal(plain.as_bytes());
        NewLine::Record(Internal::Sealed { request_id, values }, None)
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

fn clean_field(field: &mut Field, mask: &Mask) {
    mask.clean(&mut field.description);
    field.value.iter_mut().for_each(|value: &mut Value| {
        mask.clean_value(value);
    });
    field.choices.iter_mut().flatten().for_each(|choice| {
        mask.clean_value(choice);
    });
}
