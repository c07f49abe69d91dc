//! What runs and what does not, case by case.

use super::*;
use crate::plan::SetError;

#[test]
fn only_what_has_changed_runs_and_equal_outputs_cut_off() {
    let nodes = [
        ("a", "Opt", json!({"a": 1})),
        ("b", "Branch", json!({})),
        ("c", "Add", json!({"b": 0})),
        ("z", "Opt", json!({})),
    ];
    let mut plan = plan(&nodes, &["a.out > b.a", "b.out > c.a"]);
    assert_eq!(plan.tick(at(1)).ran, 4);
    assert!(!plan.is_dirty() && plan.tick(at(2)).ran == 0);
    assert_eq!((plan.out("c"), plan.state("c")), (json!(4), NodeState::Completed));
    plan.set("a", "a", json!(11)).unwrap();
    let tick = plan.tick(at(3));
    assert_eq!((tick.ran, tick.iteration), (1, 3), "11 + 3 is 4 again");
    assert_eq!(tick.changed, [plan.find("a").unwrap()]);
    assert_eq!((plan.state("a"), plan.state("b")), (NodeState::Cached, NodeState::Completed));
    plan.set("a", "a", json!(2)).unwrap();
    plan.tick(at(4));
    assert_eq!((plan.state("c"), plan.out("c"), plan.out("b")), (NodeState::Idle, json!(null), json!(5)));
}

#[test]
fn all_run_where_that_is_wanted_but_what_has_waited() {
    let nodes = [("a", "Opt", json!({"a": 1})), ("b", "Branch", json!({})), ("w", "Ask", json!({"a": 1}))];
    let mut plan = plan(&nodes, &["a.out > b.a"]);
    let mut tick = plan.tick_all(at(1));
    assert_eq!(tick.ran, 3);
    assert_eq!(plan.tick_all(at(2)).ran, 2);
    let Some(Job { id, work, .. }) = tick.jobs.pop() else { panic!("nobody is asked") };
    plan.end(id, crate::naive::reply(&work));
    let tick = plan.tick_all(at(3));
    assert_eq!((tick.ran, tick.jobs.len()), (3, 0), "the answer is taken in, and the question is not asked again");
    assert!(!plan.is_dirty());
    plan.set("w", "a", json!(2)).unwrap();
    assert_eq!(plan.tick_all(at(4)).jobs.len(), 1);
}

#[test]
fn an_input_is_set_only_to_what_fits_it() {
    let mut plan = plan(&[("a", "Opt", json!({"a": 1})), ("s", "Small", json!({"b": 1}))], &["a.out > s.a"]);
    assert_eq!(plan.set("x", "a", json!(1)), Err(SetError::UnknownNode("x".into())));
    assert_eq!(plan.set("a", "x", json!(1)), Err(SetError::UnknownInput("x".into())));
    assert_eq!(plan.set("s", "a", json!(1)), Err(SetError::InputIsLinked));
    assert_eq!(plan.set("s", "b", json!(null)), Err(SetError::InvalidValue("must be any value".into())));
    let large = json!("x".repeat(300_000));
    assert!(matches!(plan.set("a", "a", large), Err(SetError::InvalidValue(_))));
    plan.tick(at(1));
    assert_eq!(plan.out("a"), json!(4));
    plan.set("a", "b", json!(4)).unwrap();
    plan.set("a", "b", json!(null)).unwrap();
    plan.set("a", "a", json!(null)).unwrap();
    plan.tick(at(2));
    assert_eq!(plan.out("a"), json!(3), "the default of b, and no a");
}

#[test]
fn a_failure_blocks_what_is_below_it_until_it_is_over() {
    let nodes =
        [("f", "Fail", json!({"a": 9})), ("b", "Fail", json!({})), ("c", "Fail", json!({})), ("o", "Opt", json!({}))];
    let mut plan = plan(&nodes, &["f.out > b.a", "b.out > c.a", "f.out > o.a"]);
    plan.tick(at(1));
    assert_eq!(plan.seen("f").error, Some("too much"));
    assert_eq!((plan.seen("c").blocked_by, plan.seen("c").runs), (Some("f"), 0));
    assert_eq!(plan.out("o"), json!(3), "who can do without runs without");
    plan.set("f", "a", json!(1)).unwrap();
    plan.tick(at(2));
    assert_eq!((plan.out("c"), plan.seen("c").blocked_by, plan.seen("f").error), (json!(1), None, None));
    plan.set("f", "a", json!(9)).unwrap();
    plan.tick(at(3));
    assert_eq!((plan.state("c"), plan.out("c")), (NodeState::Blocked, json!(null)));
}

