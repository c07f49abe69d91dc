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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};

    use bytes::Bytes;

    use super::*;
    use crate::domain::id::SessionId;
    use crate::store::{Append, Change, ClusterSettings, Settings};

    /// A queue before a store, and how many rows each of its commits has.
    fn queue() -> (RowQueue, Receiver<usize>) {
        let (sent, commits) = channel();
        let settings = Settings { url: "memory:".into(), ..Settings::default() };
        let counted = Arc::new(move |_, rows| sent.send(rows).unwrap());
        let store = Store::open_as(&settings, &ClusterSettings::default(), 1, counted).unwrap();
        (RowQueue::new(store), commits)
    }

    fn row(queue: &RowQueue) -> NewRow {
        let (session, key) = (SessionId::random(), queue.store.next_key(0));
        let body = Bytes::from_static(b"{}");
        let change = Change::None;
        let append = Append { worker: 0, session, key, row: 0, last_seq: 1, body, change, requests: Vec::new() };
        NewRow { append, events: Vec::new() }
    }

    #[actix::test]
    async fn what_one_turn_makes_is_one_commit() {
        let (queue, commits) = queue();
        for _ in 0..3 {
            queue.push(row(&queue));
        }
        assert_eq!(queue.len(), 3);
        actix::spawn(async {}).await.unwrap();
        assert_eq!((queue.len(), commits.recv()), (0, Ok(3)));
    }

    #[test]
    fn a_worker_that_ends_in_the_middle_of_a_turn_loses_no_row() {
        let (queue, commits) = queue();
        let system = actix::System::new();
        system.block_on(async move { queue.push(row(&queue)) });
        drop(system);
        assert_eq!(commits.recv(), Ok(1));
    }
}
