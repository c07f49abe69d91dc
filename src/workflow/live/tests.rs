//! Tests of the board, with nodes that are set by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::board::{Beat, Board, Look, NodeNow};
use super::event::{Change, WorkflowEvent};
use super::past::Past;
use crate::domain::time::Timestamp;
use crate::hub::{Items, Messages};
use crate::workflow::messages::{Event, Excerpt, NodeDetail, NodeState, Status, UpdateStatus};
use crate::workflow::value::Value;

/// What is under way.
const UNDER_WAY: i64 = i64::MIN;

/// Nodes called `n0`, `n1`… whose output is a number; a negative one stands for a failure.
struct Numbers(Vec<i64>);

impl Look for Numbers {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn id(&self, node: usize) -> &str {
        ["n0", "n1", "n2", "n3"][node]
    }

    fn look(&self, node: usize) -> NodeNow {
        let number = self.0[node];
        if number == UNDER_WAY {
            return NodeNow { state: NodeState::Executing, ..NodeNow::default() };
        }
        if number < 0 {
            let detail = NodeDetail { error: Some("it is negative".into()), ..NodeDetail::default() };
            return NodeNow { state: NodeState::Error, detail, outputs: BTreeMap::new() };
        }
        let outputs = [("value".into(), Excerpt::Whole(Value::from(number)))].into();
        NodeNow { state: NodeState::Completed, detail: NodeDetail::default(), outputs }
    }

    fn progress(&self) -> UpdateStatus {
        match self.0.iter().min() {
            Some(&UNDER_WAY) => UpdateStatus::Executing,
            Some(..0) => UpdateStatus::Failed,
            Some(0..) | None => UpdateStatus::Completed,
        }
    }
}

fn messages(messages: &Messages) -> Vec<Json> {
    let items = Items::Messages(Arc::new(messages.clone()));
    items.iter().map(|item| serde_json::from_slice(item.json).unwrap()).collect()
}

fn board(nodes: usize) -> Board {
    Board::new("w".into(), nodes, 100)
}

fn beat(execution_count: u64) -> Beat {
    Beat { execution_count, ..Beat::default() }
}

fn event(event: Event) -> WorkflowEvent {
    WorkflowEvent::new(event, 1, Timestamp::default())
}

fn input(name: &str, value: i64) -> WorkflowEvent {
    let change = Change::Input { node_id: "n0".into(), input_name: name.into(), value: json!(value) };
    WorkflowEvent { change: Some(change), ..event(Event::WorkflowUpdated) }
}

#[test]
fn a_node_that_changed_twice_is_told_once_as_it_is() {
    let mut board = board(2);
    let mut nodes = Numbers(vec![1, 2]);
    assert!(!board.is_pending(0));
    board.changed(1);
    board.changed(0);
    nodes.0[1] = -1;
    board.changed(1);
    let told = messages(&board.flush(&nodes, &beat(3), true).unwrap());
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0]["data"]["node_id"], "n0");
    assert_eq!(told[0]["data"]["data"]["result"], json!({"value": 1}));
    assert_eq!(told[1]["data"]["state"], "error");
    assert_eq!(told[1]["data"]["data"]["result"], Json::Null);
    assert_eq!(told[2]["type"], "continuous_update");
    assert_eq!(told[2]["data"]["status"], "failed");
    assert_eq!(told[2]["data"]["data"]["results"], json!({"n0": {"value": 1}}));
    assert_eq!(told[2]["data"]["data"]["iterations"], 3);
    let places: Vec<_> = told.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(places, [101, 102, 103]);
    assert!(!board.is_pending(3) && board.is_pending(4));
}

#[test]
fn an_iteration_is_executing_until_all_has_come_in_also_where_that_fails() {
    let updates = |board: &mut Board, nodes: &Numbers, count: u64| -> Vec<Json> {
        let told = messages(&board.flush(nodes, &beat(count), true).unwrap());
        let updates = told.iter().filter(|message| message["type"] == "continuous_update");
        updates.map(|message| json!([message["data"]["execution_count"], message["data"]["status"]])).collect()
    };
    for (came, expected) in [(7, "completed"), (-7, "failed")] {
        let mut board = board(2);
        let mut nodes = Numbers(vec![1, UNDER_WAY]);
        board.changed(0);
        board.changed(1);
        assert_eq!(updates(&mut board, &nodes, 1), [json!([1, "executing"])]);
        board.changed(1);
        assert_eq!(updates(&mut board, &nodes, 1), [] as [Json; 0]);
        nodes.0[1] = came;
        board.changed(1);
        assert_eq!(updates(&mut board, &nodes, 1), [json!([1, expected])]);
        board.changed(0);
        assert_eq!(updates(&mut board, &nodes, 2), [json!([2, expected])]);
    }
}

