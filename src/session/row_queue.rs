//! The rows that the sessions of one worker make in one turn of its loop. They are handed to the store together, so that
//! its writer is woken once a turn and not once a row, and has more to commit at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::store::{NewRow, SessionKey, Store};

/// See the module. Cloning shares it.
#[derive(Clone)]
pub(crate) struct RowQueue {
    store: Store,
    rows: Rc<RefCell<VecDeque<NewRow>>>,
}

impl RowQueue {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, rows: Rc::default() }
    }

    /// Queues a row. What all tasks that are ready now make goes to the store with it.
    pub(crate) fn push(&self, row: NewRow) {
        let is_first = {
            let mut rows = self.rows.borrow_mut();
            rows.push_back(row);
            rows.len() == 1
        };
        if is_first {
            let queue = self.clone();
            // A new task runs behind all that are ready.
            actix::spawn(async move { queue.flush() });
        }
    }

    /// See [`Store::readmit`]; rows of before are with the store then.
    pub(crate) fn readmit(&self, session: SessionKey) {
        self.flush();
        self.store.readmit(session);
    }

    /// How many rows are queued here.
    pub(crate) fn len(&self) -> usize {
        self.rows.borrow().len()
    }

    fn flush(&self) {
        let rows = self.rows.take();
        if !rows.is_empty() {
            self.store.append_all(rows);
        }
    }
}

/// A worker that ends in the middle of a turn leaves nothing behind that was queued.
impl Drop for RowQueue {
    fn drop(&mut self) {
        if Rc::strong_count(&self.rows) == 1 {
            self.flush();
        }
    }
}
