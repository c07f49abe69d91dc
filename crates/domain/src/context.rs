//! What a question is about: a title, where it comes from, and the values that led to it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::id::SessionId;
use super::mask::Mask;

/// What a question is about, for whoever answers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "RequestContext"))]
#[schema(as = RequestContext)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// What is asked about, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub title: Option<String>,
    /// Where the question comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub source: Option<Source>,
    /// The values that led to it, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(feature = "ts", ts(optional, type = "Record<string, unknown>"))]
    pub details: Map<String, Value>,
}

/// Where a question, or a session, comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "RequestSource"))]
#[schema(as = RequestSource)]
#[serde(untagged)]
pub enum Source {
    /// A node of a workflow.
    Node {
        /// The stored workflow; none where a graph that is not stored runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        workflow_id: Option<String>,
        /// The node.
        node_id: String,
        /// The workflow's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        workflow_name: Option<String>,
        /// The node's title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        node_title: Option<String>,
    },
    /// An agent.
    Agent {
        /// The agent.
        agent_id: String,
        /// The task that it works on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        task: Option<String>,
    },
    /// A session: the parent of the one that asks.
    Session {
        /// The parent.
        #[schema(value_type = String)]
        session_id: SessionId,
    },
}

impl Context {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.source.is_none() && self.details.is_empty()
    }

    /// The context as entries have it: none where it says nothing.
    #[must_use]
    pub fn non_empty(self) -> Option<Box<Self>> {
        (!self.is_empty()).then(|| Box::new(self))
    }

    /// Adds details; what is not an object is one called `value`.
    pub fn add_details(&mut self, details: Value) {
        match details {
            Value::Object(details) => self.details.extend(details),
            Value::Null => {}
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                drop(self.details.insert("value".to_owned(), other))
            }
        }
    }

    /// Hides secrets in it.
    pub fn clean(&mut self, mask: &Mask) {
        self.title.iter_mut().for_each(|title| mask.clean(title));
        mask.clean_members(&mut self.details);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_is_known_by_its_fields() {
        let session_id = SessionId::random();
        for (json, source) in [
            (
                json!({"workflow_id": "w", "node_id": "n"}),
                Source::Node {
                    workflow_id: Some("w".into()),
                    node_id: "n".into(),
                    workflow_name: None,
                    node_title: None,
                },
            ),
            (json!({"agent_id": "a", "task": "t"}), Source::Agent { agent_id: "a".into(), task: Some("t".into()) }),
            (json!({"session_id": session_id}), Source::Session { session_id }),
        ] {
            assert_eq!(serde_json::from_value::<Source>(json.clone()).unwrap(), source);
            assert_eq!(serde_json::to_value(&source).unwrap(), json);
        }
        assert!(serde_json::from_value::<Source>(json!({"workflow_id": "w"})).is_err());
    }

    #[test]
    fn details_are_an_object_and_an_empty_context_is_one() {
        let mut context = Context::default();
        assert!(context.is_empty());
        assert_eq!(serde_json::to_value(&context).unwrap(), json!({}));
        context.add_details(json!({"amount": 1}));
        context.add_details(json!("note"));
        context.add_details(Value::Null);
        assert_eq!(serde_json::to_value(&context).unwrap(), json!({"details": {"amount": 1, "value": "note"}}));
        assert!(serde_json::from_value::<Context>(json!({"details": [1]})).is_err());
        assert!(serde_json::from_value::<Context>(json!({"titel": "x"})).is_err());
    }
}
