//! `GET /requests`: the open questions of all sessions, as an inbox shows them.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::State;
use super::error::Problem;
use super::query::{PageParams, Query};
use super::route::{Route, routes};
use crate::auth::Principal;
use crate::domain::id::RequestId;
use crate::domain::listed_request::{ListedRequest, RequestPlace};
use crate::domain::time::Timestamp;
use crate::event::Position;
use crate::store::{ListRequests, RequestCursor, RequestOrder, RequestPage};

pub(super) fn routes() -> Vec<Route> {
    routes![ListSessions => list]
}

/// An answer has about this many bytes of questions at most: what is held for one who reads slowly.
const MAX_ANSWER_BYTES: usize = 1_048_576;

/// Open questions, in order.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OpenQuestions {
    /// The questions.
    #[schema(value_type = Vec<ListedRequest>)]
    #[cfg_attr(test, ts(as = "Vec<ListedRequest>"))]
    requests: Vec<Box<RawValue>>,
    /// As of when this is so: what changes later reaches those who follow the topic `requests` with this as `since`.
    position: String,
    /// What to send as `cursor` to get those behind them; null where there are none.
    next_cursor: Option<String>,
}

/// Lists the open questions of all sessions.
#[utoipa::path(
    get, path = "/requests", tag = "sessions",
    params(
        ("sort" = Option<String>, Query, pattern = r"^(deadline|age)?$", description = "`deadline`: the next deadline first, those without one behind all others; `age`: the oldest first. By deadline, where it is left out."),
        ("task" = Option<String>, Query, description = "Only those of this task."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = OpenQuestions),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, principal: Principal, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = decode(request.query_string())?;
    let order = query.order;
    let page = state.sessions.requests(&principal, query).await?;
    let RequestPage { requests, has_more, last_event } = page;
    let next_cursor = requests.last().filter(|_| has_more).map(|last| write_cursor(order, last.cursor()));
    let span = state.events.span();
    // Nobody follows from behind what is published; what comes twice changes nothing the second time.
    let position = Position { epoch: span.epoch, seq: last_event.min(span.last_seq) }.to_string();
    let requests = requests.into_iter().filter_map(|request| listed(&request.json)).collect();
    Ok(HttpResponse::Ok().json(OpenQuestions { requests, position, next_cursor }))
}

/// What a question may have; where it has not, that is not stored.
#[derive(Deserialize)]
struct Had {
    context: Option<IgnoredAny>,
    expires_at: Option<IgnoredAny>,
    default: Option<IgnoredAny>,
}

/// A question as it is listed: JSON that this server wrote, with null for what it has not.
fn listed(json: &Bytes) -> Option<Box<RawValue>> {
    let mut text = String::from_utf8(json.to_vec()).ok()?;
    let Had { context, expires_at, default } = serde_json::from_str(&text).ok()?;
    for (name, value) in [("context", context), ("expires_at", expires_at), ("default", default)] {
        if value.is_none() && text.pop() == Some('}') {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":null}");
        }
    }
    RawValue::from_string(text).ok()
}

fn decode(query: &str) -> Result<ListRequests, Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let order = match query.text("sort").as_deref() {
        None | Some("deadline") => RequestOrder::Deadline,
        Some("age") => RequestOrder::Age,
        Some(_) => {
            query.fault("sort", "must be deadline or age", "invalid_value");
            RequestOrder::Deadline
        }
    };
    let (task, after) = (query.text("task"), cursor(&mut query, order));
    let list = ListRequests { task, order, after, limit, max_bytes: MAX_ANSWER_BYTES, ..ListRequests::default() };
    query.finish().map(|()| list)
}

fn cursor(query: &mut Query<'_>, order: RequestOrder) -> Option<RequestCursor> {
    let text = query.text("cursor")?;
    let cursor = read_cursor(order, &text);
    if cursor.is_none() {
        query.fault("cursor", "must be the next_cursor of a page in the same order", "invalid_value");
    }
    cursor
}

const fn mark(order: RequestOrder) -> u8 {
    match order {
        RequestOrder::Deadline => b'd',
        RequestOrder::Age => b'a',
    }
}

/// A cursor as clients get it: the order, when the question was asked, its id, and its deadline where it has one.
fn write_cursor(order: RequestOrder, cursor: RequestCursor) -> String {
    let RequestCursor { expires_at, place } = cursor;
    let mut bytes = vec![mark(order)];
    bytes.extend(place.asked_at.as_micros().to_be_bytes());
    bytes.extend(place.request_id.as_bytes());
    bytes.extend(expires_at.iter().flat_map(|at| at.as_micros().to_be_bytes()));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(order: RequestOrder, text: &str) -> Option<RequestCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let rest = bytes.strip_prefix(&[mark(order)])?;
    let (asked_at, rest) = rest.split_first_chunk()?;
    let (request_id, rest) = rest.split_first_chunk()?;
    let moment = |bytes: [u8; 8]| Timestamp::from_micros(i64::from_be_bytes(bytes));
    let expires_at = if rest.is_empty() { None } else { Some(moment(rest.try_into().ok()?)) };
    let place = RequestPlace { asked_at: moment(*asked_at), request_id: RequestId::from_bytes(*request_id) };
    Some(RequestCursor { expires_at, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_says_which_questions_in_which_order() {
        let list = decode("").unwrap();
        assert_eq!((list.order, list.limit, list.task), (RequestOrder::Deadline, 50, None));
        let list = decode("sort=age&task=t&limit=7").unwrap();
        assert_eq!((list.order, list.limit, list.task.as_deref()), (RequestOrder::Age, 7, Some("t")));
        let problem = decode("sort=size&limit=0&cursor=x").unwrap_err();
        let mut locs: Vec<_> = problem.errors.iter().map(|fault| fault.loc.join(".")).collect();
        locs.sort();
        assert_eq!(locs, ["query.cursor", "query.limit", "query.sort"]);
    }

    #[test]
    fn a_question_is_listed_with_null_for_what_it_has_not() {
        let list = |json: &'static str| listed(&Bytes::from_static(json.as_bytes())).unwrap().get().to_owned();
        let whole = r#"{"context":{"node":"n"},"expires_at":1.5,"default":false}"#;
        assert_eq!(list(whole), whole);
        let bare = r#"{"message":"\"default\":1}"}"#;
        let wanted = r#"{"message":"\"default\":1}","context":null,"expires_at":null,"default":null}"#;
        assert_eq!(list(bare), wanted);
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_client(asked_at: i64, expires_at: Option<i64>, id: [u8; 16]) {
            let place = RequestPlace {
                asked_at: Timestamp::from_micros(asked_at),
                request_id: RequestId::from_bytes(id),
            };
            let cursor = RequestCursor { expires_at: expires_at.map(Timestamp::from_micros), place };
            for order in [RequestOrder::Deadline, RequestOrder::Age] {
                prop_assert_eq!(read_cursor(order, &write_cursor(order, cursor)), Some(cursor));
            }
            prop_assert_eq!(read_cursor(RequestOrder::Age, &write_cursor(RequestOrder::Deadline, cursor)), None);
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in ".{0,60}") {
            if let Some(cursor) = read_cursor(RequestOrder::Age, &text) {
                prop_assert_eq!(write_cursor(RequestOrder::Age, cursor), text);
            }
        }
    }
}
