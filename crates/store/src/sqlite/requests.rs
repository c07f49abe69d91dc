//! The open questions, as rows.

use rusqlite::{CachedStatement, Connection, Row, ToSql, params};

use super::{columns, events};
use crate::{Error, ListRequests, RequestChange, RequestCursor, RequestOrder, RequestPage, StoredRequest};
use callboard_domain::id::RequestId;
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::time::Timestamp;

/// What most rows need that change questions.
pub(super) struct Statements<'a> {
    open: CachedStatement<'a>,
    close: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    pub(super) fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let open =
            "INSERT INTO requests (asked_at, request, expires_at, task, owner, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let close = "DELETE FROM requests WHERE asked_at = ?1 AND request = ?2";
        Ok(Self { open: connection.prepare_cached(open)?, close: connection.prepare_cached(close)? })
    }

    pub(super) fn change(&mut self, change: &RequestChange) -> rusqlite::Result<()> {
        match change {
            RequestChange::Opened(request) => {
                let StoredRequest { place, expires_at, task, owner, json } = &**request;
                let json: &[u8] = json;
                self.open.execute(params![
                    place.asked_at.as_micros(),
                    place.request_id.as_bytes(),
                    expires_at.map(Timestamp::as_micros),
                    task,
                    columns::owner_column(owner),
                    json
                ])?;
            }
            RequestChange::Closed(place) => {
                self.close.execute(params![place.asked_at.as_micros(), place.request_id.as_bytes()])?;
            }
        }
        Ok(())
    }
}

/// See [`crate::engine::Read::requests`].
pub(super) fn list(connection: &Connection, query: &ListRequests) -> Result<RequestPage, Error> {
    // Both are read as of one moment.
    let moment = connection.unchecked_transaction()?;
    let last_event = events::span(&moment)?.last_seq;
    let mut found = Vec::new();
    match query.order {
        RequestOrder::Age => drop(some(&moment, query, Part::All, &mut found)?),
        RequestOrder::Deadline => {
            // Behind one that has no deadline there are only such.
            let begins_with_due = query.after.is_none_or(|after| after.expires_at.is_some());
            let is_full = begins_with_due && some(&moment, query, Part::Due, &mut found)?;
            if !is_full {
                some(&moment, query, Part::Endless, &mut found)?;
            }
        }
    }
    RequestPage::of(found.into_iter().map(Ok), query, last_event)
}

/// Which of the questions.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    All,
    /// Those with a deadline.
    Due,
    /// Those without.
    Endless,
}

/// The parts that are read in each order.
#[cfg(test)]
pub(super) const PARTS: [(RequestOrder, Part); 3] =
    [(RequestOrder::Age, Part::All), (RequestOrder::Deadline, Part::Due), (RequestOrder::Deadline, Part::Endless)];

/// Adds those of a part; gives whether there is one more than a page has, which is added as well.
fn some(
    connection: &Connection,
    query: &ListRequests,
    part: Part,
    found: &mut Vec<StoredRequest>,
) -> Result<bool, Error> {
    let (sql, parameters) = select(query, part);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut bytes: usize = found.iter().map(|request| request.json.len()).sum();
    while let Some(row) = rows.next()? {
        let is_full = found.len() >= query.limit || (bytes >= query.max_bytes && !found.is_empty());
        let request = request(row)?;
        bytes += request.json.len();
        found.push(request);
        if is_full {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn select(query: &ListRequests, part: Part) -> (String, Vec<Box<dyn ToSql>>) {
    let mut sql = "SELECT asked_at, request, expires_at, task, owner, body FROM requests WHERE ".to_owned();
    sql.push_str(match part {
        Part::All => "true",
        Part::Due => "expires_at IS NOT NULL",
        Part::Endless => "expires_at IS NULL",
    });
    let mut parameters: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(RequestCursor { expires_at, place }) = query.after {
        let place = (place.asked_at.as_micros(), *place.request_id.as_bytes());
        match (part, expires_at) {
            (Part::Due, Some(expires_at)) => {
                sql.push_str(" AND (expires_at, asked_at, request) > (?, ?, ?)");
                parameters.push(Box::new(expires_at.as_micros()));
                parameters.push(Box::new(place.0));
                parameters.push(Box::new(place.1));
            }
            // Those with a deadline come before all of these.
            (Part::Endless, Some(_)) => {}
            (Part::All | Part::Due | Part::Endless, _) => {
                sql.push_str(" AND (asked_at, request) > (?, ?)");
                parameters.push(Box::new(place.0));
                parameters.push(Box::new(place.1));
            }
        }
    }
    if let Some(task) = &query.task {
        sql.push_str(" AND task = ?");
        parameters.push(Box::new(task.clone()));
    }
    if let Some(owner) = &query.owner {
        sql.push_str(" AND ");
        sql.push_str(columns::is_owners(owner));
        parameters.push(Box::new(columns::owner_column(owner).map(str::to_owned)));
    }
    sql.push_str(match part {
        Part::Due => " ORDER BY expires_at, asked_at, request",
        Part::All | Part::Endless => " ORDER BY asked_at, request",
    });
    (sql, parameters)
}

fn request(row: &Row<'_>) -> rusqlite::Result<StoredRequest> {
    let body = row.get_ref(5)?.as_blob()?;
    Ok(StoredRequest {
        place: RequestPlace {
            asked_at: Timestamp::from_micros(row.get(0)?),
            request_id: row.get(1).map(RequestId::from_bytes)?,
        },
        expires_at: columns::moment(row, 2)?,
        task: row.get(3)?,
        owner: columns::owner(row, 4)?,
        json: bytes::Bytes::copy_from_slice(body),
    })
}
