//! Which nodes have changed since when, and what those who watch are sent of it.
//!
//! Everything that is sent at once is a *flush*, and each message in it has a place, its `seq`. Of a node only the latest
//! message counts, so what waits to be sent never grows beyond the graph; what happens to the workflow is kept for a while,
//! so that who could not follow gets it later. Whoever has all up to a place gets, by [`Board::since`], what is behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::event::WorkflowEvent;
use crate::domain::time::Timestamp;
use crate::hub::{Messages, MessagesBuilder};
use crate::workflow::messages::{
    Event, Excerpt, Kind, LiveState, Message, NodeDetail, NodeReport, NodeState, Outputs, Status, Update, UpdateData,
    UpdateStatus,
};
use crate::workflow::plan::NodeView;

/// How many events are kept for those who could not follow. Who lacks more is sent how everything stands.
const KEPT: usize = 256;

/// The mark of a node that has changed since the last flush.
const PENDING: u64 = u64::MAX;

/// How one node stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeNow {
    /// Where it stands.
    pub state: NodeState,
    /// More about it, without its outputs.
    pub detail: NodeDetail,
    /// Its outputs.
    pub outputs: Outputs,
}

impl NodeNow {
    /// How this node of a plan stands; of a larger value than this many bytes only the beginning is sent.
    #[must_use]
    pub(crate) fn of(view: &NodeView<'_>, max_told_bytes: usize) -> Self {
        let detail = NodeDetail {
            start_time: view.start_time,
            duration_ms: view.duration.map(|duration| duration.as_secs_f64() * 1e3),
            runs: view.runs,
            error: view.error.map(str::to_owned),
            session_id: view.session_id,
            blocked_by: view.blocked_by.map(str::to_owned),
            ..NodeDetail::default()
        };
        let outputs = view.outputs().map(|(name, value)| (name.into(), Excerpt::of(value, max_told_bytes))).collect();
        Self { state: view.state, detail, outputs }
    }
}

/// How the nodes of a workflow stand.
pub(crate) trait Look {
    /// How many there are.
    fn len(&self) -> usize;

    /// The id of one.
    fn id(&self, node: usize) -> &str;

    /// How one stands.
    fn look(&self, node: usize) -> NodeNow;

    /// How far they are.
    fn progress(&self) -> UpdateStatus;
}

/// What a flush says beside how nodes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Beat {
    /// When it is.
    pub timestamp: Timestamp,
    /// How many iterations there were.
    pub execution_count: u64,
    /// When the last one began.
    pub start_time: Timestamp,
    /// Seconds that it took.
    pub execution_time: f64,
    /// Iterations a second.
    pub rate: f64,
    /// Whether it goes on.
    pub state: LiveState,
}

/// Which nodes have changed since when.
#[derive(Debug)]
pub(crate) struct Board {
    workflow_id: Arc<str>,
    /// For each node the place of the message that showed it last; 0 where none has, [`PENDING`] where it has changed since.
    sent: Vec<u64>,
    pending: Vec<usize>,
    /// What has happened, with the place of its message; [`PENDING`] where there is none yet.
    happened: VecDeque<(u64, WorkflowEvent)>,
    /// The place of the last message about iterations.
    updated: u64,
    /// Places are those after this one.
    base: u64,
    /// Happenings up to this place are not all kept.
    forgotten: u64,
    /// The last place that was given away.
    seq: u64,
    /// The iterations that the last update counted.
    counted: u64,
    /// Whether there was something under way then.
    was_executing: bool,
}

/// Something that somebody has missed.
enum Missed<'a> {
    WorkflowEvent(&'a WorkflowEvent),
    Node(usize),
    Update,
}

impl Board {
    /// A board of that many nodes, of which nothing is sent; places are those after `base`.
    #[must_use]
    pub(crate) fn new(workflow_id: Arc<str>, nodes: usize, base: u64) -> Self {
        let (pending, happened) = (Vec::new(), VecDeque::new());
        Self {
            workflow_id,
            sent: vec![0; nodes],
            pending,
            happened,
            updated: base,
            base,
            forgotten: base,
            seq: base,
            counted: 0,
            was_executing: false,
        }
    }

    /// A node has changed.
    pub(crate) fn changed(&mut self, node: usize) {
        if let Some(sent) = self.sent.get_mut(node).filter(|sent| **sent != PENDING) {
            *sent = PENDING;
            self.pending.push(node);
        }
    }

