//! The connections: which there are, closing one, and removing those that nothing was heard of.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{Code, Problem};
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::{Done, ShownConnection};
use crate::domain::time::Timestamp;
use crate::hub::messages::ConnectionDetails;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![
        ReadConnections => list,
        CloseConnection => remove_stale,
        ReadConnections => show,
        CloseConnection => disconnect,
    ]
}

/// The most subscriptions that are counted one by one.
const COUNTED: usize = 1000;

/// The sockets that receive events.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ConnectionList {
    /// How many sockets receive events.
    active_connections: usize,
    /// How many of them asked for what; the thousand most wanted.
    subscription_counts: BTreeMap<String, usize>,
    /// For how many seconds they have been open, on average.
    average_connection_duration: f64,
    /// For how long they and the server have been there.
    uptime_statistics: UptimeStatistics,
    /// All connections by their kind: those of sessions and workflows, and event streams, as well.
    all_sockets: BTreeMap<String, usize>,
    /// The connections of this page, the oldest first.
    connections: Vec<ShownConnection>,
    /// What to send as `cursor` to get the next page; null where there is none.
    next_cursor: Option<String>,
}

/// For how long sockets and the server have been there.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct UptimeStatistics {
    /// How many sockets receive events.
    connections: usize,
    /// For how many seconds they have been open, on average.
    average_duration_seconds: f64,
    /// For how many seconds the oldest has been open.
    longest_duration_seconds: f64,
    /// Seconds since the server was started.
    uptime_seconds: f64,
}

/// That a client was disconnected.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct DisconnectedClient {
    /// What it is called.
    client_id: String,
}

/// How many connections were removed.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct RemovedConnections {
    /// How many.
    removed: usize,
}

struct Asked {
    limit: usize,
    /// The place of the last connection of the page before.
    after: Option<(i64, String)>,
    is_of_all: bool,
}

/// Lists the sockets that receive events, the oldest first. Needs the admin token beyond this machine.
#[utoipa::path(
    get, path = "/api/v1/websocket/connections", tag = "connections",
    params(
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "At most that many, 100 where it is left out."),
        ("cursor" = Option<String>, Query, pattern = r"^([0-9]{1,18}-c[0-9]{1,5}-[0-9]{1,15})?$", description = "Where the page before ended."),
        ("all" = Option<bool>, Query, description = "Lists connections of every kind."),
    ),
    responses(
        (status = 200, description = "They are these.", body = Done<ConnectionList>),
        (status = "4XX", description = "They are not listed."),
        (status = 503, description = "The server goes down."),
    ),
)]
async fn list(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let asked = decode(request.query_string())?;
    let all = state.admin.connections().await?;
    let uptime = state.started.elapsed().as_secs_f64();
    Ok(HttpResponse::Ok().json(Done::new(summary(all, &asked, uptime, Timestamp::now()))))
}

/// Shows one connection. Needs the admin token beyond this machine.
#[utoipa::path(
    get, path = "/api/v1/websocket/connections/{client_id}", tag = "connections",
    params(("client_id" = String, Path, description = "What the client is called, or the connection's id.")),
    responses(
        (status = 200, description = "It is this.", body = Done<ShownConnection>),
        (status = "4XX", description = "It is not shown."),
        (status = 503, description = "The server goes down."),
    ),
)]
async fn show(state: web::Data<State>, client_id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let all = state.admin.connections().await?;
    let found = all.into_iter().find(|one| *one.client_id == **client_id).ok_or(Code::UnknownClient)?;
    Ok(HttpResponse::Ok().json(Done::new(ShownConnection::new(found, Timestamp::now()))))
}

/// Closes the connection of a client with code 4509. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/disconnect/{client_id}", tag = "connections",
    params(("client_id" = String, Path, description = "What the client is called, or the connection's id.")),
    responses(
        (status = 200, description = "It is closed.", body = Done<DisconnectedClient>),
        (status = "4XX", description = "It was not done."),
        (status = 503, description = "The server goes down."),
    ),
)]
async fn disconnect(state: web::Data<State>, client_id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let client_id = client_id.into_inner();
    if !state.admin.disconnect(&client_id).await? {
        return Err(Code::UnknownClient.into());
    }
    log::info!(client_id; "a connection was closed by an operator");
    Ok(HttpResponse::Ok().json(Done::new(DisconnectedClient { client_id })))
}

/// Closes the connections of which nothing was heard for longer than the heartbeat allows. Needs the admin token
/// beyond this machine.
#[utoipa::path(
    delete, path = "/api/v1/websocket/connections", tag = "connections",
    responses(
        (status = 200, description = "They are closed.", body = Done<RemovedConnections>),
        (status = "4XX", description = "It was not done."),
        (status = 503, description = "The server goes down."),
    ),
)]
async fn remove_stale(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let removed = state.admin.remove_stale().await?;
    state.admin.has_cleaned_up();
    Ok(HttpResponse::Ok().json(Done::new(RemovedConnections { removed })))
}

fn decode(query: &str) -> Result<Asked, Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100);
    let after = query.text("cursor").and_then(|text| {
        let read = text.split_once('-').and_then(|(micros, id)| Some((micros.parse().ok()?, id.to_owned())));
        if read.is_none() {
            query.fault("cursor", "is none that this server has given", "invalid_value");
        }
        read
    });
    let is_of_all = match query.text("all").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            query.fault("all", "must be true or false", "wrong_type");
            false
        }
    };
    query.finish().map(|()| Asked { limit, after, is_of_all })
}

