//! What a node's question is about: its workflow, its title, and the values that led to it.

use std::collections::HashMap;

use serde_json::Value;

use super::graph::Graph;
use super::node::Work;
use super::plan::{NodeIndex, Plan};
use crate::domain::context::{Context, Source};
use crate::domain::entry::{json_bytes, shorten};

/// Most values that are shown.
const VALUES: usize = 12;

/// Most bytes of one of them, as JSON.
const VALUE_BYTES: usize = 512;

/// Most bytes of a name, inside JSON.
const NAME_BYTES: usize = 256;

/// What people call a workflow and its nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    workflow: Option<String>,
    /// By node: those that have a title.
    nodes: HashMap<String, String>,
}

impl Names {
    /// Those of this graph, in a workflow of this name.
    #[must_use]
    pub(crate) fn of(graph: &Graph, workflow: Option<&str>) -> Self {
        let titled =
            graph.nodes.iter().filter_map(|node| Some((node.id.clone(), named(node.rest.get("title")?.as_str()?)?)));
        Self { workflow: workflow.and_then(named), nodes: titled.collect() }
    }

    /// What a node is called: its title, else its id.
    fn node<'a>(&'a self, id: &'a str) -> &'a str {
        self.nodes.get(id).map_or(id, String::as_str)
    }

    /// What a node's question is about.
    #[must_use]
    pub(crate) fn context(&self, workflow_id: Option<&str>, plan: &Plan, node: NodeIndex) -> Context {
        let id = plan.id(node);
        let name = self.node(id);
        let mut context = Context {
            title: Some(self.workflow.as_ref().map_or_else(|| name.to_owned(), |of| format!("{of} → {name}"))),
            source: Some(Source::Node {
                workflow_id: workflow_id.map(str::to_owned),
                node_id: id.to_owned(),
                workflow_name: self.workflow.clone(),
                node_title: self.nodes.get(id).cloned(),
            }),
            ..Context::default()
        };
        for above in plan.above(node, VALUES) {
            let name = self.node(above.node);
            let key =
                if context.details.contains_key(name) { format!("{name}.{}", above.output) } else { name.to_owned() };
            context.details.entry(key).or_insert_with(|| short(above.value.to_json()));
        }
        context
    }
}

/// Adds to a question what it is about.
pub(crate) fn explain(work: &mut Work, context: impl FnOnce() -> Context) {
    match work {
        Work::Confirm(question) => *question.context = context(),
        Work::Ask(form) => *form.context = context(),
        Work::Sleep(_) | Work::Fetch(_) | Work::Future(_) | Work::Compute(_) | Work::Task { .. } => {}
    }
}

/// A name that is not empty, cut where it is long.
fn named(name: &str) -> Option<String> {
    let mut name = name.trim().to_owned();
    shorten(&mut name, NAME_BYTES);
    (!name.is_empty()).then_some(name)
}

/// A value, or the beginning of its JSON where it is large.
fn short(value: Value) -> Value {
    if json_bytes(&value) <= VALUE_BYTES {
        return value;
    }
    let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    shorten(&mut text, VALUE_BYTES);
    Value::String(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::workflow::Settings;
    use serde_json::json;

    #[test]
    fn a_question_names_its_workflow_its_node_and_the_values_that_led_to_it() {
        let edge = |source: &str, output: &str, target: &str, input: &str| json!({"source": source, "source_output": output, "target": target, "target_input": input});
        let graph = json!({
            "nodes": [
                {"id": "price", "type": "NumberInput", "title": "Price", "inputs": {"value": 120}},
                {"id": "words", "type": "Template", "inputs": {"template": "Pay {{ value }}?"}},
                {"id": "ask", "type": "HumanConfirm", "title": " Approval ", "inputs": {"timeout": 5}},
            ],
            "edges": [edge("price", "value", "words", "values"), edge("words", "text", "ask", "message")],
        });
        let graph: Graph = serde_json::from_value(graph).unwrap();
        let settings = Settings::default();
        let catalogue = crate::workflow::nodes::built_in(&settings).unwrap();
        let mut plan = Plan::new(&graph, &catalogue, &settings, 1).unwrap();
        let mut job = plan.tick(Timestamp::now()).jobs.remove(0);
        let names = Names::of(&graph, Some("Orders"));
        explain(&mut job.work, || names.context(Some("w"), &plan, job.node));
        let Work::Confirm(question) = job.work else { panic!("it does not ask") };
        assert_eq!(
            serde_json::to_value(&question.context).unwrap(),
            json!({
                "title": "Orders → Approval",
                "source": {"workflow_id": "w", "node_id": "ask", "workflow_name": "Orders", "node_title": "Approval"},
                "details": {"Price": 120},
            })
        );
        let unnamed = Names::default().context(None, &plan, job.node);
        assert_eq!(unnamed.title.as_deref(), Some("ask"));
        assert_eq!(serde_json::to_value(&unnamed.source).unwrap(), json!({"node_id": "ask"}));
        assert!(json_bytes(&short(json!("x".repeat(600)))) < 600);
    }
}
