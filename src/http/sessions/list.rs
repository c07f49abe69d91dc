//! Lists, shows and removes sessions: `GET /sessions`, `GET|DELETE /sessions/{session_id}` and `GET /session-info`.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::client::Subject;
use super::super::error::Problem;
use super::super::query::{PageParams, Query};
use super::super::route::{Route, routes};
use super::representation::{SessionDetail, SessionRow};
use crate::auth::Principal;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::messages::Refused;
use crate::store::{self, Counts, Found, ListSessions, SessionKey};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadSession => show, DeleteSession => remove, ListSessions => list, ReadSession => info]
}

/// Some sessions, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct SessionPage {
    /// The sessions.
    sessions: Vec<SessionRow>,
    /// What to send as `cursor` to get older ones; null where there are none.
    next_cursor: Option<String>,
    /// Whether all was searched and counted that could be among them. False while not all sessions can be found by words
    /// yet, and where there are too many to look at: then `next_cursor` leads to those that were left out.
    complete: bool,
    /// How many there are of each status, whatever `status`, `limit` and `cursor` say; only where `counts` asks for it, and
    /// without those that no session has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, u64>>)]
    #[cfg_attr(test, ts(optional, type = "Partial<Record<Status, number>>"))]
    counts: Option<serde_json::Map<String, Value>>,
}

/// Which sessions are asked for.
#[derive(Debug)]
pub(in crate::http) struct Asked {
    pub(in crate::http) list: ListSessions,
    /// Each of these begins a word of them.
    pub(in crate::http) words: Vec<String>,
    pub(in crate::http) is_counted: bool,
}

/// What is known of an id, which need not be that of a session.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct SessionInfo {
    /// The id, as it was asked for.
    session_id: String,
    /// Whether anybody watches it.
    is_connected: bool,
    /// How many messages a snapshot of it has.
    saved_state_messages: usize,
    /// Whether there is such a session.
    task_exists: bool,
    /// Where it stands.
    status: Option<Status>,
    /// How many connections watch it.
    connections: usize,
}

/// Lists sessions, newest first.
#[utoipa::path(
    get, path = "/sessions", tag = "sessions",
    params(
        ("status" = Option<String>, Query, pattern = r"^(queued|running|waiting_confirmation|waiting_input|waiting_retry|cancelling|completed|failed|cancelled|waiting|live|ended)?(,(queued|running|waiting_confirmation|waiting_input|waiting_retry|cancelling|completed|failed|cancelled|waiting|live|ended)?)*$", description = "Only these, separated by commas or repeated: status words, `waiting`, `live` (not ended) or `ended`."),
        ("task" = Option<String>, Query, description = "Only those of this task."),
        ("label" = Option<String>, Query, pattern = r"^$|^([^=]+=|[^=:]+:)[\s\S]*$", description = "Only those with this label, `key=value` or `key:value`; may be repeated."),
        ("q" = Option<String>, Query, max_length = 200, description = "Only those in which each of these words begins a word of the task, title, labels, ids, questions or error, without regard to case and accents. What has just changed is found at most a second later."),
        ("from" = Option<String>, Query, description = "Only those that were asked for at this moment or later: seconds since the epoch, or RFC 3339."),
        ("to" = Option<String>, Query, description = "Only those that were asked for before this moment."),
        ("counts" = Option<String>, Query, pattern = "^(status)?$", description = "`status`: `counts` says how many there are of each status, whatever the parameter `status` says."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = SessionPage),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, principal: Principal, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Asked { list, words, is_counted } = decode(request.query_string(), state.settings.sessions.max_labels)?;
    let counts = match is_counted {
        true => Some(state.sessions.count(&principal, words.clone(), list.clone()).await?),
        false => None,
    };
    let (sessions, next_cursor, is_complete) = found(&state, &principal, list, words).await?;
    let complete = is_complete && counts.as_ref().is_none_or(|counts: &Counts| counts.is_complete);
    let counts = counts.map(|counts| {
        counts.by_status.into_iter().map(|(status, many)| (status.as_str().to_owned(), Value::from(many))).collect()
    });
    Ok(HttpResponse::Ok().json(SessionPage { sessions, next_cursor, complete, counts }))
}

