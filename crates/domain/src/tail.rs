//! What a session keeps of its journal in memory: enough for a snapshot, and for clients that were away briefly.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::burst::EncodedEntry;
use super::entry::Class;
use super::id::RequestId;

/// How much a [`Tail`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailLimits {
    /// The most messages in a snapshot; open requests and the terminal message come on top where they must.
    pub snapshot: usize,
    /// The most bytes of recent entries, and of what a snapshot keeps first without open questions and the end.
    pub bytes: usize,
}

/// A snapshot, or what came after a `seq`: what a connection is sent first.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// The entries, in order.
    pub entries: Vec<EncodedEntry>,
    /// Entries of the journal that are left out of a snapshot.
    pub dropped: u64,
    /// The journal's last `seq`.
    pub last_seq: u64,
}

/// The end of a journal, folded entry by entry.
#[derive(Debug)]
pub struct Tail {
    limits: TailLimits,
    /// The last entries without a gap, at most twice the snapshot: output for the snapshot is always among them.
    recent: VecDeque<EncodedEntry>,
    recent_bytes: usize,
    /// What a snapshot keeps first: everything but output and questions that are over.
    state: VecDeque<EncodedEntry>,
    last_seq: u64,
    /// The last snapshot, for as long as somebody has it: many that come at once get the same.
    snapshot: Weak<Replay>,
}

impl Tail {
    /// The tail of an empty journal.
    #[must_use]
    pub fn new(limits: TailLimits) -> Self {
        let (recent, state) = (VecDeque::new(), VecDeque::new());
        Self { limits, recent, recent_bytes: 0, state, last_seq: 0, snapshot: Weak::new() }
    }

    /// The `seq` of the last entry; 0 where there is none.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Takes the next entry.
    pub fn push(&mut self, entry: EncodedEntry) {
        self.last_seq = entry.seq;
        self.snapshot = Weak::new();
        match entry.class {
            Class::Output => {}
            Class::Answer(request) => {
                self.close(request);
                self.state.push_back(entry.clone());
            }
            Class::Terminal => {
                self.state.retain(|entry| !matches!(entry.class, Class::Request(_)));
                self.state.push_back(entry.clone());
            }
            Class::Request(_) | Class::State => self.state.push_back(entry.clone()),
        }
        self.trim_state();
        self.recent_bytes += entry.json.len();
        self.recent.push_back(entry);
        while self.recent.len() > 2 * self.limits.snapshot.max(1)
            || (self.recent_bytes > self.limits.bytes && self.recent.len() > 1)
        {
            if let Some(oldest) = self.recent.pop_front() {
                self.recent_bytes -= oldest.json.len();
            }
        }
    }

