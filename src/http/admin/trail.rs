//! `GET /api/v1/audit-log`: who changed what, and who was refused what.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use callboard_audit::report::csv::inert;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{Code, Problem};
use super::super::query::Query;
use super::super::route::{Route, routes};
use crate::trail::{Filter, Page, TrailEntry};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadTrail => show]
}

/// Most entries of one answer, and how many where nobody says.
const MOST: u64 = 10_000;
const USUAL: usize = 1000;

/// The header of the formats that have no other place for it.
const NEXT: &str = "x-next-since";

/// Part of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct TrailPage {
    /// The entries, in order. There may be fewer than asked for, or none, and more behind them: go on from `next`, until it
    /// is the `since` that was asked for.
    entries: Vec<TrailEntry>,
    /// The `since` of the next page.
    next: u64,
}

/// In which form the trail is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Lines,
}

struct Asked {
    since: u64,
    filter: Filter,
    format: Format,
    limit: usize,
}

/// Reads the audit trail: what changed something, and whatever was refused, whether by a request, on a socket or on the
/// command line. As CSV and as lines of JSON, the header `X-Next-Since` has what `next` says.
#[utoipa::path(
    get, path = "/api/v1/audit-log", tag = "server",
    params(
        ("since" = Option<u64>, Query, description = "Only entries behind this number."),
        ("principal" = Option<String>, Query, description = "Only those of this principal."),
        ("action" = Option<String>, Query, description = "Only this action, such as `sessions:start`, or all on one kind of thing, such as `sessions`."),
        ("format" = Option<String>, Query, pattern = "^(json|csv|jsonl)$", description = "`json`, which it is where it is left out, `csv` or `jsonl`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 10_000, description = "At most that many, 1000 where it is left out."),
    ),
    responses(
        (status = 200, description = "The entries.", content(
            (TrailPage = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"),
        )),
        (status = 422, description = "The query is wrong."),
        (status = 503, description = "It cannot be read now."),
    )
)]
async fn show(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Asked { since, filter, format, limit } = decode(request.query_string())?;
    let page = state.trail.read(since, &filter, limit).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((NEXT, page.next.to_string()));
    Ok(match format {
        Format::Json => answer.json(TrailPage { entries: page.entries, next: page.next }),
        Format::Csv => answer.content_type("text/csv; charset=utf-8").body(as_csv(&page)?),
        Format::Lines => {
            let lines = page.entries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
            let mut text = lines.map_err(|_| Code::Internal)?.join("\n");
            if !text.is_empty() {
                text.push('\n');
            }
            answer.content_type("application/x-ndjson").body(text)
        }
    })
}

fn decode(query: &str) -> Result<Asked, Problem> {
    let mut query = Query::of(query);
    let since = query.number("since", 0..=u64::MAX).unwrap_or(0);
    let limit = query.number("limit", 1..=MOST).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(USUAL);
    let filter = Filter { principal: query.text("principal"), action: query.text("action") };
    let format = match query.text("format").as_deref() {
        None | Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some("jsonl") => Format::Lines,
        Some(_) => {
            query.fault("format", "must be json, csv or jsonl", "invalid_value");
            Format::Json
        }
    };
    query.finish().map(|()| Asked { since, filter, format, limit })
}

/// As a table, which no spreadsheet takes for formulas.
fn as_csv(page: &Page) -> Result<Vec<u8>, Problem> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = ["seq", "time", "principal", "action", "object", "address", "allowed", "request_id"];
    table.write_record(head).map_err(|_| Code::Internal)?;
    for entry in &page.entries {
        let (seq, time, allowed) = (entry.seq.to_string(), entry.time.to_rfc3339(), entry.allowed.to_string());
        let row = [
            seq,
            time,
            inert(&entry.principal),
            entry.action.clone(),
            inert(&entry.object),
            entry.address.clone().unwrap_or_default(),
            allowed,
            inert(entry.request_id.as_deref().unwrap_or_default()),
        ];
        table.write_record(row).map_err(|_| Code::Internal)?;
    }
    table.into_inner().map_err(|_| Code::Internal.into())
}
