//! Audits over HTTP: starting them, and what they have found.

pub(super) mod document;
pub(super) mod found;
mod report;
pub(super) mod show;
pub(super) mod start;

use super::route::Route;

pub(super) fn routes() -> Vec<Route> {
    [start::routes(), show::routes(), report::routes(), document::routes()].into_iter().flatten().collect()
}
