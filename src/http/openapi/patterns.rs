//! What ids, cursors and entity tags look like, for every parameter whose description does not say so itself.

use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};

const UUID: &str = "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$";
const NAME: &str = "^[A-Za-z0-9_.-]{1,64}$";
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*)$"#;

/// The pattern of a parameter: where it stands, its name, what its path begins with.
const PATTERNS: [(ParameterIn, &str, &str, &str); 18] = [
    (ParameterIn::Path, "session_id", "/", UUID),
    (ParameterIn::Path, "audit_id", "/", UUID),
    (ParameterIn::Path, "execution_id", "/", NAME),
    (ParameterIn::Path, "workflow_id", "/", NAME),
    (ParameterIn::Path, "crew_id", "/", NAME),
    (ParameterIn::Path, "agent_id", "/", NAME),
    (ParameterIn::Path, "client_id", "/memory/", "^[A-Za-z0-9_.:@~-]{1,128}$"),
    (ParameterIn::Path, "key", "/memory/", "^[A-Za-z0-9_.:@~-]{1,128}$"),
    (ParameterIn::Path, "client_id", "/", r"^[^\x00-\x1f\x7f-\x9f/]{1,64}$"),
    (ParameterIn::Path, "type", "/api/v1/event-types", r"^custom(\.[A-Za-z0-9_-]+)+$"),
    (ParameterIn::Query, "cursor", "/memory/", "^([A-Za-z0-9_.:@~-]{1,128})?$"),
    (ParameterIn::Query, "cursor", "/sessions", "^([A-Za-z0-9_-]{10}[AEIMQUYcgkosw048])?$"),
    (ParameterIn::Query, "cursor", "/api/v1/executions", "^([A-Za-z0-9_-]{10}[AEIMQUYcgkosw048])?$"),
    (ParameterIn::Query, "cursor", "/api/v1/event-types", r"^(custom(\.[A-Za-z0-9_-]+)+)?$"),
    (ParameterIn::Query, "cursor", "/", "^([A-Za-z0-9_.-]{1,64})?$"),
    (ParameterIn::Header, "If-Match", "/", TAGS),
    (ParameterIn::Header, "If-None-Match", "/", TAGS),
    (ParameterIn::Header, "X-Client-Id", "/", "^[!-~]{1,64}$"),
];

/// Says of every such parameter what it looks like.
pub(super) fn fill(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            fill_one(path, operation);
        }
    }
}

fn fill_one(path: &str, operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let found = PATTERNS.iter().find(|(place, name, start, _)| {
            *place == parameter.parameter_in && *name == parameter.name && path.starts_with(start)
        });
        if let (Some((.., pattern)), Some(object)) = (found, object(parameter)) {
            object.pattern.get_or_insert_with(|| (*pattern).to_owned());
        }
    }
}

fn object(parameter: &mut Parameter) -> Option<&mut utoipa::openapi::Object> {
    match &mut parameter.schema {
        Some(RefOr::T(Schema::Object(object))) => Some(object),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use serde_json::Value;

    #[test]
    fn every_id_cursor_and_tag_says_what_it_looks_like() {
        let described = serde_json::to_value(document()).unwrap();
        let mut seen = 0;
        for (path, item) in described["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    let is_path = parameter["in"] == "path";
                    if is_path && name != "subscription" || matches!(name, "cursor" | "If-Match" | "If-None-Match") {
                        let pattern = parameter["schema"]["pattern"].as_str();
                        let pattern = pattern.unwrap_or_else(|| panic!("{method} {path} {name}: {parameter}"));
                        assert!(regex::Regex::new(pattern).is_ok(), "{pattern}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn the_default_of_an_input_is_any_json() {
        let described = serde_json::to_value(document()).unwrap();
        let default = &described["components"]["schemas"]["InputPort"]["properties"]["default"];
        assert!(default.is_object() && default.get("type").is_none_or(Value::is_null), "{default}");
    }
}
