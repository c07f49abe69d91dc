//! `POST /audits`: agents begin to look through a document.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use callboard_audit::{MediaType, media_type_of};
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::super::State;
use super::super::body;
use super::super::client::visible;
use super::super::decode::{Fields, fault};
use super::super::error::{Code, Problem};
use super::super::multipart::{self, Part};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::super::sessions::callbacks::{NewCallback, callback};
use super::super::sessions::start::{client_id, labels, on_disconnect, priority};
use crate::agent::audit::{Input, KIND};
use crate::auth::Principal;
use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::record::Spec;
use crate::domain::status::{OnDisconnect, Priority};
use crate::session::messages::{Fault, Started};
use crate::store::Idempotency;

pub(super) fn routes() -> Vec<Route> {
    routes![StartAudit => start]
}

/// Most parts of a body.
const MOST_PARTS: usize = 200;

/// The bytes that a body may have beside its document.
const BESIDE: usize = 262_144;

/// What is to be audited. As `multipart/form-data` it is a `file`, with the same fields beside it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are listed")]
pub(in crate::http) struct StartAudit {
    /// The document, where it is text. PDF and XLSX are sent as a `file`.
    document: String,
    /// Its media type; else it is known by its first bytes and its name.
    media_type: Option<String>,
    /// What it is called.
    name: Option<String>,
    /// The ids of the agents that look through it; all checks without.
    agents: Option<Vec<String>>,
    /// The folder of the settings that they may read.
    folder: Option<String>,
    /// `checklist`, `max_findings`.
    #[schema(value_type = Option<Object>)]
    config: (),
    /// The caller's own marks, to find it by.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    labels: (),
    /// How urgent it is.
    priority: Option<Priority>,
    /// What happens when the last of its sockets (`/ws/audit/{audit_id}`) goes; `audits.cancel_after` without.
    on_disconnect: Option<OnDisconnect>,
    /// Whose memory its agents keep.
    client_id: Option<String>,
    /// Its id, where the caller chooses one, to open the socket first.
    #[schema(value_type = Option<String>, format = "uuid")]
    audit_id: (),
    /// Where its news is posted to.
    #[schema(value_type = Option<NewCallback>)]
    callback: (),
}

/// An audit that has started.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct StartedAudit {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    audit_id: SessionId,
    /// The id of its session, which is the same.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// The ids of its agents.
    agents: Vec<String>,
}

/// A body in either form.
pub(in crate::http) enum Body {
    Json(Option<Value>),
    Parts(Vec<Part>),
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>();
        let most = state.map_or(1_048_576, |state| state.settings.audits.max_document_bytes);
        if multipart::is_multipart(request.headers()) {
            let (request, payload) = (request.clone(), payload.take());
            let limits = multipart::Limits { bytes: most + BESIDE, parts: MOST_PARTS };
            return Box::pin(async move { multipart::read(&request, payload, limits).await.map(Body::Parts) });
        }
        // Text takes up to twice its room in JSON, but for control characters.
        let body = body::json(request, payload, 2 * most + BESIDE);
        Box::pin(async move { body.await.map(Body::Json) })
    }
}

/// Starts an audit; it is in the store when the answer comes.
#[utoipa::path(
    post, path = "/audits", tag = "audits",
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gives the same audit back."),
    ),
    request_body(content = StartAudit),
    responses(
        (status = 202, description = "It has started.", body = StartedAudit),
        (status = "4XX", description = "It has not started."),
        (status = 503, description = "It cannot start now."),
    )
)]
async fn start(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let key = visible(request.headers(), "Idempotency-Key", 255)?.map(str::to_owned);
    let (mut fields, document) = match body {
        Body::Json(body) => {
            let mut fields = Fields::of(body)?;
            let text = fields.value("document");
            let document = text.and_then(|text| {
                if let Value::String(text) = text {
                    return Some(Upload { bytes: text.into_bytes(), media_type: None, name: None });
                }
                fields.fault(&["document"], "must be a string", "wrong_type");
                None
            });
            (fields, document)
        }
        Body::Parts(parts) => of_parts(parts)?,
    };
    let most = state.settings.audits.max_document_bytes;
    if document.as_ref().is_some_and(|document| document.bytes.len() > most) {
        let detail = format!("The document is larger than {most} bytes (audits.max_document_bytes).");
        return Err(Problem::new(Code::PayloadTooLarge, detail));
    }
    let name = fields.text("name", 255);
    let media_type = fields.text("media_type", 100);
    let agents = agents(&mut fields, &state, principal.owner()).await?;
    let folder = fields.text("folder", 64);
    let config = fields.object("config");
    let labels = labels(&mut fields, state.settings.sessions.max_labels);
    let priority = priority(&mut fields).unwrap_or_default();
    let given = on_disconnect(&mut fields);
    let on_disconnect = given.unwrap_or(OnDisconnect::CancelAfter(state.settings.audits.cancel_after));
    let client_id = client_id(&mut fields);
    let callback = callback(&mut fields, &state);
    let audit_id = fields.one_of("audit_id", "a UUID", |text| text.parse::<SessionId>().ok());
    let input = input(&mut fields, document, name, media_type, agents);
    let faults = fields.finish();
    let Some(input) = input.filter(|_| faults.is_empty()) else {
        return Err(Problem::invalid(Code::InvalidBody, faults));
    };
    let (agents, name) = (input.agents(), input.name.clone());
    let spec = Spec {
        input: json!(Input { folder, ..input }),
        config: config.map_or(Value::Null, Value::Object),
        priority,
        on_disconnect,
        labels,
        execution_id: audit_id.map(ExecutionId::from),
        client_id,
        session_id: audit_id,
        title: name.into(),
        callback,
        ..Spec::new(KIND)
    };
    let idempotency = key.map(|key| Idempotency { key: format!("POST /audits {key}"), digest: digest(&spec) });
    let started = state.sessions.start(&principal, spec, idempotency).await.map_err(refused)?;
    let Started { session_id, .. } = started;
    Noted::session(&request, session_id);
    Ok(HttpResponse::Accepted().json(StartedAudit { audit_id: session_id, session_id, agents }))
}