#[test]
fn an_input_that_may_be_left_out_needs_its_link_all_the_same() {
    let limits = crate::settings::Settings::default();
    let graph = serde_json::from_value(json!({
        "nodes": [
            {"id": "if", "type": "Branch", "inputs": {"condition": false, "value": {"name": "Ana"}}},
            {"id": "text", "type": "Template", "inputs": {"template": "Hello {{ name }}"}},
            {"id": "first", "type": "FirstOf", "inputs": {"b": "nobody"}},
            {"id": "count", "type": "Counter", "inputs": {}},
        ],
        "edges": [
            {"source": "if", "source_output": "then", "target": "text", "target_input": "values"},
            {"source": "text", "source_output": "text", "target": "first", "target_input": "a"},
        ],
    }));
    let catalogue = crate::nodes::built_in(&limits).unwrap();
    let mut plan = Plan::new(&graph.unwrap(), &catalogue, &limits, 7).unwrap();
    plan.tick(at(1));
    assert_eq!((plan.state("text"), plan.seen("text").runs), (NodeState::Idle, 0));
    let first = |plan: &Plan| plan.seen("first").outputs().map(|(_, value)| value.to_json()).collect::<Vec<_>>();
    assert_eq!(first(&plan), [json!("nobody")], "a joint goes without");
    plan.set("if", "condition", json!(true)).unwrap();
    plan.tick(at(2));
    assert_eq!(first(&plan), [json!("Hello Ana")]);
    let count: Vec<_> = plan.seen("count").outputs().map(|(_, value)| value.to_json()).collect();
    assert_eq!(count, [json!(2)], "without a trigger it counts iterations");
}

#[test]
fn a_panic_is_the_failure_of_one_node() {
    let nodes = [("p", "Panic", json!({"a": 7})), ("q", "Panic", json!({"a": 7})), ("o", "Opt", json!({}))];
    let mut plan = plan(&nodes, &[]);
    plan.tick(at(1));
    assert_eq!((plan.seen("p").error, plan.seen("q").error), (Some("the node panicked"), Some("the node panicked")));
    assert_eq!(plan.out("o"), json!(3));
    assert!(plan.progress().running().is_none());
    plan.set("p", "a", json!(1)).unwrap();
    plan.tick(at(2));
    assert_eq!(plan.out("p"), json!(1));
}

#[test]
fn a_volatile_node_runs_in_every_iteration_and_only_its_changes_spread() {
    let mut plan = plan(&[("t", "Clock", json!({})), ("o", "Opt", json!({}))], &["t.out > o.a"]);
    assert!(plan.is_volatile());
    assert_eq!(plan.tick(at(1)).ran, 2);
    assert_eq!(plan.tick(at(1)).ran, 1);
    assert!(plan.tick(at(1)).changed.is_empty(), "it was cached before");
    assert_eq!(plan.tick(at(2)).ran, 2);
}

#[test]
fn wakes_bring_a_node_back() {
    let mut plan = plan(&[("a", "Again", json!({})), ("b", "Beat", json!({}))], &[]);
    let tick = plan.tick(at(0));
    assert_eq!(tick.said, [(plan.find("b").unwrap(), "beat".to_owned())]);
    while plan.is_dirty() {
        assert_eq!(plan.tick(at(1)).ran, 1);
    }
    assert_eq!((plan.next_wake(), plan.next_after()), (Some((at(6), WakeKind::After)), Some(at(6))));
    plan.wake_due(at(5));
    assert!(!plan.is_dirty());
    plan.wake_due(at(6));
    plan.tick(at(6));
    assert_eq!(plan.next_wake(), Some((at(10), WakeKind::Beat)));
    plan.wake_due(at(10));
    assert_eq!(plan.tick(at(10)).said.len(), 1);
    assert_eq!(plan.next_wake(), Some((at(11), WakeKind::After)));
}

