//! A graph as people draw it and clients send it: nodes, and the edges that link them.
//!
//! What it does not know (positions, notes, groups) is kept as it came, so that a canvas gets back what it saved.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Graph {
    /// Its nodes; their ids are unique.
    #[serde(default)]
    pub nodes: Vec<GraphNode>,
    /// What links them.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// What a canvas keeps with it.
    #[serde(flatten)]
    #[cfg_attr(feature = "ts", ts(skip))]
    #[schema(ignore)]
    pub rest: Map<String, Value>,
}

/// A node of a graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GraphNode {
    /// Its id, unique in its graph: `TextInput-1234`.
    pub id: String,
    /// Its class: `TextInput`.
    #[serde(rename = "type")]
    pub class: String,
    /// The constants of its inputs, by name; where an input is linked, the link counts.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    #[schema(value_type = Object)]
    pub inputs: Map<String, Value>,
    /// What a canvas keeps with it: `title`, `position` and so on.
    #[serde(flatten)]
    #[cfg_attr(feature = "ts", ts(skip))]
    #[schema(ignore)]
    pub rest: Map<String, Value>,
}

/// A link from an output to an input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Edge {
    /// The id of the node whose output it is.
    pub source: String,
    /// The output's name.
    pub source_output: String,
    /// The id of the node whose input it is.
    pub target: String,
    /// The input's name.
    pub target_input: String,
    /// What a canvas keeps with it.
    #[serde(flatten)]
    #[cfg_attr(feature = "ts", ts(skip))]
    #[schema(ignore)]
    pub rest: Map<String, Value>,
}
