//! The sessions of other servers that connections of this worker follow.

use actix::{Actor, Addr, Context, Handler};

use crate::domain::id::{SessionId, Slot};
use crate::hub::close::CloseCode;
use crate::session::directory::Directory;
use crate::session::directory::residents::Resident;
use crate::session::elsewhere::messages::{AttachMirror, Leave, MirrorGrew, MirrorIdle, ReadSlotsAgain};
use crate::session::elsewhere::mirror::{End, Gone, Mirror, ReadAgain};
use crate::session::messages::Refused;
use crate::session::protocol::{Addressed as _, Detach};

/// A session of another server.
pub(super) struct Mirrored {
    mirror: Addr<Mirror>,
    /// Connections that were sent to it, to see whether one crossed its end.
    sent: u64,
}

impl Directory {
    pub(super) fn close_mirror(&mut self, id: SessionId, code: CloseCode) {
        if let Some(Mirrored { mirror, .. }) = self.mirrors.remove(&id) {
            mirror.do_send(End::Closed(code));
        }
    }

    /// Lets those who follow the sessions of these slots go on at the sessions, which are this server's now.
    pub(super) fn end_mirrors_in(&mut self, slots: &[Slot]) {
        for (_, Mirrored { mirror, .. }) in self.mirrors.extract_if(|id, _| slots.contains(&id.slot())) {
            mirror.do_send(End::Owned);
        }
    }
}

impl Handler<AttachMirror> for Directory {
    type Result = ();

    fn handle(&mut self, message: AttachMirror, actor: &mut Context<Self>) {
        let AttachMirror { session_id, message } = message;
        if self.draining {
            return message.refuse(Refused::ShuttingDown);
        }
        let Some(cluster) = self.environment.sessions.cluster().filter(|_| !self.may_have(session_id)) else {
            return message.refuse(Refused::Elsewhere);
        };
        let mirrored = self.mirrors.entry(session_id).or_insert_with(|| {
            let (environment, directory) = (self.environment.clone(), actix::AsyncContext::address(actor));
            Mirrored { mirror: Mirror::new(session_id, environment, cluster.clone(), directory).start(), sent: 0 }
        });
        mirrored.sent += 1;
        mirrored.mirror.do_send(message);
    }
}

impl Handler<Leave> for Directory {
    type Result = ();

    fn handle(&mut self, message: Leave, _: &mut Context<Self>) {
        let Leave { session_id, connection } = message;
        if let Some(Mirrored { mirror, .. }) = self.mirrors.get(&session_id) {
            mirror.do_send(Gone { connection });
        }
        match self.residents.get_mut(&session_id) {
            Some(Resident::Live { session, sent, .. }) => {
                *sent += 1;
                session.do_send(Detach { connection });
            }
            // It may wait to attach.
            Some(Resident::Loading(waiting)) => waiting.push(Box::new(Detach { connection })),
            // Who follows a session keeps it in memory.
            None => {}
        }
    }
}

impl Handler<MirrorGrew> for Directory {
    type Result = ();

    fn handle(&mut self, message: MirrorGrew, _: &mut Context<Self>) {
        if let Some(Mirrored { mirror, .. }) = self.mirrors.get(&message.notice.session_id) {
            mirror.do_send(message);
        }
    }
}

impl Handler<MirrorIdle> for Directory {
    type Result = ();

    fn handle(&mut self, message: MirrorIdle, _: &mut Context<Self>) {
        let MirrorIdle { session_id, mirror, heard } = message;
        if self.mirrors.get(&session_id).is_some_and(|known| known.mirror == mirror && known.sent == heard) {
            self.mirrors.remove(&session_id);
            mirror.do_send(End::Idle);
        }
    }
}

impl Handler<ReadSlotsAgain> for Directory {
    type Result = ();

    fn handle(&mut self, message: ReadSlotsAgain, _: &mut Context<Self>) {
        for (_, Mirrored { mirror, .. }) in self.mirrors.iter().filter(|(id, _)| message.slots.contains(&id.slot())) {
            mirror.do_send(ReadAgain);
        }
    }
}
