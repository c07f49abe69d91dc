//! The reading side of the engine.

use std::fmt::Write;
use std::path::PathBuf;

use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns;
use super::documents;
use super::events;
use super::requests;
use super::search::{self, Searcher};
use super::watch::Files;
use super::{integer, signed};
use crate::document::ListDocuments;
use crate::engine::Read;
use crate::{
    Counts, Document, Error, EventRow, EventSpan, Found, JournalRange, ListRequests, ListSessions, Pending,
    RequestPage, Row, SessionKey, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::owner::Owner;
use callboard_domain::status::{Priority, Status};

/// The condition of the index `sessions_live`, word for word: only then does SQLite see that it can use it.
const LIVE: &str = "(status = 'queued' OR status = 'running' OR status = 'cancelling')";

/// A connection that reads.
pub(crate) struct Reader {
    connection: Connection,
    searcher: Searcher,
    /// Nobody else may have the place while this can read.
    _files: Files,
}

impl Reader {
    /// Reads through `connection`, and the words at `search`.
    pub(super) fn new(connection: Connection, files: Files, search: PathBuf) -> Self {
        Self { connection, searcher: Searcher::new(search), _files: files }
    }

    /// What it reads through.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Read for Reader {
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error> {
        let mut statement = self.connection.prepare_cached(columns::SELECT_BY_ID)?;
        Ok(statement.query_row([id.as_bytes()], columns::summary).optional()?)
    }

    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        journal(&self.connection, key, range)
    }

    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error> {
        list(&self.connection, query)
    }

    fn search(&mut self, words: &[String], query: &ListSessions) -> Result<Found, Error> {
        search::search(&mut self.searcher, &self.connection, words, query)
    }

    fn count(&mut self, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
        search::count(&mut self.searcher, &self.connection, words, query)
    }

    fn requests(&mut self, query: &ListRequests) -> Result<RequestPage, Error> {
        requests::list(&self.connection, query)
    }

    fn owned_bytes(&mut self, owner: &Owner) -> Result<u64, Error> {
        let sql = format!(
            "SELECT (SELECT ifnull(sum(octet_length(body)), 0) FROM sessions CROSS JOIN journal ON session = key WHERE {}) \
             + (SELECT ifnull(sum(octet_length(body)), 0) FROM documents WHERE owner = ?2)",
            columns::is_owners(owner).replace('?', "?1")
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let of = params![columns::owner_column(owner), columns::owner_key(owner)];
        Ok(statement.query_row(of, |row| columns::count(row, 0))?)
    }

    fn pending(&mut self) -> Result<Vec<Pending>, Error> {
        let sql = format!(
            "SELECT id, status, priority, deadline, since, key, iif(status = 'running', \
                (SELECT last_seq FROM journal WHERE session = key ORDER BY row DESC LIMIT 1), NULL) \
             FROM sessions WHERE {LIVE} \
             UNION ALL \
             SELECT id, status, priority, deadline, since, key, NULL \
             FROM sessions WHERE deadline IS NOT NULL AND NOT {LIVE} \
             ORDER BY key"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let found = statement.query_map([], |row| {
            Ok(Pending {
                id: columns::id(row, 0)?,
                status: columns::word(row, 1, Status::parse)?,
                priority: columns::word(row, 2, Priority::parse)?,
                deadline: columns::moment(row, 3)?,
                since: columns::moment(row, 4)?.unwrap_or_default(),
                last_seq: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error> {
        let sql = "SELECT status, count(*) FROM sessions GROUP BY status";
        let mut statement = self.connection.prepare(sql)?;
        let counted = statement
            .query_map([], |row| Ok((columns::word(row, 0, Status::parse)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        let mut counted: Vec<(Status, u64)> = counted.collect::<Result<_, _>>()?;
        counted.retain(|(status, _)| !status.is_terminal());
        Ok(counted)
    }

    fn idempotent(&mut self, owner: &Owner, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sessions.id, idempotency.digest FROM idempotency \
             JOIN sessions ON sessions.key = idempotency.session \
             WHERE idempotency.owner = ?1 AND idempotency.key = ?2",
        )?;
        Ok(statement
            .query_row([columns::owner_key(owner), key], |row| Ok((columns::id(row, 0)?, row.get(1)?)))
            .optional()?)
    }

    fn execution(&mut self, owner: &Owner, id: &ExecutionId) -> Result<Option<SessionId>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM sessions WHERE ifnull(owner, '') = ?1 AND execution_id = ?2")?;
        Ok(statement.query_row([columns::owner_key(owner), id.as_str()], |row| columns::id(row, 0)).optional()?)
    }

    fn document(&mut self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        documents::find(&self.connection, owner, collection, id)
    }

    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error> {
        documents::list(&self.connection, query)
    }

    fn folders(&mut self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
        documents::folders(&self.connection, owner, collection, most)
    }

    fn document_owners(&mut self, collection: &str, after: Option<&Owner>, limit: usize) -> Result<Vec<Owner>, Error> {
        documents::owners(&self.connection, collection, after, limit)
    }

    fn events(&mut self, owner: Option<&Owner>, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        events::list(&self.connection, owner, after_seq, max_bytes)
    }

    fn event_span(&mut self) -> Result<EventSpan, Error> {
        Ok(events::span(&self.connection)?)
    }
}

/// See [`Read::journal`].
fn journal(connection: &Connection, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
    let mut from = range.after_row.map_or(0, |row| i64::from(row) + 1);
    if let Some(seq) = range.after_seq {
        match first_after(connection, key, seq)? {
            Some(row) => from = from.max(row),
            None => return Ok(Vec::new()),
        }
    }
    let mut statement = connection
        .prepare_cached("SELECT row, last_seq, body FROM journal WHERE session = ?1 AND row >= ?2 ORDER BY row")?;
    let mut found = statement.query(params![integer(key), from])?;
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let body = Bytes::copy_from_slice(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
        bytes += body.len();
        rows.push(Row { row: row.get(0)?, last_seq: columns::count(row, 1)?, body });
        if bytes >= range.max_bytes {
            break;
        }
    }
    Ok(rows)
}

/// The first row that holds an entry after `seq`: halving works, because the rows' `last_seq` never fall.
fn first_after(connection: &Connection, key: SessionKey, seq: u64) -> Result<Option<i64>, Error> {
    let key = integer(key);
    let mut last = connection.prepare_cached(
        "SELECT row, last_seq FROM journal WHERE session = ?1 AND row < ?2 ORDER BY row DESC LIMIT 1",
    )?;
    let mut before =
        |row: i64| last.query_row([key, row], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional();
    let seq = signed(seq);
    let Some((mut fits, _)) = before(i64::MAX)?.filter(|(_, last_seq)| *last_seq > seq) else {
        return Ok(None);
    };
    // Rows below `low` hold nothing after `seq`; `fits` does.
    let mut low = 0;
    while low < fits {
        let middle = low + (fits - low) / 2;
        match before(middle + 1)?.filter(|(row, _)| *row >= low) {
            Some((row, last_seq)) if last_seq > seq => fits = row,
            Some(_) | None => low = middle + 1,
        }
    }
    Ok(Some(fits))
}

/// See [`Read::list`].
fn list(connection: &Connection, query: &ListSessions) -> Result<Vec<Summary>, Error> {
    let (sql, parameters) = select(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(rusqlite::params_from_iter(parameters), columns::summary)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn select(query: &ListSessions) -> (String, Vec<Value>) {
    let mut sql = format!("{} WHERE true", columns::SELECT);
    let mut parameters = Vec::new();
    if let Some(assignee) = &query.asking {
        let (oldest, newest) = query.keys();
        sql = format!("{} WHERE assignee = ? AND session >= ? AND session < ?", columns::SELECT_ASKING);
        parameters = vec![assignee.to_string().into(), integer(oldest).into(), integer(newest).into()];
    }
    if !query.status.is_empty() {
        // The words are ours; as parameters they would keep SQLite from using an index.
        let words: Vec<_> = query.status.iter().map(|status| format!("'{}'", status.as_str())).collect();
        let _ = write!(sql, " AND status IN ({})", words.join(", "));
        if query.status.iter().all(|status| status.is_resumed_at_start()) {
            let _ = write!(sql, " AND {LIVE}");
        }
    }
    but_for_status(query, &mut sql, &mut parameters);
    sql.push_str(match query.asking {
        Some(_) => " GROUP BY session ORDER BY session DESC LIMIT ?",
        None => " ORDER BY key DESC LIMIT ?",
    });
    parameters.push(limit(query.limit));
    (sql, parameters)
}

/// Adds all conditions of a query but that of its status.
pub(super) fn but_for_status(query: &ListSessions, sql: &mut String, parameters: &mut Vec<Value>) {
    let mut also = |condition: &str, parameter: Value| {
        sql.push_str(condition);
        parameters.push(parameter);
    };
    let (oldest, newest) = query.keys();
    if query.from.is_some() {
        also(" AND key >= ?", integer(oldest).into());
    }
    if query.to.is_some() || query.before.is_some() {
        also(" AND key < ?", integer(newest).into());
    }
    if let Some(from) = query.from {
        also(" AND created_at >= ?", from.as_micros().into());
    }
    if let Some(to) = query.to {
        also(" AND created_at < ?", to.as_micros().into());
    }
    if let Some(task) = &query.task {
        also(" AND task = ?", task.clone().into());
    }
    if let Some(owner) = &query.owner {
        let condition = format!(" AND {}", columns::is_owners(owner));
        also(&condition, columns::owner_column(owner).map(str::to_owned).into());
    }
    for label in &query.labels {
        also(
            " AND EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.key || '=' || label.value = ?)",
            crate::types::label_text(label).into(),
        );
    }
}

pub(super) fn limit(limit: usize) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use rusqlite::ToSql;

    use super::super::schema;
    use super::*;
    use crate::RequestCursor;
    use callboard_domain::id::RequestId;
    use callboard_domain::listed_request::RequestPlace;
    use callboard_domain::time::Timestamp;

    /// How SQLite goes about a query, with its parameters as they are.
    fn plan(connection: &Connection, (sql, parameters): (String, Vec<impl ToSql>)) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3)).unwrap();
        steps.map(|step: rusqlite::Result<String>| step.unwrap()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_one_owner_has_is_found_by_an_index_that_has_the_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        let ada: Owner = "ada".parse().unwrap();
        let (mut plans, mut of_asked) = (Vec::new(), Vec::new());
        for before in [None, Some(SessionKey(9))] {
            let owner = Some(ada.clone());
            plans.push(plan(&connection, select(&ListSessions { owner, before, limit: 9, ..ListSessions::default() })));
            let asking = Some("bo".parse().unwrap());
            of_asked
                .push(plan(&connection, select(&ListSessions { asking, before, limit: 9, ..ListSessions::default() })));
        }
        let place = RequestPlace { asked_at: Timestamp::from_micros(5), request_id: RequestId::random() };
        for (order, part) in requests::PARTS {
            // Behind one without a deadline there are none with one.
            let expires_at = (part == requests::Part::Due).then_some(Timestamp::from_micros(7));
            for after in [None, Some(RequestCursor { expires_at, place })] {
                let owner = Some(ada.clone());
                let query = ListRequests { owner, order, after, limit: 9, max_bytes: 9, ..ListRequests::default() };
                plans.push(plan(&connection, requests::select(&query, part)));
                let asking = Some("group:ops".parse().unwrap());
                let asked = requests::select(&ListRequests { owner: None, asking, ..query }, part);
                of_asked.push(plan(&connection, asked));
            }
        }
        let of_events: Vec<Box<dyn ToSql>> = vec![Box::new(5), Box::new("ada")];
        plans.push(plan(&connection, (events::select(Some(&ada)), of_events)));
        for plan in &plans {
            assert!(plan.starts_with("SEARCH") && plan.contains("_owner"), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
        }
        for plan in &of_asked {
            assert!(plan.starts_with("SEARCH asked USING") && plan.contains("assignee=?"), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
        }
        let servers = select(&ListSessions { owner: Some(Owner::SERVER), limit: 9, ..ListSessions::default() });
        assert!(!plan(&connection, servers).contains("B-TREE"));
    }
}
