//! Sessions over HTTP: starting, reading, answering, cancelling and removing them.

pub(super) mod answer;
pub(super) mod callbacks;
pub(super) mod cancel;
pub(super) mod events;
pub(super) mod list;
pub(super) mod representation;
pub(super) mod share;
pub(super) mod start;

use super::route::Route;

pub(super) fn routes() -> Vec<Route> {
    let all = [
        start::routes(),
        answer::routes(),
        share::routes(),
        cancel::routes(),
        events::routes(),
        list::routes(),
        callbacks::routes(),
    ];
    all.into_iter().flatten().collect()
}
