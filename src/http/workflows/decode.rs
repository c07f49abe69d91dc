//! Reads the graphs that clients send, and names what is not one place by place.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::State;
use super::super::body;
use super::super::decode::{Fields, fault, too_deep, word};
use super::super::error::{Code, Problem};
use crate::domain::nesting::{self, TooDeep};
use crate::process::threads;
use crate::session::messages::Fault;
use crate::workflow::definition::id_fault;
use crate::workflow::graph::{Edge, Graph, GraphNode};

/// How deep a workflow may be nested, so that it can stand within other JSON and be read again.
const MAX_DEPTH: usize = 64;
/// Nodes and edges from which on a graph is read where it holds up nobody.
const LARGE: usize = 1_000;
/// Most faults that are listed.
const MAX_FAULTS: usize = 100;
/// Most characters of a name.
const MAX_NAME: usize = 200;

/// A workflow as clients send it. Other fields, of nodes and edges too, are kept as they are.
#[derive(Debug, Default, PartialEq, ToSchema)]
pub(in crate::http) struct WorkflowDraft {
    /// Its id: 1 to 64 letters, digits, `_`, `-` and `.`; a new one is made where it is left out.
    pub(super) id: Option<String>,
    /// Its name.
    #[schema(required = false, max_length = 200)]
    pub(super) name: String,
    /// The version that was changed; it is only looked at where an existing workflow is changed.
    pub(super) version: Option<u64>,
    /// Whether it becomes live again by itself when the server was stopped while it was live.
    #[schema(required = false)]
    pub(super) autostart: bool,
    /// What it does.
    #[schema(inline, value_type = Graph)]
    pub(super) graph: Graph,
}

/// A body that carries a workflow.
#[derive(Debug)]
pub(in crate::http) struct DraftBody(pub(super) WorkflowDraft);

impl FromRequest for DraftBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>();
        let limit = state.map_or(1_048_576, |state| state.settings.workflows.max_body_bytes);
        let body = body::json(request, payload, limit);
        Box::pin(async move {
            let body = body.await?;
            let count = |name: &str| body.as_ref().and_then(|body| body.get(name)?.as_array()).map_or(0, Vec::len);
            if count("nodes") + count("edges") < LARGE {
                return read(body).map(DraftBody);
            }
            threads::blocking(move || read(body).map(DraftBody)).await.map_err(Problem::from).flatten()
        })
    }
}

/// Reads a workflow.
///
/// # Errors
/// What is wrong with its shape; not what is wrong with its graph.
pub(in crate::http) fn read(body: Option<Value>) -> Result<WorkflowDraft, Problem> {
    if body.as_ref().is_some_and(|body| !nesting::fits(body, MAX_DEPTH)) {
        return Err(too_deep(TooDeep { limit: MAX_DEPTH }));
    }
    let mut fields = Fields::of(body)?;
    let id = fields.text("id", usize::MAX);
    if let Some(wrong) = id.as_deref().and_then(id_fault) {
        fields.fault(&["id"], wrong, "invalid_value");
    }
    let name = fields.text("name", MAX_NAME).unwrap_or_default();
    let autostart = fields.boolean("autostart").unwrap_or_default();
    let version = fields.value("version");
    let read = version.as_ref().and_then(Value::as_u64);
    if let Some(version) = version.filter(|_| read.is_none()) {
        fields.wrong_type(&["version"], "a whole number from 0", word(&version));
    }
    let nodes = list(&mut fields, "nodes");
    let nodes = fields.required("nodes", nodes);
    let edges = list(&mut fields, "edges");
    // What the server says of a workflow is not of its graph.
    for name in ["author", "owner", "created_at", "updated_at"] {
        drop(fields.value(name));
    }
    let (rest, mut faults) = fields.rest();
    let nodes = each(nodes, "nodes", &mut faults, node);
    let edges = each(edges, "edges", &mut faults, edge);
    if faults.is_empty() {
        let graph = Graph { nodes, edges, rest };
        return Ok(WorkflowDraft { id, name, version: read, autostart, graph });
    }
    faults.truncate(MAX_FAULTS);
    Err(Problem::invalid(Code::InvalidBody, faults))
}

fn list(fields: &mut Fields, key: &str) -> Option<Vec<Value>> {
    match fields.value(key)? {
        Value::Array(list) => Some(list),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            fields.wrong_type(&[key], "a list", word(&other));
            None
        }
    }
}

