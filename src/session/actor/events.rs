//! Which events come of what happens to a session: decided from its state before and after a row of its journal.
//!
//! They are written in the commit of that row, so each comes about once, however often the server goes down.

use serde_json::{Map, Value};

use crate::domain::entry::{Custom, Entry};
use crate::domain::event::{Group, Kind, NewEvent};
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::domain::time::Timestamp;
use crate::event::UnnumberedEvent;
use crate::session::actor::Session;
use crate::session::actor::running_task::PANICKED;
use crate::session::requests::RequestStep;
use crate::session::state::End;
use crate::store::{RequestChange, State};

/// The most bytes of a result, as JSON, or of an error that an event carries; the session itself has the whole.
const CUT: usize = 16 * 1024;

/// The member of an event's metadata which says that its session's news is to be sent somewhere.
pub(crate) const HAS_CALLBACK: &str = "callback";

/// The label that says of which crew a session is.
const CREW: &str = "crew";

/// What a session's row makes happen beside its change of state.
#[derive(Debug, Default)]
pub(crate) struct PendingEvents {
    /// The events that its task made and those of its questions, in order.
    own: Vec<NewEvent>,
    /// What becomes of its questions, in order.
    requests: Vec<RequestChange>,
    /// How far it came last.
    progress: Option<NewEvent>,
}

/// A change of a session's state.
pub(crate) struct RowChange<'a> {
    pub(crate) id: SessionId,
    pub(crate) spec: &'a Spec,
    /// Nothing where the session is new.
    pub(crate) before: Option<&'a State>,
    pub(crate) after: &'a State,
    pub(crate) end: Option<&'a End>,
}

impl Session {
    /// Keeps the event that an entry is as well, for the row that is being built.
    pub(crate) fn collect_event(&mut self, entry: &Entry) {
        let is_heard = |kind: &Kind| self.environment.events.is_heard_of(kind, Some(&self.execution_id()));
        match entry {
            Entry::Custom(custom) => {
                if let Some(new_event) = own(custom) {
                    self.pending_events.own.push(new_event);
                }
            }
            Entry::Progress { done, total, label } if is_heard(&Kind::ExecutionProgress) => {
                let new_event =
                    NewEvent::new(Kind::ExecutionProgress).with("done", done.clone()).with("total", total.clone());
                self.pending_events.progress = Some(new_event.with("label", label.as_str()));
            }
            Entry::Progress { .. }
            | Entry::Status { .. }
            | Entry::Stream { .. }
            | Entry::RequestConfirmation { .. }
            | Entry::RequestUserInput { .. }
            | Entry::AnswerGiven { .. }
            | Entry::Answered { .. }
            | Entry::TaskCompleted { .. }
            | Entry::TaskFailed { .. }
            | Entry::TaskCancelled { .. }
            | Entry::Recovered { .. }
            | Entry::Agent(_) => {}
        }
    }

    /// Keeps what an entry does to the open questions, for the row that is being built.
    pub(crate) fn collect_request(&mut self, entry: &Entry, now: Timestamp) {
        if let Some(RequestStep { change, event }) = RequestStep::of(self.id, &self.spec, &self.state, entry, now) {
            self.pending_events.requests.push(change);
            self.pending_events.own.push(event);
        }
    }

    /// What the row that is handed over does to the open questions.
    pub(crate) fn request_changes(&mut self) -> Vec<RequestChange> {
        std::mem::take(&mut self.pending_events.requests)
    }

    /// The events of the row that is handed over: what its state was before that, and what its task made meanwhile.
    pub(crate) fn events(&mut self, before: Option<&State>) -> Vec<UnnumberedEvent> {
        let own = std::mem::take(&mut self.pending_events.own);
        let progress = self.pending_events.progress.take();
        let after = &self.state.row();
        let change = RowChange { id: self.id, spec: &self.spec, before, after, end: self.state.end() };
        let new_events = change.all(own.into_iter().chain(progress));
        let (now, owner) = (self.now(), self.owner());
        new_events.into_iter().map(|new_event| UnnumberedEvent::new(new_event, owner.clone(), now)).collect()
    }
}

