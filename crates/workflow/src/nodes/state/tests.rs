//! What nodes with a memory give, run after run.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::cx::Wake;
use crate::node::{Given, GivenInput};
use crate::nodes::built_in;
use crate::nodes::rig::Rig;

/// What a node gives while one of its inputs takes these values.
fn over(rig: &mut Rig, input: &str, values: &[Json]) -> Vec<Json> {
    values.iter().map(|value| rig.set(input, value.clone()).run().unwrap()).collect()
}

fn counts(rig: &mut Rig, runs: usize) -> Vec<Json> {
    (0..runs).map(|_| rig.run().unwrap()["count"].clone()).collect()
}

#[test]
fn a_counter_without_a_trigger_counts_its_runs() {
    assert_eq!(counts(&mut Rig::new("Counter", json!({})), 3), [1, 2, 3]);
    let mut counter = Rig::new("Counter", json!({"start": 10, "step": -2}));
    assert_eq!(counts(&mut counter, 2), [8, 6]);
    assert_eq!(counts(counter.set("reset", json!(true)), 2), [10, 10]);
    assert_eq!(counts(counter.set("reset", json!(false)), 1), [8]);
    let mut large = Rig::new("Counter", json!({"start": i64::MAX}));
    assert_eq!(large.run(), Err("the count is too large".to_owned()));
}

#[test]
fn a_counter_with_a_trigger_counts_its_changes_but_not_those_to_false() {
    let mut counter = Rig::new("Counter", json!({"trigger": "a"}));
    assert_eq!(counts(&mut counter, 3), [1, 1, 1]);
    let given = over(&mut counter, "trigger", &[json!("b"), json!(false), json!(true), json!(null)]);
    assert_eq!(given.iter().map(|given| given["count"].clone()).collect::<Vec<_>>(), [2, 2, 3, 4]);
    assert_eq!(counter.unset("trigger").run(), Ok(json!({"count": 4})));
}

#[test]
fn a_counter_runs_in_every_iteration_only_without_a_trigger() {
    let class = built_in(&crate::settings::Settings::default()).unwrap().get("Counter").unwrap().clone();
    assert!(class.is_volatile(&Given { inputs: &[GivenInput::Absent] }));
    assert!(!class.is_volatile(&Given { inputs: &[GivenInput::Linked] }));
}

#[test]
fn an_edge_is_there_for_one_iteration() {
    let mut edge = Rig::new("Edge", json!({"value": true}));
    assert_eq!(edge.run(), Ok(json!({"rising": true, "falling": false})));
    assert_eq!(edge.wake, Some(Wake::Again));
    assert_eq!(edge.run(), Ok(json!({"rising": false, "falling": false})));
    assert_eq!(edge.wake, None);
    assert_eq!(edge.set("value", json!(false)).run(), Ok(json!({"rising": false, "falling": true})));
}

#[test]
fn a_toggle_turns_when_its_trigger_becomes_true() {
    let mut toggle = Rig::new("Toggle", json!({"trigger": false}));
    let on: Vec<Json> = over(&mut toggle, "trigger", &[false, true, true, false, true].map(Json::from));
    assert_eq!(on.iter().map(|given| given["on"].clone()).collect::<Vec<_>>(), [false, true, true, true, false]);
}

#[test]
fn a_latch_keeps_what_it_took() {
    let mut latch = Rig::new("Latch", json!({"value": 1, "set": false}));
    assert_eq!(latch.run(), Ok(json!({})));
    assert_eq!(latch.set("set", json!(true)).run(), Ok(json!({"value": 1})));
    assert_eq!(latch.set("set", json!(false)).set("value", json!(2)).run(), Ok(json!({"value": 1})));
    assert_eq!(latch.set("set", json!(true)).set("reset", json!(true)).run(), Ok(json!({})));
}

#[test]
fn the_previous_value_is_the_one_before() {
    let mut previous = Rig::new("Previous", json!({"value": 1}));
    assert_eq!(previous.run(), Ok(json!({})));
    assert_eq!(over(&mut previous, "value", &[json!("b"), json!([])]), [json!({"value": 1}), json!({"value": "b"})]);
}

#[test]
fn only_enough_change_is_passed_on() {
    let mut change = Rig::new("Change", json!({"value": 10, "deadband": 2}));
    assert_eq!(change.run(), Ok(json!({"value": 10, "changed": true})));
    let given = over(&mut change, "value", &[json!(12), json!(12.5), json!(11), json!("a"), json!("a"), json!(null)]);
    assert_eq!(
        given,
        [
            json!({"value": 10, "changed": false}),
            json!({"value": 12.5, "changed": true}),
            json!({"value": 12.5, "changed": false}),
            json!({"value": "a", "changed": true}),
            json!({"value": "a", "changed": false}),
            json!({"value": null, "changed": true}),
        ]
    );
}

#[test]
fn a_rate_is_a_change_over_time() {
    let mut rate = Rig::new("Rate", json!({"value": 10}));
    assert_eq!(rate.run(), Ok(json!({})));
    assert_eq!(rate.set("value", json!(12)).run(), Ok(json!({})), "no time has passed");
    assert_eq!(rate.pass(Duration::from_millis(500)).set("value", json!(13)).run(), Ok(json!({"per_second": 6.0})));
    assert_eq!(rate.pass(Duration::from_secs(2)).set("value", json!(3)).run(), Ok(json!({"per_second": -5.0})));
    let error = rate.pass(Duration::from_micros(1)).set("value", json!(1e308)).run();
    assert_eq!(error, Err("it changes too fast for a number".to_owned()));
}

#[test]
fn smoothing_follows_by_its_factor() {
    let mut smooth = Rig::new("Smooth", json!({"value": 0, "factor": 0.5}));
    assert_eq!(smooth.run(), Ok(json!({"value": 0.0})));
    assert_eq!(over(&mut smooth, "value", &[json!(8), json!(8)]), [json!({"value": 4.0}), json!({"value": 6.0})]);
    assert_eq!(smooth.run(), Ok(json!({"value": 6.0})), "nothing has changed");
    assert_eq!(smooth.set("trigger", json!(1)).run(), Ok(json!({"value": 7.0})));
}

proptest! {
    #[test]
    fn what_is_smooth_stays_between_its_extremes(
        values in prop::collection::vec(-1e6..1e6f64, 1..20),
        factor in 0.0..=1.0f64,
    ) {
        let mut smooth = Rig::new("Smooth", json!({"value": 0, "factor": factor}));
        let (min, max) = (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max));
        for value in values {
            let given = smooth.set("value", json!(value)).run().unwrap()["value"].as_f64().unwrap();
            prop_assert!(given >= min - 1e-6 && given <= max + 1e-6);
        }
    }
}
