//! `POST /start-task`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use rand::seq::IteratorRandom;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::client::visible;
use super::super::decode::{Fields, fault, word};
use super::super::error::{Code, Problem};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::callbacks::{NewCallback, callback};
use crate::auth::Principal;
use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::record::Spec;
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::memory::{BadName, is_name};
use crate::session::Kinds;
use crate::session::messages::{Fault, Refused, Started};
use crate::store::Idempotency;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![StartSession => start_task]
}

/// What an execution's id must be.
pub(in crate::http) const EXECUTION_ID: &str = "1 to 64 letters, digits, _, . and -";

/// What to start. Every field may be left out.
#[derive(Debug, Default, PartialEq, ToSchema)]
pub(in crate::http) struct StartTask {
    /// The task's name, see `GET /tasks`; without it a demonstration is started, which one by chance.
    pub(in crate::http) task: Option<String>,
    /// What the task works on; the task's input schema says what it takes.
    #[schema(required = false)]
    pub(in crate::http) input: Value,
    /// How it works; the task's configuration schema says what it takes.
    #[schema(value_type = Option<Object>)]
    pub(in crate::http) config: Option<Map<String, Value>>,
    /// How urgent it is.
    pub(in crate::http) priority: Option<Priority>,
    /// The caller's own marks, to find it by.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub(in crate::http) labels: BTreeMap<String, String>,
    /// What happens when its last connection goes.
    pub(in crate::http) on_disconnect: Option<OnDisconnect>,
    /// What it is to be called among events and under `/api/v1/executions`; else its session's id. No two are called
    /// the same.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
    pub(in crate::http) execution_id: Option<ExecutionId>,
    /// Whose memory its agents keep, see `/memory`; else that of its owner, or everybody's.
    #[schema(pattern = "^[A-Za-z0-9_.:@~-]{1,128}$")]
    pub(in crate::http) client_id: Option<String>,
    /// Where its news is posted to.
    #[schema(value_type = Option<NewCallback>)]
    pub(in crate::http) callback: (),
}

/// A session that was started.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct StartedSession {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// What it is called among events.
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    /// The task's name.
    task: String,
    /// Where it stands.
    status: Status,
}

/// Starts a session; it is in the store when the answer comes.
#[utoipa::path(
    post, path = "/start-task", tag = "sessions",
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gives the same session back."),
    ),
    request_body(content = Option<StartTask>),
    responses(
        (status = 200, description = "It is started.", body = StartedSession),
        (status = "4XX", description = "It was not started."),
        (status = 503, description = "It cannot be started now."),
    )
)]
async fn start_task(
    state: web::Data<State>,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(&request, "POST /start-task", body.as_ref())?;
    let mut fields = Fields::of(body)?;
    let callback = callback(&mut fields, &state);
    let spec = decode(fields, state.sessions.kinds(), state.settings.sessions.max_labels)?;
    let spec = Spec { callback, ..spec };
    let started = state.sessions.start(&Principal::of(&request), spec, idempotency).await?;
    let Started { session_id, execution_id, task, status } = started;
    Noted::session(&request, session_id);
    let answer = StartedSession { session_id, execution_id, task, status };
    Ok(HttpResponse::Ok().json(answer))
}

/// Reads the fields of a body, which may have faults already.
///
/// # Errors
/// Everything that is wrong with it. The task's own schemas are asked here only where there is something else to
/// tell, so that one answer has it all; a body without other faults is checked against them when it is started.
pub(in crate::http) fn decode(fields: Fields, kinds: &Kinds, max_labels: usize) -> Result<Spec, Problem> {
    let (start, mut faults) = read(fields, max_labels);
    let config = start.config.map_or(Value::Null, Value::Object);
    let unknown = start.task.as_ref().filter(|task| kinds.get(task).is_none());
    if !faults.is_empty() {
        if unknown.is_some() {
            faults.push(fault(&["body", "task"], "there is no such task", "unknown_task"));
        } else if let Some(task) = &start.task {
            faults.extend(kinds.check(task, &start.input, &config));
        }
        return Err(Problem::invalid(Code::InvalidBody, faults));
    }
    if let Some(task) = unknown {
        return Err(Refused::UnknownTask(task.clone()).into());
    }
    let task = match start.task {
        Some(task) => task,
        None => any_demo(kinds)?,
    };
    Ok(Spec {
        input: start.input,
        config,
        priority: start.priority.unwrap_or_default(),
        on_disconnect: start.on_disconnect.unwrap_or_default(),
        labels: start.labels,
        execution_id: start.execution_id,
        client_id: start.client_id,
        ..Spec::new(task)
    })
}

