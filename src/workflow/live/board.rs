//! Which nodes have changed since when, and what those who watch are told of it.
//!
//! Everything that is told at once is a *flush*, and flushes are numbered. Of a node only the latest counts, so what
//! waits to be told never grows beyond the graph; what happens to the workflow is kept for a while, so that who could
//! not follow gets it later. Whoever has all flushes up to a number gets, by [`Board::since`], what is behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::happening::Happening;
use crate::domain::time::Timestamp;
use crate::hub::{Parts, PartsBuilder};
use crate::workflow::plan::NodeView;
use crate::workflow::told::{
    Event, Kind, LiveState, Message, NodeDetail, NodeReport, NodeState, Outputs, Status, Told, Update, UpdateData,
};

/// How many happenings are kept for those who could not follow. Who lacks more is told how everything stands.
const KEPT: usize = 256;

/// The mark of a node that has changed since the last flush.
const PENDING: u64 = u64::MAX;

/// How one node stands.
#[derive(Clone, Debug, Default)]
pub struct NodeNow {
    /// Where it stands.
    pub state: NodeState,
    /// More about it, without its outputs.
    pub detail: NodeDetail,
    /// Its outputs.
    pub outputs: Outputs,
}

impl NodeNow {
    /// How this node of a plan stands; of a larger value than this many bytes only the beginning is told.
    #[must_use]
    pub fn of(view: &NodeView<'_>, max_told_bytes: usize) -> Self {
        let detail = NodeDetail {
            start_time: view.start_time,
            duration_ms: view.duration.map(|duration| duration.as_secs_f64() * 1e3),
            runs: view.runs,
            error: view.error.map(str::to_owned),
            session_id: view.session_id,
            blocked_by: view.blocked_by.map(str::to_owned),
            ..NodeDetail::default()
        };
        let outputs = view.outputs().map(|(name, value)| (name, Told::of(value, max_told_bytes))).collect();
        Self { state: view.state, detail, outputs }
    }
}

/// How the nodes of a workflow stand.
pub trait Look {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of one.
    fn id(&self, node: usize) -> &str;

    /// How one stands.
    fn look(&self, node: usize) -> NodeNow;

    /// Whether any of them has failed.
    fn has_failed(&self) -> bool;
}

/// What a flush says beside how nodes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beat {
    /// When it is.
    pub timestamp: Timestamp,
    /// How many iterations there were.
    pub execution_count: u64,
    /// Seconds that the last one took.
    pub execution_time: f64,
    /// Iterations a second.
    pub rate: f64,
    /// Whether it goes on.
    pub state: LiveState,
}

/// Which nodes have changed since when.
#[derive(Debug)]
pub struct Board {
    workflow_id: Arc<str>,
    /// For each node the flush that told it last; 0 where none has, [`PENDING`] where it has changed since.
    told: Vec<u64>,
    pending: Vec<usize>,
    /// What has happened, with the flush that told it; [`PENDING`] where none has yet.
    happened: VecDeque<(u64, Happening)>,
    /// Happenings of flushes up to this one are not all kept.
    forgotten: u64,
    flush: u64,
    /// The iterations that the last update told of.
    counted: u64,
}

impl Board {
    /// A board of that many nodes, of which nothing is told; flushes are numbered from the one after `base`.
    #[must_use]
    pub fn new(workflow_id: Arc<str>, nodes: usize, base: u64) -> Self {
        let told = vec![0; nodes];
        let (pending, happened) = (Vec::new(), VecDeque::new());
        Self { workflow_id, told, pending, happened, forgotten: base, flush: base, counted: 0 }
    }

    /// A node has changed.
    pub fn changed(&mut self, node: usize) {
        if let Some(told) = self.told.get_mut(node).filter(|told| **told != PENDING) {
            *told = PENDING;
            self.pending.push(node);
        }
    }

    /// The nodes are others from now on; all of them are told anew.
    pub fn replace(&mut self, nodes: usize) {
        self.told = vec![0; nodes];
        self.pending.clear();
        (0..nodes).for_each(|node| self.changed(node));
        // Whoever could not follow has nodes that there are no more.
        self.forgotten = self.flush;
    }

    /// Something has happened.
    pub fn happened(&mut self, happening: Happening) {
        let replaced =
            self.happened.iter().position(|(flush, earlier)| *flush == PENDING && happening.replaces(earlier));
        if let Some(at) = replaced {
            self.happened.remove(at);
        }
        self.happened.push_back((PENDING, happening));
        while self.happened.len() > KEPT && self.happened.front().is_some_and(|(flush, _)| *flush != PENDING) {
            self.forgotten = self.happened.pop_front().map_or(self.forgotten, |(flush, _)| flush);
        }
    }

    /// Whether there is something to tell.
    #[must_use]
    pub fn is_pending(&self, execution_count: u64) -> bool {
        !self.pending.is_empty()
            || execution_count != self.counted
            || self.happened.back().is_some_and(|(flush, _)| *flush == PENDING)
    }

    /// The number of the last flush.
    #[must_use]
    pub fn last_flush(&self) -> u64 {
        self.flush
    }

