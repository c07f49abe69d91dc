//! `GET /audits/{audit_id}/document`: the document of an audit as its agents read it, line by line, with the places that
//! findings name.

use actix_web::{HttpResponse, web};
use callboard_audit::{Document, Limits, Location};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use super::found::describe;
use crate::agent::audit::reading;
use crate::agent::audit::{Input, Transcript};
use crate::auth::Principal;
use crate::process::threads;

/// Most lines of an answer.
const MOST_LINES: usize = 50_000;

pub(super) fn routes() -> Vec<Route> {
    routes![ReadAudit => document]
}

/// A document as it was read.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AuditDocument"))]
#[schema(as = AuditDocument)]
pub(in crate::http) struct Shown {
    /// What it is called.
    name: String,
    /// Its media type.
    media_type: String,
    /// Its lines, in order.
    #[cfg_attr(
        test,
        ts(type = "{ text: string; line: number; column?: number; page?: number; table?: number; row?: number }[]")
    )]
    lines: Vec<Line>,
    /// Whether these are all of them.
    complete: bool,
}

/// A line of a document, with its place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditDocumentLine)]
struct Line {
    /// Its text.
    text: String,
    /// Where it is: `line`, and `column`, `page`, `table` and `row` where it has one.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    place: Location,
}

/// Shows the document of an audit as its agents read it: the lines of a text, the blocks and rows of anything else.
#[utoipa::path(
    get, path = "/audits/{audit_id}/document", tag = "audits",
    params(("audit_id" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "At most 50,000 lines.", body = Shown),
        (status = 404, description = "There is none with this id."),
        (status = 422, description = "It cannot be read."),
    )
)]
async fn document(
    state: web::Data<State>,
    principal: Principal,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let description = describe(&state, &principal, &id).await?;
    let input: Input = serde_json::from_value(description.input).map_err(|error| unreadable(error.to_string()))?;
    let (settings, launcher) = (state.settings.clone(), state.launcher.clone());
    let read = threads::blocking(move || -> Result<Shown, String> {
        let limits = Limits {
            bytes: settings.audits.max_document_bytes,
            text_bytes: settings.audits.max_text_bytes,
            ..Limits::default()
        };
        let (media_type, bytes) = (input.media_type()?, input.bytes()?);
        let document = reading::read(&bytes, media_type, &limits, (&settings.audits).into(), &launcher)?;
        Ok(shown(&document, &input))
    });
    let shown = read.await.map_err(Problem::from)?.map_err(unreadable)?;
    Ok(HttpResponse::Ok().json(shown))
}

fn shown(document: &Document, input: &Input) -> Shown {
    let transcript = Transcript::of(document, input.source());
    let mut lines: Vec<Line> =
        transcript.lines().take(MOST_LINES + 1).map(|(text, place)| Line { text: text.to_owned(), place }).collect();
    let complete = lines.len() <= MOST_LINES;
    lines.truncate(MOST_LINES);
    Shown { name: input.name.clone(), media_type: input.media_type.clone(), lines, complete }
}

fn unreadable(why: String) -> Problem {
    Problem::new(Code::UnreadableDocument, why)
}
