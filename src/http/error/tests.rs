//! What is told of each refusal.

use super::*;
use crate::auth::policy::NotAsked;
use crate::domain::answerers::Answerers;
use crate::domain::entry::Entry;
use crate::domain::request::FieldError;
use actix_web::body::MessageBody;
use serde_json::{Value, json};

fn told(problem: &Problem) -> (HttpResponse, Value) {
    let (head, body) = problem.response().into_parts();
    let body = serde_json::from_slice(&body.try_into_bytes().unwrap()).unwrap();
    (head.set_body(actix_web::body::BoxBody::new(())), body)
}

fn rejected(errors: Vec<FieldError>) -> Refused {
    let request_id = RequestId::random();
    let form = Entry::RequestUserInput {
        request_id,
        fields: Vec::new(),
        message: None,
        timeout: None,
        expires_at: None,
        default: None,
        context: None,
        answerers: Answerers::default(),
    };
    Refused::Rejected { request_id, errors, form: Box::new(form) }
}

#[test]
fn every_refusal_has_its_status_and_code() {
    let winner = Winner {
        by: "ada".into(),
        value: Some(true),
        values: None,
        timed_out: false,
        withdrawn: false,
        answers: Vec::new(),
    };
    let wrong = FieldError { field: "to_address".into(), message: "no address".into() };
    let cases = [
        (Refused::UnknownSession, 404, "unknown_session"),
        (Refused::UnknownTask("x".into()), 404, "unknown_task"),
        (Refused::Invalid(Vec::new()), 422, "invalid_body"),
        (Refused::IdempotencyConflict, 409, "idempotency_conflict"),
        (Refused::NotEnded, 409, "not_ended"),
        (Refused::NoOpenRequest, 409, "no_open_request"),
        (Refused::AmbiguousRequest, 409, "ambiguous_request"),
        (Refused::NotAsked(NotAsked::OwnSession), 403, "forbidden"),
        (Refused::NotOwned, 403, "forbidden"),
        (Refused::AlreadyAnswered { winner: Box::new(winner), open_request_id: None }, 409, "already_answered"),
        (rejected(vec![wrong]), 422, "invalid_body"),
        (Refused::QueueFull, 503, "queue_full"),
        (Refused::ShuttingDown, 503, "shutting_down"),
        (Refused::Locked, 503, "store_unavailable"),
        (Refused::Unavailable("disk at /var/lib".into()), 503, "store_unavailable"),
    ];
    for (refused, status, code) in cases {
        let (head, body) = told(&refused.clone().into());
        assert_eq!((head.status().as_u16(), body["code"].as_str().unwrap()), (status, code), "{refused:?}");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], "about:blank");
        assert_eq!(head.headers().get("content-type").unwrap(), PROBLEM_JSON);
        assert_eq!(head.headers().contains_key("retry-after"), status == 503);
        assert_eq!(body.get("winner").is_some(), code == "already_answered");
        assert!(!body["detail"].as_str().unwrap().contains("/var/lib"));
    }
}

#[test]
fn every_refusal_of_a_workflow_has_its_status_and_code() {
    use crate::workflow::fault::{GraphFaults, NodeFaults};
    use crate::workflow::plan::SetError;
    use crate::workflow::refused::Refused;
    let mut faults = GraphFaults::default();
    faults.node_errors.insert("a".into(), NodeFaults::default());
    let cases = [
        (Refused::UnknownWorkflow, 404, "unknown_workflow"),
        (SetError::UnknownNode("a".into()).into(), 404, "unknown_node"),
        (SetError::UnknownInput("a".into()).into(), 422, "unknown_input"),
        (SetError::InvalidValue("must be a text".into()).into(), 422, "invalid_value"),
        (SetError::InputIsLinked.into(), 409, "input_is_linked"),
        (Refused::InvalidId("must have a letter".into()), 422, "invalid_value"),
        (Refused::AmbiguousNode("a".into()), 409, "ambiguous_node"),
        (Refused::Invalid(Box::new(faults)), 422, "invalid_graph"),
        (Refused::AlreadyExists, 409, "workflow_exists"),
        (Refused::VersionConflict(3), 409, "version_conflict"),
        (Refused::AlreadyRunning, 409, "already_running"),
        (Refused::Ending, 409, "workflow_ending"),
        (Refused::TooManyLive, 503, "too_many_live"),
        (Refused::ShuttingDown, 503, "shutting_down"),
        (Refused::Unavailable("disk at /var/lib".into()), 503, "store_unavailable"),
    ];
    for (refused, status, code) in cases {
        let (head, body) = told(&refused.clone().into());
        assert_eq!((head.status().as_u16(), body["code"].as_str().unwrap()), (status, code), "{refused:?}");
        assert_eq!(body.get("node_errors").is_some(), code == "invalid_graph");
        assert_eq!(body["current_version"].as_u64(), (code == "version_conflict").then_some(3));
        assert!(!body["detail"].as_str().unwrap().contains("/var/lib"));
    }
}

#[test]
fn a_rejected_field_is_named_with_its_place() {
    let errors = vec![FieldError { field: "to_address".into(), message: "no address".into() }];
    let (_, body) = told(&rejected(errors).into());
    assert_eq!(
        body["errors"],
        json!([{"loc": ["body", "values", "to_address"], "msg": "no address", "type": "invalid_value"}])
    );
}

#[test]
fn the_framework_s_statuses_have_codes() {
    for (status, word) in
        [(404, "not_found"), (413, "payload_too_large"), (418, "bad_request"), (507, "internal_error")]
    {
        assert_eq!(Problem::of_status(StatusCode::from_u16(status).unwrap()).code.word(), word);
    }
}

#[test]
fn codes_are_stable_words() {
    let mut seen = std::collections::BTreeSet::new();
    for code in Code::ALL {
        assert!(code.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
        // What another one has changed has one word, whether a header or the body named the version; and that somebody was
        // faster, whether or not it was by a link.
        let is_again = matches!(code, Code::PreconditionFailed | Code::AlreadyAnswered | Code::AnsweredElsewhere);
        assert!(seen.insert(code.word()) || is_again, "{code:?}");
    }
}
