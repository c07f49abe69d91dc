//! The plainest way to run a graph once: everything looked up afresh by name, every node run anew.
//!
//! It is what the plan is compared with. Nodes keep nothing, and work that they wait for ends at once.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::catalogue::Catalogue;
use super::cx::{Cx, NO_SLOT, Slot};
use super::graph::{Graph, GraphNode};
use super::node::{Next, Node, NodeError, Reply, Spec, Work};
use super::value::Value;
use callboard_domain::time::Timestamp;

/// How a node stands after everything has run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stand {
    /// It ran: its outputs that have a value.
    Done(BTreeMap<String, Value>),
    /// It lacks a value.
    Idle,
    /// The node that is to blame for what it lacks.
    Blocked(String),
    /// Why it failed.
    Error(String),
}

/// Runs every node that something needs; the others are not in what it gives.
pub(crate) fn run(graph: &Graph, catalogue: &Catalogue, now: Timestamp) -> BTreeMap<String, Stand> {
    let naive = Naive { graph, catalogue, now };
    let mut needed = naive.not_deferred();
    let mut stands = BTreeMap::new();
    loop {
        let before = (needed.len(), stands.len());
        for node in &graph.nodes {
            if needed.contains(&node.id) && !stands.contains_key(&node.id) {
                match naive.visit(node, &stands) {
                    Visit::Stands(stand) => drop(stands.insert(node.id.clone(), stand)),
                    Visit::Needs(sources) => needed.extend(sources),
                }
            }
        }
        if before == (needed.len(), stands.len()) {
            return stands;
        }
    }
}

struct Naive<'a> {
    graph: &'a Graph,
    catalogue: &'a Catalogue,
    now: Timestamp,
}

enum Visit {
    Stands(Stand),
    Needs(BTreeSet<String>),
}

