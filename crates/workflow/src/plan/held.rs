//! How much memory the values of a plan take together: what several slots share counts once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::value::Value;

/// Values of fewer bytes are counted in each slot: to find out whether they are shared costs more than it tells.
const SMALL: usize = 1024;

/// How much memory the values of a plan take together.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: usize,
    /// What stands in each slot.
    slots: Vec<Entry>,
    /// In how many slots a value stands, by its place in memory; a slot keeps that place from being used again.
    shared: HashMap<usize, u32>,
    /// What nodes keep beside their outputs, by node.
    kept: HashMap<u32, usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// 0 for a value that is not looked for elsewhere.
    place: usize,
    bytes: usize,
}

impl Held {
    /// All bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A slot's value is gone, or about to be replaced. Of several slots that change at once, all must have been
    /// released before the first is filled: a new value may stand where an old one stood.
    pub(super) fn release(&mut self, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize) else { return };
        let Entry { place, bytes } = std::mem::take(entry);
        if place != 0
            && let Some(count) = self.shared.get_mut(&place)
        {
            *count -= 1;
            if *count > 0 {
                return;
            }
            self.shared.remove(&place);
        }
        self.bytes -= bytes;
    }

    /// A slot that was released has a value of so many bytes.
    pub(super) fn fill(&mut self, slot: u32, value: &Value, bytes: usize) {
        let place = if bytes < SMALL { 0 } else { place(value) };
        let at = slot as usize;
        if self.slots.len() <= at {
            self.slots.resize(at + 1, Entry::default());
        }
        let Some(entry) = self.slots.get_mut(at) else { return };
        *entry = Entry { place, bytes };
        if place != 0 {
            let count = self.shared.entry(place).or_default();
            *count += 1;
            if *count > 1 {
                return;
            }
        }
        self.bytes += bytes;
    }

    /// A node keeps so many bytes beside its outputs.
    pub(super) fn keep(&mut self, node: u32, bytes: usize) {
        let before = if bytes == 0 {
            if self.kept.is_empty() {
                return;
            }
            self.kept.remove(&node)
        } else {
            self.kept.insert(node, bytes)
        };
        self.bytes = self.bytes + bytes - before.unwrap_or(0);
    }
}

fn place(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => 0,
        Value::Text(text) => Arc::as_ptr(text).cast::<u8>().addr(),
        Value::Json(json) => Arc::as_ptr(json).addr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_shared_counts_once() {
        let (large, other) = (Value::from("x".repeat(5000)), Value::from("x".repeat(5000)));
        let mut held = Held::default();
        held.fill(0, &large, 5000);
        held.fill(1, &large.clone(), 5000);
        assert_eq!(held.bytes(), 5000);
        held.fill(2, &other, 5000);
        held.release(0);
        assert_eq!(held.bytes(), 10_000);
        held.release(1);
        held.release(1);
        assert_eq!(held.bytes(), 5000);
        held.keep(3, 70);
        held.keep(3, 50);
        assert_eq!(held.bytes(), 5050);
        held.keep(3, 0);
        held.release(2);
        assert_eq!(held.bytes(), 0);
    }

    proptest! {
        #[test]
        fn nothing_is_forgotten_or_counted_twice(steps in prop::collection::vec((0u32..4, 0usize..5), 0..60)) {
            let values: Vec<Value> = (0..4).map(|at| Value::from("x".repeat(700 * (at + 1)))).collect();
            let mut held = Held::default();
            let mut slots = [None; 4];
            for (slot, value) in steps {
                held.release(slot);
                slots[slot as usize] = values.get(value).map(|_| value);
                if let Some(value) = values.get(value) {
                    held.fill(slot, value, value.size());
                }
                let mut seen = std::collections::HashSet::new();
                let once = |value: &&usize| values[**value].size() < SMALL || seen.insert(**value);
                let expected: usize = slots.iter().flatten().filter(once).map(|value| values[*value].size()).sum();
                prop_assert_eq!(held.bytes(), expected);
            }
        }
    }
}
