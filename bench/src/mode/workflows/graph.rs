//! The graphs that are measured, and what is asked of a server about them.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http::Client;
use crate::session;

/// Where a chain begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// A number that is changed from outside, at the node `n0`, input `value`
    Input,
    /// The time, other in each iteration
    Clock,
}

/// A graph called `id`: the head, and behind it so many nodes in a chain that add one each.
pub fn chain(id: &str, head: Head, behind: usize) -> String {
    let (class, output, inputs) = match head {
        Head::Input => ("NumberInput", "value", json!({"value": 0})),
        Head::Clock => ("Clock", "seconds", json!({})),
    };
    let first = json!({"id": "n0", "type": class, "inputs": inputs});
    let add = |at: usize| json!({"id": format!("n{at}"), "type": "Math", "inputs": {"operation": "add", "b": 1}});
    let edge = |at: usize| {
        let output = if at == 1 { output } else { "result" };
        json!({"source": format!("n{}", at - 1), "source_output": output, "target": format!("n{at}"), "target_input": "a"})
    };
    let nodes: Vec<Value> = std::iter::once(first).chain((1..=behind).map(add)).collect();
    let edges: Vec<Value> = (1..=behind).map(edge).collect();
    json!({"id": id, "name": id, "nodes": nodes, "edges": edges}).to_string()
}

/// Stores a graph.
pub async fn store(client: &mut Client, graph: &str) -> Result<()> {
    client.call("POST", "/workflows", graph).await?.success()?;
    Ok(())
}

/// Sets a stored workflow live.
pub async fn start(client: &mut Client, id: &str, interval_ms: u64) -> Result<()> {
    start_with(client, id, &json!({"interval_ms": interval_ms})).await
}

/// The same with all options.
pub async fn start_with(client: &mut Client, id: &str, options: &Value) -> Result<()> {
    let options = options.to_string();
    client.call("POST", &format!("/workflows/{id}/continuous/start"), &options).await?.success()?;
    Ok(())
}

/// Stops a live workflow.
pub async fn stop(client: &mut Client, id: &str) -> Result<()> {
    client.call("POST", &format!("/workflows/{id}/continuous/stop"), "").await?.success()?;
    Ok(())
}

/// How many iterations it has done.
pub async fn iterations(client: &mut Client, id: &str) -> Result<u64> {
    let status = client.call("GET", &format!("/workflows/{id}/status"), "").await?.success()?;
    session::number_field(status.as_bytes(), "execution_count").context("a status without execution_count")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_of_a_chain_is_linked_to_the_one_before() {
        let graph: Value = serde_json::from_str(&chain("c", Head::Clock, 3)).unwrap();
        assert_eq!(graph["nodes"].as_array().unwrap().len(), 4);
        let sources: Vec<&Value> = graph["edges"].as_array().unwrap().iter().map(|edge| &edge["source"]).collect();
        assert_eq!(sources, ["n0", "n1", "n2"]);
        assert_eq!(graph["edges"][0]["source_output"], "seconds");
    }
}