#[test]
fn a_start_is_told_first_and_an_end_last() {
    let mut board = board(1);
    board.happened(event(Event::ContinuousStarted));
    board.happened(event(Event::ContinuousStopped));
    board.happened(event(Event::ExecutionFailed));
    board.changed(0);
    let told = messages(&board.flush(&Numbers(vec![1]), &beat(1), true).unwrap());
    let words: Vec<&str> =
        told.iter().map(|message| message["event"].as_str().or(message["type"].as_str()).unwrap()).collect();
    assert_eq!(
        words,
        ["continuous_started", "execution_failed", "node_state", "continuous_update", "continuous_stopped"]
    );
}

#[test]
fn of_an_input_only_the_last_change_is_told() {
    let mut board = board(1);
    for (name, value) in [("a", 1), ("b", 2), ("a", 3)] {
        board.happened(input(name, value));
    }
    let told = messages(&board.flush(&Numbers(vec![1]), &beat(0), true).unwrap());
    let values: Vec<&Json> = told.iter().map(|message| &message["data"]["input_value"]).collect();
    assert_eq!(values, [&json!(2), &json!(3)]);
    board.happened(input("a", 4));
    assert_eq!(messages(&board.since(100, &Numbers(vec![1]), &beat(0)).unwrap()).len(), 2);
    assert_eq!(messages(&board.since(101, &Numbers(vec![1]), &beat(0)).unwrap())[0]["data"]["input_value"], 3);
}

#[test]
fn who_lacks_more_than_is_kept_needs_to_know_everything() {
    let mut board = board(1);
    let nodes = Numbers(vec![1]);
    assert!(board.since(99, &nodes, &beat(0)).is_none(), "a place of another start");
    assert!(board.since(101, &nodes, &beat(0)).is_none(), "a place that was not given away, such as another server's");
    for _ in 0..1000 {
        board.happened(event(Event::ExecutionFailed));
        board.flush(&nodes, &beat(0), false);
    }
    assert!(board.since(200, &nodes, &beat(0)).is_none());
    assert_eq!(messages(&board.since(1000, &nodes, &beat(0)).unwrap()).len(), 100);
    board.replace(1);
    assert!(board.since(1000, &nodes, &beat(0)).is_none());
}

#[derive(Clone, Debug)]
enum Step {
    Change(usize, i64),
    Happen(i64),
    Flush,
    Miss,
    CatchUp,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..4usize, -2..9i64).prop_map(|(node, number)| Step::Change(node, number)),
        1 => (0..9i64).prop_map(Step::Happen),
        3 => Just(Step::Flush),
        1 => Just(Step::Miss),
        1 => Just(Step::CatchUp),
    ];
    prop::collection::vec(step, 0..80)
}

/// What somebody knows who has read these messages.
#[derive(Default)]
struct Reader {
    nodes: BTreeMap<String, Json>,
    inputs: Vec<Json>,
    /// The last flush that was read; nothing is read once one was missed.
    has: u64,
    misses: bool,
}

impl Reader {
    fn read(&mut self, flush: &Messages) {
        for message in messages(flush) {
            if message["type"] == "node_state" {
                let node = message["data"]["node_id"].as_str().unwrap().to_owned();
                self.nodes.insert(node, message["data"]["data"]["result"]["value"].clone());
            } else if message["event"] == "workflow_updated" {
                self.inputs.push(message["data"]["input_value"].clone());
            }
        }
    }
}

