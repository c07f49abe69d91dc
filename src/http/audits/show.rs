//! `GET /audits/{audit_id}`: how an audit stands, and what it has found so far.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::State;
use super::super::error::Problem;
use super::super::route::{Route, routes};
use super::found::{AgentState, Found, read};
use crate::auth::Principal;
use crate::domain::status::Status;

pub(super) fn routes() -> Vec<Route> {
    routes![ReadAudit => show]
}

/// An audit as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct AuditState {
    /// Its id.
    audit_id: String,
    /// Where its session stands.
    status: Status,
    /// What the document is called.
    name: String,
    /// Its agents, by id.
    agents: BTreeMap<String, AgentState>,
    /// What each has found so far.
    #[schema(value_type = BTreeMap<String, Vec<Object>>)]
    #[cfg_attr(test, ts(type = "Record<string, unknown[]>"))]
    findings: Value,
}

/// Shows how an audit stands, and what it has found so far.
#[utoipa::path(
    get, path = "/audits/{audit_id}", tag = "audits",
    params(("audit_id" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "All about it.", body = AuditState),
        (status = 404, description = "There is none with this id."),
    )
)]
async fn show(state: web::Data<State>, principal: Principal, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let audit_id = id.into_inner();
    let Found { status, name, agents, findings } = read(&state, &principal, &audit_id).await?;
    let agents = agents.into_iter().collect();
    Ok(HttpResponse::Ok().json(AuditState { audit_id, status, name, agents, findings: json!(findings) }))
}
