//! Each kind of fault, where it is told, and in which words.

use serde_json::{Value as Json, json};

use super::super::{Given, validate};
use super::{catalogue, check, drawn, found, graph};
use crate::settings::Settings;
use crate::value::Value;

/// Checks a graph and expects exactly these faults, each as its beginning.
fn expect(nodes: Json, edges: &[&str], expected: &[&str]) {
    let graph = drawn(nodes, edges);
    let found = check(&graph).map_or_else(|faults| found(&faults), |_| Vec::new());
    let same = found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| one.starts_with(other));
    assert!(same, "found {found:#?}\nexpected {expected:#?}");
}

#[test]
fn a_sound_graph_gives_what_a_plan_needs() {
    let graph = drawn(
        json!([["s", "Sum", {"b": 2}], ["w", "Whole", {}], ["t", "Any", {"value": null}]]),
        &["w.whole > s.a", "s.sum > t.value"],
    );
    let checked = check(&graph).unwrap();
    assert_eq!(checked.order, [1, 0, 2]);
    let inputs: Vec<_> = checked.nodes.iter().map(|node| node.inputs.as_slice()).collect();
    let link = |source, output| Given::Link { source, output };
    assert_eq!(inputs[0], [link(1, 0), Given::Constant(Value::Integer(2))]);
    assert_eq!(inputs[2], [link(0, 0), Given::Absent]);
    assert!(check(&graph_of_nothing()).unwrap().order.is_empty());
}

fn graph_of_nothing() -> crate::graph::Graph {
    graph(json!({}))
}

#[test]
fn a_default_stands_for_what_is_left_out() {
    let checked = check(&drawn(json!([["s", "Sum", {"a": 1}]]), &[])).unwrap();
    assert_eq!(checked.nodes[0].inputs[1], Given::Constant(Value::Integer(0)));
}

#[test]
fn classes_and_ids() {
    expect(
        json!([["x", "Summ", {"q": 1}]]),
        &[],
        &["x: missing_node_type: there is no node class \"Summ\"; did you mean Sum?"],
    );
    expect(json!([["x", "Zebra", {}]]), &[], &["x: missing_node_type: there is no node class \"Zebra\""]);
    expect(
        json!([["x", "Whole", {}], ["x", "Sum", {}], ["y", "Any", {}]]),
        &["x.whole > y.value", "y.value > x.a"],
        &["x: duplicate_node_id: the node at position 1"],
    );
}

#[test]
fn constants() {
    expect(json!([["x", "Sum", {}]]), &[], &["x: required_input_missing: a: must be a number"]);
    expect(json!([["x", "Sum", {"a": null}]]), &[], &["x: required_input_missing: a"]);
    expect(json!([["x", "Sum", {"a": "1"}]]), &[], &["x: invalid_input_type: a: must be a number"]);
    expect(
        json!([["x", "Sum", {"a": 1, "b": -11}]]),
        &[],
        &["x: value_smaller_than_min: b: must be a number from -10 to 10"],
    );
    expect(json!([["x", "Sum", {"a": 1, "b": 11}]]), &[], &["x: value_bigger_than_max: b"]);
    expect(
        json!([["x", "Text", {"text": "", "mode": "sideways"}]]),
        &[],
        &["x: value_not_in_list: mode: must be one of up, down"],
    );
    expect(
        json!([["x", "Text", {"text": "", "modes": "up"}]]),
        &[],
        &["x: unknown_input: Text has no input \"modes\"; did you mean mode?"],
    );
    expect(json!([["x", "Text", {"text": "{"}]]), &[], &["x: custom_validation_failed: text: { does not end"]);
    expect(json!([["x", "Text", {"text": "boom"}]]), &[], &["x: custom_validation_failed: Text failed"]);
    // The class is not asked where a constant does not fit, and a constant below a link does not count.
    expect(json!([["x", "Text", {"text": "{", "mode": 3}]]), &[], &["x: invalid_input_type: mode"]);
    expect(json!([["w", "Whole", {}], ["x", "Sum", {"a": "not a number"}]]), &["w.whole > x.a"], &[]);
}

