//! What the writer commits at once: rows of journals, and events.

use std::collections::HashSet;

use super::engine::Refusal;
use super::events::{self, Draft, EventRow, Recorded, TellRecorded};
use super::query::Reply;
use super::{Append, SessionKey};

/// What is to be written at once.
#[derive(Default)]
pub(super) struct Batch {
    /// Rows of journals.
    pub(super) appends: Vec<Append>,
    /// How many commands it is made of.
    pub(super) commands: usize,
    /// About how many bytes it writes.
    pub(super) bytes: usize,
    drafts: Vec<Draft>,
    /// Who wants to have which of the events.
    replies: Vec<(usize, Reply<Recorded>)>,
}

/// The events of a batch, with their places.
pub(super) struct Placed {
    /// What is to be written of them.
    pub(super) row: Option<EventRow>,
    recorded: Vec<Recorded>,
    replies: Vec<(usize, Reply<Recorded>)>,
}

impl Batch {
    /// Adds a row, and the events that happen by it.
    pub(super) fn append(&mut self, append: Append, mut drafts: Vec<Draft>) {
        const ROWS_WITHOUT_BODY: usize = 256;
        self.commands += 1;
        self.bytes += append.body.len() + ROWS_WITHOUT_BODY + drafts.iter().map(Draft::weight).sum::<usize>();
        self.appends.push(append);
        self.drafts.append(&mut drafts);
    }

    /// Adds events, and who wants to have the first.
    pub(super) fn record(&mut self, mut drafts: Vec<Draft>, reply: Option<Reply<Recorded>>) {
        self.commands += 1;
        self.bytes += drafts.iter().map(Draft::weight).sum::<usize>();
        self.replies.extend(reply.map(|reply| (self.drafts.len(), reply)));
        self.drafts.append(&mut drafts);
    }

    /// Gives its events places, beginning after `last_seq`; it has none any more.
    pub(super) fn place(&mut self, last_seq: u64) -> Placed {
        let (row, recorded) = events::place(std::mem::take(&mut self.drafts), last_seq);
        Placed { row, recorded, replies: std::mem::take(&mut self.replies) }
    }

    /// Takes the rows out that were refused.
    pub(super) fn without(&mut self, refused: &[Refusal]) {
        let mut index = 0;
        self.appends.retain(|_| {
            let kept = refused.iter().all(|refusal| refusal.index != index);
            index += 1;
            kept
        });
    }

    /// The last row of each session of this worker.
    pub(super) fn last_rows(&self, worker: usize) -> Vec<(callboard_domain::id::SessionId, u32)> {
        let of_worker = self.appends.iter().filter(|append| append.worker == worker);
        let mut rows: Vec<_> = of_worker.map(|append| (append.session, append.row)).collect();
        rows.sort_unstable_by(|one, other| other.cmp(one));
        rows.dedup_by_key(|(session, _)| *session);
        rows
    }

    /// Takes the rows of these sessions out.
    pub(super) fn leave_out(&mut self, fenced: &HashSet<SessionKey>) {
        if !fenced.is_empty() {
            self.appends.retain(|append| !fenced.contains(&append.key));
        }
    }
}

impl Placed {
    /// Tells of the events, and then answers those who want to have one of them.
    pub(super) fn tell(self, told: Option<&mut TellRecorded>) {
        let Placed { recorded: events, replies, .. } = self;
        let wanted = |(index, reply)| Some((events.get::<usize>(index)?.clone(), reply));
        let answers: Vec<(Recorded, Reply<Recorded>)> = replies.into_iter().filter_map(wanted).collect();
        if let Some(told) = told.filter(|_| !events.is_empty()) {
            told(events);
        }
        for (recorded, reply) in answers {
            // Whoever asked may be gone.
            let _ = reply.send(Ok(recorded));
        }
    }
}