    /// The nodes are others from now on; all of them are sent anew.
    pub(crate) fn replace(&mut self, nodes: usize) {
        self.sent = vec![0; nodes];
        self.pending.clear();
        (0..nodes).for_each(|node| self.changed(node));
        // Whoever could not follow has nodes that there are no more.
        self.forgotten = self.seq;
    }

    /// Something has happened.
    pub(crate) fn happened(&mut self, event: WorkflowEvent) {
        let replaced = self.happened.iter().position(|(seq, earlier)| *seq == PENDING && event.replaces(earlier));
        if let Some(at) = replaced {
            self.happened.remove(at);
        }
        self.happened.push_back((PENDING, event));
        while self.happened.len() > KEPT && self.happened.front().is_some_and(|(seq, _)| *seq != PENDING) {
            self.forgotten = self.happened.pop_front().map_or(self.forgotten, |(seq, _)| seq.max(self.forgotten));
        }
    }

    /// Whether there is something to send.
    #[must_use]
    pub(crate) fn is_pending(&self, execution_count: u64) -> bool {
        !self.pending.is_empty()
            || execution_count != self.counted
            || self.happened.back().is_some_and(|(seq, _)| *seq == PENDING)
    }

    /// The place of the last message.
    #[must_use]
    pub(crate) fn last_seq(&self) -> u64 {
        self.seq
    }

    /// The place before the first message.
    #[must_use]
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Takes what waits, each message at the next place. Gives what is to be sent, where `is_heard`; nothing is written
    /// where nobody listens.
    pub(crate) fn flush(&mut self, nodes: &impl Look, beat: &Beat, is_heard: bool) -> Option<Arc<Messages>> {
        let mut pending = std::mem::take(&mut self.pending);
        // In the order in which they run.
        pending.sort_unstable();
        let iterations = beat.execution_count.saturating_sub(self.counted);
        self.counted = beat.execution_count;
        let mut writer = is_heard.then(|| Writer::new(&self.workflow_id));
        let mut seq = self.seq;
        let mut place = || {
            seq += 1;
            seq
        };
        let mut push_events = |writer: &mut Option<Writer<'_>>, place: &mut dyn FnMut() -> u64, is_end: bool| {
            let waiting = self
                .happened
                .iter_mut()
                .filter(|(seq, event)| *seq == PENDING && (event.event == Event::ContinuousStopped) == is_end);
            for (seq, event) in waiting {
                *seq = place();
                if let Some(writer) = writer {
                    writer.event(Some(*seq), event);
                }
            }
        };
        push_events(&mut writer, &mut place, false);
        let mut results = BTreeMap::new();
        for node in &pending {
            let seq = place();
            if let Some(sent) = self.sent.get_mut(*node) {
                *sent = seq;
            }
            if let Some(writer) = &mut writer {
                writer.node(seq, nodes, *node, beat, &mut results);
            }
        }
        // Also where something only comes in that an iteration had begun.
        let has_come_in = || pending.iter().any(|node| !nodes.look(*node).outputs.is_empty());
        let progress = nodes.progress();
        let is_executing = progress == UpdateStatus::Executing;
        if iterations > 0 || has_come_in() || self.was_executing && !is_executing {
            self.was_executing = is_executing;
            self.updated = place();
            if let Some(writer) = &mut writer {
                writer.update(self.updated, progress, beat, iterations, results);
            }
        }
        push_events(&mut writer, &mut place, true);
        self.seq = seq;
        writer.map(|writer| Arc::new(writer.builder.finish()))
    }

    /// What somebody lacks who has all up to the place `since`; `None` where only a whole status helps. What waits for the
    /// next flush is not in it: that is sent to everybody who watches then.
    #[must_use]
    pub(crate) fn since(&self, since: u64, nodes: &impl Look, beat: &Beat) -> Option<Messages> {
        // A place that was not given away is one of another server.
        if since < self.forgotten || since > self.seq {
            return None;
        }
        let lacks = |seq: u64| seq != PENDING && seq > since;
        let happened = self.happened.iter().filter(|(seq, _)| lacks(*seq));
        let happened = happened.map(|(seq, event)| (*seq, Missed::WorkflowEvent(event)));
        let changed = self.sent.iter().enumerate().filter(|(_, seq)| lacks(**seq));
        let changed = changed.map(|(node, seq)| (*seq, Missed::Node(node)));
        let updated = lacks(self.updated).then_some((self.updated, Missed::Update));
        let mut missed: Vec<_> = happened.chain(changed).chain(updated).collect();
        missed.sort_unstable_by_key(|(seq, _)| *seq);
        let mut writer = Writer::new(&self.workflow_id);
        let mut results = BTreeMap::new();
        for (seq, missed) in missed {
            match missed {
                Missed::WorkflowEvent(event) => writer.event(Some(seq), event),
                Missed::Node(node) => writer.node(seq, nodes, node, beat, &mut results),
                Missed::Update => {
                    let iterations = beat.execution_count.min(self.counted);
                    writer.update(seq, nodes.progress(), beat, iterations, std::mem::take(&mut results));
                }
            }
        }
        Some(writer.builder.finish())
    }
}

