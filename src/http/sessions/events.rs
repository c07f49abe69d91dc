//! `GET /sessions/{session_id}/events`: a session's journal, as JSON or as server-sent events.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures::TryFutureExt as _;
use utoipa::ToSchema;

use super::super::State;
use super::super::client::Subject;
use super::super::decode::fault;
use super::super::error::{Code, Problem};
use super::super::negotiation::prefers;
use super::super::paged;
use super::super::query::Query;
use super::super::route::{Route, routes};
use crate::auth::Principal;
use crate::domain::entry::Stamped;
use crate::store::{self, JournalRange, Row, SessionKey, Store};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadSession => events]
}

/// An answer has no more than about this, so that it comes to an end.
const MAX_BYTES: usize = 8 * 1_048_576;

/// A page of the store: what is held for one who reads slowly.
const PAGE_BYTES: usize = 65_536;

/// The media type of server-sent events.
pub(in crate::http) const EVENT_STREAM: &str = "text/event-stream";

/// A part of a session's journal.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "only described: the entries are given as they stand in the journal, without reading them"
)]
pub(in crate::http) struct EventPage {
    /// The entries, in order; at most `limit` and about 8 MiB.
    events: Vec<Stamped>,
    /// The `seq` of the journal's last entry: there is more where the last of `events` has a lower one.
    last_seq: u64,
}

/// Reads a session's journal, or follows it as server-sent events where `Accept` is `text/event-stream`.
#[utoipa::path(
    get, path = "/sessions/{session_id}/events", tag = "sessions",
    params(
        ("session_id" = String, Path, description = "The session's id."),
        ("since" = Option<u64>, Query, format = "uint64", description = "Only entries after this `seq`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 100_000, description = "At most that many, 1000 where it is left out."),
        ("Last-Event-ID" = Option<u64>, Header, format = "uint64", description = "The same as `since`, for event streams."),
    ),
    responses(
        (status = 200, description = "Entries of the journal. An event stream also has what is sent with `save_state` false, without an `id`.", content(
            (EventPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = "4XX", description = "There is no such session, or the query is wrong."),
    )
)]
async fn events(
    state: web::Data<State>,
    request: HttpRequest,
    Subject(session_id): Subject,
) -> Result<HttpResponse, actix_web::Error> {
    let (since, limit) = decode(request.query_string())?;
    let broke_off = last_event_id(&request)?;
    let summary = state.sessions.find(&Principal::of(&request), session_id).await.map_err(Problem::from)?;
    if prefers(request.headers(), EVENT_STREAM, "application/json") {
        if request.method() == Method::HEAD {
            return Ok(HttpResponse::Ok().content_type("text/event-stream; charset=utf-8").finish());
        }
        let since = broke_off.or(since).unwrap_or(0);
        return state.streams.events(request, session_id, since).await;
    }
    let reader = Reader {
        store: state.sessions.store().clone(),
        key: summary.key,
        after_row: None,
        page: Page::new(since.unwrap_or(0), limit),
        last_seq: summary.state.last_seq,
    };
    // What the store refuses can be said only before the answer begins.
    let (first, rest) = reader.read().await.map_err(Problem::from)?;
    Ok(paged::json(first, rest, |reader: Reader| reader.read().map_err(cut_short)))
}

/// The answer is cut short, which its reader sees: it has begun already, so there is no other way to say so.
fn cut_short(error: store::Error) -> actix_web::Error {
    log::warn!(error:%; "a journal could not be read to its end");
    Problem::from(error).into()
}

/// Reads a journal page by page, as fast as the client takes it.
struct Reader {
    store: Store,
    key: SessionKey,
    after_row: Option<u32>,
    page: Page,
    last_seq: u64,
}

impl Reader {
    /// The next part of the answer, and who reads on where there is more.
    async fn read(mut self) -> Result<(Bytes, Option<Reader>), store::Error> {
        let range = JournalRange { after_seq: Some(self.page.since), after_row: self.after_row, max_bytes: PAGE_BYTES };
        let rows = self.store.journal(self.key, range).await?;
        self.after_row = rows.last().map(|row| row.row);
        if rows.is_empty() || !self.page.take(&rows) {
            return Ok((self.page.finish(self.last_seq), None));
        }
        Ok((self.page.part(), Some(self)))
    }
}

fn decode(query: &str) -> Result<(Option<u64>, u64), Problem> {
    let mut query = Query::of(query);
    let since = query.number("since", 0..=u64::MAX);
    let limit = query.number("limit", 1..=100_000).unwrap_or(1000);
    query.finish().map(|()| (since, limit))
}

/// Where a browser says that its event stream broke off.
pub(in crate::http) fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(value) = request.headers().get("Last-Event-ID").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let seq = value.to_str().ok().and_then(|text| text.parse().ok());
    seq.map(Some).ok_or_else(|| {
        let fault = fault(&["header", "Last-Event-ID"], "must be a whole number", "wrong_type");
        Problem::invalid(Code::InvalidHeader, vec![fault])
    })
}

