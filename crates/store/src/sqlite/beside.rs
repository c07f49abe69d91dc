//! A database that a server may be using, opened beside it to change documents: what that server keeps in memory of sessions
//! and events stays true.

use rusqlite::Connection;

use super::{documents, write};
use crate::document::Write;
use crate::engine::{Batch, Engine, Outcome};
use crate::{ChangeError, Document, Error, Fence, SessionKey};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// The connection that changes documents.
pub(crate) struct Beside {
    connection: Connection,
}

impl Beside {
    /// Changes documents through this connection.
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

impl Engine for Beside {
    fn commit(&mut self, _: &Batch) -> Result<Outcome, Error> {
        Err(only_documents())
    }

    fn remove(&mut self, _: Fence, _: SessionKey) -> Result<(), Error> {
        Err(only_documents())
    }

    fn purge(&mut self, _: Fence, _: Timestamp, _: usize) -> Result<Vec<SessionId>, Error> {
        Err(only_documents())
    }

    fn change(&mut self, _: Fence, writes: Vec<Write>, at: Timestamp) -> Result<Vec<Option<Document>>, ChangeError> {
        write::transact(&self.connection, |connection| documents::change(connection, writes, at))
    }

    fn purge_events(&mut self, _: Fence, _: u64) -> Result<(), Error> {
        Err(only_documents())
    }
}

fn only_documents() -> Error {
    Error::Conflict("only documents can be changed beside a server".into())
}
