//! The tables, and how those of an older version become today's: step by step, each in one transaction.
//!
//! Indexes are partial wherever they can be: one over all sessions costs every append 10 µs.

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;
use super::backfill;
use super::header::Fault;

/// Marks a file as a database of Callboard: "Cbrd".
pub(super) const APPLICATION_ID: u32 = 0x4362_7264;

/// The steps from one version of the schema to the next, beginning at 0. Never change one that was released: add one.
const STEPS: &[&str] = &[V1, V2, V3, V4, V5, V6, V7, V8, V9];

/// Today's version.
pub(super) const VERSION: u32 = STEPS.len() as u32;

const V1: &str = "
    CREATE TABLE sessions (
        key INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        task TEXT NOT NULL,
        priority TEXT NOT NULL,
        owner TEXT,
        labels TEXT,            -- a JSON object; NULL for none
        cancel_after REAL,      -- seconds; NULL for never
        created_at INTEGER NOT NULL,
        status TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        started_at INTEGER,     -- this and all other times: microseconds since 1970
        ended_at INTEGER,
        deadline INTEGER,
        since INTEGER NOT NULL,
        queued INTEGER NOT NULL,
        running INTEGER NOT NULL,
        waiting INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sessions_live ON sessions (status)
        WHERE status = 'queued' OR status = 'running' OR status = 'cancelling';
    CREATE INDEX sessions_due ON sessions (deadline) WHERE deadline IS NOT NULL;
    CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
    CREATE TABLE journal (
        session INTEGER NOT NULL,
        row INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (session, row)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE idempotency (
        key TEXT PRIMARY KEY,
        digest BLOB NOT NULL,
        session INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_session ON idempotency (session);
";

const V2: &str = "
    CREATE TABLE documents (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (collection, id)
    ) STRICT, WITHOUT ROWID;
";

const V3: &str = "
    CREATE TABLE events (
        last_seq INTEGER PRIMARY KEY,
        first_seq INTEGER NOT NULL,
        body BLOB NOT NULL      -- the events' JSON, one a line
    ) STRICT;
";

/// Two owners may use the same word; where there is none, all sessions are of one owner.
const V4: &str = "
    ALTER TABLE sessions ADD COLUMN execution_id TEXT;
    CREATE UNIQUE INDEX sessions_execution ON sessions (ifnull(owner, ''), execution_id)
        WHERE execution_id IS NOT NULL;
";

/// Documents, idempotency keys and events belong to somebody, as sessions do: what was there is the server's. In a table's
/// key the server is the empty text, which is nobody's name, elsewhere it is NULL.
const V5: &str = "
    ALTER TABLE documents RENAME TO old_documents;
    CREATE TABLE documents (
        owner TEXT NOT NULL,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (owner, collection, id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO documents SELECT '', collection, id, version, created_at, updated_at, body FROM old_documents;
    DROP TABLE old_documents;
    ALTER TABLE idempotency RENAME TO old_idempotency;
    CREATE TABLE idempotency (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        digest BLOB NOT NULL,
        session INTEGER NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO idempotency
        SELECT ifnull(sessions.owner, ''), old_idempotency.key, digest, session
        FROM old_idempotency JOIN sessions ON sessions.key = session;
    DROP TABLE old_idempotency;
    CREATE INDEX idempotency_session ON idempotency (session);
    ALTER TABLE events ADD COLUMN owner TEXT;
";

/// What lists call a session, and the open questions of all sessions in one table: its key is the order in which they were
/// asked, so that each is written at its end.
const V6: &str = "
    ALTER TABLE sessions ADD COLUMN title TEXT;
    CREATE TABLE requests (
        asked_at INTEGER NOT NULL,
        request BLOB NOT NULL,
        expires_at INTEGER,
        task TEXT NOT NULL,
        owner TEXT,
        body BLOB NOT NULL,     -- the question's JSON, as lists show it
        PRIMARY KEY (asked_at, request)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX requests_due ON requests (expires_at, asked_at, request) WHERE expires_at IS NOT NULL;
";

/// What belongs to somebody is found as fast among that of all as the whole is. The server's own is in none of these: where
/// nobody is known all is its, and pays nothing for them.
const V7: &str = "
    CREATE INDEX sessions_owner ON sessions (owner) WHERE owner IS NOT NULL;
    CREATE INDEX requests_owner ON requests (owner, asked_at, request) WHERE owner IS NOT NULL;
    CREATE INDEX requests_owner_due ON requests (owner, expires_at, asked_at, request)
        WHERE owner IS NOT NULL AND expires_at IS NOT NULL;
    CREATE INDEX events_owner ON events (owner) WHERE owner IS NOT NULL;
";

/// Which open questions are put to whom: beside the owners of their sessions, so that nothing is written where they are put
/// to nobody else.
const V8: &str = "
    CREATE TABLE asked (
        assignee TEXT NOT NULL,
        session INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        request BLOB NOT NULL,
        expires_at INTEGER,
        PRIMARY KEY (assignee, session, asked_at, request)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX asked_age ON asked (assignee, asked_at, request);
    CREATE INDEX asked_due ON asked (assignee, expires_at, asked_at, request) WHERE expires_at IS NOT NULL;
";

/// What shows with which keys values are sealed: a row for each.
const V9: &str = "
    CREATE TABLE seal (mark TEXT NOT NULL) STRICT;
";

/// The step that brings the table of open questions, which are in the journals before.
const REQUESTS: u32 = 6;

/// Whether a database was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It was not, or had no tables.
    New,
    /// It was.
    Old,
}

/// Makes the tables or brings them up to date, and checks that they are as they must be.
pub(super) fn prepare(connection: &mut Connection) -> Result<Age, OpenError> {
    if connection.is_readonly("main")? {
        return Err(Fault::ReadOnly.into());
    }
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let age = if tables == 0 { Age::New } else { Age::Old };
    match (age, application) {
        (Age::New, 0 | APPLICATION_ID) | (Age::Old, APPLICATION_ID) => {}
        (Age::New | Age::Old, _) => return Err(Fault::Foreign.into()),
    }
    migrate(connection, STEPS)?;
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh, STEPS)?;
    if objects(connection)? != objects(&fresh)? {
        return Err(Fault::Damaged.into());
    }
    Ok(age)
}

/// Whether this is a database of Callboard that this version can read.
pub(super) fn check_version(connection: &Connection) -> Result<(), OpenError> {
    let application: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match (application, version) {
        (APPLICATION_ID, 1..=VERSION) => Ok(()),
        (APPLICATION_ID, newer) if newer > VERSION => Err(Fault::Newer(newer).into()),
        _ => Err(Fault::NotADatabase.into()),
    }
}

/// Whether it lacks no step.
pub(super) fn is_current(connection: &Connection) -> rusqlite::Result<bool> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version == VERSION)
}

/// Does the steps that a database lacks.
fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), OpenError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let missing = steps.get(done..).ok_or(Fault::Newer(version))?;
    for (step, sql) in (version + 1..).zip(missing) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        if step == REQUESTS {
            backfill::open_requests(&transaction)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
        if version > 0 {
            log::info!("the database was brought to version {step} of its schema");
        }
    }
    Ok(())
}

/// Our tables and indexes; others that an operator may have added are none of our business.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name IN
            ('sessions', 'journal', 'idempotency', 'sessions_live', 'sessions_due', 'sessions_ended',
             'idempotency_session', 'documents', 'events', 'sessions_execution', 'requests', 'requests_due',
             'sessions_owner', 'requests_owner', 'requests_owner_due', 'events_owner', 'asked', 'asked_age', 'asked_due', 'seal')
         ORDER BY name",
    )?;
    let objects = statement.query_map([], |row| row.get(0))?;
    objects.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> u32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_database_gets_the_steps_it_lacks_and_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7", "CREATE TABLE b (z)"];
        migrate(&mut connection, &steps[..1]).unwrap();
        connection.execute("INSERT INTO a (x) VALUES (1)", []).unwrap();
        migrate(&mut connection, &steps).unwrap();
        assert_eq!(version(&connection), 3);
        let row: (i64, i64) = connection.query_row("SELECT x, y FROM a", [], |row| row.try_into()).unwrap();
        assert_eq!(row, (1, 7));
        migrate(&mut connection, &steps).unwrap();
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (z); CREATE TABLE a (x)"];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(version(&connection), 1);
        assert!(connection.prepare("SELECT * FROM b").is_err());
    }

    #[test]
    fn a_database_of_a_later_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let refused = migrate(&mut connection, STEPS);
        assert!(matches!(refused, Err(OpenError::Fault(Fault::Newer(newer))) if newer == VERSION + 1));
    }
}