fn summary(all: Vec<ConnectionDetails>, asked: &Asked, uptime_seconds: f64, now: Timestamp) -> ConnectionList {
    let mut all_sockets = BTreeMap::<String, usize>::new();
    all.iter().for_each(|one| *all_sockets.entry(one.kind.clone().into_owned()).or_default() += 1);
    let told_events: Vec<&ConnectionDetails> = all.iter().filter(|one| one.listening.is_some()).collect();
    let count = told_events.len();
    let subscription_counts = subscription_counts(&told_events);
    let ages = told_events.iter().map(|one| now.since(one.opened_at).as_secs_f64());
    let average = if count == 0 { 0.0 } else { ages.clone().sum::<f64>() / count as f64 };
    let longest = ages.fold(0.0, f64::max);
    let (connections, next_cursor) = page(all, asked, now);
    ConnectionList {
        active_connections: count,
        subscription_counts,
        average_connection_duration: average,
        uptime_statistics: UptimeStatistics {
            connections: count,
            average_duration_seconds: average,
            longest_duration_seconds: longest,
            uptime_seconds,
        },
        all_sockets,
        connections,
        next_cursor,
    }
}

fn subscription_counts(told_events: &[&ConnectionDetails]) -> BTreeMap<String, usize> {
    let mut counts = HashMap::<_, usize>::new();
    let listening = told_events.iter().filter_map(|one| one.listening.as_ref());
    listening.flat_map(|listening| &listening.subscriptions).for_each(|one| *counts.entry(one).or_default() += 1);
    let mut counts: Vec<(String, usize)> = counts.into_iter().map(|(one, count)| (one.word(), count)).collect();
    counts.sort_by(|(word, count), (other, others)| others.cmp(count).then_with(|| word.cmp(other)));
    counts.truncate(COUNTED);
    counts.into_iter().collect()
}

fn page(mut all: Vec<ConnectionDetails>, asked: &Asked, now: Timestamp) -> (Vec<ShownConnection>, Option<String>) {
    let place = |one: &ConnectionDetails| (one.opened_at.as_micros(), one.connection.to_string());
    all.retain(|one| {
        (asked.is_of_all || one.listening.is_some()) && asked.after.as_ref().is_none_or(|after| place(one) > *after)
    });
    all.sort_by_cached_key(place);
    let is_more = all.len() > asked.limit;
    all.truncate(asked.limit);
    let next = all.last().filter(|_| is_more).map(place).map(|(micros, id)| format!("{micros}-{id}"));
    (all.into_iter().map(|one| ShownConnection::new(one, now)).collect(), next)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::event::{Filter, Selector};
    use crate::domain::id::ConnectionId;
    use crate::hub::messages::{Listening, Passed};

    fn details(number: u64, opened: i64, subscriptions: Option<&[&str]>) -> ConnectionDetails {
        let connection = ConnectionId::new(0, number);
        let listening = subscriptions.map(|words| Listening {
            subscriptions: words.iter().map(|word| Selector::parse(word).unwrap()).collect(),
            filter: Filter::default(),
            is_behind: false,
        });
        ConnectionDetails {
            connection,
            member: None,
            client_id: connection.to_string().into(),
            kind: if listening.is_some() { "global" } else { "session" }.into(),
            address: None,
            opened_at: Timestamp::from_micros(opened),
            silent_for: Duration::ZERO,
            passed: Passed::default(),
            queued_bytes: 0,
            lag: Duration::ZERO,
            listening,
        }
    }

    fn ids(list: &ConnectionList) -> Vec<&str> {
        list.connections.iter().map(|one| one.client_id.as_str()).collect()
    }

    #[test]
    fn only_those_that_are_told_events_count() {
        let all = || {
            vec![
                details(1, 3_000_000, Some(&["global", "execution.*"])),
                details(2, 1_000_000, None),
                details(3, 1_000_000, Some(&["global"])),
            ]
        };
        let now = Timestamp::from_micros(5_000_000);
        let asked = decode("").unwrap();
        let list = summary(all(), &asked, 9.0, now);
        assert_eq!((list.active_connections, list.average_connection_duration), (2, 3.0));
        assert_eq!(list.uptime_statistics.longest_duration_seconds, 4.0);
        assert_eq!(list.subscription_counts, BTreeMap::from([("global".into(), 2), ("execution.*".into(), 1)]));
        assert_eq!(list.all_sockets, BTreeMap::from([("global".into(), 2), ("session".into(), 1)]));
        assert_eq!((ids(&list), &list.next_cursor), (vec!["c0-3", "c0-1"], &None));
        let whole = summary(all(), &decode("all=true").unwrap(), 9.0, now);
        assert_eq!(ids(&whole), ["c0-2", "c0-3", "c0-1"]);
        let none = summary(Vec::new(), &asked, 9.0, now);
        assert_eq!((none.active_connections, none.average_connection_duration), (0, 0.0));
    }

    #[test]
    fn pages_have_each_connection_once() {
        let all = || (0..25).map(|number| details(number, 1000 + (number as i64) / 10, Some(&[]))).collect::<Vec<_>>();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let asked = decode(&format!("limit=7&cursor={cursor}")).unwrap();
            let list = summary(all(), &asked, 0.0, Timestamp::from_micros(2000));
            assert_eq!(list.active_connections, 25);
            seen.extend(ids(&list).into_iter().map(str::to_owned));
            match list.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), 25);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25);
    }

    #[test]
    fn a_wrong_query_is_refused() {
        for query in ["limit=0", "limit=1001", "limit=x", "cursor=1", "cursor=x-c0-1", "all=1"] {
            assert_eq!(decode(query).err().map(|problem| problem.errors.len()), Some(1), "{query}");
        }
    }
}
