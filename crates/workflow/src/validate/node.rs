//! What is wrong with one node: its class, its constants, and inputs that have nothing.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use super::Given;
use super::edges::{Wire, Wiring};
use super::nodes::{Nodes, Place};
use super::report::{MAX_OF_A_NODE, cut, fault};
use crate::catalogue::Catalogue;
use crate::fault::{GraphFault, GraphFaultKind};
use crate::graph::{Graph, GraphNode};
use crate::node::{Given as GivenToClass, GivenInput, NodeClass, Spec};
use crate::port::{Input, Misfit};
use crate::value::Value;

/// Most bytes of a received value that are shown, as JSON.
const MAX_RECEIVED: usize = 256;

/// What it takes to look at one node.
pub(super) struct Inspection<'a> {
    pub(super) graph: &'a Graph,
    pub(super) catalogue: &'a Catalogue,
    pub(super) nodes: &'a Nodes<'a>,
    pub(super) wiring: &'a Wiring,
    /// Whether names that are like an unknown one are looked for.
    pub(super) hints: bool,
    /// How long classes may still look at constants; none is asked any more where that is nothing.
    pub(super) left: &'a Cell<Duration>,
}

impl Inspection<'_> {
    /// Everything that is wrong with a node but cycles, and how its inputs are given.
    pub(super) fn of(&self, at: usize, node: &GraphNode) -> (Vec<GraphFault>, Vec<Given>) {
        let place = self.nodes.place(&node.id);
        let mut faults = Vec::new();
        if matches!(place, Some(Place::Several(first)) if first != at) {
            faults.push(duplicate(at, node));
        }
        let mut inputs = Vec::new();
        match self.nodes.class(at) {
            None => faults.push(self.unknown_class(node)),
            Some(class) => {
                let unclear = matches!(place, Some(Place::Several(_)));
                self.unknown_inputs(class.spec(), node, &mut faults);
                inputs = self.inputs(at, class.as_ref(), node, unclear, &mut faults);
            }
        }
        faults.extend(self.wiring.faults(at, self.graph).take(MAX_OF_A_NODE + 1));
        (faults, inputs)
    }

    fn unknown_class(&self, node: &GraphNode) -> GraphFault {
        let class = cut(&node.class);
        let nearest = if self.hints { self.catalogue.nearest(&class) } else { None };
        let mut extra = Map::new();
        extra.insert("received_value".to_owned(), json!(class));
        let mut details = format!("there is no node class {class:?}");
        if let Some(nearest) = nearest {
            extra.insert("nearest".to_owned(), json!(nearest));
            details.push_str(&format!("; did you mean {nearest}?"));
        }
        fault(GraphFaultKind::MissingNodeType, "The node's class is not known", details, extra)
    }

    fn unknown_inputs(&self, spec: &Spec, node: &GraphNode, faults: &mut Vec<GraphFault>) {
        let known = |name: &str| spec.inputs.iter().any(|input| input.name == name);
        let unknown = node.inputs.iter().filter(|(name, value)| !value.is_null() && !known(name));
        for (name, value) in unknown.take(MAX_OF_A_NODE + 1) {
            let name = cut(name);
            let mut extra = received(&name, value);
            let mut details = format!("{} has no input {name:?}", spec.class);
            if let Some(nearest) = if self.hints { nearest(spec, &name) } else { None } {
                extra.insert("nearest".to_owned(), json!(nearest));
                details.push_str(&format!("; did you mean {nearest}?"));
            }
            faults.push(fault(GraphFaultKind::UnknownInput, "The class has no such input", details, extra));
        }
    }

    fn inputs(
        &self,
        at: usize,
        class: &dyn NodeClass,
        node: &GraphNode,
        unclear: bool,
        faults: &mut Vec<GraphFault>,
    ) -> Vec<Given> {
        let spec = class.spec();
        let wires = self.wiring.wires.get(at).map(Vec::as_slice).unwrap_or_default();
        let (mut given, mut links) = (Vec::with_capacity(spec.inputs.len()), Vec::with_capacity(spec.inputs.len()));
        let mut all_fit = true;
        for (place, input) in spec.inputs.iter().enumerate() {
            let wire = wires.get(place).copied().unwrap_or(Wire::Free);
            let constant = node.inputs.get(input.name).filter(|value| !value.is_null());
            let (how, linked) = match (wire, constant) {
                (Wire::To { source, output }, _) => (Given::Link { source, output }, true),
                (Wire::Broken, _) => (Given::Absent, true),
                (Wire::Free, Some(json)) => {
                    let value = Value::from(json.clone());
                    if let Some(misfit) = input.misfit(&value) {
                        all_fit = false;
                        faults.push(unfit(input, misfit, json));
                    }
                    (Given::Constant(value), false)
                }
                (Wire::Free, None) => match &input.default {
                    Some(default) => (Given::Constant(default.clone()), false),
                    None => {
                        if input.required && !unclear {
                            faults.push(missing(input));
                        }
                        (Given::Absent, false)
                    }
                },
            };
            given.push(how);
            links.push(linked);
        }
        if all_fit && !self.left.get().is_zero() {
            let began = Instant::now();
            faults.extend(class_faults(class, &given, &links, node));
            self.left.set(self.left.get().saturating_sub(began.elapsed()));
        }
        given
    }
}