/// The message of a whole status.
#[must_use]
pub(crate) fn status_messages(status: Status, timestamp: Timestamp) -> Messages {
    let mut writer = Writer::new("");
    writer.status(status, timestamp);
    writer.builder.finish()
}

/// The message of one event.
#[must_use]
pub(crate) fn event_messages(workflow_id: &str, seq: Option<u64>, event: &WorkflowEvent) -> Messages {
    let mut writer = Writer::new(workflow_id);
    writer.event(seq, event);
    writer.builder.finish()
}

/// The messages of these reports about a run as a session.
#[must_use]
pub(crate) fn report_messages(timestamp: Timestamp, reports: Vec<NodeReport<'_>>) -> Messages {
    let mut writer = Writer::new("");
    for data in reports {
        writer.push(Kind::NodeState, None, &Message::NodeState { seq: None, timestamp, data });
    }
    writer.builder.finish()
}

/// Writes messages one after the other.
pub(super) struct Writer<'a> {
    workflow_id: &'a str,
    builder: MessagesBuilder,
}

impl<'a> Writer<'a> {
    pub(super) fn new(workflow_id: &'a str) -> Self {
        Self { workflow_id, builder: MessagesBuilder::default() }
    }

    pub(super) fn finish(self) -> Messages {
        self.builder.finish()
    }

    pub(super) fn status(&mut self, data: Status, timestamp: Timestamp) {
        self.push(Kind::ExecutionStatus, Some(data.last_seq), &Message::status(timestamp, data));
    }

    pub(super) fn event(&mut self, seq: Option<u64>, event: &WorkflowEvent) {
        self.push(Kind::WorkflowEvent, seq, &event.message(self.workflow_id, seq));
    }

    fn push(&mut self, kind: Kind, seq: Option<u64>, message: &Message<'_>) {
        let write = |out: &mut Vec<u8>| serde_json::to_writer(out, message);
        self.builder.push((kind.word(), kind.index()), seq, write);
    }

    /// How a node stands; its outputs are added to the results.
    fn node(&mut self, seq: u64, nodes: &impl Look, node: usize, beat: &Beat, results: &mut BTreeMap<String, Outputs>) {
        let NodeNow { state, mut detail, outputs } = nodes.look(node);
        let node_id = nodes.id(node);
        if !outputs.is_empty() {
            results.insert(node_id.to_owned(), outputs.clone());
        }
        detail.result = Some((!outputs.is_empty()).then_some(outputs));
        let data = NodeReport { workflow_id: self.workflow_id, session_id: None, node_id, state, data: detail };
        let message = Message::NodeState { seq: Some(seq), timestamp: beat.timestamp, data };
        self.push(Kind::NodeState, Some(seq), &message);
    }

    /// What iterations gave.
    fn update(
        &mut self,
        seq: u64,
        status: UpdateStatus,
        beat: &Beat,
        iterations: u64,
        results: BTreeMap<String, Outputs>,
    ) {
        let Beat { timestamp, execution_count, rate, state, .. } = *beat;
        let (start_time, execution_time) = match status {
            UpdateStatus::Executing => (Some(beat.start_time), 0.0),
            UpdateStatus::Completed | UpdateStatus::Failed => (None, beat.execution_time),
        };
        let data = UpdateData { start_time, execution_time, results, rate, iterations, state };
        let data = Update { workflow_id: self.workflow_id, execution_count, status, data };
        self.push(Kind::ContinuousUpdate, Some(seq), &Message::ContinuousUpdate { seq, timestamp, data });
    }
}
