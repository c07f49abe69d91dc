//! The open questions, as rows.

use rusqlite::{CachedStatement, Connection, Row, ToSql, params};

use super::{columns, events, integer};
use crate::{Error, ListRequests, RequestChange, RequestCursor, RequestOrder, RequestPage, SessionKey, StoredRequest};
use callboard_domain::answerers::Assignee;
use callboard_domain::id::RequestId;
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::time::Timestamp;

/// What most rows need that change questions.
pub(super) struct Statements<'a> {
    connection: &'a Connection,
    open: CachedStatement<'a>,
    close: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    pub(super) fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let open =
            "INSERT INTO requests (asked_at, request, expires_at, task, owner, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let close = "DELETE FROM requests WHERE asked_at = ?1 AND request = ?2";
        Ok(Self { connection, open: connection.prepare_cached(open)?, close: connection.prepare_cached(close)? })
    }

    pub(super) fn change(&mut self, session: SessionKey, change: &RequestChange) -> rusqlite::Result<()> {
        match change {
            RequestChange::Opened(request, assignees) => {
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
                self.ask(session, *place, *expires_at, assignees)?;
            }
            RequestChange::Closed(place, assignees) => {
                self.close.execute(params![place.asked_at.as_micros(), place.request_id.as_bytes()])?;
                self.stop_asking(session, *place, assignees)?;
            }
        }
        Ok(())
    }

    fn ask(
        &self,
        session: SessionKey,
        place: RequestPlace,
        expires_at: Option<Timestamp>,
        assignees: &[Assignee],
    ) -> rusqlite::Result<()> {
        for assignee in assignees {
            // The same one may be named twice.
            let mut put = self.connection.prepare_cached(
                "INSERT OR IGNORE INTO asked (assignee, session, asked_at, request, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            put.execute(params![
                assignee.to_string(),
                integer(session),
                place.asked_at.as_micros(),
                place.request_id.as_bytes(),
                expires_at.map(Timestamp::as_micros)
            ])?;
        }
        Ok(())
    }

    fn stop_asking(&self, session: SessionKey, place: RequestPlace, assignees: &[Assignee]) -> rusqlite::Result<()> {
        for assignee in assignees {
            let mut take = self.connection.prepare_cached(
                "DELETE FROM asked WHERE assignee = ?1 AND session = ?2 AND asked_at = ?3 AND request = ?4",
            )?;
            let (asked_at, request) = (place.asked_at.as_micros(), place.request_id.as_bytes());
            take.execute(params![assignee.to_string(), integer(session), asked_at, request])?;
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
    let mut parameters: Vec<Box<dyn ToSql>> = Vec::new();
    let mut sql = "SELECT asked_at, request, expires_at, task, owner, body FROM requests WHERE ".to_owned();
    let (mut table, mut due) = ("requests", "requests.expires_at");
    if let Some(assignee) = &query.asking {
        // Of the two tables the index of what is asked has the order.
        sql = "SELECT asked.asked_at, asked.request, requests.expires_at, task, owner, body FROM asked CROSS JOIN requests \
               ON requests.asked_at = asked.asked_at AND requests.request = asked.request WHERE asked.assignee = ? AND "
            .to_owned();
        (table, due) = ("asked", "asked.expires_at");
        parameters.push(Box::new(assignee.to_string()));
    }
    match part {
        Part::All => sql.push_str("true"),
        Part::Due => sql.push_str(&format!("{due} IS NOT NULL")),
        Part::Endless => sql.push_str(&format!("{due} IS NULL")),
    }
    if let Some(RequestCursor { expires_at, place }) = query.after {
        let place = (place.asked_at.as_micros(), *place.request_id.as_bytes());
        match (part, expires_at) {
            (Part::Due, Some(expires_at)) => {
                sql.push_str(&format!(" AND ({due}, {table}.asked_at, {table}.request) > (?, ?, ?)"));
                parameters.push(Box::new(expires_at.as_micros()));
                parameters.push(Box::new(place.0));
                parameters.push(Box::new(place.1));
            }
            // Those with a deadline come before all of these.
            (Part::Endless, Some(_)) => {}
            (Part::All | Part::Due | Part::Endless, _) => {
                sql.push_str(&format!(" AND ({table}.asked_at, {table}.request) > (?, ?)"));
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
    sql.push_str(" ORDER BY ");
    if part == Part::Due {
        sql.push_str(&format!("{due}, "));
    }
    sql.push_str(&format!("{table}.asked_at, {table}.request"));
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
