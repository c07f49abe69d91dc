//! Whatever happened before, a plan stands as a fresh run of everything would.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::naive::{self, Stand};
use crate::value::Value;

/// What happens to a plan.
#[derive(Clone, Debug)]
enum Step {
    Set(Index, Index, i64),
    Tick,
    /// One piece of work ends.
    End(Index),
}

/// Nodes with links to earlier ones, in any order.
fn graphs() -> impl Strategy<Value = Graph> {
    let port = (any::<Index>(), any::<Index>(), 0..9i64, 0..4u8);
    let node = (0..classes::PURE.len(), prop::collection::vec(port, 3));
    prop::collection::vec(node, 1..20).prop_map(|drawn| built(&drawn)).prop_shuffle_nodes()
}

trait Shuffle: Strategy<Value = Graph> + Sized + 'static {
    fn prop_shuffle_nodes(self) -> BoxedStrategy<Graph> {
        self.prop_flat_map(|graph| {
            let nodes = Just(graph.nodes.clone()).prop_shuffle();
            nodes.prop_map(move |nodes| Graph { nodes, ..graph.clone() })
        })
        .boxed()
    }
}

impl<S: Strategy<Value = Graph> + 'static> Shuffle for S {}

type Drawn = (usize, Vec<(Index, Index, i64, u8)>);

fn built(drawn: &[Drawn]) -> Graph {
    let catalogue = catalogue();
    let mut graph = Graph::default();
    for (place, (class, ports)) in drawn.iter().enumerate() {
        let spec = catalogue.get(classes::PURE[*class]).unwrap().spec();
        let id = format!("n{place}");
        let mut inputs = serde_json::Map::new();
        for (input, (node, output, constant, how)) in spec.inputs.iter().zip(ports) {
            if *how > 0 && place > 0 {
                let source = node.index(place);
                let outputs = &catalogue.get(&graph.nodes[source].class).unwrap().spec().outputs;
                graph.edges.push(crate::graph::Edge {
                    source: format!("n{source}"),
                    source_output: outputs[output.index(outputs.len())].name.to_owned(),
                    target: id.clone(),
                    target_input: input.name.to_owned(),
                    ..Default::default()
                });
            } else {
                inputs.insert(input.name.to_owned(), json!(if input.max.is_some() { constant % 6 } else { *constant }));
            }
        }
        let class = spec.class.to_owned();
        graph.nodes.push(crate::graph::GraphNode { id, class, inputs, ..Default::default() });
    }
    graph
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (any::<Index>(), any::<Index>(), 0..9i64).prop_map(|(node, input, value)| Step::Set(node, input, value)),
        2 => Just(Step::Tick),
        1 => any::<Index>().prop_map(Step::End),
    ];
    prop::collection::vec(step, 0..40)
}

/// A plan with the graph as it would be drawn by now, and the work that is under way.
struct Run {
    graph: Graph,
    plan: Plan,
    jobs: Vec<Job>,
    now: i64,
    /// Whether all nodes run in each iteration.
    runs_all: bool,
}

