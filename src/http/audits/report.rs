//! `GET /audits/{audit_id}/report`: what an audit has found, for people and for other programs.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use callboard_audit::report::{AgentFindings, Audit, Format, render};

use super::super::State;
use super::super::error::Problem;
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::found::{Found, read};
use crate::auth::Principal;
use crate::process::threads;

pub(super) fn routes() -> Vec<Route> {
    routes![ReadAudit => report]
}

/// Writes what an audit has found as a report.
#[utoipa::path(
    get, path = "/audits/{audit_id}/report", tag = "audits",
    params(
        ("audit_id" = String, Path, description = "Its id."),
        ("format" = Option<String>, Query, description = "`markdown`, `csv`, `sarif` or `json`; `markdown` where it is left out."),
    ),
    responses(
        (status = 200, description = "The report, as far as the audit has come.", body = String, content_type = "text/markdown"),
        (status = "4XX", description = "There is no such audit or format."),
    )
)]
async fn report(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let format = match query.text("format") {
        None => Format::Markdown,
        Some(name) => Format::from_name(&name).unwrap_or_else(|| {
            query.fault("format", "must be markdown, csv, sarif or json", "invalid_value");
            Format::Markdown
        }),
    };
    query.finish()?;
    let Found { name, agents, findings, .. } = read(&state, &principal, &id).await?;
    // A report of thousands of findings takes a while to write.
    let text = threads::blocking(move || {
        let of = |id: &String| findings.get(id).map(Vec::as_slice).unwrap_or_default();
        let agents = agents.iter().map(|(id, agent)| AgentFindings {
            agent_id: id,
            error: agent.error.as_deref(),
            findings: of(id),
        });
        render(&Audit { name: &name, agents: agents.collect() }, format)
    });
    let text = text.await.map_err(Problem::from)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, format.media_type())).body(text))
}
