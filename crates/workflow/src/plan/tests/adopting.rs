//! What an edit keeps.

use super::*;
use crate::node::Reply;

#[test]
fn nodes_that_stay_keep_what_they_know() {
    let nodes = [("n", "Counter", json!({"a": 1})), ("q", "Ask", json!({"a": 1})), ("r", "Ask", json!({"a": 1}))];
    let mut before = plan(&nodes, &[]);
    let jobs = before.tick(at(1)).jobs;
    before.set("n", "a", json!(2)).unwrap();
    before.tick(at(2));
    assert_eq!(before.out("n"), json!(2));
    let pulse = before.progress().clone();

    let nodes = [
        ("x", "Opt", json!({})),
        ("q", "Ask", json!({"a": 1})),
        ("n", "Counter", json!({"a": 2})),
        ("d", "Fail", json!({})),
    ];
    let mut plan = plan(&nodes, &["q.out > d.a"]);
    plan.adopt(before);
    assert_eq!((plan.out("n"), plan.seen("n").runs, plan.state("q")), (json!(2), 2, NodeState::Waiting));
    let tick = plan.tick(at(3));
    assert_eq!(
        (tick.iteration, tick.dropped, tick.jobs.len()),
        (3, vec![jobs[1].id], 0),
        "r is gone; q is still asked"
    );
    assert!(Arc::ptr_eq(plan.progress(), &pulse));
    assert_eq!(plan.node_of(jobs[0].id), plan.find("q"));
    plan.end(jobs[0].id, Ok(Reply::Confirmed(true)));
    plan.tick(at(4));
    assert_eq!((plan.out("q"), plan.out("d")), (json!(1), json!(1)));
}

#[test]
fn a_question_about_something_else_is_asked_anew() {
    let mut before = plan(&[("q", "Ask", json!({"a": 1}))], &[]);
    let job = before.tick(at(1)).jobs.remove(0);
    let mut plan = plan(&[("q", "Ask", json!({"a": 2}))], &[]);
    plan.adopt(before);
    let tick = plan.tick(at(2));
    assert_eq!((tick.dropped, tick.jobs.len()), (vec![job.id], 1));
}