/// A page of the sessions in which these words are found, what to send as `cursor` to get the next, and whether all was
/// searched.
async fn found(
    state: &State,
    principal: &Principal,
    mut query: ListSessions,
    words: Vec<String>,
) -> Result<(Vec<SessionRow>, Option<String>, bool), Problem> {
    if words.is_empty() {
        return page(state, principal, query).await.map(|(sessions, next_cursor)| (sessions, next_cursor, true));
    }
    let limit = query.limit;
    query.limit += 1;
    let Found { mut sessions, is_complete, broken_off_at } = state.sessions.search(principal, words, query).await?;
    let more = sessions.len() > limit;
    sessions.truncate(limit);
    let last = sessions.last().filter(|_| more).map(|last| last.key);
    // One that was not looked at stands at the beginning of the next page.
    let next = last.or(broken_off_at.map(|key| SessionKey(key.0.saturating_add(1))));
    let now = Timestamp::now();
    let sessions =
        sessions.into_iter().map(|summary| SessionRow::new(summary, now).known_to(&state.sessions)).collect();
    Ok((sessions, next.map(write_cursor), is_complete))
}

/// A page of the sessions that somebody may see, and what to send as `cursor` to get the next.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::http) async fn page(
    state: &State,
    principal: &Principal,
    mut query: ListSessions,
) -> Result<(Vec<SessionRow>, Option<String>), Problem> {
    let limit = query.limit;
    // One more shows whether there is a next page.
    query.limit += 1;
    let mut found = state.sessions.list(principal, query).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| write_cursor(last.key));
    let now = Timestamp::now();
    let rows = found.into_iter().map(|summary| SessionRow::new(summary, now).known_to(&state.sessions));
    Ok((rows.collect(), next_cursor))
}

/// Shows all about a session.
#[utoipa::path(
    get, path = "/sessions/{session_id}", tag = "sessions",
    params(("session_id" = String, Path, description = "The session's id.")),
    responses(
        (status = 200, description = "All about it.", body = SessionDetail),
        (status = 404, description = "There is no such session."),
    )
)]
async fn show(
    state: web::Data<State>,
    principal: Principal,
    Subject(session_id): Subject,
) -> Result<HttpResponse, Problem> {
    let description = state.sessions.describe(&principal, session_id).await?;
    Ok(HttpResponse::Ok().json(SessionDetail::new(*description, Timestamp::now()).known_to(&state.sessions)))
}

/// Removes an ended session and its journal.
#[utoipa::path(
    delete, path = "/sessions/{session_id}", tag = "sessions",
    params(("session_id" = String, Path, description = "The session's id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such session."),
        (status = 409, description = "It has not ended."),
    )
)]
async fn remove(
    state: web::Data<State>,
    principal: Principal,
    Subject(session_id): Subject,
) -> Result<HttpResponse, Problem> {
    state.sessions.remove(&principal, session_id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Tells in short whether there is a session with this id and whether it is watched; an unknown id is no error.
#[utoipa::path(
    get, path = "/session-info/{session_id}", tag = "sessions",
    params(("session_id" = String, Path, description = "The session's id.")),
    responses((status = 200, description = "What is known of it.", body = SessionInfo))
)]
async fn info(state: web::Data<State>, principal: Principal, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let session_id = path.into_inner();
    let described = match session_id.parse() {
        Ok(id) => state.sessions.describe(&principal, id).await,
        Err(_) => Err(Refused::UnknownSession),
    };
    let info = match described {
        Ok(description) => SessionInfo {
            session_id,
            is_connected: description.connections > 0,
            saved_state_messages: description.snapshot_messages,
            task_exists: true,
            status: Some(description.summary.state.status),
            connections: description.connections,
        },
        Err(Refused::UnknownSession) => SessionInfo {
            session_id,
            is_connected: false,
            saved_state_messages: 0,
            task_exists: false,
            status: None,
            connections: 0,
        },
        Err(other) => return Err(other.into()),
    };
    Ok(HttpResponse::Ok().json(info))
}