/// What the class itself says of constants that fit.
fn class_faults<'a>(class: &dyn NodeClass, given: &'a [Given], linked: &[bool], node: &GraphNode) -> Vec<GraphFault> {
    // An input with a broken link is linked all the same: its class must not miss it.
    let seen = |(how, linked): (&'a Given, &bool)| if *linked { GivenInput::Linked } else { how.seen() };
    let inputs: Vec<GivenInput<'a>> = given.iter().zip(linked).map(seen).collect();
    // Classes may come from elsewhere; one that panics must not take the server's thread with it.
    let found = catch_unwind(AssertUnwindSafe(|| class.faults(&GivenToClass { inputs: &inputs })));
    let message = "The class cannot use a constant";
    let Ok(found) = found else {
        let details = format!("{} failed when it looked at its constants", class.spec().class);
        return vec![fault(GraphFaultKind::CustomValidationFailed, message, details, Map::new())];
    };
    let faults = found.into_iter().take(MAX_OF_A_NODE + 1).map(|(place, words)| {
        let name = class.spec().inputs.get(place).map_or("", |input| input.name);
        let value = node.inputs.get(name).unwrap_or(&Json::Null);
        let details = format!("{name}: {words}");
        fault(GraphFaultKind::CustomValidationFailed, message, details, received(name, value))
    });
    faults.collect()
}

fn duplicate(at: usize, node: &GraphNode) -> GraphFault {
    let mut extra = Map::new();
    extra.insert("position".to_owned(), json!(at));
    let details = format!("the node at position {at}, counted from 0, has the id of another: {}", cut(&node.id));
    fault(GraphFaultKind::DuplicateNodeId, "Two nodes have one id", details, extra)
}

fn missing(input: &Input) -> GraphFault {
    let mut extra = Map::new();
    extra.insert("input_name".to_owned(), json!(input.name));
    extra.insert("input_type".to_owned(), json!(input.ty.word()));
    let details = format!("{}: {}", input.name, input.wanted());
    fault(GraphFaultKind::RequiredInputMissing, "A required input has neither a constant nor a link", details, extra)
}

fn unfit(input: &Input, misfit: Misfit, json: &Json) -> GraphFault {
    let mut extra = received(input.name, json);
    extra.insert("input_type".to_owned(), json!(input.ty.word()));
    let details = format!("{}: {}", input.name, input.wanted());
    let (kind, message) = match misfit {
        Misfit::Type => (GraphFaultKind::InvalidInputType, "A constant is of another type"),
        Misfit::Choice => (GraphFaultKind::ValueNotInList, "A constant is none of the choices"),
        Misfit::TooSmall => (GraphFaultKind::ValueSmallerThanMin, "A constant is too small"),
        Misfit::TooBig => (GraphFaultKind::ValueBiggerThanMax, "A constant is too large a number"),
    };
    let bounds = [("min", input.min), ("max", input.max)];
    extra.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), json!(bound?)))));
    if !input.choices.is_empty() {
        extra.insert("choices".to_owned(), json!(input.choices));
    }
    fault(kind, message, details, extra)
}

fn received(name: &str, value: &Json) -> Map<String, Json> {
    let mut extra = Map::new();
    extra.insert("input_name".to_owned(), json!(name));
    let received = if crate::value::json_size(value) <= MAX_RECEIVED {
        value.clone()
    } else {
        json!(value.as_str().map_or_else(|| cut(&value.to_string()), cut))
    };
    extra.insert("received_value".to_owned(), received);
    extra.insert("received_type".to_owned(), json!(word(value)));
    extra
}

fn word(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "text",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    }
}

fn nearest(spec: &Spec, name: &str) -> Option<&'static str> {
    let score = |known: &&'static str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let known = spec.inputs.iter().map(|input| input.name);
    known.max_by(|one, other| score(one).total_cmp(&score(other))).filter(|known| score(known) > 0.8)
}
