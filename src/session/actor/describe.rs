//! A session in words: its lean row, and all about it.

use serde_json::{Value, json};

use actix::{Context, Handler};

use crate::domain::entry::Class;
use crate::domain::id::ExecutionId;
use crate::domain::owner::Owner;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::messages::Description;
use crate::session::protocol::Describe;
use crate::session::state::End;
use crate::store::{State, Summary};

impl Session {
    /// Its lean row, with this state.
    pub(crate) fn summary(&self, state: State) -> Summary {
        Summary {
            key: self.key,
            id: self.id,
            task: self.spec.task.clone(),
            priority: self.spec.priority,
            owner: self.owner(),
            execution_id: self.spec.execution_id.clone(),
            labels: self.spec.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            on_disconnect: self.spec.on_disconnect,
            title: self.spec.title.clone(),
            created_at: self.created_at,
            state,
        }
    }

    /// Whom it belongs to.
    pub(crate) fn owner(&self) -> Owner {
        self.spec.owner()
    }

    /// What it is called among events.
    pub(crate) fn execution_id(&self) -> ExecutionId {
        self.spec.execution_id.clone().unwrap_or_else(|| self.id.into())
    }

    /// All about it, with what is not committed yet: whoever asked gets it after the commit. What has happened must
    /// have been flushed before.
    pub(crate) fn describe(&self) -> Description {
        let snapshot = self.tail.snapshot().entries;
        let is_open = |id| self.state.open().iter().any(|request| request.id == id);
        let requests = snapshot
            .iter()
            .chain(self.pending_rows.entries())
            .filter(|entry| matches!(entry.class, Class::Request(id) if is_open(id)));
        let mut open_requests: Vec<Value> =
            requests.filter_map(|entry| serde_json::from_slice(&entry.json).ok()).collect();
        for request in self.state.open().iter().filter(|request| request.answerers.required_answers.is_some()) {
            let id = Value::from(request.id.to_string());
            let listed = open_requests.iter_mut().filter_map(Value::as_object_mut);
            for shown in listed.filter(|shown| shown.get("request_id") == Some(&id)) {
                shown.insert("answers".into(), json!(request.given));
                shown.insert("missing".into(), request.missing().into());
            }
        }
        let (result, error) = match self.state.end() {
            Some(End::Completed(values)) => (Some(values.clone()), None),
            Some(End::Failed(error) | End::Cancelled(error)) => (None, Some(error.clone())),
            None => (None, None),
        };
        Description {
            summary: self.summary(self.state.row()),
            input: self.spec.input.clone(),
            config: self.spec.config.clone(),
            open_requests,
            result,
            error,
            connections: self.watchers.len(),
            snapshot_messages: snapshot.len(),
        }
    }
}

impl Handler<Describe> for Session {
    type Result = ();

    fn handle(&mut self, message: Describe, _: &mut Context<Self>) {
        self.flush();
        let description = Box::new(self.describe());
        self.on_commit.push(OnCommit::Described(message.reply, description));
        self.settle();
    }
}