impl Run {
    fn new(graph: Graph, limits: &Settings) -> Self {
        let plan = Plan::new(&graph, &catalogue(), limits, 1).unwrap();
        Self { graph, plan, jobs: Vec::new(), now: 1, runs_all: false }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Set(node, input, value) => {
                let node = node.get(&self.graph.nodes).clone();
                let Some(name) = (!node.inputs.is_empty()).then(|| {
                    let names: Vec<&String> = node.inputs.keys().collect();
                    (*input.get(&names)).clone()
                }) else {
                    return;
                };
                if self.plan.set(&node.id, &name, json!(value)).is_ok() {
                    let node = self.graph.nodes.iter_mut().find(|other| other.id == node.id).unwrap();
                    node.inputs.insert(name, json!(value));
                }
            }
            Step::Tick => {
                self.now += 1;
                self.tick();
            }
            Step::End(job) => {
                if !self.jobs.is_empty() {
                    let job = self.jobs.swap_remove(job.index(self.jobs.len()));
                    self.plan.end(job.id, naive::reply(&job.work));
                }
            }
        }
    }

    fn tick(&mut self) -> Tick {
        let now = at(self.now);
        let mut tick = if self.runs_all { self.plan.tick_all(now) } else { self.plan.tick(now) };
        self.jobs.append(&mut tick.jobs);
        self.jobs.retain(|job| !tick.dropped.contains(&job.id));
        tick
    }

    /// Runs until nothing is to be done.
    fn settle(&mut self) {
        for _ in 0..1000 {
            self.tick();
            for job in std::mem::take(&mut self.jobs) {
                self.plan.end(job.id, naive::reply(&job.work));
            }
            if !self.plan.is_dirty() && !self.plan.is_waiting() {
                return;
            }
        }
        panic!("it does not come to an end: {:?}", self.plan);
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let fresh = naive::run(&self.graph, &catalogue(), at(self.now));
        for (id, stand) in &fresh {
            let seen = self.plan.seen(id);
            let outputs: BTreeMap<String, Value> =
                seen.outputs().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            let mine = match seen.state {
                NodeState::Completed | NodeState::Cached => Stand::Done(outputs.clone()),
                NodeState::Idle => Stand::Idle,
                NodeState::Blocked => Stand::Blocked(seen.blocked_by.unwrap_or_default().to_owned()),
                NodeState::Error => Stand::Error(seen.error.unwrap_or_default().to_owned()),
                NodeState::Queued | NodeState::Executing | NodeState::Waiting => panic!("{id} waits"),
            };
            prop_assert_eq!(&mine, stand, "{}", id);
            prop_assert!(matches!(mine, Stand::Done(_)) || outputs.is_empty(), "{} keeps outputs", id);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_plan_stands_as_a_fresh_run_would(graph in graphs(), steps in steps(), most in 1..4usize, runs_all: bool) {
        let mut run = Run { runs_all, ..Run::new(graph, &Settings { max_waiting: most, ..Settings::default() }) };
        for step in &steps {
            run.step(step);
        }
        run.settle();
        run.compare()?;
    }

    #[test]
    fn what_nobody_wants_never_runs(mut graph in graphs()) {
        // While a node waits, those below it run without its value, and may want something else.
        for node in &mut graph.nodes {
            if node.class == "Wait" || node.class == "Ask" {
                node.class = "Fail".into();
            }
        }
        let mut run = Run::new(graph, &Settings::default());
        run.settle();
        run.compare()?;
        let fresh = naive::run(&run.graph, &catalogue(), at(run.now));
        for node in run.plan.nodes() {
            let view = run.plan.view(node).unwrap();
            prop_assert!(fresh.contains_key(view.id) || (view.runs == 0 && view.state == NodeState::Idle), "{}", view.id);
        }
    }

    #[test]
    fn sources_run_first(graph in graphs(), steps in steps()) {
        let mut run = Run::new(graph, &Settings::default());
        for edge in run.graph.edges.clone() {
            prop_assert!(run.plan.find(&edge.source) < run.plan.find(&edge.target));
        }
        for step in &steps {
            run.step(step);
            let tick = run.tick();
            prop_assert!(tick.changed.iter().all(|node| node.place() < run.plan.len()));
        }
    }

    #[test]
    fn after_an_edit_it_stands_as_a_fresh_run_would(one in graphs(), steps in steps(), other in graphs(), more in steps()) {
        let limits = Settings { max_waiting: 2, ..Settings::default() };
        let mut run = Run::new(one, &limits);
        for step in &steps {
            run.step(step);
        }
        let mut plan = Plan::new(&other, &catalogue(), &limits, 1).unwrap();
        let before = std::mem::replace(&mut run.plan, Plan::new(&other, &catalogue(), &limits, 1).unwrap());
        plan.adopt(before);
        run.plan = plan;
        run.graph = other;
        for step in &more {
            run.step(step);
        }
        run.settle();
        run.compare()?;
    }
}
