//! A session's lean row as columns.

use std::iter;

use rusqlite::types::{ToSqlOutput, Type};
use rusqlite::{Row, ToSql, params_from_iter};

use super::{integer, signed};
use crate::{SessionKey, Spent, State, Summary};
use callboard_domain::id::{BadExecutionId, ExecutionId, SessionId};
use callboard_domain::owner::{BadOwner, Owner};
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, id, task, priority, owner, labels, cancel_after, created_at, status, attempt, last_seq, ",
            "started_at, ended_at, deadline, since, queued, running, waiting, execution_id, title FROM ",
            $rest
        )
    };
}

/// All columns, in the order that [`summary`] reads them and [`INSERT`] takes them.
pub(super) const SELECT: &str = select!("sessions");

/// The same of one session.
pub(super) const SELECT_BY_ID: &str = select!("sessions WHERE id = ?1");

/// The same by its key.
pub(super) const SELECT_BY_KEY: &str = select!("sessions WHERE key = ?1");

/// The same of those that ask somebody something, one row for each question.
pub(super) const SELECT_ASKING: &str = select!("asked CROSS JOIN sessions ON key = asked.session");

/// Makes a session's row.
pub(super) const INSERT: &str = "INSERT INTO sessions (key, id, task, priority, owner, labels, cancel_after, created_at, \
    status, attempt, last_seq, started_at, ended_at, deadline, since, queued, running, waiting, \
    execution_id, title) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
    ?20)";

/// Changes what changes as a session goes on.
pub(super) const UPDATE: &str = "UPDATE sessions SET status = ?2, attempt = ?3, last_seq = ?4, started_at = ?5, \
    ended_at = ?6, deadline = ?7, since = ?8, queued = ?9, running = ?10, waiting = ?11 WHERE key = ?1";

/// Runs [`INSERT`].
pub(super) fn insert(statement: &mut rusqlite::Statement<'_>, summary: &Summary) -> rusqlite::Result<usize> {
    let Summary { key, id, task, priority, owner, execution_id, labels, on_disconnect, title, created_at, state } =
        summary;
    let cancel_after = match on_disconnect {
        OnDisconnect::Keep => None,
        OnDisconnect::CancelAfter(seconds) => Some(seconds),
    };
    let head: [&dyn ToSql; 8] = [
        &integer(*key),
        &id.as_bytes(),
        task,
        &priority.as_str(),
        &owner_column(owner),
        &labels_text(labels),
        &cancel_after,
        &created_at.as_micros(),
    ];
    let state = of_state(state);
    let tail: [&dyn ToSql; 2] = [&execution_id.as_ref().map(ExecutionId::as_str), title];
    statement.execute(params_from_iter(head.into_iter().chain(state.iter().map(|value| value as _)).chain(tail)))
}

/// Runs [`UPDATE`]; gives how many rows it changed.
pub(super) fn update(
    statement: &mut rusqlite::Statement<'_>,
    key: SessionKey,
    state: &State,
) -> rusqlite::Result<usize> {
    let (key, state) = (integer(key), of_state(state));
    statement.execute(params_from_iter(iter::once(&key as &dyn ToSql).chain(state.iter().map(|value| value as _))))
}

/// What changes as a session goes on, in the order of the columns.
fn of_state(state: &State) -> [ToSqlOutput<'_>; 10] {
    let moment = |at: Option<Timestamp>| ToSqlOutput::Owned(at.map(Timestamp::as_micros).into());
    [
        state.status.as_str().into(),
        state.attempt.into(),
        signed(state.last_seq).into(),
        moment(state.started_at),
        moment(state.ended_at),
        moment(state.deadline),
        state.since.as_micros().into(),
        state.spent.queued.into(),
        state.spent.running.into(),
        state.spent.waiting.into(),
    ]
}

/// Reads a row of [`SELECT`].
pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        key: SessionKey(row.get(0)?),
        id: id(row, 1)?,
        task: row.get(2)?,
        priority: word(row, 3, Priority::parse)?,
        owner: owner(row, 4)?,
        execution_id: execution_id(row, 18)?,
        labels: labels(row, 5)?,
        title: row.get(19)?,
        on_disconnect: row.get::<_, Option<f64>>(6)?.map_or(OnDisconnect::Keep, OnDisconnect::CancelAfter),
        created_at: Timestamp::from_micros(row.get(7)?),
        state: State {
            status: word(row, 8, Status::parse)?,
            attempt: row.get(9)?,
            last_seq: count(row, 10)?,
            started_at: moment(row, 11)?,
            ended_at: moment(row, 12)?,
            deadline: moment(row, 13)?,
            since: Timestamp::from_micros(row.get(14)?),
            spent: Spent { queued: row.get(15)?, running: row.get(16)?, waiting: row.get(17)? },
        },
    })
}

/// An owner in a column that has NULL for the server.
pub(super) fn owner_column(owner: &Owner) -> Option<&str> {
    (*owner != Owner::SERVER).then(|| owner.as_str())
}

/// The condition that a row is this owner's, in a column that has NULL for the server; the parameter that it takes is that
/// of [`owner_column`].
pub(super) fn is_owners(owner: &Owner) -> &'static str {
    if *owner == Owner::SERVER { "owner IS ?" } else { "owner = ?" }
}

/// An owner in a column of a key, which has the empty text for the server.
pub(super) fn owner_key(owner: &Owner) -> &str {
    owner_column(owner).unwrap_or_default()
}

/// Reads what [`owner_key`] gave, from this column.
pub(super) fn owner_of_key(column: usize, key: &str) -> rusqlite::Result<Owner> {
    if key.is_empty() {
        return Ok(Owner::SERVER);
    }
    key.parse().map_err(|error: BadOwner| wrong(column, error))
}

/// Reads what [`owner_column`] gave.
pub(super) fn owner(row: &Row<'_>, column: usize) -> rusqlite::Result<Owner> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map_or(Ok(Owner::SERVER), |text| text.parse().map_err(|error: BadOwner| wrong(column, error)))
}

/// An id's sixteen bytes.
pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    row.get(column).map(SessionId::from_bytes)
}

fn execution_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ExecutionId>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(str::parse).transpose().map_err(|error: BadExecutionId| wrong(column, error))
}

/// A word of ours.
pub(super) fn word<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let word = row.get_ref(column)?.as_str()?;
    parse(word).ok_or_else(|| wrong(column, format!("the word {word:?} is not known")))
}

/// A moment that may not be there.
pub(super) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}

/// A number that counts up from 0.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let count: i64 = row.get(column)?;
    u64::try_from(count).map_err(|error| wrong(column, error))
}

fn labels_text(labels: &[(String, String)]) -> Option<String> {
    if labels.is_empty() {
        return None;
    }
    let object: serde_json::Map<_, _> =
        labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    Some(serde_json::Value::Object(object).to_string())
}

fn labels(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<(String, String)>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(Vec::new()) };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| wrong(column, error))?;
    let text = |value: serde_json::Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| wrong(column, format!("the label {value} is no text")))
    };
    object.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect()
}

fn wrong(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