impl RowChange<'_> {
    /// What happens by it, with what its task made meanwhile.
    pub(crate) fn all(&self, pending_events: impl IntoIterator<Item = NewEvent>) -> Vec<NewEvent> {
        let new_events = self.begin().into_iter().chain(pending_events).chain(self.end());
        new_events.map(|new_event| self.mark(new_event)).collect()
    }

    /// What happens before anything that the task writes in the same row.
    fn begin(&self) -> Vec<NewEvent> {
        let mut out = Vec::new();
        if self.before.is_none() {
            out.push(self.in_queue(Kind::QueueTaskAdded));
        }
        let had_begun = self.before.is_some_and(|before| before.started_at.is_some());
        if self.after.started_at.is_some() && !had_begun {
            let queued = seconds(self.after.spent.queued);
            out.push(self.in_queue(Kind::QueueTaskProcessed).with("queued_seconds", queued));
            out.push(self.execution(Kind::ExecutionStarted));
        }
        out
    }

    /// What happens after all that the task writes in the same row.
    fn end(&self) -> Vec<NewEvent> {
        let has_ended = self.before.is_some_and(|before| before.status.is_terminal());
        let Some(end) = self.end.filter(|_| self.after.status.is_terminal() && !has_ended) else { return Vec::new() };
        let mut out = Vec::new();
        match end {
            End::Completed(values) => out.push(with_result(self.execution(Kind::ExecutionCompleted), values)),
            End::Failed(error) => {
                let error = cut(error);
                if error.starts_with(PANICKED) {
                    let error = self.about(Kind::SystemError).with("component", "task").with("reason", error);
                    out.push(error);
                }
                out.push(self.execution(Kind::ExecutionFailed).with("error", error));
            }
            End::Cancelled(reason) => {
                let reason = cut(reason);
                if self.after.started_at.is_none() {
                    out.push(self.in_queue(Kind::QueueTaskFailed).with("reason", reason));
                }
                out.push(self.execution(Kind::ExecutionFailed).with("error", reason));
            }
        }
        out
    }

    fn about(&self, kind: Kind) -> NewEvent {
        NewEvent::new(kind).with("task", self.spec.task.as_str())
    }

    fn in_queue(&self, kind: Kind) -> NewEvent {
        self.about(kind).with("priority", self.spec.priority.as_str())
    }

    fn execution(&self, kind: Kind) -> NewEvent {
        let State { status, attempt, spent, .. } = self.after;
        self.about(kind)
            .with("status", status.as_str())
            .with("attempt", *attempt)
            .with("queued_seconds", seconds(spent.queued))
            .with("running_seconds", seconds(spent.running))
            .with("waiting_seconds", seconds(spent.waiting))
    }

    /// The same, said of this session.
    fn mark(&self, new_event: NewEvent) -> NewEvent {
        let execution_id = self.spec.execution_id.clone().unwrap_or_else(|| self.id.into());
        let mut new_event = with_labels(new_event.of_execution(execution_id), self.spec);
        new_event.metadata.insert("session_id".into(), self.id.to_string().into());
        if self.spec.callback.is_some() {
            new_event.metadata.insert(HAS_CALLBACK.into(), true.into());
        }
        new_event
    }
}

/// What happens where a session is not even made, because too many wait already.
pub(crate) fn start_refused(spec: &Spec) -> NewEvent {
    let new_event = NewEvent::new(Kind::QueueTaskFailed).with("task", spec.task.as_str());
    let mut new_event = new_event.with("priority", spec.priority.as_str()).with("reason", "queue_full");
    new_event.execution_id.clone_from(&spec.execution_id);
    with_labels(new_event, spec)
}

/// The same with the marks that whoever asked for the session has put on it.
fn with_labels(mut new_event: NewEvent, spec: &Spec) -> NewEvent {
    if new_event.crew_id.is_none() {
        new_event.crew_id = spec.labels.get(CREW).map(|crew| crew.as_str().into());
    }
    if !spec.labels.is_empty() {
        let labels = spec.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        new_event.metadata.insert("labels".into(), Value::Object(labels.collect()));
    }
    new_event
}

/// The event that an entry of a task's own type is: one of a type that tasks may make.
fn own(custom: &Custom) -> Option<NewEvent> {
    let kind = Kind::parse(&custom.kind)?;
    match kind.group() {
        Group::Task | Group::Manager | Group::Memory | Group::Custom => {}
        Group::Execution
        | Group::Queue
        | Group::Request
        | Group::System
        | Group::Connection
        | Group::Crew
        | Group::Agent => return None,
    }
    let mut new_event = NewEvent::new(kind);
    new_event.data = custom.data.clone();
    new_event.crew_id = lift(&mut new_event.data, "crew_id").map(Into::into);
    new_event.agent_id = lift(&mut new_event.data, "agent_id").map(Into::into);
    Some(new_event)
}

/// Takes a text out of an object; what is no text stays.
fn lift(data: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = data.get(key)?.as_str()?.to_owned();
    data.shift_remove(key);
    Some(text)
}

/// With a result, or the beginning of its JSON where it is long.
fn with_result(new_event: NewEvent, values: &Value) -> NewEvent {
    let text = values.to_string();
    if text.len() <= CUT {
        return new_event.with("result", values.clone());
    }
    new_event.with("result", cut(&text)).with("result_cut", true)
}

/// As much of a text as an event carries.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(CUT)).unwrap_or(text)
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests;
