//! What the writer collects for one commit, and who waits for which part of it.

use super::engine::{Batch, BatchEvent, Outcome, Refusal, Written};
use super::events::{EncodedEvent, Numbers, UnnumberedEvent};
use super::fence::{Fence, fenced};
use super::query::Reply;
use super::{Append, Committed, Error, Refused};

/// What is to be written at once.
pub(super) struct Collected {
    /// What the engine gets of it.
    pub(super) batch: Batch,
    /// How many commands it is made of.
    pub(super) commands: usize,
    /// About how many bytes it writes.
    pub(super) bytes: usize,
    /// Who wants to have which of the events.
    replies: Vec<(usize, Reply<EncodedEvent>)>,
}

/// What is published of a commit.
pub(super) struct Publication {
    /// The events that are kept, with their numbers, and those that are not, in one order.
    pub(super) events: Vec<EncodedEvent>,
    /// Who wants to have one of them, or is to hear why it is not there.
    pub(super) answers: Vec<(Reply<EncodedEvent>, Result<EncodedEvent, Error>)>,
}

impl Publication {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answers.is_empty()
    }
}

impl Collected {
    /// Nothing yet.
    pub(super) fn new(fence: Fence, number: u64) -> Self {
        let batch = Batch { fence, number, appends: Vec::new(), events: Vec::new() };
        Self { batch, commands: 0, bytes: 0, replies: Vec::new() }
    }

    /// Adds a row, and the events that it causes.
    pub(super) fn append(&mut self, append: Append, events: Vec<UnnumberedEvent>) {
        const ROWS_WITHOUT_BODY: usize = 256;
        self.commands += 1;
        self.bytes += append.body.len() + ROWS_WITHOUT_BODY;
        let index = self.batch.appends.len();
        self.batch.appends.push(append);
        self.add(Some(index), events);
    }

    /// Counts a row that is not to be written.
    pub(super) fn skip(&mut self) {
        self.commands += 1;
    }

    /// Adds events, and who wants to have the first.
    pub(super) fn record(&mut self, events: Vec<UnnumberedEvent>, reply: Option<Reply<EncodedEvent>>) {
        self.commands += 1;
        self.replies.extend(reply.map(|reply| (self.batch.events.len(), reply)));
        self.add(None, events);
    }

    fn add(&mut self, append: Option<usize>, events: Vec<UnnumberedEvent>) {
        self.bytes += events.iter().map(UnnumberedEvent::size).sum::<usize>();
        self.batch.events.extend(events.into_iter().map(|event| BatchEvent { append, event }));
    }

    /// Whether there is anything for an engine to do: events that are not kept are published without it.
    pub(super) fn writes(&self) -> bool {
        !self.batch.appends.is_empty() || self.batch.events.iter().any(|event| event.event.is_kept())
    }

    /// What a worker is to hear of its sessions: the last row that is written, or why one is not.
    pub(super) fn committed(&self, worker: usize, refusals: &[Refusal]) -> Committed {
        let written = self
            .batch
            .appends
            .iter()
            .enumerate()
            .filter(|(index, append)| append.worker == worker && !is_refused(refusals, *index));
        let mut rows: Vec<_> = written.map(|(_, append)| (append.session, append.row)).collect();
        rows.sort_unstable_by(|one, other| other.cmp(one));
        rows.dedup_by_key(|(session, _)| *session);
        Committed { rows, refused: self.refused(worker, refusals) }
    }

    /// The first refusal of each session of this worker.
    fn refused(&self, worker: usize, refusals: &[Refusal]) -> Vec<Refused> {
        let mut refused: Vec<Refused> = Vec::new();
        for Refusal { index, reason } in refusals {
            let Some(append) = self.batch.appends.get(*index).filter(|append| append.worker == worker) else {
                continue;
            };
            if refused.iter().all(|earlier| earlier.session != append.session) {
                let Append { session, key, row, .. } = *append;
                refused.push(Refused { session, key, row, reason: reason.clone() });
            }
        }
        refused
    }

    /// The events as they are published, by what came of the batch.
    pub(super) fn into_publication(self, outcome: &Outcome) -> Publication {
        let Collected { batch: Batch { events: batched, .. }, replies, .. } = self;
        let Written { refusals, events: rows } = match outcome {
            Outcome::Written(written) => written,
            Outcome::Fenced => {
                let answers = replies.into_iter().map(|(_, reply)| (reply, Err(fenced()))).collect();
                return Publication { events: Vec::new(), answers };
            }
        };
        let mut numbers = Numbers::new(rows);
        let mut replies = replies.into_iter().peekable();
        let mut publication = Publication { events: Vec::with_capacity(batched.len()), answers: Vec::new() };
        for (index, BatchEvent { append, event }) in batched.into_iter().enumerate() {
            if append.is_some_and(|append| is_refused(refusals, append)) {
                continue;
            }
            // An engine has numbered each that is kept.
            let Some(encoded) = numbers.encode(event) else { continue };
            if let Some((_, reply)) = replies.next_if(|(wanted, _)| *wanted == index) {
                publication.answers.push((reply, Ok(encoded.clone())));
            }
            publication.events.push(encoded);
        }
        publication
    }
}

/// Whether this append was left out; there are few refusals, and they are in order.
fn is_refused(refusals: &[Refusal], append: usize) -> bool {
    refusals.binary_search_by_key(&append, |refusal| refusal.index).is_ok()
}
