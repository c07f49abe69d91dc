//! Work beside the loop: turns, ends, and questions that are not asked any more.

use super::*;
use crate::node::{NodeError, Reply};
use callboard_domain::id::SessionId;

#[test]
fn work_goes_on_where_inputs_change_and_the_node_runs_again_behind_it() {
    let mut plan = plan(&[("w", "Wait", json!({"a": 1})), ("o", "Opt", json!({}))], &["w.out > o.a"]);
    let first = plan.tick(at(1)).jobs.remove(0);
    assert_eq!(
        (plan.state("w"), plan.state("o"), plan.out("o")),
        (NodeState::Executing, NodeState::Completed, json!(3))
    );
    assert!(plan.is_waiting() && !plan.is_dirty());
    plan.set("w", "a", json!(2)).unwrap();
    let tick = plan.tick(at(2));
    assert!(tick.jobs.is_empty() && tick.dropped.is_empty());
    plan.end(first.id, Ok(Reply::Slept));
    let tick = plan.tick(at(3));
    assert_eq!((tick.jobs.len(), plan.out("w")), (1, json!(2)));
    plan.end(first.id, Err(NodeError::new("late")));
    assert!(!plan.is_dirty(), "work that has ended does not end twice");
    plan.end(tick.jobs[0].id, Err(NodeError::new("no")));
    plan.tick(at(4));
    assert_eq!((plan.seen("w").error, plan.out("o"), plan.is_waiting()), (Some("no"), json!(3), false));
    assert_eq!(plan.seen("w").duration, Some(std::time::Duration::from_secs(1)));
}

#[test]
fn a_question_whose_inputs_change_is_asked_anew() {
    let mut plan = plan(&[("q", "Ask", json!({"a": 1})), ("b", "Branch", json!({"a": 2}))], &["b.out > q.a"]);
    let first = plan.tick(at(1)).jobs.remove(0);
    let session = SessionId::random();
    plan.told(first.id, session);
    assert_eq!((plan.state("q"), plan.seen("q").session_id), (NodeState::Waiting, Some(session)));
    plan.set("b", "a", json!(4)).unwrap();
    let tick = plan.tick(at(2));
    assert_eq!((tick.dropped, tick.jobs.len(), plan.seen("q").session_id), (vec![first.id], 1, None));
    plan.set("b", "a", json!(5)).unwrap();
    let dropped = plan.tick(at(3)).dropped;
    assert_eq!((dropped, plan.state("q"), plan.is_waiting()), (vec![tick.jobs[0].id], NodeState::Idle, false));
}

#[test]
fn who_exceeds_the_limit_waits_its_turn() {
    let nodes = [("a", "Ask", json!({"a": 1})), ("b", "Ask", json!({"a": 2})), ("c", "Ask", json!({"a": 3}))];
    let limits = Settings { max_waiting: 1, ..Settings::default() };
    let mut plan = Plan::new(&graph(&nodes, &[]), &catalogue(), &limits, 1).unwrap();
    let mut jobs = plan.tick(at(1)).jobs;
    assert_eq!((jobs.len(), plan.state("b"), plan.state("c")), (1, NodeState::Queued, NodeState::Queued));
    // A queued question is replaced in its place.
    plan.set("b", "a", json!(7)).unwrap();
    assert!(plan.tick(at(2)).dropped.is_empty());
    for value in [1, 7, 3] {
        let job = jobs.remove(0);
        let id = plan.id(job.node).to_owned();
        plan.end(job.id, Ok(Reply::Confirmed(true)));
        jobs = plan.tick(at(3)).jobs;
        assert_eq!(plan.out(&id), json!(value));
    }
    assert!(jobs.is_empty() && !plan.is_waiting());
}

#[test]
fn work_of_a_lazy_branch_comes_back_though_nobody_wants_it_now() {
    let nodes = [("l", "Lazy", json!({"by": 0, "b": 5})), ("w", "Wait", json!({"a": 1}))];
    let mut plan = plan(&nodes, &["w.out > l.a"]);
    let job = plan.tick(at(1)).jobs.remove(0);
    assert_eq!((plan.state("w"), plan.state("l")), (NodeState::Executing, NodeState::Idle));
    plan.set("l", "by", json!(1)).unwrap();
    plan.set("w", "a", json!(2)).unwrap();
    plan.tick(at(2));
    assert_eq!(plan.out("l"), json!(5));
    plan.end(job.id, Ok(Reply::Slept));
    plan.tick(at(3));
    assert_eq!((plan.state("w"), plan.out("l"), plan.is_dirty()), (NodeState::Completed, json!(5), false));
    plan.set("l", "by", json!(2)).unwrap();
    assert_eq!(plan.tick(at(4)).jobs.len(), 1, "its input had changed meanwhile");
    assert_eq!((plan.state("w"), plan.out("l")), (NodeState::Executing, json!(2)));
}
