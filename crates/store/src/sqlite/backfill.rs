//! Fills the table of open questions from the journals of a database that did not have it.

use rusqlite::{Connection, Row, params};

use super::columns;
use super::requests::Statements;
use crate::{RequestChange, StoredRequest};
use callboard_domain::burst::{Burst, Line};
use callboard_domain::listed_request::{Asker, OpenRequests};

/// Keeps the open questions of all sessions that wait.
pub(super) fn open_requests(connection: &Connection) -> rusqlite::Result<()> {
    let mut waiting = connection.prepare(&format!(
        "{} WHERE status IN ('waiting_confirmation', 'waiting_input', 'waiting_retry', 'running', 'queued')",
        columns::SELECT
    ))?;
    let mut journal = connection.prepare("SELECT body FROM journal WHERE session = ?1 ORDER BY row")?;
    let mut statements = Statements::prepare(connection)?;
    let mut sessions = waiting.query([])?;
    while let Some(row) = sessions.next()? {
        let summary = columns::summary(row)?;
        let mut open = OpenRequests::default();
        let mut rows = journal.query(params![super::integer(summary.key)])?;
        while let Some(row) = rows.next()? {
            // One that cannot be read fails its session when that is read, and no other.
            let Some(lines) = lines(row)? else { break };
            for line in lines {
                match line {
                    Line::Entry(stamped) => open.push(*stamped),
                    Line::Internal(record) => open.note(&record),
                    Line::Output(_) => {}
                }
            }
        }
        let labels = summary.labels.iter().cloned().collect();
        let asker = Asker {
            session_id: summary.id,
            task: &summary.task,
            owner: &summary.owner,
            title: summary.title.as_deref(),
            labels: &labels,
        };
        for request in open.all(asker) {
            let stored = StoredRequest::new(&request, summary.owner.clone());
            // Such questions were put to nobody but the owner.
            statements.change(summary.key, &RequestChange::Opened(Box::new(stored), Vec::new()))?;
        }
    }
    Ok(())
}

fn lines(row: &Row<'_>) -> rusqlite::Result<Option<Vec<Line>>> {
    let body = bytes::Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?);
    Ok(Burst::read(body).ok().map(|(_, lines)| lines))
}
