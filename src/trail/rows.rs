//! How the trail lies in the store: each row is a document with the entries that were written together, under the number of
//! the last of them. One more document has the last number of all, so that several servers give no number twice.

use super::{Error, Filter, NewEntry, Page, TrailEntry};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};

const ROWS: &str = "audit_log";
const HEAD: (&str, &str) = ("audit_log_head", "last");

/// How many rows are read at once.
const PAGE: usize = 32;
/// How many rows are looked through for one answer.
const MOST_ROWS: usize = 1024;
/// How many rows are removed in one change.
const REMOVED_AT_ONCE: usize = 256;
/// How often others may be faster.
const TRIES: usize = 64;

/// The last number that was given, and how the document is that has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    last: u64,
    expected: Precondition,
}

impl Head {
    async fn read(store: &Store) -> Result<Self, store::Error> {
        let (collection, id) = HEAD;
        let Some(head) = store.document(&Owner::SERVER, collection, id).await? else {
            return Ok(Self { last: 0, expected: Precondition::Absent });
        };
        Ok(Self { last: head.body.parse().unwrap_or_default(), expected: Precondition::Version(head.version) })
    }
}

/// Writes entries; gives how the head is then, for the next.
pub(super) async fn append(
    store: &Store,
    entries: &[NewEntry],
    time: Timestamp,
    known: Option<Head>,
) -> Result<Head, store::Error> {
    let mut known = known;
    let count = entries.len() as u64;
    for _ in 0..TRIES {
        let head = match known.take() {
            Some(head) => head,
            None => Head::read(store).await?,
        };
        if entries.is_empty() {
            return Ok(head);
        }
        let last = head.last + count;
        let numbered = (head.last + 1..).zip(entries).map(|(seq, entry)| TrailEntry::new(entry.clone(), seq, time));
        // These types always can be written: they have no keys but names.
        let lines: Vec<String> = numbered.map(|entry| serde_json::to_string(&entry).unwrap_or_default()).collect();
        let (collection, id) = HEAD;
        let writes = vec![
            Write::put(&Owner::SERVER, collection, id, last.to_string(), head.expected),
            Write::put(&Owner::SERVER, ROWS, &row_id(last), lines.join("\n"), Precondition::Absent),
        ];
        match store.change_documents(writes).await {
            Ok(written) => {
                let version = written.into_iter().flatten().next().map(|head| head.version);
                return Ok(Head { last, expected: version.map_or(Precondition::Absent, Precondition::Version) });
            }
            // Another server, or the command line, was faster.
            Err(ChangeError::Preconditions(_)) => {}
            Err(ChangeError::Store(error)) => return Err(error),
        }
    }
    Err(store::Error::Unavailable("others write the audit trail again and again".into()))
}

/// Entries behind this number, in order, that pass the filter.
///
/// # Errors
/// Where the store cannot be read, or what it has is no trail.
pub(super) async fn read(store: &Store, since: u64, filter: &Filter, limit: usize) -> Result<Page, Error> {
    let mut page = Page { entries: Vec::new(), next: since };
    let mut after = row_id(since);
    for _ in 0..MOST_ROWS / PAGE {
        let rows = store.documents(&Owner::SERVER, ROWS, Some(&after), PAGE).await?;
        for row in &rows {
            for line in row.body.lines() {
                let entry: TrailEntry = serde_json::from_str(line)
                    .map_err(|error| Error::Damaged(format!("its row {} cannot be read: {error}", row.id)))?;
                if entry.seq <= since {
                    continue;
                }
                page.next = entry.seq;
                if filter.takes(&entry) {
                    page.entries.push(entry);
                }
                if page.entries.len() >= limit {
                    return Ok(page);
                }
            }
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE => after.clone_from(&last.id),
            Some(_) | None => break,
        }
    }
    Ok(page)
}

/// Removes rows that were written before this moment, and those of which `keep` or more entries are newer.
pub(super) async fn purge(store: &Store, before: Option<Timestamp>, keep: u64) -> Result<(), store::Error> {
    let last = Head::read(store).await?.last;
    let oldest = row_id(last.saturating_sub(keep));
    let is_old = |row: &Document| row.id <= oldest || before.is_some_and(|before| row.created_at < before);
    loop {
        let rows = store.document_heads(&Owner::SERVER, ROWS, None, REMOVED_AT_ONCE).await?;
        let old: Vec<&Document> = rows.iter().take_while(|row| is_old(row)).collect();
        let removals: Vec<Write> =
            old.iter().map(|row| Write::remove(&Owner::SERVER, ROWS, &row.id, Precondition::Anything)).collect();
        let is_last = removals.len() < REMOVED_AT_ONCE;
        match store.change_documents(removals).await {
            // Another server removes them as well.
            Ok(_) | Err(ChangeError::Preconditions(_)) if is_last => return Ok(()),
            Ok(_) | Err(ChangeError::Preconditions(_)) => {}
            Err(ChangeError::Store(error)) => return Err(error),
        }
    }
}

/// The id of the row that ends with this number: ids are in the order of numbers.
fn row_id(last: u64) -> String {
    format!("{last:020}")
}