    /// Counts one more flush: what waits is told with it. Gives that to be told, where `is_heard`; nothing is written
    /// where nobody listens.
    pub fn flush(&mut self, nodes: &impl Look, beat: &Beat, is_heard: bool) -> Option<Arc<Parts>> {
        self.flush += 1;
        let mut pending = std::mem::take(&mut self.pending);
        // In the order in which they run.
        pending.sort_unstable();
        let iterations = beat.execution_count.saturating_sub(self.counted);
        self.counted = beat.execution_count;
        let mut writer = Writer::new(&self.workflow_id);
        for (flush, happening) in self.happened.iter_mut().filter(|(flush, _)| *flush == PENDING) {
            *flush = self.flush;
            if is_heard && happening.event != Event::ContinuousStopped {
                writer.happening(happening);
            }
        }
        if is_heard {
            writer.nodes(nodes, &pending, beat, iterations);
            let ends = |(flush, happening): &&(u64, Happening)| {
                *flush == self.flush && happening.event == Event::ContinuousStopped
            };
            self.happened.iter().filter(ends).for_each(|(_, happening)| writer.happening(happening));
        }
        for node in pending {
            if let Some(told) = self.told.get_mut(node) {
                *told = self.flush;
            }
        }
        is_heard.then(|| Arc::new(writer.builder.finish()))
    }

    /// What somebody lacks who has all flushes up to `since`; `None` where only a whole status helps. What waits for the
    /// next flush is not in it: that is told to everybody who listens then.
    #[must_use]
    pub fn since(&self, since: u64, nodes: &impl Look, beat: &Beat) -> Option<Parts> {
        if since < self.forgotten {
            return None;
        }
        let lacks = |flush: u64| flush != PENDING && flush > since;
        let mut writer = Writer::new(&self.workflow_id);
        self.happened.iter().filter(|(flush, _)| lacks(*flush)).for_each(|(_, happening)| writer.happening(happening));
        let changed: Vec<usize> =
            (0..self.told.len()).filter(|node| self.told.get(*node).copied().is_some_and(lacks)).collect();
        let iterations = if self.flush > since { beat.execution_count.min(self.counted) } else { 0 };
        writer.nodes(nodes, &changed, beat, iterations);
        Some(writer.builder.finish())
    }
}

/// The message of a whole status.
#[must_use]
pub fn status_parts(status: Status, timestamp: Timestamp) -> Parts {
    let mut writer = Writer::new("");
    writer.push(Kind::ExecutionStatus, &Message::ExecutionStatus { timestamp, data: status });
    writer.builder.finish()
}

/// What those are told who could not follow a workflow to its end: how it stood, and that it has ended.
#[must_use]
pub fn last_words(status: Status, stopped: &Happening) -> Parts {
    let workflow_id = status.workflow_id.clone();
    let mut writer = Writer::new(&workflow_id);
    writer.push(Kind::ExecutionStatus, &Message::ExecutionStatus { timestamp: stopped.timestamp, data: status });
    writer.happening(stopped);
    writer.builder.finish()
}

/// The message of one happening.
#[must_use]
pub fn happening_parts(workflow_id: &str, happening: &Happening) -> Parts {
    let mut writer = Writer::new(workflow_id);
    writer.happening(happening);
    writer.builder.finish()
}

/// The messages of these reports.
#[must_use]
pub fn report_parts(timestamp: Timestamp, reports: Vec<NodeReport<'_>>) -> Parts {
    let mut writer = Writer::new("");
    for data in reports {
        writer.push(Kind::NodeState, &Message::NodeState { timestamp, data });
    }
    writer.builder.finish()
}

/// Writes messages one after the other.
struct Writer<'a> {
    workflow_id: &'a str,
    builder: PartsBuilder,
    text: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(workflow_id: &'a str) -> Self {
        Self { workflow_id, builder: PartsBuilder::default(), text: Vec::new() }
    }

    fn push(&mut self, kind: Kind, message: &Message<'_>) {
        self.text.clear();
        // These types always can be written: their keys are strings.
        if serde_json::to_writer(&mut self.text, message).is_ok() {
            self.builder.push(kind.bit(), &self.text);
        }
    }

    fn happening(&mut self, happening: &Happening) {
        self.push(Kind::WorkflowEvent, &happening.message(self.workflow_id));
    }

    /// How these nodes stand, and what the iterations gave.
    fn nodes(&mut self, nodes: &impl Look, changed: &[usize], beat: &Beat, iterations: u64) {
        let mut results = BTreeMap::new();
        for node in changed.iter().copied() {
            let NodeNow { state, mut detail, outputs } = nodes.look(node);
            let node_id = nodes.id(node);
            if !outputs.is_empty() {
                results.insert(node_id.to_owned(), outputs.clone());
            }
            detail.result = Some((!outputs.is_empty()).then_some(outputs));
            let data = NodeReport { workflow_id: self.workflow_id, session_id: None, node_id, state, data: detail };
            self.push(Kind::NodeState, &Message::NodeState { timestamp: beat.timestamp, data });
        }
        if iterations == 0 {
            return;
        }
        let Beat { timestamp, execution_count, execution_time, rate, state } = *beat;
        let data = UpdateData { execution_time, results, rate, iterations, state };
        let status = if nodes.has_failed() { "failed" } else { "completed" };
        let data = Update { workflow_id: self.workflow_id, execution_count, status, data };
        self.push(Kind::ContinuousUpdate, &Message::ContinuousUpdate { timestamp, data });
    }
}
