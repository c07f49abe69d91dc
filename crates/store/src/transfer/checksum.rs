//! The checksum of what a store has: each part goes in with its length, so that no two contents give the same text.

use sha2::{Digest as _, Sha256};

use crate::{Document, EventRow, Idempotency, Row, StoredRequest, Summary};

/// See the module.
#[derive(Default)]
pub(super) struct Checksum(Sha256);

impl Checksum {
    pub(super) fn add_document(&mut self, document: &Document) {
        let Document { owner, collection, id, version, created_at, updated_at, body } = document;
        self.add(b"document");
        for text in [owner.as_str(), collection, id, body] {
            self.add(text.as_bytes());
        }
        self.add(format!("{version} {} {}", created_at.as_micros(), updated_at.as_micros()).as_bytes());
    }

    pub(super) fn add_events(&mut self, row: &EventRow) {
        self.add(b"events");
        self.add(format!("{} {}", row.first_seq, row.last_seq).as_bytes());
        self.add(row.owner.as_str().as_bytes());
        self.add(&row.body);
    }

    pub(super) fn add_session(&mut self, session: &Summary, idempotency: Option<&Idempotency>) {
        self.add(b"session");
        // Both stores are read by this same program, so that a value is shown in one way.
        self.add(format!("{session:?}").as_bytes());
        self.add(format!("{idempotency:?}").as_bytes());
    }

    pub(super) fn add_request(&mut self, request: &StoredRequest) {
        self.add(b"request");
        self.add(format!("{:?} {:?}", request.place, request.expires_at).as_bytes());
        self.add(request.task.as_bytes());
        self.add(request.owner.as_str().as_bytes());
        self.add(&request.json);
    }

    pub(super) fn add_row(&mut self, row: &Row) {
        self.add(format!("{} {}", row.row, row.last_seq).as_bytes());
        self.add(&row.body);
    }

    /// The sum in hexadecimal digits.
    pub(super) fn text(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}