/// A document as it was sent.
struct Upload {
    bytes: Vec<u8>,
    media_type: Option<String>,
    name: Option<String>,
}

/// The fields of a form, each as JSON would have it, and the file.
fn of_parts(parts: Vec<Part>) -> Result<(Fields, Option<Upload>), Problem> {
    let (mut map, mut file, mut faults) = (Map::new(), None, Vec::new());
    let mut agents = Vec::new();
    for part in parts {
        let is_document = matches!(part.name.as_str(), "file" | "document");
        if part.name != "agents" && (map.contains_key(&part.name) || (is_document && file.is_some())) {
            faults.push(fault(&["body", &part.name], "is there twice", "duplicate"));
            continue;
        }
        if part.name == "file" || (part.name == "document" && part.filename.is_some()) {
            // What nobody knows better says nothing.
            let media_type = part.media_type.filter(|name| name != "application/octet-stream");
            file = Some(Upload { bytes: part.bytes, media_type, name: part.filename });
            continue;
        }
        let text = match part.text() {
            Ok(text) => text.to_owned(),
            Err(msg) => {
                faults.push(fault(&["body", &part.name], msg, "wrong_type"));
                continue;
            }
        };
        match part.name.as_str() {
            "document" => file = Some(Upload { bytes: text.into_bytes(), media_type: None, name: None }),
            "agents" => match serde_json::from_str::<Value>(&text) {
                Ok(Value::Array(list)) => agents.extend(list),
                Ok(_) | Err(_) => agents.push(text.into()),
            },
            "config" | "labels" => match serde_json::from_str::<Value>(&text) {
                Ok(value) => drop(map.insert(part.name, value)),
                Err(_) => faults.push(fault(&["body", &part.name], "must be JSON", "wrong_type")),
            },
            "on_disconnect" => {
                let value = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
                map.insert(part.name, value);
            }
            _ => drop(map.insert(part.name, text.into())),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(Code::InvalidBody, faults));
    }
    if !agents.is_empty() {
        map.insert("agents".into(), Value::Array(agents));
    }
    Ok((Fields::of(Some(Value::Object(map)))?, file))
}

/// The agents that are named, of which each has to be there.
async fn agents(fields: &mut Fields, state: &State, owner: &Owner) -> Result<Vec<String>, Problem> {
    let named = fields.texts("agents", state.settings.audits.max_agents, 64).unwrap_or_default();
    let missing = state.roster.of(owner).missing(named.iter().map(String::as_str)).await;
    let missing = missing.map_err(super::super::api::agents::problem)?;
    for (at, id) in named.iter().enumerate() {
        if missing.contains(id) {
            fields.fault(&["agents", &at.to_string()], format!("there is no agent {id:?}"), "unknown_agent");
        } else if named.iter().take(at).any(|other| other == id) {
            fields.fault(&["agents", &at.to_string()], format!("{id:?} stands there already"), "duplicate");
        }
    }
    Ok(named)
}

fn input(
    fields: &mut Fields,
    document: Option<Upload>,
    name: Option<String>,
    media_type: Option<String>,
    agents: Vec<String>,
) -> Option<Input> {
    let Some(Upload { bytes, media_type: said, name: filename }) = document else {
        if !fields.has_fault("document") {
            fields.fault(&["document"], "is missing: send it as text, or a file in multipart/form-data", "missing");
        }
        return None;
    };
    if bytes.is_empty() {
        fields.fault(&["document"], "must not be empty", "too_short");
        return None;
    }
    let name = name.or(filename).unwrap_or_else(|| "document".to_owned());
    let known = match media_type.or(said) {
        Some(word) => MediaType::parse(&word),
        None => media_type_of(&name, &bytes),
    };
    match known {
        Ok(media_type) => Some(Input::new(bytes, media_type, name, agents)),
        Err(error) => {
            fields.fault(&["media_type"], error.to_string(), "unsupported_media_type");
            None
        }
    }
}

/// What the start says, for the idempotency key.
fn digest(spec: &Spec) -> [u8; 32] {
    let Spec { input, config, priority, labels, on_disconnect, execution_id, client_id, .. } = spec;
    let said = json!([input, config, priority, labels, on_disconnect, execution_id, client_id]);
    Sha256::digest(said.to_string().as_bytes()).into()
}

/// What the task kind refuses stands in the body itself here, not in its input.
fn refused(refused: crate::session::messages::Refused) -> Problem {
    use crate::session::messages::Refused;
    let Refused::Invalid(faults) = refused else { return refused.into() };
    let of_body = |mut fault: Fault| {
        if fault.loc.get(1).is_some_and(|part| part == "input") {
            fault.loc.remove(1);
        }
        fault
    };
    Problem::invalid(Code::InvalidBody, faults.into_iter().map(of_body).collect())
}