fn each<T>(
    list: Option<Vec<Value>>,
    key: &str,
    faults: &mut Vec<Fault>,
    read: fn(Map<String, Value>, &mut Wrong) -> T,
) -> Vec<T> {
    let mut all = Vec::new();
    for (at, value) in list.unwrap_or_default().into_iter().enumerate() {
        if faults.len() >= MAX_FAULTS {
            break;
        }
        let place = at.to_string();
        let found = word(&value);
        let Value::Object(map) = value else {
            faults.push(fault(&["body", key, &place], format!("must be an object, not {found}"), "wrong_type"));
            continue;
        };
        let mut wrong = Wrong::new();
        all.push(read(map, &mut wrong));
        let wrong = wrong.into_iter().map(|(name, msg)| {
            let kind = if msg == MISSING { "missing" } else { "wrong_type" };
            fault(&["body", key, &place, &name], msg, kind)
        });
        faults.extend(wrong);
    }
    all
}

/// The fields of a node or edge that are wrong, and how.
type Wrong = Vec<(String, String)>;

const MISSING: &str = "is missing";

fn node(mut map: Map<String, Value>, wrong: &mut Wrong) -> GraphNode {
    let id = text(&mut map, "id", wrong);
    let class = text(&mut map, "type", wrong);
    let inputs = match map.shift_remove("inputs") {
        Some(Value::Object(inputs)) => inputs,
        None | Some(Value::Null) => Map::new(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_))) => {
            wrong.push(("inputs".to_owned(), format!("must be an object, not {}", word(&other))));
            Map::new()
        }
    };
    GraphNode { id, class, inputs, rest: map }
}

fn edge(mut map: Map<String, Value>, wrong: &mut Wrong) -> Edge {
    let source = text(&mut map, "source", wrong);
    let source_output = text(&mut map, "source_output", wrong);
    let target = text(&mut map, "target", wrong);
    let target_input = text(&mut map, "target_input", wrong);
    Edge { source, source_output, target, target_input, rest: map }
}

fn text(map: &mut Map<String, Value>, key: &str, wrong: &mut Wrong) -> String {
    let msg = match map.shift_remove(key) {
        Some(Value::String(text)) => return text,
        None | Some(Value::Null) => MISSING.to_owned(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            format!("must be a string, not {}", word(&other))
        }
    };
    wrong.push((key.to_owned(), msg));
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn faults(body: Value) -> Vec<String> {
        let errors = read(Some(body)).unwrap_err().errors;
        errors.iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect()
    }

    #[test]
    fn what_is_no_graph_is_told_place_by_place() {
        assert_eq!(faults(json!({})), ["body.nodes missing"]);
        assert_eq!(faults(json!([])), ["body wrong_type"]);
        assert_eq!(
            faults(json!({"id": "a/b", "name": 1, "autostart": "x", "version": -1, "nodes": {}, "edges": 3})),
            [
                "body.id invalid_value",
                "body.name wrong_type",
                "body.autostart wrong_type",
                "body.version wrong_type",
                "body.nodes wrong_type",
                "body.edges wrong_type"
            ]
        );
        assert_eq!(
            faults(json!({"nodes": [3, {"id": 1, "inputs": []}], "edges": [{"source": "a", "target": "b"}]})),
            [
                "body.nodes.0 wrong_type",
                "body.nodes.1.id wrong_type",
                "body.nodes.1.type missing",
                "body.nodes.1.inputs wrong_type",
                "body.edges.0.source_output missing",
                "body.edges.0.target_input missing"
            ]
        );
        assert_eq!(faults(json!({"nodes": vec![json!(1); 10_000]})).len(), 100);
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let body = json!({"nodes": [{"id": "a", "type": "T", "inputs": null, "position": {"x": 1}}], "edges": null,
            "groups": [1], "author": "x", "owner": "bo", "created_at": 1, "version": 7});
        let read = read(Some(body)).unwrap();
        assert_eq!((read.version, read.graph.nodes[0].rest["position"]["x"].as_i64()), (Some(7), Some(1)));
        assert_eq!(Value::Object(read.graph.rest), json!({"groups": [1]}));
    }

    #[test]
    fn a_graph_is_only_so_deep() {
        let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(faults(json!({"nodes": [], "x": deep(65)})), ["body too_deep"]);
        assert!(read(Some(json!({"nodes": [], "x": deep(60)}))).is_ok());
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(text in r#"(\[|\]|\{|\}|,|:|"(nodes|edges|id|type|inputs|source|target|x)"|1|null){0,24}"#) {
            let refused = serde_json::from_str(&text).map(|body| read(Some(body)).err());
            if let Ok(Some(problem)) = refused {
                prop_assert!(!problem.errors.is_empty());
            }
        }
    }
}
