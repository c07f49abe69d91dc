//! That a connection is there: when this goes, however it goes, everybody who has to know is told once.

use std::rc::Rc;

use crate::domain::id::SessionId;
use crate::hub::{Link, Links};
use crate::session::Sessions;
use crate::workflow::client::Live;

/// That a connection is there.
pub(super) struct Presence {
    pub(super) link: Rc<Link>,
    links: Rc<Links>,
    /// What it watches, where it was let in.
    watched: Watched,
}

/// What a connection watches.
enum Watched {
    Nothing,
    Session(Sessions, SessionId),
    Workflows(Live),
}

impl Presence {
    /// The presence of a connection that is in the table already.
    pub(super) fn new(link: Rc<Link>, links: Rc<Links>) -> Self {
        Self { link, links, watched: Watched::Nothing }
    }

    /// The same, of a connection that is going to be attached to this session.
    pub(super) fn watching(mut self, sessions: Sessions, session_id: SessionId) -> Self {
        self.watched = Watched::Session(sessions, session_id);
        self
    }

    /// The same, of a connection that is going to watch workflows.
    pub(super) fn watching_workflows(mut self, live: Live) -> Self {
        self.watched = Watched::Workflows(live);
        self
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let connection = self.link.id();
        self.links.end(connection);
        match &self.watched {
            Watched::Nothing => {}
            Watched::Session(sessions, session_id) => sessions.detach(*session_id, connection),
            Watched::Workflows(live) => live.unwatch(connection),
        }
        log::debug!(connection:%; "a connection has ended");
    }
}
