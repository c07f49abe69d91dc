//! What the guard has let through and the connection has not heard yet. The socket reads all that has come before it decodes any
//! of it: what was sent before something that closes the connection is heard first.

use std::cell::Cell;
use std::rc::Rc;

use super::inbound::send_misused;
use crate::hub::Link;
use crate::hub::close::CloseCode;

/// See the module.
pub(super) struct Backlog {
    link: Rc<Link>,
    /// How many whole frames.
    frames: Cell<u64>,
    refused: Cell<Option<CloseCode>>,
    /// Whether the peer has closed after what is refused.
    has_peer_closed: Cell<bool>,
}

impl Backlog {
    /// That of this connection.
    pub(super) fn of(link: Rc<Link>) -> Rc<Self> {
        let (frames, refused, has_peer_closed) = (Cell::default(), Cell::default(), Cell::default());
        Rc::new(Self { link, frames, refused, has_peer_closed })
    }

    /// Whether what comes is still to be heard.
    pub(super) fn is_open(&self) -> bool {
        self.refused.get().is_none() && self.link.is_open()
    }

    /// A whole frame was let through.
    pub(super) fn pass(&self) {
        self.frames.set(self.frames.get().wrapping_add(1));
    }

    /// A frame was heard.
    pub(super) fn hear(&self) {
        self.frames.set(self.frames.get().saturating_sub(1));
        self.settle();
    }

    /// What has come is not let through, nor is anything after it: the connection is closed once what came before is heard.
    pub(super) fn refuse(&self, code: CloseCode) {
        if self.is_open() {
            self.refused.set(Some(code));
            self.settle();
        }
    }

    /// The same, and what came before is not heard either.
    pub(super) fn drop_all(&self, code: CloseCode) {
        self.frames.set(0);
        self.refuse(code);
    }

    /// The peer has closed, after what was refused.
    pub(super) fn peer_closed(&self) {
        self.has_peer_closed.set(true);
        self.settle();
    }

    fn settle(&self) {
        if self.frames.get() > 0 {
            return;
        }
        if let Some(code) = self.refused.take() {
            send_misused(&self.link, code);
            self.link.close(code);
        }
        if self.has_peer_closed.take() {
            self.link.peer_closed(None);
        }
    }
}