impl Naive<'_> {
    fn spec(&self, node: &str) -> &Spec {
        let node = self.graph.nodes.iter().find(|other| other.id == node).unwrap();
        self.catalogue.get(&node.class).unwrap().spec()
    }

    fn source(&self, node: &str, input: &str) -> Option<(&str, &str)> {
        let edge = self.graph.edges.iter().find(|edge| edge.target == node && edge.target_input == input)?;
        Some((&edge.source, &edge.source_output))
    }

    fn not_deferred(&self) -> BTreeSet<String> {
        let mut needed = BTreeSet::new();
        loop {
            let before = needed.len();
            for node in &self.graph.nodes {
                let mut readers = self.graph.edges.iter().filter(|edge| edge.source == node.id).peekable();
                let eager = |reader: &super::graph::Edge| {
                    let ports = &self.spec(&reader.target).inputs;
                    needed.contains(&reader.target)
                        && ports.iter().any(|port| port.name == reader.target_input && !port.lazy)
                };
                if readers.peek().is_none() || readers.any(eager) {
                    needed.insert(node.id.clone());
                }
            }
            if before == needed.len() {
                return needed;
            }
        }
    }

    fn visit(&self, node: &GraphNode, stands: &BTreeMap<String, Stand>) -> Visit {
        let class = self.catalogue.get(&node.class).unwrap();
        let spec = class.spec();
        let eager =
            spec.inputs.iter().filter(|input| !input.lazy).filter_map(|input| self.source(&node.id, input.name));
        let missing: BTreeSet<String> =
            eager.filter(|(source, _)| !stands.contains_key(*source)).map(|(source, _)| source.to_owned()).collect();
        if !missing.is_empty() {
            return Visit::Needs(missing);
        }
        if let Some(stand) = self.obstacle(node, spec, stands, None) {
            return Visit::Stands(stand);
        }
        let mut instance = class.node();
        let wanted = self.call(node, spec, stands, None, |_, cx| instance.wants(cx));
        let wanted = wanted.filter(|wanted| spec.inputs.get(*wanted).is_some_and(|input| input.lazy));
        if let Some((source, _)) = wanted.and_then(|wanted| self.source(&node.id, spec.inputs[wanted].name))
            && !stands.contains_key(source)
        {
            return Visit::Needs([source.to_owned()].into());
        }
        if let Some(stand) = wanted.and_then(|_| self.obstacle(node, spec, stands, wanted)) {
            return Visit::Stands(stand);
        }
        let misfit = spec.inputs.iter().enumerate().find(|(at, input)| {
            let value = self.source(&node.id, input.name).and_then(|source| value(stands, source));
            (!input.lazy || wanted == Some(*at)) && value.is_some_and(|value| input.misfit(&value).is_some())
        });
        if let Some((_, input)) = misfit {
            return Visit::Stands(Stand::Error(format!("{}: {}", input.name, input.wanted())));
        }
        Visit::Stands(self.call(node, spec, stands, wanted, |outputs, cx| outcome(&mut *instance, outputs, cx)))
    }

    fn obstacle(
        &self,
        node: &GraphNode,
        spec: &Spec,
        stands: &BTreeMap<String, Stand>,
        wanted: Option<usize>,
    ) -> Option<Stand> {
        let looked = spec.inputs.iter().enumerate().filter(|(at, input)| match wanted {
            None => !input.lazy,
            Some(wanted) => wanted == *at,
        });
        let sources = looked
            .filter(|(_, input)| input.needs_its_link())
            .filter_map(|(_, input)| self.source(&node.id, input.name));
        let lacking: Vec<&str> = sources.filter(|source| value(stands, *source).is_none()).map(|(id, _)| id).collect();
        let blamed = lacking.iter().find_map(|source| match &stands[*source] {
            Stand::Error(_) => Some((*source).to_owned()),
            Stand::Blocked(by) => Some(by.clone()),
            Stand::Done(_) | Stand::Idle => None,
        });
        blamed.map(Stand::Blocked).or_else(|| (!lacking.is_empty()).then_some(Stand::Idle))
    }

    fn call<T>(
        &self,
        node: &GraphNode,
        spec: &Spec,
        stands: &BTreeMap<String, Stand>,
        wanted: Option<usize>,
        body: impl FnOnce(&[super::port::Output], &mut Cx<'_>) -> T,
    ) -> T {
        let mut slots = vec![Slot::default(); spec.outputs.len()];
        let mut inputs = Vec::new();
        for (at, input) in spec.inputs.iter().enumerate() {
            let constant = node.inputs.get(input.name).filter(|value| !value.is_null()).cloned().map(Value::from);
            let value = match self.source(&node.id, input.name) {
                Some(_) if input.lazy && wanted != Some(at) => None,
                Some(source) => value(stands, source),
                None => constant.or_else(|| input.default.clone()),
            };
            inputs.push(if value.is_some() { u32::try_from(slots.len()).unwrap() } else { NO_SLOT });
            if value.is_some() {
                slots.push(Slot { value, changed: 1 });
            }
        }
        let (mut wake, mut said) = (None, Vec::new());
        let mut cx = Cx {
            slots: &mut slots,
            inputs: &inputs,
            outputs: 0..spec.outputs.len(),
            linked_below: spec.outputs.len(),
            iteration: 1,
            ran: 0,
            now: self.now,
            seed: 0,
            wake: &mut wake,
            said: &mut said,
        };
        body(&spec.outputs, &mut cx)
    }
}

fn value(stands: &BTreeMap<String, Stand>, (source, output): (&str, &str)) -> Option<Value> {
    match stands.get(source)? {
        Stand::Done(outputs) => outputs.get(output).cloned(),
        Stand::Idle | Stand::Blocked(_) | Stand::Error(_) => None,
    }
}

fn outcome(node: &mut dyn Node, outputs: &[super::port::Output], cx: &mut Cx<'_>) -> Stand {
    let next = catch_unwind(AssertUnwindSafe(|| {
        let mut next = node.run(cx);
        while let Ok(Next::Wait(work)) = next {
            next = reply(&work).and_then(|reply| node.resume(reply, cx));
        }
        next
    }));
    match next {
        Ok(Ok(_)) => {
            let named = outputs
                .iter()
                .enumerate()
                .filter_map(|(at, port)| Some((port.name.to_owned(), cx.output(at)?.clone())));
            Stand::Done(named.collect())
        }
        Ok(Err(error)) => Stand::Error(error.to_string()),
        Err(_) => Stand::Error("the node panicked".to_owned()),
    }
}

/// How work ends in tests of the plan.
pub(crate) fn reply(work: &Work) -> Result<Reply, NodeError> {
    match work {
        Work::Sleep(_) => Ok(Reply::Slept),
        Work::Confirm(_) => Ok(Reply::Confirmed(true)),
        Work::Ask(_) | Work::Task { .. } | Work::Fetch(_) | Work::Future(_) | Work::Compute(_) => {
            Err(NodeError::new("there is no such work in tests"))
        }
    }
}