    /// The snapshot: at most so many entries that a newcomer sees how things stand.
    #[must_use]
    pub fn snapshot(&self) -> Replay {
        let mut surplus = self.state.len().saturating_sub(self.limits.snapshot);
        let room = self.limits.snapshot.saturating_sub(self.state.len());
        let mut entries: Vec<EncodedEntry> =
            self.recent.iter().rev().filter(|entry| entry.class == Class::Output).take(room).cloned().collect();
        for state in &self.state {
            if surplus > 0 && is_droppable(state) {
                surplus -= 1;
            } else {
                entries.push(state.clone());
            }
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
        let dropped = self.last_seq - entries.len() as u64;
        Replay { entries, dropped, last_seq: self.last_seq }
    }

    /// The snapshot, shared with those who came for it before and still have it.
    pub fn shared_snapshot(&mut self) -> Arc<Replay> {
        if let Some(snapshot) = self.snapshot.upgrade() {
            return snapshot;
        }
        let snapshot = Arc::new(self.snapshot());
        self.snapshot = Arc::downgrade(&snapshot);
        snapshot
    }

    /// Everything after `seq`; `None` where that reaches further back than is kept here.
    #[must_use]
    pub fn since(&self, seq: u64) -> Option<Replay> {
        let replay = |entries| Replay { entries, dropped: 0, last_seq: self.last_seq };
        if seq >= self.last_seq {
            return Some(replay(Vec::new()));
        }
        let first = self.recent.front()?.seq;
        if seq + 1 < first {
            return None;
        }
        let skip = usize::try_from(seq + 1 - first).unwrap_or(usize::MAX);
        Some(replay(self.recent.iter().skip(skip).cloned().collect()))
    }

    /// An answered question is not asked again.
    fn close(&mut self, request: RequestId) {
        self.state.retain(|entry| entry.class != Class::Request(request));
    }

    /// Open questions come on top, so that what is kept does not depend on how long they were open.
    fn trim_state(&mut self) {
        let droppable = || self.state.iter().filter(|entry| is_droppable(entry));
        let (mut count, mut bytes) = (droppable().count(), droppable().map(|entry| entry.json.len()).sum::<usize>());
        while count > self.limits.snapshot || (bytes > self.limits.bytes && count > 1) {
            let Some(oldest) = self.state.iter().position(is_droppable) else { break };
            count -= 1;
            bytes -= self.state.remove(oldest).map_or(0, |entry| entry.json.len());
        }
    }
}

/// Whether an entry may be left out of a snapshot when there is no output left to leave out.
fn is_droppable(entry: &EncodedEntry) -> bool {
    matches!(entry.class, Class::State | Class::Answer(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    const LIMITS: TailLimits = TailLimits { snapshot: 5, bytes: usize::MAX };

    fn entry(seq: u64, class: Class) -> EncodedEntry {
        EncodedEntry { seq, class, kind: Bytes::new(), json: Bytes::from(vec![b'x'; 10]) }
    }

    /// A random journal: each question is answered once at most, after it was asked.
    fn journals() -> impl Strategy<Value = Vec<EncodedEntry>> {
        (prop::collection::vec(0..6u8, 0..60), any::<bool>()).prop_map(|(kinds, ended)| {
            let mut open = Vec::new();
            let mut journal = Vec::new();
            for (at, kind) in kinds.into_iter().enumerate() {
                let class = match kind {
                    0..=2 => Class::Output,
                    3 => {
                        let id = RequestId::random();
                        open.push(id);
                        Class::Request(id)
                    }
                    4 => open.pop().map_or(Class::State, Class::Answer),
                    _ => Class::State,
                };
                journal.push(entry(at as u64 + 1, class));
            }
            if ended {
                journal.push(entry(journal.len() as u64 + 1, Class::Terminal));
            }
            journal
        })
    }

    /// The snapshot by its definition, from the whole journal.
    fn naive(journal: &[EncodedEntry]) -> Vec<u64> {
        let ended = journal.iter().any(|entry| entry.class == Class::Terminal);
        let answered = |id| ended || journal.iter().any(|entry| entry.class == Class::Answer(id));
        let mut kept: Vec<&EncodedEntry> =
            journal.iter().filter(|entry| !matches!(entry.class, Class::Request(id) if answered(id))).collect();
        let mut leave_out = |droppable: fn(&Class) -> bool| {
            while kept.len() > LIMITS.snapshot {
                let Some(oldest) = kept.iter().position(|entry| droppable(&entry.class)) else { break };
                kept.remove(oldest);
            }
        };
        leave_out(|class| *class == Class::Output);
        leave_out(|class| matches!(class, Class::State | Class::Answer(_)));
        kept.iter().map(|entry| entry.seq).collect()
    }

    proptest! {
        #[test]
        fn the_snapshot_is_what_its_definition_says(journal in journals()) {
            let mut tail = Tail::new(LIMITS);
            for entry in &journal {
                tail.push(entry.clone());
            }
            let snapshot = tail.snapshot();
            let seqs: Vec<u64> = snapshot.entries.iter().map(|entry| entry.seq).collect();
            let open = journal.iter().filter(|entry| matches!(entry.class, Class::Request(_))).count();
            if open <= LIMITS.snapshot {
                prop_assert_eq!(&seqs, &naive(&journal));
            }
            prop_assert_eq!(snapshot.last_seq, journal.len() as u64);
            prop_assert_eq!(snapshot.dropped + seqs.len() as u64, snapshot.last_seq);
        }

        #[test]
        fn since_gives_all_that_came_after_or_says_that_it_cannot(journal in journals(), seq in 0..70u64) {
            let mut tail = Tail::new(LIMITS);
            for entry in &journal {
                tail.push(entry.clone());
            }
            let expected: Vec<u64> = (seq + 1..=journal.len() as u64).collect();
            match tail.since(seq) {
                Some(replay) => {
                    let seqs: Vec<u64> = replay.entries.iter().map(|entry| entry.seq).collect();
                    prop_assert_eq!(seqs, expected);
                }
                None => prop_assert!(expected.len() > 2 * LIMITS.snapshot),
            }
        }
    }

    #[test]
    fn who_comes_at_once_gets_the_same_snapshot() {
        let mut tail = Tail::new(LIMITS);
        tail.push(entry(1, Class::State));
        let first = tail.shared_snapshot();
        assert!(Arc::ptr_eq(&first, &tail.shared_snapshot()));
        tail.push(entry(2, Class::Output));
        assert_eq!(tail.shared_snapshot().last_seq, 2);
    }

    #[test]
    fn state_that_is_large_gives_way_but_for_questions_and_the_end() {
        let mut tail = Tail::new(TailLimits { snapshot: 100, bytes: 35 });
        let question = Class::Request(RequestId::random());
        for (seq, class) in (1..).zip([question, Class::State, Class::State, Class::State, Class::State, Class::State])
        {
            tail.push(entry(seq, class));
        }
        let seqs: Vec<u64> = tail.snapshot().entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [1, 4, 5, 6]);
        assert_eq!(tail.snapshot().dropped, 2);
        tail.push(EncodedEntry { json: Bytes::from(vec![b'x'; 100]), ..entry(7, Class::Terminal) });
        assert_eq!(tail.snapshot().entries.last().map(|entry| entry.seq), Some(7));
    }

    #[test]
    fn the_bytes_kept_are_bounded() {
        let mut tail = Tail::new(TailLimits { snapshot: 100, bytes: 35 });
        for seq in 1..=50 {
            tail.push(entry(seq, Class::Output));
        }
        assert_eq!(tail.snapshot().entries.len(), 3);
        assert!(tail.since(46).is_none());
        assert_eq!(tail.since(47).map(|replay| replay.entries.len()), Some(3));
    }
}
