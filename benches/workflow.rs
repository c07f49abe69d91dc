//! What a graph costs: setting it up, and an iteration where all nodes are dirty, one is, or none.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a measurement, not a part of the server")]

use std::hint::black_box;
use std::sync::Arc;

use callboard::domain::time::Timestamp;
use callboard::workflow::Settings;
use callboard::workflow::catalogue::Catalogue;
use callboard::workflow::graph::Graph;
use callboard::workflow::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
use callboard::workflow::plan::Plan;
use callboard::workflow::port::{Input, Output, Type};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// The server's own, as much of setting up is making things.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Run = fn(&mut Cx<'_>) -> Result<Next, NodeError>;

/// Adds one, or says whether a number is positive, or chooses what is lazy.
struct Class {
    spec: Spec,
    run: Run,
}

/// A node of such a class.
struct Step(Run);

impl NodeClass for Class {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Step(self.run))
    }
}

impl Node for Step {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        (self.0)(cx)
    }

    fn wants(&self, cx: &Cx<'_>) -> Option<usize> {
        Some(if cx.boolean(0).unwrap_or(false) { 1 } else { 2 })
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let number = |name| Input::new(name, Type::Number, "A number.");
    let out = || Output::new("out", Type::Number, "A number.");
    let classes = [
        Class {
            spec: Spec::new("Add", "bench", "Adds one.").input(number("a").or(0)).output(out()),
            run: |cx| {
                let sum = cx.number(0)? + 1.0;
                cx.set(0, callboard::workflow::value::Value::Number(sum));
                Ok(Next::Done)
            },
        },
        Class {
            spec: Spec::new("Sign", "bench", "Whether it is positive.").input(number("a").or(0)).output(out()),
            run: |cx| {
                let sign = if cx.number(0)? > 0.0 { 1 } else { 0 };
                cx.set(0, sign);
                Ok(Next::Done)
            },
        },
        Class {
            spec: Spec::new("Lazy", "bench", "One of two.")
                .input(Input::new("by", Type::Boolean, "Which.").or(true))
                .input(number("yes").lazy())
                .input(number("no").lazy())
                .output(out()),
            run: |cx| {
                let chosen = if cx.has(1) { cx.input(1).clone() } else { cx.input(2).clone() };
                cx.set(0, chosen);
                Ok(Next::Done)
            },
        },
    ];
    for class in classes {
        catalogue.register(Arc::new(class)).unwrap();
    }
    catalogue
}

fn edge(source: usize, target: usize, input: &str) -> Value {
    json!({"source": format!("n{source}"), "source_output": "out", "target": format!("n{target}"), "target_input": input})
}

/// A chain of nodes whose first is of class `first`.
fn chain(first: &str, nodes: usize) -> Graph {
    let node = |at| json!({"id": format!("n{at}"), "type": if at == 0 { first } else { "Add" }, "inputs": {}});
    let edges: Vec<Value> = (1..nodes).map(|at| edge(at - 1, at, "a")).collect();
    serde_json::from_value(json!({"nodes": (0..nodes).map(node).collect::<Vec<_>>(), "edges": edges})).unwrap()
}

/// Two chains, of which the last node wants one.
fn lazy(nodes: usize) -> Graph {
    let half = nodes / 2;
    let mut graph = chain("Add", 2 * half);
    graph.edges.remove(half - 1);
    let last = json!({"id": format!("n{}", 2 * half), "type": "Lazy", "inputs": {"by": true}});
    graph.nodes.push(serde_json::from_value(last).unwrap());
    for (source, input) in [(half - 1, "yes"), (2 * half - 1, "no")] {
        graph.edges.push(serde_json::from_value(edge(source, 2 * half, input)).unwrap());
    }
    graph
}

fn plan(graph: &Graph) -> Plan {
    let mut plan = Plan::new(graph, &catalogue(), &Settings::default(), 1).unwrap();
    plan.tick(Timestamp::from_micros(1));
    plan
}

/// Changes the first node's input, and does one iteration.
fn turn(plan: &mut Plan, number: &mut i64) {
    *number += 1;
    plan.set("n0", "a", json!(*number)).unwrap();
    black_box(plan.tick(Timestamp::from_micros(*number)));
}

fn set_up(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("set up");
    let (catalogue, limits) = (catalogue(), Settings::default());
    for nodes in [10, 1_000, 10_000] {
        let graph = chain("Add", nodes);
        group.throughput(Throughput::Elements(nodes as u64));
        group.bench_function(nodes.to_string(), |bench| {
            bench.iter(|| Plan::new(&graph, &catalogue, &limits, 1).unwrap())
        });
    }
    group.finish();
}

fn ticks(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("tick");
    let mut number = 1;
    for nodes in [1, 10, 1_000, 10_000] {
        let mut plan = plan(&chain("Add", nodes));
        group.bench_function(format!("all of {nodes} dirty"), |bench| bench.iter(|| turn(&mut plan, &mut number)));
    }
    for nodes in [1_000, 10_000] {
        let mut cut = plan(&chain("Sign", nodes));
        group.bench_function(format!("cut off at the first of {nodes}"), |bench| {
            bench.iter(|| turn(&mut cut, &mut number))
        });
        let mut idle = plan(&chain("Add", nodes));
        group.bench_function(format!("nothing of {nodes} dirty"), |bench| {
            bench.iter(|| black_box(idle.tick(Timestamp::from_micros(1))));
        });
        let mut lazy = plan(&lazy(nodes));
        group.bench_function(format!("lazy, half of {nodes} wanted"), |bench| {
            bench.iter(|| turn(&mut lazy, &mut number))
        });
    }
    let graph = chain("Add", 1_000);
    group.bench_function("first of 1000", |bench| {
        let new = || Plan::new(&graph, &catalogue(), &Settings::default(), 1).unwrap();
        bench.iter_batched(new, |mut plan| plan.tick(Timestamp::from_micros(1)), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, set_up, ticks);
criterion_main!(benches);