/// One of the demonstrations, by chance.
fn any_demo(kinds: &Kinds) -> Result<String, Problem> {
    let demos = kinds.all().filter(|kind| kind.is_demo());
    let chosen = demos.choose(&mut rand::rng()).map(|kind| kind.name().to_owned());
    chosen.ok_or_else(|| Problem::new(Code::UnknownTask, "Say with \"task\" what to start."))
}

/// Reads the fields, and keeps what is wrong with them.
fn read(mut fields: Fields, max_labels: usize) -> (StartTask, Vec<Fault>) {
    let start = StartTask {
        task: fields.text("task", 64),
        input: fields.value("input").unwrap_or_default(),
        config: fields.object("config"),
        priority: priority(&mut fields),
        labels: labels(&mut fields, max_labels),
        on_disconnect: on_disconnect(&mut fields),
        execution_id: execution_id(&mut fields),
        client_id: client_id(&mut fields),
        callback: (),
    };
    (start, fields.finish())
}

/// Which execution it is, or is to be.
pub(in crate::http) fn execution_id(fields: &mut Fields) -> Option<ExecutionId> {
    fields.one_of("execution_id", EXECUTION_ID, |text| text.parse().ok())
}

/// Whose memory its agents are to keep.
pub(in crate::http) fn client_id(fields: &mut Fields) -> Option<String> {
    let words = BadName.to_string();
    let words = words.strip_prefix("must have ").unwrap_or(&words);
    fields.one_of("client_id", words, |text| is_name(text).then(|| text.to_owned()))
}

/// How urgent it is to be.
pub(in crate::http) fn priority(fields: &mut Fields) -> Option<Priority> {
    let value = fields.value("priority")?;
    let priority = value.as_str().and_then(Priority::parse);
    if priority.is_none() {
        fields.fault(&["priority"], "must be low, normal, high or critical", "invalid_value");
    }
    priority
}

/// The caller's own marks.
pub(in crate::http) fn labels(fields: &mut Fields, most: usize) -> BTreeMap<String, String> {
    let given = fields.object("labels").unwrap_or_default();
    if given.len() > most {
        fields.fault(&["labels"], format!("must be at most {most}"), "too_long");
    }
    let mut labels = BTreeMap::new();
    for (key, value) in given {
        if key.is_empty() || key.chars().count() > 64 {
            fields.fault(&["labels", &key], "a label's name must have 1 to 64 characters", "too_long");
            continue;
        }
        let found = word(&value);
        let Value::String(text) = value else {
            fields.wrong_type(&["labels", &key], "a string", found);
            continue;
        };
        if text.chars().count() > 256 {
            fields.fault(&["labels", &key], "must have at most 256 characters", "too_long");
            continue;
        }
        labels.insert(key, text);
    }
    labels
}

/// What is to happen when the last connection goes.
pub(in crate::http) fn on_disconnect(fields: &mut Fields) -> Option<OnDisconnect> {
    let value = fields.value("on_disconnect")?;
    if value == "keep" {
        return Some(OnDisconnect::Keep);
    }
    let seconds = value
        .as_object()
        .filter(|map| map.len() == 1)
        .and_then(|map| map.get("cancel_after"))
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds >= 0.0);
    if seconds.is_none() {
        let wanted = "must be \"keep\" or {\"cancel_after\": seconds}, with seconds from 0";
        fields.fault(&["on_disconnect"], wanted, "invalid_value");
    }
    seconds.map(OnDisconnect::CancelAfter)
}

/// The caller's `Idempotency-Key`, where it sent one: it stands for this body, sent to this route.
///
/// # Errors
/// Where the header is no key.
pub(in crate::http) fn idempotency(
    request: &HttpRequest,
    route: &str,
    body: Option<&Value>,
) -> Result<Option<Idempotency>, Problem> {
    let key = visible(request.headers(), "Idempotency-Key", 255)?;
    Ok(key.map(|key| Idempotency { key: format!("{route} {key}"), digest: digest(body) }))
}

/// A digest of what a body says, however it is written: without spaces, and with keys in order.
fn digest(body: Option<&Value>) -> [u8; 32] {
    let mut hash = Sha256::new();
    match body {
        Some(value) => feed(&mut hash, value),
        // No body says the same as an empty one.
        None => hash.update(b"{}"),
    }
    hash.finalize().into()
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            hash.update(b"{");
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    hash.update(b",");
                }
                hash.update(Value::String(key.clone()).to_string());
                hash.update(b":");
                feed(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(values) => {
            hash.update(b"[");
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    hash.update(b",");
                }
                feed(hash, value);
            }
            hash.update(b"]");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => hash.update(value.to_string()),
    }
}

#[cfg(test)]
mod tests;