/// Reads a query for sessions, which have at most `max_labels` labels each.
pub(in crate::http) fn decode(query: &str, max_labels: usize) -> Result<Asked, Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let list = ListSessions {
        status: statuses(&mut query),
        task: query.text("task"),
        labels: labels(&mut query, max_labels),
        from: moment(&mut query, "from"),
        to: moment(&mut query, "to"),
        before: cursor(&mut query),
        limit,
        ..ListSessions::default()
    };
    if list.from.zip(list.to).is_some_and(|(from, to)| from >= to) {
        query.fault("to", "must be after from", "out_of_range");
    }
    let words = words(&mut query);
    let is_counted = match query.text("counts").as_deref() {
        None => false,
        Some("status") => true,
        Some(_) => {
            query.fault("counts", "must be status", "invalid_value");
            false
        }
    };
    query.finish().map(|()| Asked { list, words, is_counted })
}

/// The most characters of `q`.
const LONGEST_SEARCH: usize = 200;

fn words(query: &mut Query<'_>) -> Vec<String> {
    let Some(text) = query.text("q") else { return Vec::new() };
    if text.chars().count() > LONGEST_SEARCH {
        query.fault("q", format!("must be at most {LONGEST_SEARCH} characters"), "too_long");
        return Vec::new();
    }
    let words: Vec<String> = store::words(&text).collect();
    if words.is_empty() && !text.trim().is_empty() {
        query.fault("q", "must have a letter or a digit", "invalid_value");
    }
    words
}

/// A moment: seconds since the epoch, or RFC 3339.
fn moment(query: &mut Query<'_>, name: &str) -> Option<Timestamp> {
    let text = query.text(name)?;
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.abs() < 1e11);
    let moment = seconds.map(|seconds| Timestamp::from_micros((seconds * 1e6).round() as i64));
    let moment = moment.or_else(|| Timestamp::from_rfc3339(&text));
    if moment.is_none() {
        query.fault(name, "must be seconds since the epoch, or a moment as in 2026-01-31T09:30:00Z", "invalid_value");
    }
    moment
}

fn statuses(query: &mut Query<'_>) -> Vec<Status> {
    let words: Vec<String> = query.all("status").flat_map(|list| list.split(',')).map(|it| it.trim().into()).collect();
    let mut wanted = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        let fits: fn(Status) -> bool = match word.as_str() {
            "waiting" => Status::is_waiting,
            "ended" => Status::is_terminal,
            "live" => |status| !status.is_terminal(),
            one => {
                match Status::parse(one) {
                    Some(status) => wanted.push(status),
                    None => query.fault("status", format!("{one:?} is no status"), "invalid_value"),
                }
                continue;
            }
        };
        wanted.extend(Status::ALL.into_iter().filter(|status| fits(*status)));
    }
    // Each once, however often it was asked for.
    Status::ALL.into_iter().filter(|status| wanted.contains(status)).collect()
}

fn labels(query: &mut Query<'_>, most: usize) -> Vec<(String, String)> {
    let mut given: Vec<String> = query.all("label").filter(|text| !text.is_empty()).map(str::to_owned).collect();
    given.sort_unstable();
    given.dedup();
    if given.len() > most {
        query.fault("label", format!("must be at most {most}: no session has more labels"), "too_long");
        return Vec::new();
    }
    let mut labels = Vec::with_capacity(given.len());
    for text in given {
        match text.split_once('=').or_else(|| text.split_once(':')) {
            Some((key, value)) if !key.is_empty() || value.contains("=") => {
                labels.push((key.to_owned(), value.to_owned()))
            }
            _ => query.fault("label", "must be key=value", "invalid_value"),
        }
    }
    labels
}

