//! How requests are refused: what every refusal looks like, and those that come before a handler is called.

use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, ResponseBuilder};

use super::super::error::{PROBLEM_JSON, ProblemDetails};

/// Adds the refusals that an operation does not describe itself, and to all of them what their bodies are.
pub(super) fn add(operation: &mut Operation, needs_credential: bool, is_socket: bool) {
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description| {
        let response = || ResponseBuilder::new().description(description).build().into();
        responses.entry(status.to_owned()).or_insert_with(response);
    };
    if needs_credential {
        add("401", "Nobody has said who they are, or with a credential that is not good.");
        add("403", "The credential has not the scope for this.");
    }
    if is_socket {
        add("101", "It is a WebSocket from here on.");
        add("426", "It was not asked for a WebSocket.");
    }
    add("429", "There are too many requests of one caller or one address.");
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            response.content.insert(PROBLEM_JSON.to_owned(), problem());
        }
    }
}

fn problem() -> RefOr<Content> {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name()))).build().into()
}
