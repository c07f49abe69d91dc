//! What is known of a workflow that is not live: how it stood at its end, and what has happened to it since.

use std::collections::VecDeque;

use super::board::{Writer, event_messages};
use super::event::WorkflowEvent;
use crate::hub::Messages;
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

/// How many events are kept for those who could not follow.
const KEPT: usize = 16;

/// What is known of a workflow that is not live.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    key: WorkflowKey,
    /// Who has less than this is not known to have missed only what stands here.
    from: u64,
    seq: u64,
    /// How it stood at its end, with the place of that.
    end: Option<(u64, Box<Status>)>,
    /// What has happened since, with the place of each.
    happened: VecDeque<(u64, WorkflowEvent)>,
}

impl Past {
    /// Of a workflow of which nothing is known but what comes; places are those after `from`.
    #[must_use]
    pub(crate) fn new(key: WorkflowKey, from: u64) -> Self {
        Self { key, from, seq: from, end: None, happened: VecDeque::new() }
    }

    /// Of a workflow that was live, with places after `from`, and has ended like this.
    #[must_use]
    pub(crate) fn ended(key: WorkflowKey, from: u64, status: Status, stopped: WorkflowEvent) -> Self {
        let seq = status.last_seq;
        let happened = VecDeque::from([(seq, stopped)]);
        Self { key, from, seq, end: Some((seq, Box::new(status))), happened }
    }

    /// The workflow.
    #[must_use]
    pub(crate) fn key(&self) -> &WorkflowKey {
        &self.key
    }

    /// The place of the last message about it.
    #[must_use]
    pub(crate) fn last_seq(&self) -> u64 {
        self.seq
    }

    /// Something has happened; gives what is to be sent.
    pub(crate) fn happened(&mut self, event: WorkflowEvent) -> Messages {
        self.seq += 1;
        let messages = event_messages(&self.key.id, Some(self.seq), &event);
        self.happened.push_back((self.seq, event));
        if self.happened.len() > KEPT
            && let Some((seq, _)) = self.happened.pop_front()
        {
            self.from = self.from.max(seq);
        }
        messages
    }

    /// What somebody lacks who has all up to the place `since`; `None` where that is not known.
    #[must_use]
    pub(crate) fn since(&self, since: u64) -> Option<Messages> {
        if since < self.from || since > self.seq {
            return None;
        }
        let mut writer = Writer::new(&self.key.id);
        let at = self.happened.front().map(|(_, event)| event.timestamp).unwrap_or_default();
        if let Some((_, status)) = self.end.as_ref().filter(|(seq, _)| *seq > since) {
            writer.status(Status::clone(status), at);
        }
        let lacks = self.happened.iter().filter(|(seq, _)| *seq > since);
        lacks.for_each(|(seq, event)| writer.event(Some(*seq), event));
        Some(writer.finish())
    }
}
