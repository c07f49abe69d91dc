//! That a connection is there: when this goes, however it goes, everybody who has to know is told once.

use std::rc::Rc;

use crate::domain::id::SessionId;
use crate::hub::{Link, Links};
use crate::session::Sessions;

/// That a connection is there.
pub(super) struct Presence {
    pub(super) link: Rc<Link>,
    links: Rc<Links>,
    /// What it watches, where it was let in.
    session: Option<(Sessions, SessionId)>,
}

impl Presence {
    /// The presence of a connection that is in the table already.
    pub(super) fn new(link: Rc<Link>, links: Rc<Links>) -> Self {
        Self { link, links, session: None }
    }

    /// The same, of a connection that is going to be attached to this session.
    pub(super) fn watching(mut self, sessions: Sessions, session_id: SessionId) -> Self {
        self.session = Some((sessions, session_id));
        self
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let connection = self.link.id();
        self.links.end(connection);
        if let Some((sessions, session_id)) = &self.session {
            sessions.detach(*session_id, connection);
        }
        log::debug!(connection:%; "a connection has ended");
    }
}
