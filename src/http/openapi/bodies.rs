//! What clients send: a field that it does not have is refused.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::{OpenApi, RefOr};

/// Bodies whose other fields are kept as they are.
const OPEN: [&str; 1] = ["WorkflowDraft"];

/// Says of the schemas of all other bodies that they take no other fields. Those that are parts of others cannot say so:
/// what is stored is shown with more than was sent.
pub(super) fn close(document: &mut OpenApi) {
    let (mut bodies, mut parts) = (BTreeSet::new(), BTreeSet::new());
    let described = serde_json::to_value(&*document).unwrap_or_default();
    named(&described, "requestBody", &mut bodies);
    named(&described, "allOf", &mut parts);
    let Some(components) = &mut document.components else { return };
    for name in bodies.difference(&parts).filter(|name| !OPEN.contains(&name.as_str())) {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// Finds the schemas that are named anywhere below a key of this name.
fn named(value: &Value, key: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if name == key {
                    references(inner, found);
                }
                named(inner, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let location = map.get("$ref").and_then(Value::as_str);
            found.extend(location.and_then(|text| text.rsplit('/').next()).map(str::to_owned));
            map.values().for_each(|inner| references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
