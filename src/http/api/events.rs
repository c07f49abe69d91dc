//! `GET /api/v1/events`: the events that are kept, in their order, from any place.

use std::convert::Infallible;

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{Code, Problem};
use super::super::paged;
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::super::sessions::start::EXECUTION_ID;
use super::kept_events::Reader;
use crate::auth::Principal;
use crate::auth::policy::sight_of_events;
use crate::domain::event::{Filter, Pattern};
use crate::domain::status::Priority;
use crate::event::{Error, Position, Span};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ListEvents => list]
}

/// Something that has happened, as it is published everywhere.
#[derive(Debug, ToSchema)]
#[schema(as = Event)]
#[expect(dead_code, reason = "only described: events are given as they are kept, without reading them")]
pub(in crate::http) struct DescribedEvent {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: (),
    /// What happened, such as `execution.completed`.
    r#type: String,
    /// How urgent it is.
    priority: Priority,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    timestamp: (),
    /// To which execution.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
    execution_id: (),
    /// To which crew.
    crew_id: Option<String>,
    /// To which agent.
    agent_id: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    data: (),
    /// What its maker keeps with it.
    #[schema(value_type = Object)]
    metadata: (),
    /// Its place among all events that are kept, from 1; left out where it is not kept.
    seq: Option<u64>,
}

/// Events in their order.
#[derive(Debug, ToSchema)]
#[schema(as = KeptEvents)]
#[expect(dead_code, reason = "only described: the answer is put together page by page")]
pub(in crate::http) struct DescribedEvents {
    /// The events; at most `limit`. There may be fewer, or none, and more behind them: go on from `next`, until its
    /// place is `last_seq`.
    events: Vec<DescribedEvent>,
    /// Which log this is: a word that is made with the database.
    epoch: String,
    /// The place of the oldest event that is kept.
    first_seq: u64,
    /// The place of the newest event.
    last_seq: u64,
    /// What to send as `since` to get those after them.
    next: String,
}

/// What is asked for.
struct Asked {
    since: Option<Position>,
    filter: Filter,
    limit: usize,
}

/// Lists the events that are kept, in their order: with identity those of the caller, else all.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(
        ("type" = Option<String>, Query, description = "Only these types: words, or the beginning of some up to a dot and `*`, as in `execution.*`; separated by commas or repeated."),
        ("since" = Option<String>, Query, pattern = r"^([A-Za-z0-9]{1,64}:[0-9]+)?$", description = "Only those after this position, `EPOCH:SEQ`; all that are kept, where it is left out."),
        ("execution_id" = Option<String>, Query, pattern = "^[A-Za-z0-9_.-]{1,64}$", description = "Only those of this execution."),
        ("crew_id" = Option<String>, Query, description = "Only those of this crew."),
        ("agent_id" = Option<String>, Query, description = "Only those of this agent."),
        ("min_priority" = Option<Priority>, Query, description = "Only those that are at least this urgent."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 10_000, description = "At most that many, 1000 where it is left out."),
    ),
    responses(
        (status = 200, description = "Some of them.", body = DescribedEvents),
        (status = 409, description = "The position is one of another log."),
        (status = 410, description = "Some after the position are kept no longer."),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, principal: Principal, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Asked { since, filter, limit } = decode(request.query_string())?;
    let owner = sight_of_events(&principal).cloned();
    let reader = Reader::new(state.events.clone(), owner, since, filter, limit);
    // What the log refuses can be said only before the answer begins.
    let (first, rest) = reader.begin().await?;
    Ok(paged::json(first, rest, async |reader: Reader| Ok::<_, Infallible>(reader.read().await)))
}

fn decode(query: &str) -> Result<Asked, Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=10_000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1000);
    let since = parsed(&mut query, "since", "must be a position, EPOCH:SEQ", |text| text.parse().ok());
    let words: Vec<String> = query.all("type").flat_map(|list| list.split(',')).map(|it| it.trim().into()).collect();
    let mut types = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        match Pattern::parse(word) {
            Some(pattern) => types.push(pattern),
            None => query.fault("type", format!("{word:?} is no type of events"), "invalid_value"),
        }
    }
    let filter = Filter {
        types: Some(types).filter(|types| !types.is_empty()),
        min_priority: parsed(&mut query, "min_priority", "must be low, normal, high or critical", Priority::parse),
        execution_id: parsed(&mut query, "execution_id", &format!("must be {EXECUTION_ID}"), |text| text.parse().ok()),
        crew_id: query.text("crew_id").map(Into::into),
        agent_id: query.text("agent_id").map(Into::into),
    };
    query.finish().map(|()| Asked { since, filter, limit })
}

fn parsed<T>(query: &mut Query<'_>, name: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let read = parse(&query.text(name)?);
    if read.is_none() {
        query.fault(name, wanted, "invalid_value");
    }
    read
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let about = |code: Code, span: Span| {
            let Span { epoch, first_seq, last_seq } = &span;
            let detail = format!("{} The log is {epoch}, with {first_seq} to {last_seq}.", code.text());
            Problem { span: Some(Box::new(span)), ..Problem::new(code, detail) }
        };
        match error {
            Error::TooOld(span) => about(Code::PositionTooOld, span),
            Error::PositionUnknown(span) => about(Code::PositionUnknown, span),
            Error::Unavailable(_) => Code::StoreUnavailable.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SessionId;

    #[test]
    fn a_query_says_which_events() {
        let id = SessionId::random();
        let asked =
            decode(&format!("type=execution.*,queue.cleared&type=custom.a&since=ab12:7&execution_id={id}&limit=3"));
        let Asked { since, filter, limit } = asked.unwrap_or_else(|problem| panic!("{problem:?}"));
        assert_eq!((since.map(|at| at.to_string()), limit), (Some("ab12:7".into()), 3));
        assert_eq!(filter.execution_id, Some(id.into()));
        assert_eq!(filter.types.map(|types| types.len()), Some(3));
        assert!(decode("").is_ok_and(|asked| asked.filter == Filter::default() && asked.limit == 1000));
    }

    #[test]
    fn a_wrong_query_is_told_parameter_by_parameter() {
        let problem = decode("type=nope&since=7&execution_id=%20&min_priority=urgent&limit=0").err().unwrap();
        let mut locs: Vec<_> = problem.errors.iter().map(|fault| fault.loc.join(".")).collect();
        locs.sort();
        assert_eq!(locs, ["query.execution_id", "query.limit", "query.min_priority", "query.since", "query.type"]);
    }
}
