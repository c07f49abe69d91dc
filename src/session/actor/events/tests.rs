//! Each change of a session with the events that come of it.

use serde_json::json;

use super::*;
use crate::domain::event::Event;
use crate::domain::status::{Priority, Status};
use crate::domain::time::Timestamp;
use crate::session::actor::events::start_refused;
use crate::session::actor::running_task::PANICKED;
use crate::session::state::End;
use crate::store::Spent;

fn spec(labels: &[(&str, &str)]) -> Spec {
    Spec {
        priority: Priority::High,
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Spec::new("audit")
    }
}

fn state(status: Status, started: bool) -> State {
    State {
        status,
        attempt: 2,
        last_seq: 0,
        started_at: started.then(Timestamp::default),
        ended_at: None,
        deadline: None,
        since: Timestamp::default(),
        spent: Spent { queued: 1_500_000, running: 2_000_000, waiting: 0 },
    }
}

/// All that a change makes happen.
fn of(before: Option<&State>, after: &State, end: Option<&End>) -> Vec<NewEvent> {
    let (id, spec) = (SessionId::random(), &spec(&[]));
    let change = RowChange { id, spec, before, after, end };
    change.begin().into_iter().chain(change.end()).map(|new_event| change.mark(new_event)).collect()
}

fn words(new_events: &[NewEvent]) -> Vec<&str> {
    new_events.iter().map(|new_event| new_event.kind.word()).collect()
}

#[test]
fn each_change_of_state_makes_its_events_happen() {
    use Status::{Cancelled, Cancelling, Completed, Failed, Queued, Running, WaitingInput};
    let (done, broken, stopped) = (End::Completed(json!(1)), End::Failed("e".into()), End::Cancelled("r".into()));
    let panicked = End::Failed(format!("{PANICKED}no"));
    type Case<'a> = (Option<(Status, bool)>, (Status, bool), Option<&'a End>, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (None, (Queued, false), None, &["queue.task_added"]),
        (None, (Running, true), None, &["queue.task_added", "queue.task_processed", "execution.started"]),
        (Some((Queued, false)), (Running, true), None, &["queue.task_processed", "execution.started"]),
        (Some((Running, true)), (WaitingInput, true), None, &[]),
        (Some((WaitingInput, true)), (Running, true), None, &[]),
        (Some((Queued, true)), (Running, true), None, &[]),
        (Some((Running, true)), (Cancelling, true), None, &[]),
        (Some((Running, true)), (Completed, true), Some(&done), &["execution.completed"]),
        (Some((Running, true)), (Failed, true), Some(&broken), &["execution.failed"]),
        (Some((Running, true)), (Failed, true), Some(&panicked), &["system.error", "execution.failed"]),
        (Some((Cancelling, true)), (Cancelled, true), Some(&stopped), &["execution.failed"]),
        (Some((Queued, false)), (Cancelled, false), Some(&stopped), &["queue.task_failed", "execution.failed"]),
        (Some((Queued, true)), (Cancelled, true), Some(&stopped), &["execution.failed"]),
        (Some((Completed, true)), (Completed, true), Some(&done), &[]),
    ];
    for (before, after, end, expected) in cases {
        let before = before.map(|(status, started)| state(status, started));
        let new_events = of(before.as_ref(), &state(after.0, after.1), *end);
        assert_eq!(words(&new_events), *expected, "{before:?} to {after:?}");
    }
    let all_at_once = of(None, &state(Completed, true), Some(&done));
    let expected = ["queue.task_added", "queue.task_processed", "execution.started", "execution.completed"];
    assert_eq!(words(&all_at_once), expected);
}

#[test]
fn an_end_says_how_it_came_and_how_long_it_took() {
    let before = state(Status::Running, true);
    let data = |status, end: End| {
        let new_event = of(Some(&before), &state(status, true), Some(&end)).pop().unwrap();
        assert_eq!(new_event.priority, new_event.kind.usual_priority());
        Value::Object(new_event.data)
    };
    let times = |mut more: Value| {
        let times = json!({"task": "audit", "attempt": 2, "queued_seconds": 1.5, "running_seconds": 2.0, "waiting_seconds": 0.0});
        more.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        more
    };
    let completed = data(Status::Completed, End::Completed(json!({"a": [1]})));
    assert_eq!(completed, times(json!({"status": "completed", "result": {"a": [1]}})));
    let failed = data(Status::Failed, End::Failed("no".into()));
    assert_eq!(failed, times(json!({"status": "failed", "error": "no"})));
    let cancelled = data(Status::Cancelled, End::Cancelled("why".into()));
    assert_eq!(cancelled, times(json!({"status": "cancelled", "error": "why"})));
}