#[test]
fn edges() {
    let nodes = json!([["w", "Whole", {}], ["s", "Sum", {}], ["t", "Text", {"mode": "up"}], ["?", "Huh", {}]]);
    let sound = ["w.whole > s.a", "?.what > t.text"];
    let unknown = "?: missing_node_type";
    let cases: [(&str, &[&str]); 8] = [
        ("gone.out > s.b", &["s: bad_linked_input: b: linked to out of gone, which does not exist"]),
        ("w.none > s.b", &["s: bad_linked_input: b: linked to none of w, which has none"]),
        ("w.whole > gone.in", &["w: bad_linked_input: whole is linked to in of gone"]),
        ("gone.out > lost.in", &["lost: bad_linked_input"]),
        ("w.whole > s.c", &["s: bad_linked_input: c: linked to whole of w"]),
        ("w.none > s.c", &["s: bad_linked_input", "s: bad_linked_input"]),
        ("w.whole > s.a", &["s: bad_linked_input: a: linked to whole of w, and to another output before"]),
        (
            "w.whole > t.mode",
            &["t: return_type_mismatch: mode: linked to whole of w, which gives integer; it takes text"],
        ),
    ];
    for (edge, expected) in cases {
        let mut expected: Vec<&str> = expected.to_vec();
        expected.push(unknown);
        expected.sort_by_key(|text| text.split_once(':').map(|(id, _)| id.to_owned()));
        expect(nodes.clone(), &[sound[0], sound[1], edge], &expected);
    }
}

#[test]
fn each_node_of_a_cycle_is_told_a_shortest_one_whole() {
    let nodes = json!([["a", "Any", {}], ["b", "Any", {}], ["c", "Any", {}], ["d", "Any", {}], ["e", "Any", {}]]);
    let edges =
        ["a.value > b.value", "b.value > c.value", "c.value > a.value", "b.value > a.more", "c.value > d.value"];
    expect(
        nodes.clone(),
        &[&edges[..], &["e.value > e.value"]].concat(),
        &[
            "a: dependency_cycle: a → b → a",
            "b: dependency_cycle: b → a → b",
            "c: dependency_cycle: c → a → b → c",
            "e: dependency_cycle: e → e",
        ],
    );
    let faults = check(&drawn(nodes, &[&edges[..], &["e.value > e.value"]].concat())).unwrap_err();
    assert_eq!(faults.node_errors["c"].errors[0].extra_info["cycle"], json!(["c", "a", "b"]));
    assert_eq!(faults.node_errors["c"].dependent_outputs, ["d"]);
}

#[test]
fn what_is_told_for_programs() {
    let nodes = json!([["s", "Sum", {"a": {"x": 1}, "b": 99}], ["t", "Any", {}], ["u", "Any", {}]]);
    let faults = check(&drawn(nodes, &["s.sum > t.value", "s.none > u.value"])).unwrap_err();
    let told = serde_json::to_value(&faults).unwrap();
    let sum = &told["node_errors"]["s"];
    assert_eq!(sum["class_type"], "Sum");
    assert_eq!(sum["dependent_outputs"], json!(["t"]));
    let mut extra = vec![sum["errors"][0]["extra_info"].clone(), sum["errors"][1]["extra_info"].clone()];
    extra.push(told["node_errors"]["u"]["errors"][0]["extra_info"].clone());
    let expected = [
        json!({"input_name": "a", "received_value": {"x": 1}, "received_type": "object", "input_type": "number"}),
        json!({"input_name": "b", "received_value": 99, "received_type": "integer", "input_type": "number",
            "min": -10.0, "max": 10.0}),
        json!({"input_name": "value", "linked_node": ["s", "none"]}),
    ];
    assert_eq!(extra, expected);
}

#[test]
fn sizes_are_looked_at_first() {
    let limits = Settings { max_nodes: 2, max_edges: 1, max_constant_bytes: 64, ..Settings::default() };
    let long = "x".repeat(129);
    let cases = [
        (drawn(json!([["a", "?", {}], ["b", "?", {}], ["c", "?", {}]]), &[]), "too_large: it has 3 nodes"),
        (drawn(json!([]), &["a.b > c.d", "a.b > c.d"]), "too_large: it has 2 edges"),
        (drawn(json!([["a", "?", {"x": "y".repeat(80)}]]), &[]), "a: too_large: x: about 82 bytes"),
        (drawn(json!([["", "?", {}]]), &[]), "too_large: the id of the node at position 0"),
        (drawn(json!([[long, "?", {}]]), &[]), "too_large: the id of the node at position 0"),
    ];
    for (graph, expected) in cases {
        let found = found(&validate(&graph, &catalogue(), &limits).unwrap_err());
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?} {expected}");
    }
    assert!(validate(&drawn(json!([["ü".repeat(128), "Whole", {}]]), &[]), &catalogue(), &limits).is_ok());
}
