//! `GET /nodes`.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::route::{Route, routes};
use crate::workflow::node::Spec;
use crate::workflow::port::Type;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadDescription => nodes]
}

/// What workflows are made of.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct NodeList<'a> {
    /// The node classes, in the order of their names.
    nodes: Vec<&'a Spec>,
    /// Which type may be linked to which.
    types: Vec<TypeInfo>,
}

/// A type of ports.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct TypeInfo {
    /// Its name.
    name: Type,
    /// The types of outputs that an input of this type may be linked to.
    takes: Vec<Type>,
}

/// Lists the node classes, and which of their ports may be linked.
#[utoipa::path(
    get, path = "/nodes", tag = "workflows",
    responses((status = 200, description = "The node classes.", body = NodeList<'_>))
)]
async fn nodes(state: web::Data<State>) -> HttpResponse {
    let nodes = state.workflows.catalogue.all().map(|class| class.spec()).collect();
    let takes = |name: Type| Type::ALL.into_iter().filter(|source| name.takes(*source)).collect();
    let types = Type::ALL.map(|name| TypeInfo { name, takes: takes(name) }).into();
    HttpResponse::Ok().json(NodeList { nodes, types })
}
