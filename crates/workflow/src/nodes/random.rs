//! Random: numbers and choices that differ each time, and that a seed repeats.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::Value as Json;

use super::maths::finite;
use super::{Cx, Given, Next, Node, NodeClass, NodeError, Value};
use crate::node::Spec;
use crate::port::{Input, Output, Type};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "random", description).volatile();
    let seed = || Input::new("seed", Type::Integer, "The same seed gives the same sequence.").optional();
    let trigger =
        || Input::new("trigger", Type::Json, "Where it is linked, a change of it gives the next one.").optional();
    vec![
        Arc::new(Random {
            spec: class("Random", "Gives a random number, a new one in every iteration unless trigger is linked.")
                .input(Input::new("min", Type::Number, "The least that comes.").or(0))
                .input(Input::new("max", Type::Number, "The most that comes.").or(1))
                .input(Input::new("integer", Type::Boolean, "Whether only whole numbers come.").or(false))
                .input(seed())
                .input(trigger())
                .output(Output::new("value", Type::Number, "The number.")),
            draw: number,
        }),
        Arc::new(Random {
            spec: class(
                "RandomChoice",
                "Gives a random item of a list, a new one in every iteration unless trigger is linked.",
            )
            .input(Input::new("items", Type::List, "What there is to choose from."))
            .input(seed())
            .input(trigger())
            .output(Output::new("value", Type::Json, "The item."))
            .output(Output::new("index", Type::Integer, "Where it stands in the list, from 0.")),
            draw: choose,
        }),
        Arc::new(Random {
            spec: class(
                "Shuffle",
                "Puts a list into a random order, a new one in every iteration unless trigger is linked.",
            )
            .input(Input::new("items", Type::List, "The list."))
            .input(seed())
            .input(trigger())
            .output(Output::new("items", Type::List, "The same items in another order.")),
            draw: shuffle,
        }),
    ]
}

/// Sets the outputs of a node by chance.
type Draw = fn(&mut Dice, &mut Cx<'_>) -> Result<(), NodeError>;

/// A class of this family; its last two inputs are the seed and the trigger.
struct Random {
    spec: Spec,
    draw: Draw,
}

impl NodeClass for Random {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn is_volatile(&self, given: &Given<'_>) -> bool {
        !given.is_linked(self.spec.inputs.len() - 1)
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(RandomNode { draw: self.draw, seed_input: self.spec.inputs.len() - 2, dice: None })
    }
}

struct RandomNode {
    draw: Draw,
    seed_input: usize,
    /// What chance comes from, with the seed that was given for it.
    dice: Option<(Option<i64>, Dice)>,
}

impl Node for RandomNode {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let seed = if cx.has(self.seed_input) { Some(cx.integer(self.seed_input)?) } else { None };
        if self.dice.as_ref().is_none_or(|(of, _)| *of != seed) {
            // Any seed will do; a negative one keeps its bits.
            let bits = seed.map_or(cx.seed(), |seed| u64::from_ne_bytes(seed.to_ne_bytes()));
            self.dice = Some((seed, Dice(ChaCha8Rng::seed_from_u64(bits))));
        }
        if let Some((_, dice)) = &mut self.dice {
            (self.draw)(dice, cx)?;
        }
        Ok(Next::Done)
    }
}

/// What chance comes from. Its algorithm is fixed, so that a seed gives the same sequence in later versions.
struct Dice(ChaCha8Rng);

impl Dice {
    /// From 0 to below 1.
    fn part(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 0 to below `end`; the bias of at most `end` / 2^64 is nobody's concern here.
    fn below(&mut self, end: u128) -> u128 {
        (u128::from(self.0.next_u64()) * end) >> 64
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u128)).unwrap_or(0)
    }
}

fn number(dice: &mut Dice, cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (min, max) = (cx.number(0)?, cx.number(1)?);
    if min > max {
        return Err(format!("min is {min}, which is more than max, {max}").into());
    }
    if !cx.boolean(2)? {
        let part = dice.part();
        // In this form two ends far apart do not overflow.
        cx.set(0, finite((min * (1.0 - part) + max * part).clamp(min, max))?);
        return Ok(());
    }
    let end = |number: f64| Value::Number(number).as_integer();
    let (Some(least), Some(most)) =
        (cx.input(0).as_integer().or_else(|| end(min.ceil())), cx.input(1).as_integer().or_else(|| end(max.floor())))
    else {
        return Err("the range is too large for whole numbers".into());
    };
    let count = u128::try_from(i128::from(most) - i128::from(least) + 1).unwrap_or(0);
    if count == 0 {
        return Err(format!("there is no whole number from {min} to {max}").into());
    }
    let drawn = i128::from(least) + i128::try_from(dice.below(count)).unwrap_or(0);
    cx.set(0, i64::try_from(drawn).unwrap_or(most));
    Ok(())
}

