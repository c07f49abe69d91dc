//! What requests may be answered with before their handlers are called, for every operation.

use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

use super::super::error::{PROBLEM_JSON, ProblemDetails};

/// Adds these answers to an operation that does not describe them itself.
pub(super) fn add(operation: &mut Operation, needs_credential: bool) {
    let mut add = |status: &str, description| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| problem(description).into());
    };
    if needs_credential {
        add("401", "Nobody has said who they are, or with a credential that is not good.");
        add("403", "The credential has not the scope for this.");
    }
    add("429", "There are too many requests of one caller or one address.");
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name())));
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content.build()).build()
}