proptest! {
    /// Whoever misses flushes and then gets what is behind the last one that it has knows all that the others know.
    #[test]
    fn who_falls_behind_ends_up_with_the_latest_of_everything(steps in steps()) {
        let mut board = board(4);
        let mut nodes = Numbers(vec![0; 4]);
        let (mut slow, mut quick) = (Reader { has: 100, ..Reader::default() }, Reader::default());
        let mut count = 0;
        for step in steps.into_iter().chain([Step::Flush, Step::CatchUp]) {
            match step {
                Step::Change(node, number) => {
                    nodes.0[node] = number;
                    board.changed(node);
                    count += 1;
                }
                Step::Happen(value) => board.happened(input("a", value)),
                Step::Miss => slow.misses = true,
                Step::Flush if board.is_pending(count) => {
                    let messages = board.flush(&nodes, &beat(count), true).unwrap();
                    quick.read(&messages);
                    if !slow.misses {
                        slow.read(&messages);
                        slow.has = board.last_seq();
                    }
                }
                Step::Flush => prop_assert!(board.flush(&nodes, &beat(count), true).unwrap().is_empty()),
                Step::CatchUp => {
                    slow.read(&board.since(slow.has, &nodes, &beat(count)).unwrap());
                    slow.has = board.last_seq();
                    slow.misses = false;
                }
            }
        }
        prop_assert_eq!(&slow.nodes, &quick.nodes);
        prop_assert_eq!(&slow.inputs, &quick.inputs);
        for (id, value) in &quick.nodes {
            let number = nodes.0[id[1..].parse::<usize>().unwrap()];
            prop_assert_eq!(value, &if number < 0 { Json::Null } else { json!(number) });
        }
    }

    #[test]
    fn a_large_value_is_cut_at_a_character(text in ".{0,40}", most in 0..30usize) {
        for value in [Value::from(text.clone()), Value::from(json!([text.clone(), text]))] {
            match Excerpt::of(&value, most) {
                Excerpt::Whole(whole) => prop_assert!(whole == value && value.size() <= most),
                Excerpt::Cut { truncated, bytes, preview } => {
                    prop_assert!(truncated && bytes == value.size() && bytes > most && preview.len() <= most);
                    let whole = value.as_text().map_or_else(|| value.to_json().to_string(), str::to_owned);
                    prop_assert!(whole.starts_with(&preview), "{} {}", whole, preview);
                }
            }
        }
    }
}

#[test]
fn a_board_tells_nothing_where_nobody_listens() {
    let mut board = board(1);
    board.changed(0);
    assert_eq!(board.flush(&Numbers(vec![1]), &beat(1), false), None);
    assert!(!board.is_pending(1));
    let told = messages(&board.since(100, &Numbers(vec![1]), &beat(1)).unwrap());
    assert_eq!(told.len(), 2, "{told:?}");
}

/// The `seq` of each message, and what it is about.
fn places(flush: &Messages) -> Vec<(u64, String)> {
    let about = |message: &Json| {
        [&message["event"], &message["data"]["node_id"], &message["type"]]
            .into_iter()
            .find_map(Json::as_str)
            .map(str::to_owned)
    };
    messages(flush).iter().map(|message| (message["seq"].as_u64().unwrap(), about(message).unwrap())).collect()
}

proptest! {
    /// Wherever a connection breaks off, what comes after that place and the rest that was told before it end in the same.
    #[test]
    fn who_breaks_off_anywhere_gets_the_latest_of_the_rest(changes in prop::collection::vec(prop::collection::vec(0..4usize, 1..4), 1..9), cut in 0..60usize) {
        let (mut board, nodes) = (board(4), Numbers(vec![1; 4]));
        let mut all = Vec::new();
        for (at, changed) in changes.iter().enumerate() {
            changed.iter().for_each(|node| board.changed(*node));
            board.happened(input(&at.to_string(), 1));
            all.extend(places(&board.flush(&nodes, &beat(at as u64 + 1), true).unwrap()));
        }
        let known = cut.min(all.len());
        let since = known.checked_sub(1).map_or(100, |last| all[last].0);
        let missed = places(&board.since(since, &nodes, &beat(changes.len() as u64)).unwrap());
        // Of what can be replaced, only the latest.
        let is_latest = |(at, about): &(usize, &(u64, String))| {
            about.1 == "workflow_updated" || !all[at + 1..].iter().any(|(_, later)| *later == about.1)
        };
        let rest = all.iter().enumerate().skip(known).filter(is_latest);
        prop_assert_eq!(missed, rest.map(|(_, told)| told.clone()).collect::<Vec<_>>());
    }
}

#[test]
fn the_past_of_a_workflow_is_told_from_any_place_that_is_known() {
    let status = Status { last_seq: 107, ..Status::stopped("w".into(), 1, 1, 1) };
    let mut past = Past::ended("w".parse().unwrap(), 100, status, event(Event::ContinuousStopped));
    let told = |past: &Past, since| past.since(since).map(|messages| places(&messages));
    let end = vec![(107, "execution_status".to_owned()), (107, "continuous_stopped".to_owned())];
    assert_eq!((told(&past, 103), told(&past, 107)), (Some(end), Some(Vec::new())));
    assert_eq!((told(&past, 99), told(&past, 108)), (None, None));
    for _ in 0..20 {
        past.happened(WorkflowEvent { change: Some(Change::Saved), ..event(Event::WorkflowUpdated) });
    }
    assert_eq!((told(&past, 110), told(&past, 125).unwrap().len(), past.last_seq()), (None, 2, 127));
}
