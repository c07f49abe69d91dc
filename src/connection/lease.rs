//! How long connections may go on with the credentials that they were opened with: whose credential is revoked or expires is
//! closed, and asked for another one before that.
//!
//! Lives on one thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::auth::{Credentials, Grant};
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;
use crate::hub::Link;
use crate::hub::close::CloseCode;

/// How often it is looked whether a credential is good still.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long before the end a client is asked for another credential; half of what is left, where that is shorter.
const ASK_BEFORE: Duration = Duration::from_secs(30);

/// The connections of a worker that go on only for as long as a credential is good.
pub(super) struct Leases {
    credentials: RefCell<Credentials>,
    held: RefCell<HashMap<ConnectionId, Held>>,
    /// The first moment at which one has to be asked or closed.
    due: Cell<Timestamp>,
}

/// A connection, and by what it goes on.
struct Held {
    link: Rc<Link>,
    grant: Arc<Grant>,
    /// When its client is asked for another credential; none where it was, or need not be.
    asked_at: Option<Timestamp>,
}

/// What a connection goes on by, for as long as this is kept.
pub(super) struct Lease {
    leases: Rc<Leases>,
    link: Rc<Link>,
}

impl Leases {
    /// Looks after the connections of this worker, while these credentials are good.
    pub(super) fn start(credentials: Credentials) -> Rc<Self> {
        let credentials = RefCell::new(credentials);
        let leases = Rc::new(Self { credentials, held: RefCell::default(), due: Cell::new(Timestamp::NEVER) });
        actix::spawn(look_after(Rc::downgrade(&leases)));
        leases
    }

    /// What a connection goes on by: nothing in particular, until it is renewed.
    pub(super) fn of(self: &Rc<Self>, link: &Rc<Link>) -> Rc<Lease> {
        Rc::new(Lease { leases: Rc::clone(self), link: Rc::clone(link) })
    }

    /// Asks and closes whom it is time for.
    fn look(&self, now: Timestamp) {
        let has_changed = self.credentials.borrow_mut().have_changed();
        if !has_changed && now < self.due.get() {
            return;
        }
        let mut due = Timestamp::NEVER;
        let credentials = self.credentials.borrow();
        for held in self.held.borrow_mut().values_mut().filter(|held| held.link.is_open()) {
            if !credentials.still_hold(&held.grant, now) {
                held.link.close(CloseCode::NotAuthenticated);
                continue;
            }
            if held.asked_at.take_if(|at| *at <= now).is_some() {
                let asked = json!({"type": "reauthenticate", "expires_at": held.grant.expires_at});
                held.link.answer(asked.to_string().as_bytes());
            }
            due = due.min(held.due());
        }
        self.due.set(due);
    }
}

impl Lease {
    /// Lets the connection go on while this credential is good; the one that it had counts no longer.
    pub(super) fn renew(&self, grant: Option<&Arc<Grant>>) {
        let Self { leases, link } = self;
        let Some(grant) = grant else {
            leases.held.borrow_mut().remove(&link.id());
            return;
        };
        let asked_at = grant.expires_at.filter(|_| link.about().is_two_way).map(|end| {
            let left = end.since(Timestamp::now());
            end.minus(ASK_BEFORE.min(left / 2))
        });
        let held = Held { link: Rc::clone(link), grant: Arc::clone(grant), asked_at };
        leases.due.set(leases.due.get().min(held.due()));
        leases.held.borrow_mut().insert(link.id(), held);
    }
}

impl Held {
    fn due(&self) -> Timestamp {
        self.asked_at.or(self.grant.expires_at).unwrap_or(Timestamp::NEVER)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.held.borrow_mut().remove(&self.link.id());
    }
}

/// Looks after the connections for as long as the worker has some.
async fn look_after(leases: Weak<Leases>) {
    loop {
        actix::clock::sleep(LOOK_EVERY).await;
        let Some(leases) = leases.upgrade() else { return };
        leases.look(Timestamp::now());
    }
}