fn choose(dice: &mut Dice, cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let items = cx.list(0)?;
    let index = dice.index(items.len());
    let item = items.get(index).cloned().ok_or(NodeError::new("there is nothing to choose from: items is empty"))?;
    cx.set(0, item);
    cx.set(1, i64::try_from(index).unwrap_or(i64::MAX));
    Ok(())
}

fn shuffle(dice: &mut Dice, cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let mut items = cx.list(0)?.to_vec();
    for last in (1..items.len()).rev() {
        items.swap(last, dice.index(last + 1));
    }
    cx.set(0, Json::from(items));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::classes;
    use crate::node::{Given, GivenInput};
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn draw(class: &str, inputs: &Json, times: usize) -> Vec<Json> {
        let mut rig = Rig::new(class, inputs.clone());
        (0..times).map(|_| rig.run().unwrap()).collect()
    }

    #[test]
    fn a_seed_repeats_its_sequence() {
        let cases = [
            (
                "Random",
                json!({"min": 1, "max": 6, "integer": true, "seed": 1}),
                json!({"min": 1, "max": 6, "integer": true, "seed": 2}),
            ),
            ("RandomChoice", json!({"items": [1, 2, 3], "seed": -1}), json!({"items": [1, 2, 3], "seed": 2})),
            ("Shuffle", json!({"items": [1, 2, 3, 4, 5], "seed": 1}), json!({"items": [1, 2, 3, 4, 5], "seed": 2})),
        ];
        for (class, one, other) in cases {
            assert_eq!(draw(class, &one, 20), draw(class, &one, 20), "{class}");
            assert_ne!(draw(class, &one, 20), draw(class, &other, 20), "{class}");
        }
    }

    #[test]
    fn a_die_has_six_sides() {
        let thrown = draw("Random", &json!({"min": 0.5, "max": 6.9, "integer": true}), 200);
        let mut sides: Vec<Option<i64>> = thrown.iter().map(|drawn| drawn["value"].as_i64()).collect();
        sides.sort_unstable();
        sides.dedup();
        assert_eq!(sides, (1..=6).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn another_seed_begins_another_sequence() {
        let mut rig = Rig::new("Random", json!({"seed": 1}));
        let first = rig.run();
        assert_ne!(rig.run(), first);
        rig.set("seed", json!(2)).run().unwrap();
        assert_eq!(rig.set("seed", json!(1)).run(), first);
    }

    #[test]
    fn it_runs_in_every_iteration_unless_it_has_a_trigger() {
        for class in classes() {
            let count = class.spec().inputs.len();
            let mut inputs = vec![GivenInput::Absent; count];
            assert!(class.is_volatile(&Given { inputs: &inputs }), "{}", class.spec().class);
            inputs[count - 1] = GivenInput::Linked;
            assert!(!class.is_volatile(&Given { inputs: &inputs }), "{}", class.spec().class);
        }
    }

    #[test]
    fn an_empty_range_is_refused() {
        let cases = [
            ("Random", json!({"min": 2, "max": 1}), "min is 2, which is more than max, 1"),
            ("Random", json!({"min": 0.2, "max": 0.8, "integer": true}), "there is no whole number from 0.2 to 0.8"),
            ("Random", json!({"max": 1e300, "integer": true}), "the range is too large for whole numbers"),
            ("RandomChoice", json!({"items": []}), "there is nothing to choose from: items is empty"),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Err(expected.to_owned()), "{inputs}");
        }
        assert_eq!(Rig::new("Shuffle", json!({"items": []})).run(), Ok(json!({"items": []})));
    }

    proptest! {
        #[test]
        fn a_number_lies_within_its_range(a in any::<i64>(), b in any::<i64>(), seed in any::<i64>(), integer in any::<bool>()) {
            let (min, max) = (a.min(b), a.max(b));
            let inputs = json!({"min": min, "max": max, "integer": integer, "seed": seed});
            for drawn in draw("Random", &inputs, 3) {
                let value = &drawn["value"];
                prop_assert_eq!(value.is_i64(), integer);
                prop_assert!(value.as_f64().is_some_and(|value| min as f64 <= value && value <= max as f64));
            }
        }

        #[test]
        fn shuffling_keeps_all_items(items in prop::collection::vec(any::<i64>(), 0..20)) {
            let shuffled = Rig::new("Shuffle", json!({"items": items})).run().unwrap();
            let sorted = Rig::new("Sort", shuffled).run().unwrap();
            prop_assert_eq!(sorted, Rig::new("Sort", json!({"items": items})).run().unwrap());
        }
    }
}
