//! The description of the HTTP interface (OpenAPI 3.1), built from what stands at each handler.

mod bodies;
mod patterns;
mod refusals;
mod untagged;

use std::collections::BTreeMap;

use utoipa::OpenApi;
use utoipa::openapi::PathsBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};

use super::error;
use super::route::Route;
use crate::auth::{Decision, Principal, PrincipalKind, Resource, Scope, may};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Callboard",
        description = "A live task server with a human in the loop. What is said on its WebSockets is described in /asyncapi.json.",
    ),
    components(schemas(error::ProblemDetails)),
    tags(
        (name = "sessions", description = "Starting, watching and stopping sessions."),
        (name = "answers", description = "Answering the questions of a session."),
        (name = "tasks", description = "What can be started."),
        (name = "workflows", description = "Graphs of nodes: what they are made of, storing, checking and running them."),
        (name = "connections", description = "Connections, for operators."),
        (name = "executions", description = "Sessions, by the name that they have among events."),
        (name = "events", description = "What happens anywhere, for those who listen to more than one session."),
        (name = "crews", description = "Crews and the agents in them."),
        (name = "audits", description = "Agents that look through a document."),
        (name = "keys", description = "API keys, for operators."),
        (name = "users", description = "Who may log in on the page, for operators."),
        (name = "memory", description = "What clients and agents keep."),
        (name = "server", description = "The server itself."),
    )
)]
struct Description;

/// The description of every path that a program may use.
#[must_use]
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Description::openapi();
    let (mut paths, mut schemas) = (PathsBuilder::new(), BTreeMap::new());
    for route in super::routes() {
        let security = security(&route);
        paths = route.describe(paths, &mut schemas, |operation| {
            refusals::add(operation, security.is_some(), route.is_socket());
            operation.security = security;
        });
    }
    document.paths = paths.build();
    untagged::set_right(&mut schemas);
    if let Some(components) = &mut document.components {
        components.schemas.extend(schemas);
        let token = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The admin token, or, where identity is configured, an API key or a token of one's own. Without identity, callers \
                 on the server's own machine need none unless an admin token is set.",
            ));
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        let key = ApiKeyValue::with_description("X-API-Key", "An API key, where identity is configured.");
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
    patterns::fill(&mut document);
    bodies::close(&mut document);
    document
}

/// What has to be shown, but for what is everybody's; nothing, where there is no identity and the caller is trusted.
fn security(route: &Route) -> Option<Vec<SecurityRequirement>> {
    let (.., action) = route.access();
    let shown = |name| SecurityRequirement::new(name, [""; 0]);
    if action.scope() == Scope::Link {
        return Some(vec![shown("token")]);
    }
    let nobody = Principal::new(PrincipalKind::Anonymous);
    let needs_credential = may(&nobody, action, Resource::Unread) != Decision::Allowed;
    needs_credential.then(|| vec![SecurityRequirement::default(), shown("token"), shown("api_key")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn described() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    #[test]
    fn bodies_say_that_they_take_no_other_fields() {
        let schemas = &described()["components"]["schemas"];
        let closed = [
            "StartTask",
            "Confirm",
            "Input",
            "Retry",
            "CancelSession",
            "RunWorkflow",
            "LiveOptions",
            "StartExecution",
            "TellEvent",
            "NewApiKey",
            "NewUser",
            "ChangeUser",
            "NewTicket",
            "NewLink",
            "AnswerByLink",
            "LogIn",
            "Kickoff",
        ];
        for name in closed {
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
        }
        for name in ["Agent", "Crew", "WorkflowDraft"] {
            assert!(schemas[name].is_object() && schemas[name]["additionalProperties"].is_null(), "{name}");
        }
    }

    #[test]
    fn every_operation_says_how_it_is_refused() {
        for (path, item) in described()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let has = |status: &str| operation["responses"].get(status).is_some();
                assert!(has("429"), "{method} {path}");
                assert!(operation["security"].is_null() || has("401"), "{method} {path}");
            }
        }
        let listing = &described()["paths"]["/sessions"]["get"]["responses"];
        assert!(listing["403"]["content"]["application/problem+json"]["schema"]["$ref"].is_string(), "{listing}");
    }

    #[test]
    fn entries_of_every_kind_are_described() {
        let mut schema = described();
        schema["$ref"] = "#/components/schemas/Stamped".into();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let with = |entry: Value| {
            let mut stamped = serde_json::json!({"seq": 1, "timestamp": 1.5});
            stamped.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
            stamped
        };
        for entry in [
            serde_json::json!({"type": "status", "status": "running", "attempt": 1}),
            serde_json::json!({"type": "agent_started", "agent_id": "a"}),
            serde_json::json!({"type": "task.assigned", "task": "t", "agent_id": "a", "depth": 0}),
        ] {
            let stamped = with(entry);
            assert!(validator.is_valid(&stamped), "{stamped}");
        }
        assert!(!validator.is_valid(&with(serde_json::json!({"status": "running"}))));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            found.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
            value.as_object().into_iter().flat_map(|map| map.values()).for_each(|inner| references(inner, found));
            value.as_array().into_iter().flatten().for_each(|inner| references(inner, found));
        }
        let document = described();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_path_parameter_is_described() {
        for (path, item) in described()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let has = operation["parameters"].as_array().into_iter().flatten().any(|one| one["in"] == "path");
                assert_eq!(has, path.contains('{'), "{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            }
        }
    }

    #[test]
    fn the_body_of_a_start_has_the_fields_that_are_read() {
        let schema = &described()["components"]["schemas"]["StartTask"];
        let fields: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            BTreeSet::from([
                "callback",
                "client_id",
                "config",
                "execution_id",
                "input",
                "labels",
                "on_disconnect",
                "priority",
                "task"
            ])
        );
        assert!(schema.get("required").is_none(), "{schema}");
    }
}
