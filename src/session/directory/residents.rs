//! The sessions of a directory that are in memory: how they come into it, get their messages and leave it.
//!
//! Only a directory has the address of a session: so it can park one without a message getting lost.

use actix::clock::Instant;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};

use super::Directory;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::session::actor::Session;
use crate::session::load::{self, Loaded};
use crate::session::messages::Refused;
use crate::session::protocol::{
    Addressed, For, Forget, Outlook, Park, PermitAvailable, Quarantine, Removed, ReportCompletion, Retire, SessionIdle,
    SessionParked, StoreCommitted, Written,
};
use crate::store::{self, Committed};

/// A message that waits for its session.
pub(crate) trait QueuedMessage {
    fn deliver(self: Box<Self>, session: &Addr<Session>);
    fn refuse(self: Box<Self>, why: Refused);
}

impl<M: Addressed> QueuedMessage for M
where
    Session: Handler<M>,
{
    fn deliver(self: Box<Self>, session: &Addr<Session>) {
        session.do_send(*self);
    }

    fn refuse(self: Box<Self>, why: Refused) {
        Addressed::refuse(*self, why);
    }
}

/// A session that is in memory, or on its way there.
pub(crate) enum Resident {
    /// It is being read back; these messages wait for it.
    Loading(Vec<Box<dyn QueuedMessage>>),
    Live {
        session: Addr<Session>,
        /// Messages that it was sent, to see whether one crossed its leave.
        sent: u64,
        /// How many it had been sent when it was asked to leave.
        asked_at: u64,
    },
}

impl Directory {
    /// Takes a new session in.
    pub(crate) fn add(&mut self, id: SessionId, session: Session) {
        self.residents.insert(id, Resident::Live { session: session.start(), sent: 0, asked_at: u64::MAX });
    }

    /// Hands a message to a session, loading it where it is parked.
    pub(crate) fn deliver<M: Addressed>(&mut self, id: SessionId, message: M, actor: &mut Context<Self>)
    where
        Session: Handler<M>,
    {
        match self.residents.get_mut(&id) {
            Some(Resident::Live { session, sent, .. }) => {
                *sent += 1;
                session.do_send(message);
            }
            Some(Resident::Loading(waiting)) => waiting.push(Box::new(message)),
            None => {
                self.residents.insert(id, Resident::Loading(vec![Box::new(message)]));
                self.load(id, actor);
            }
        }
    }

    /// Hands a message to a session if it is in memory.
    pub(crate) fn send_if_live<M>(&self, id: SessionId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        Session: Handler<M>,
    {
        if let Some(Resident::Live { session, .. }) = self.residents.get(&id) {
            session.do_send(message);
        }
    }

    pub(crate) fn load(&mut self, id: SessionId, actor: &mut Context<Self>) {
        if !self.may_have(id) {
            return self.not_loaded(id, &Refused::Elsewhere);
        }
        let store = self.environment.store.clone();
        let limits = self.environment.tail_limits();
        let reading = async move { load::load(&store, id, limits).await };
        actor.spawn(reading.into_actor(self).map(move |loaded, directory, actor| {
            directory.loaded(id, loaded, actor);
        }));
    }

    fn loaded(&mut self, id: SessionId, loaded: Result<Option<Loaded>, store::Error>, actor: &mut Context<Self>) {
        let why = match loaded {
            Ok(Some(_)) if !self.may_have(id) => Refused::Elsewhere,
            Ok(Some(loaded)) if !self.draining => {
                let Some(Resident::Loading(waiting)) = self.residents.remove(&id) else { return };
                let quarantine = self.quarantine.get(&id).cloned();
                if matches!(quarantine, Some(Quarantine::Fails(_))) {
                    self.quarantine.remove(&id);
                }
                let session = Session::resumed(loaded, quarantine, self.environment.clone(), actor.address()).start();
                let sent = waiting.len() as u64;
                for message in waiting {
                    message.deliver(&session);
                }
                if self.completion_waiters.are_awaited(id) {
                    session.do_send(ReportCompletion);
                }
                self.residents.insert(id, Resident::Live { session, sent, asked_at: u64::MAX });
                return;
            }
            Ok(Some(_)) => Refused::ShuttingDown,
            Ok(None) => Refused::UnknownSession,
            Err(error) => {
                log::error!(session_id:% = id, error:%; "a session could not be read back");
                Refused::from(error)
            }
        };
        self.not_loaded(id, &why);
    }

    /// A session does not come into memory: those who wait for it hear why.
    pub(super) fn not_loaded(&mut self, id: SessionId, why: &Refused) {
        if !matches!(self.residents.get(&id), Some(Resident::Loading(_))) {
            return;
        }
        if let Some(Resident::Loading(waiting)) = self.residents.remove(&id) {
            waiting.into_iter().for_each(|message| message.refuse(why.clone()));
        }
        self.completion_waiters.reply(id, &Err(why.clone()));
        self.resumed_one(id);
    }

    pub(super) fn ask_to_leave(&mut self, id: SessionId) {
        if let Some(Resident::Live { session, sent, asked_at }) = self.residents.get_mut(&id) {
            *asked_at = *sent;
            session.do_send(Park);
        }
    }

    /// Hands a permit to a session; gives whether it is there to take it.
    pub(crate) fn offer_permit(&mut self, id: SessionId) -> bool {
        let Some(Resident::Live { session, sent, .. }) = self.residents.get_mut(&id) else { return false };
        *sent += 1;
        session.do_send(PermitAvailable);
        true
    }
}

impl<M: Addressed> Handler<For<M>> for Directory
where
    Session: Handler<M>,
{
    type Result = ();

    fn handle(&mut self, message: For<M>, actor: &mut Context<Self>) {
        if self.draining {
            message.message.refuse(Refused::ShuttingDown);
            return;
        }
        if !self.may_have(message.session_id) {
            message.message.refuse(Refused::Elsewhere);
            return;
        }
        self.deliver(message.session_id, message.message, actor);
    }
}

impl Handler<StoreCommitted> for Directory {
    type Result = ();

    fn handle(&mut self, message: StoreCommitted, _: &mut Context<Self>) {
        let Committed { rows, refused } = message.commit;
        for (session, row) in rows {
            self.send_if_live(session, Written { row });
        }
        for refused in refused {
            self.evict(&refused);
        }
    }
}

impl Handler<SessionParked> for Directory {
    type Result = ();

    fn handle(&mut self, message: SessionParked, _: &mut Context<Self>) {
        if let Some(Resident::Live { session, sent, asked_at }) = self.residents.get(&message.session)
            && sent == asked_at
        {
            session.do_send(Retire);
            self.residents.remove(&message.session);
        }
    }
}

impl Handler<SessionIdle> for Directory {
    type Result = ();

    fn handle(&mut self, message: SessionIdle, _: &mut Context<Self>) {
        match message.outlook {
            Outlook::Waits => self.idle.push_back((Instant::now(), message.session)),
            Outlook::Over => self.ask_to_leave(message.session),
        }
    }
}

impl Handler<Forget> for Directory {
    type Result = ();

    fn handle(&mut self, message: Forget, _: &mut Context<Self>) {
        for id in message.sessions {
            self.send_if_live(id, Removed);
            self.completion_waiters.reply(id, &Err(Refused::UnknownSession));
            self.residents.retain(|seated, seat| *seated != id || matches!(seat, Resident::Loading(_)));
            self.close_mirror(id, CloseCode::Unknown);
        }
    }
}