#[test]
fn long_results_and_errors_are_cut_within_characters() {
    let (before, long) = (state(Status::Running, true), "ü".repeat(CUT));
    let completed = of(Some(&before), &state(Status::Completed, true), Some(&End::Completed(json!(long)))).remove(0);
    let values = completed.data["result"].as_str().unwrap();
    assert!(values.starts_with("\"üü") && values.len() <= CUT && values.len() > CUT - 4);
    assert_eq!(completed.data["result_cut"], true);
    let failed = of(Some(&before), &state(Status::Failed, true), Some(&End::Failed(long))).remove(0);
    assert_eq!(failed.data["error"].as_str().unwrap().len(), CUT);
    let whole = json!("x".repeat(CUT - 2));
    let completed = of(Some(&before), &state(Status::Completed, true), Some(&End::Completed(whole.clone()))).remove(0);
    assert_eq!((completed.data.get("result"), completed.data.get("result_cut")), (Some(&whole), None));
}

#[test]
fn an_entry_of_a_type_of_tasks_is_an_event() {
    let of = |kind: &str, data: Value| own(&Custom { kind: kind.into(), data: data.as_object().unwrap().clone() });
    for kind in ["task.assigned", "task.failed", "task.progress", "manager.decision_made", "custom.a.b"] {
        let new_event = of(kind, json!({"crew_id": "c", "agent_id": "a", "x": 1})).unwrap();
        assert_eq!(new_event.kind.word(), kind);
        assert_eq!((new_event.crew_id.as_deref(), new_event.agent_id.as_deref()), (Some("c"), Some("a")));
        assert_eq!(Value::Object(new_event.data), json!({"x": 1}));
    }
    let odd = of("task.assigned", json!({"crew_id": 7})).unwrap();
    assert_eq!((odd.crew_id, Value::Object(odd.data)), (None, json!({"crew_id": 7})));
    for kind in ["phase_started", "execution.failed", "system.error", "queue.cleared", "crew.created", "custom.", ""] {
        assert_eq!(of(kind, json!({})), None, "{kind}");
    }
}

#[test]
fn labels_go_with_every_event_and_one_names_the_crew() {
    let spec = spec(&[("crew", "c"), ("team", "red")]);
    let after = state(Status::Running, true);
    let id = SessionId::random();
    let change = RowChange { id, spec: &spec, before: None, after: &after, end: None };
    let begun: Vec<_> = change.begin().into_iter().map(|new_event| change.mark(new_event)).collect();
    for new_event in begun.iter().chain([&start_refused(&spec)]) {
        assert_eq!(new_event.crew_id.as_deref(), Some("c"));
        assert_eq!(new_event.metadata["labels"], json!({"crew": "c", "team": "red"}));
    }
    assert!(begun.iter().all(|new_event| new_event.execution_id == Some(id.into())));
    assert!(begun.iter().all(|new_event| new_event.metadata["session_id"] == json!(id)));
    let called = Spec { execution_id: "exec_123".parse().ok(), ..spec.clone() };
    let change = RowChange { spec: &called, ..change };
    let marked = change.mark(NewEvent::new(Kind::ExecutionStarted));
    assert_eq!(
        (marked.execution_id.as_ref().unwrap().as_str(), &marked.metadata["session_id"]),
        ("exec_123", &json!(id))
    );
    assert_eq!(start_refused(&called).execution_id, called.execution_id);
    let other = change.mark(NewEvent::new(Kind::TaskAssigned).of_crew("other"));
    assert_eq!(other.crew_id.as_deref(), Some("other"));
    let event = Event::now(begun[0].clone());
    let json: Value = serde_json::from_slice(&event.to_json()).unwrap();
    assert_eq!((&json["type"], &json["data"]["priority"]), (&json!("queue.task_added"), &json!("high")));
}