fn cursor(query: &mut Query<'_>) -> Option<SessionKey> {
    let text = query.text("cursor")?;
    let key = read_cursor(&text);
    if key.is_none() {
        query.fault("cursor", "must be the next_cursor of a page", "invalid_value");
    }
    key
}

fn write_cursor(key: SessionKey) -> String {
    URL_SAFE_NO_PAD.encode(key.0.to_be_bytes())
}

fn read_cursor(text: &str) -> Option<SessionKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(SessionKey(i64::from_be_bytes(bytes.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_says_which_sessions() {
        let list = decode("status=queued,failed&status=waiting,queued&task=t&label=a%3Db%3Dc&label=d:e&limit=7", 2)
            .unwrap()
            .list;
        assert_eq!(
            list.status,
            [Status::Queued, Status::WaitingConfirmation, Status::WaitingInput, Status::WaitingRetry, Status::Failed]
        );
        assert_eq!(list.task.as_deref(), Some("t"));
        assert_eq!(list.labels, [("a".into(), "b=c".into()), ("d".into(), "e".into())]);
        assert_eq!((list.limit, list.before), (7, None));
        assert_eq!(decode("", 2).unwrap().list.limit, 50);
        let ended = decode("status=ended", 2).unwrap().list.status;
        let live = decode("status=live", 2).unwrap().list.status;
        assert!(ended.iter().all(|status| !live.contains(status)));
        assert_eq!(ended.len() + live.len(), Status::ALL.len());
    }

    #[test]
    fn a_wrong_query_is_told_parameter_by_parameter() {
        let problem = decode("status=stopped&limit=1001&label=x&cursor=%21", 2).unwrap_err();
        let mut locs: Vec<_> = problem.errors.iter().map(|fault| fault.loc.join(".")).collect();
        locs.sort();
        assert_eq!(locs, ["query.cursor", "query.label", "query.limit", "query.status"]);
    }

    #[test]
    fn a_search_is_words_a_time_range_and_counts() {
        let asked = decode("q=Pay+ADA%21&from=1.5&to=1970-01-01T00:00:02Z&counts=status", 2).unwrap();
        assert_eq!((asked.words, asked.is_counted), (vec!["pay".to_owned(), "ada".to_owned()], true));
        assert_eq!(asked.list.from, Some(Timestamp::from_micros(1_500_000)));
        assert_eq!(asked.list.to, Some(Timestamp::from_micros(2_000_000)));
        let none = decode("q=+", 2).unwrap();
        assert_eq!((none.words.len(), none.is_counted), (0, false));
        let long = "x".repeat(201);
        for (wrong, loc) in [
            ("q=%21%21", "q"),
            (&format!("q={long}"), "q"),
            ("from=yesterday", "from"),
            ("to=1e99", "to"),
            ("counts=task", "counts"),
            ("from=5&to=5", "to"),
        ] {
            let problem = decode(wrong, 2).unwrap_err();
            assert_eq!(problem.errors[0].loc, ["query", loc], "{wrong}");
        }
    }

    #[test]
    fn more_labels_than_a_session_has_are_refused() {
        let query = |count: usize| (0..count).map(|at| format!("label=k{at}=v&")).collect::<String>();
        assert_eq!(decode(&query(32), 32).unwrap().list.labels.len(), 32);
        assert_eq!(decode(&query(33), 32).unwrap_err().errors[0].loc, ["query", "label"]);
        assert_eq!(decode(&"label=k=v&".repeat(2000), 32).unwrap().list.labels.len(), 1);
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_client(key: i64) {
            prop_assert_eq!(read_cursor(&write_cursor(SessionKey(key))), Some(SessionKey(key)));
        }

        #[test]
        fn what_is_no_cursor_is_told(text in ".{0,20}") {
            if let Some(key) = read_cursor(&text) {
                prop_assert_eq!(write_cursor(key), text);
            }
        }
    }
}