#[test]
fn a_quarantined_node_is_in_error_for_good() {
    let mut plan = plan(&[("a", "Opt", json!({})), ("b", "Fail", json!({}))], &["a.out > b.a"]);
    let node = plan.find("a").unwrap();
    plan.quarantine(node, "took too long");
    plan.tick(at(1));
    plan.set("a", "a", json!(1)).unwrap();
    plan.tick(at(2));
    assert_eq!((plan.seen("a").error, plan.seen("a").runs), (Some("took too long"), 0));
    assert_eq!(plan.seen("b").blocked_by, Some("a"));
}

#[test]
fn an_output_has_a_limit_and_a_value_at_a_link_is_looked_at() {
    let nodes =
        [("l", "Long", json!({"a": 9_000_000})), ("o", "Opt", json!({"a": 8})), ("s", "Small", json!({"b": 1}))];
    let mut plan = plan(&nodes, &["o.out > s.a"]);
    plan.tick(at(1));
    assert_eq!(plan.seen("l").error, Some("it gave more than 4194304 bytes"));
    assert_eq!(plan.out("s"), json!(2), "8 + 3 is 1 here");
    plan.set("o", "a", json!(5)).unwrap();
    plan.tick(at(2));
    assert_eq!(plan.seen("s").error, Some("a: must be a whole number of at most 6"));
}

#[test]
fn a_node_may_stop_the_workflow() {
    assert_eq!(plan(&[("s", "Stop", json!({"a": 1}))], &[]).tick(at(1)).stop.as_deref(), Some("enough"));
}

#[test]
fn a_counter_does_not_count_what_is_no_change_for_it() {
    let nodes = [("b", "Branch", json!({"a": 1})), ("f", "Fail", json!({})), ("n", "Counter", json!({}))];
    let mut plan = plan(&nodes, &["b.out > f.a", "f.out > n.a"]);
    plan.tick(at(1));
    assert_eq!((plan.state("f"), plan.out("n")), (NodeState::Idle, json!(1)));
    plan.set("b", "a", json!(8)).unwrap();
    plan.tick(at(2));
    assert_eq!((plan.state("f"), plan.out("n")), (NodeState::Error, json!(1)), "from nothing to nothing");
}

#[test]
fn what_ran_for_one_branch_does_not_hide_what_changes_for_another() {
    let nodes = [
        ("zero", "Opt", json!({"a": 2})),
        ("by", "Opt", json!({"a": 8})),
        ("l", "LazyOpt", json!({"b": 5})),
        ("m", "Lazy", json!({})),
        ("end", "Lazy", json!({"by": 0, "b": 4})),
    ];
    let links = ["by.out > l.by", "zero.out > l.a", "l.out > m.by", "l.out > m.a", "zero.out > m.b", "m.out > end.a"];
    let mut plan = plan(&nodes, &links);
    plan.tick(at(1));
    assert_eq!((plan.out("l"), plan.out("m"), plan.out("end")), (json!(5), json!(5), json!(5)));
    plan.set("l", "b", json!(0)).unwrap();
    plan.tick(at(2));
    assert_eq!((plan.out("l"), plan.out("end"), plan.is_dirty()), (json!(0), json!(0), false));
}

#[test]
fn the_values_of_a_plan_have_a_bound_together() {
    let limits = Settings { max_total_bytes: 250_000, ..Settings::default() };
    let catalogue = crate::nodes::built_in(&limits).unwrap();
    let text = "x".repeat(100_000);
    let nodes = [
        ("t", "TextInput", json!({"text": text})),
        ("same", "Display", json!({})),
        ("twice", "Concat", json!({})),
        ("more", "Concat", json!({})),
    ];
    let edges = ["t.text > same.value", "t.text > twice.a", "same.value > more.a", "twice.text > more.b"];
    let mut plan = Plan::new(&graph(&nodes, &edges), &catalogue, &limits, 1).unwrap();
    plan.tick(at(1));
    let error = plan.seen("more").error.map(str::to_owned);
    let expected = "with what it gave, the values of the workflow take more than 250000 bytes together";
    assert_eq!((plan.state("twice"), error.as_deref()), (NodeState::Completed, Some(expected)));
    // What is given back can be used again.
    plan.set("t", "text", json!("x")).unwrap();
    plan.tick(at(2));
    assert_eq!(plan.state("more"), NodeState::Completed);
    assert!(plan.set("t", "text", json!("x".repeat(300_000))).is_err());
}
