//! `GET /api/v1/cluster`: which servers there are, and what each has.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::route::{Route, routes};
use crate::domain::id::Slot;
use crate::store::{Member, View};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadCluster => show]
}

/// The servers that are one.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Cluster {
    /// The servers, by their ids; none where there is one server with a store of its own.
    members: Vec<ClusterMember>,
    /// How many parts the sessions are in, each owned by one server.
    slots: usize,
    /// How many of them nobody owns at this moment.
    unowned: usize,
    /// Seconds that the engine took for its last answer; null while it does not answer.
    lag: Option<f64>,
}

/// One of the servers.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ClusterMember {
    /// What it is called.
    id: String,
    /// Its present membership: another one each time that it joins.
    incarnation: String,
    /// How people find it.
    advertise: String,
    /// How many slots it owns.
    slots: usize,
    /// Seconds since it was last seen to live.
    beat_age: f64,
    /// `joining`, `live`, `leaving` or `suspected`.
    state: &'static str,
    /// Whether it is the one that was asked.
    is_this: bool,
}

impl Cluster {
    fn of(view: &View) -> Self {
        let unowned = Slot::all().filter(|slot| view.owner(*slot).is_none()).count();
        let members = view.members.iter().map(|member| ClusterMember::of(member, view)).collect();
        Self { members, slots: Slot::COUNT, unowned, lag: view.lag.map(|lag| lag.as_secs_f64()) }
    }

    fn of_one() -> Self {
        Self { members: Vec::new(), slots: Slot::COUNT, unowned: 0, lag: None }
    }
}

impl ClusterMember {
    fn of(member: &Member, view: &View) -> Self {
        Self {
            id: member.id.to_string(),
            incarnation: member.fence.to_string(),
            advertise: member.advertise.to_string(),
            slots: member.slots,
            beat_age: member.beat_age.as_secs_f64(),
            state: member.state.word(),
            is_this: member.fence == view.me,
        }
    }
}

/// Shows which servers there are. Needs the admin token beyond this machine.
#[utoipa::path(
    get, path = "/api/v1/cluster", tag = "server",
    responses(
        (status = 200, description = "These.", body = Cluster),
        (status = "4XX", description = "They are not shown."),
    )
)]
async fn show(state: web::Data<State>) -> HttpResponse {
    let view = state.sessions.cluster().map(crate::cluster::Cluster::view);
    HttpResponse::Ok().json(view.map_or_else(Cluster::of_one, |view| Cluster::of(&view)))
}
