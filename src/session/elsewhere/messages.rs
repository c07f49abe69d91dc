//! What the actors of sessions hear because there are several servers.

use std::collections::HashMap;

use actix::{Addr, Message};
use bytes::Bytes;

use super::mirror::Mirror;
use super::questions::JournalGrew;
use crate::domain::id::{ConnectionId, SessionId, Slot};
use crate::session::messages::Refused;
use crate::session::protocol::{Addressed, Asked, Attach, Quarantine, Reply};
use crate::store::{Fence, Pending};

// ---- To a directory.

/// Let a connection follow a session of another server.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AttachMirror {
    pub(crate) session_id: SessionId,
    pub(crate) message: Asked<Attach>,
}

/// A connection has gone that has followed a session, here or at another server.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Leave {
    pub(crate) session_id: SessionId,
    pub(crate) connection: ConnectionId,
}

/// A session of another server has written this.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct MirrorGrew {
    pub(crate) notice: JournalGrew,
    /// What came along with the notice.
    pub(crate) text: Bytes,
}

/// These slots are this server's from now on: resume what ran in them, and set the timers of what waits.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TakeSlots {
    pub(crate) slots: Vec<Slot>,
    /// The sessions of this worker in them that have to be thought of.
    pub(crate) pending: Vec<Pending>,
    /// Those of them that do not go on by themselves.
    pub(crate) quarantine: HashMap<SessionId, Quarantine>,
}

/// These slots are about to be given to another server: their tasks end as by a crash, and nothing more is taken for their
/// sessions. Answered once all is written that has happened in them.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LetGoOfSlots {
    pub(crate) slots: Vec<Slot>,
}

/// These slots are not this server's any more, or are taken up anew: their sessions leave memory, and publish nothing.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DropSlots {
    pub(crate) slots: Vec<Slot>,
    /// What becomes of the connections that follow them.
    pub(crate) followers: Followers,
}

/// Others own these slots now, or what was sent of them may have been lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReadSlotsAgain {
    pub(crate) slots: Vec<Slot>,
}

/// A server is no member any more, and its connections are gone.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct MemberLeft {
    pub(crate) member: Fence,
}

/// From a mirror: nobody follows it, and it has heard so many messages.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct MirrorIdle {
    pub(crate) session_id: SessionId,
    pub(crate) mirror: Addr<Mirror>,
    pub(crate) heard: u64,
}

// ---- To a session.

/// So many connections of a server follow the session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct MemberFollows {
    pub(crate) member: Fence,
    /// An older one than was heard already says nothing any more.
    pub(crate) version: u64,
    pub(crate) following: usize,
    /// How many of them keep the session from being cancelled for lack of connections.
    pub(crate) counted: usize,
    /// The last `seq` that is written.
    pub(crate) reply: Reply<Result<u64, Refused>>,
}

impl Addressed for MemberFollows {
    fn refuse(self, why: Refused) {
        // Whoever asked may be gone.
        let _ = self.reply.send(Err(why));
    }
}

/// Drop the task as by a crash, and reply once all is written.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LetGo {
    pub(crate) reply: Reply<()>,
}

/// What becomes of those who follow a session that leaves memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Followers {
    /// They read on from the store, and follow whoever has the session then.
    ReadOn,
    /// They are closed, and come back.
    Close,
}
