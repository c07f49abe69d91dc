//! What is wrong with a graph, node by node, in the words of the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Everything that is wrong with a graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[error("the graph is not valid")]
pub struct GraphFaults {
    /// By the id of the node.
    pub node_errors: BTreeMap<String, NodeFaults>,
    /// What is wrong with the graph as a whole: it is too large, or has more faults than are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<GraphFault>>", optional))]
    pub graph_errors: Vec<GraphFault>,
}

/// What is wrong with one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NodeFaults {
    /// Its class; empty where there is no such node.
    pub class_type: String,
    /// What is wrong.
    pub errors: Vec<GraphFault>,
    /// The ids of the nodes at the graph's end that need it, itself where nothing is below it; at most 100.
    pub dependent_outputs: Vec<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GraphFault {
    /// What, in a word.
    #[serde(rename = "type")]
    pub kind: GraphFaultKind,
    /// What, in a sentence.
    pub message: String,
    /// Where and how exactly, for people.
    pub details: String,
    /// The same for programs: `input_name`, `received`, `cycle` and so on.
    #[schema(value_type = Object)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub extra_info: Map<String, Value>,
}

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum GraphFaultKind {
    /// There is no such class.
    MissingNodeType,
    /// Two nodes have one id.
    DuplicateNodeId,
    /// An input has neither a constant nor a link.
    RequiredInputMissing,
    /// The class has no input of this name.
    UnknownInput,
    /// An edge begins or ends where there is nothing, or where another one ends.
    BadLinkedInput,
    /// An edge leads from an output to an input of another type.
    ReturnTypeMismatch,
    /// A constant is of another type.
    InvalidInputType,
    /// A constant is none of the choices.
    ValueNotInList,
    /// A constant is too small a number.
    ValueSmallerThanMin,
    /// A constant is too large a number.
    ValueBiggerThanMax,
    /// A constant is of the right type, but the class cannot use it: a template that cannot be parsed.
    CustomValidationFailed,
    /// The node needs itself.
    DependencyCycle,
    /// The graph, a node's id or a constant is larger than this server takes.
    TooLarge,
    /// There are more faults than are listed.
    TooManyFaults,
}