/// The answer, spliced together from the journal's lines.
struct Page {
    since: u64,
    left: u64,
    last_seq: u64,
    body: Vec<u8>,
    /// Bytes of the parts that have left.
    left_bytes: usize,
    is_first: bool,
}

impl Page {
    fn new(since: u64, limit: u64) -> Self {
        let body = br#"{"events":["#.to_vec();
        Self { since, left: limit, last_seq: 0, body, left_bytes: 0, is_first: true }
    }

    /// Takes the entries of these rows; gives whether there is room for more.
    fn take(&mut self, rows: &[Row]) -> bool {
        for row in rows {
            self.last_seq = self.last_seq.max(row.last_seq);
            for (seq, line) in entries(row) {
                if seq <= self.since {
                    continue;
                }
                if !self.has_room() {
                    return false;
                }
                if !std::mem::take(&mut self.is_first) {
                    self.body.push(b',');
                }
                self.body.extend_from_slice(line);
                self.left -= 1;
            }
        }
        self.has_room()
    }

    fn has_room(&self) -> bool {
        self.left > 0 && self.left_bytes + self.body.len() <= MAX_BYTES
    }

    /// What has been taken since the last part.
    fn part(&mut self) -> Bytes {
        self.left_bytes += self.body.len();
        std::mem::take(&mut self.body).into()
    }

    /// The whole text. The session's row may be written before or after its journal was read, hence the larger one.
    fn finish(mut self, last_seq: u64) -> Bytes {
        let last_seq = self.last_seq.max(last_seq);
        self.body.extend_from_slice(format!(r#"],"last_seq":{last_seq}}}"#).as_bytes());
        self.body.into()
    }
}

/// The entries of a row with their `seq`, which is counted back from the last one's: so no line is parsed.
fn entries(row: &Row) -> impl Iterator<Item = (u64, &[u8])> {
    let lines = || {
        let lines = row.body.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.is_empty() && !line.starts_with(br#"{"record""#))
    };
    let before = row.last_seq.saturating_sub(lines().count() as u64);
    (before + 1..).zip(lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::Entry;
    use crate::domain::record::Internal;
    use crate::domain::time::Timestamp;
    use actix_web::test::TestRequest;
    use serde_json::Value;

    /// Rows of these sizes, numbered from 1, with a record in each that clients do not see.
    fn rows(sizes: &[u64]) -> Vec<Row> {
        let mut seq = 0;
        let row = |(at, size): (usize, &u64)| {
            let mut builder = BurstBuilder::default();
            for _ in 0..*size {
                seq += 1;
                builder.append(&Entry::Stream { content: format!("line\n{seq}") }, None, seq, Timestamp::default());
            }
            builder.note(&Internal::CancelRequested { reason: "r".into() });
            Row { row: u32::try_from(at).unwrap(), last_seq: seq, body: builder.finish().body }
        };
        sizes.iter().enumerate().map(row).collect()
    }

    fn read(sizes: &[u64], since: u64, limit: u64) -> (Vec<u64>, u64) {
        let mut page = Page::new(since, limit);
        page.take(&rows(sizes));
        let answer: Value = serde_json::from_slice(&page.finish(0)).unwrap();
        let seqs = answer["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap());
        (seqs.collect(), answer["last_seq"].as_u64().unwrap())
    }

    #[test]
    fn entries_are_given_as_they_stand_from_any_place() {
        assert_eq!(read(&[3, 0, 2], 0, 100), ((1..=5).collect(), 5));
        assert_eq!(read(&[3, 0, 2], 2, 2), (vec![3, 4], 5));
        assert_eq!(read(&[3, 0, 2], 5, 2), (vec![], 5));
        assert_eq!(read(&[], 0, 2), (vec![], 0));
        assert_eq!(read(&[1], u64::MAX, 2), (vec![], 1));
    }

    proptest::proptest! {
        #[test]
        fn pages_put_together_are_the_journal(sizes in proptest::collection::vec(0_u64..5, 0..8), limit in 1_u64..7) {
            let (whole, last) = read(&sizes, 0, 100);
            let mut pages = Vec::new();
            while let (page, _) = read(&sizes, pages.last().copied().unwrap_or(0), limit) && !page.is_empty() {
                proptest::prop_assert!(page.len() as u64 <= limit);
                pages.extend(page);
            }
            proptest::prop_assert_eq!(&pages, &whole);
            proptest::prop_assert_eq!(pages.last().copied().unwrap_or(0), last);
        }
    }

    #[test]
    fn the_header_says_where_a_stream_broke_off() {
        let read =
            |value: &str| last_event_id(&TestRequest::get().insert_header(("last-event-id", value)).to_http_request());
        assert_eq!(read("7"), Ok(Some(7)));
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("x").unwrap_err().code, Code::InvalidHeader);
        assert_eq!(decode("since=3&limit=2"), Ok((Some(3), 2)));
        assert!(decode("limit=100001").is_err());
    }
}
