//! The values that led to a node: what stands above it, the nearest first.

use std::collections::{HashSet, VecDeque};

use super::{NodeIndex, Plan};
use crate::value::Value;

/// A value that stands above a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Above<'a> {
    /// The node that gave it.
    pub node: &'a str,
    /// The output that it came out of.
    pub output: &'static str,
    /// The value.
    pub value: &'a Value,
}

/// Nodes that are looked at, at most.
const LOOKED_AT: usize = 1_000;

impl Plan {
    /// The values that led to a node, the nearest first: what it and the nodes above it read from others. What is linked
    /// to its first input is left out, as a question says that itself.
    #[must_use]
    pub fn above(&self, node: NodeIndex, most: usize) -> Vec<Above<'_>> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut nodes = VecDeque::from([node.0]);
        let mut looked_at = 0;
        while let Some(at) = nodes.pop_front() {
            looked_at += 1;
            if looked_at > LOOKED_AT {
                break;
            }
            let Some(seat) = self.seats.get(at as usize) else { continue };
            let inputs = self.inputs.get(seat.inputs.range()).unwrap_or_default();
            for (input, slot) in inputs.iter().enumerate() {
                // Behind the outputs are constants, which the node has of itself.
                if *slot as usize >= self.outputs || !seen.insert(*slot) {
                    continue;
                }
                let Some(owner) = self.owners.get(*slot as usize) else { continue };
                nodes.push_back(*owner);
                if at == node.0 && input == 0 {
                    continue;
                }
                if let Some(above) = self.value_of(*owner, *slot).filter(|_| found.len() < most) {
                    found.push(above);
                }
            }
            if found.len() >= most {
                break;
            }
        }
        found
    }

    fn value_of(&self, owner: u32, slot: u32) -> Option<Above<'_>> {
        let (seat, still) = (self.seats.get(owner as usize)?, self.still.get(owner as usize)?);
        let value = self.slots.get(slot as usize)?.value.as_ref().filter(|value| !value.is_null())?;
        let place = slot.checked_sub(seat.outputs.from)?;
        let output = still.class.spec().outputs.get(place as usize)?.name;
        Some(Above { node: &still.id, output, value })
    }
}
