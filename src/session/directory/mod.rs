//! The sessions of one worker.
//!
//! **Owns** which of them are in memory, their timers, who waits for a run permit, and who for an end. **Hears** everything that is meant
//! for a session, commits from the store, and permits from the queue. **Tells** the session, after waking it where it is
//! parked. **Ends** with the server.
//!
//! Only a directory has the address of a session: so it can park one without a message getting lost.

mod completion_waiters;
mod execution_ids;
mod permits;
mod recovery;
mod starts;
mod timers;

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use futures::future::join_all;

use crate::config::seconds;
use crate::domain::id::SessionId;
use crate::session::actor::Session;
use crate::session::directory::completion_waiters::CompletionWaiters;
use crate::session::directory::execution_ids::ReservedExecutionIds;
use crate::session::directory::starts::Starting;
use crate::session::directory::timers::Timers;
use crate::session::environment::Environment;
use crate::session::load::Loaded;
use crate::session::load::load;
use crate::session::messages::Refused;
use crate::session::protocol::{
    Addressed, DeadlineDue, Drain, For, Forget, Outlook, Park, PermitAvailable, Quarantine, Removed, ReportCompletion,
    Retire, SessionIdle, SessionParked, SetTimer, Suspend, Written,
};
use crate::session::queue::Queue;
use crate::store::{self, Committed};

/// How often sessions leave memory that only wait.
const SWEEP: Duration = Duration::from_millis(100);

/// How often those are forgotten who waited for the end of a session and have gone.
const SWEEP_OF_ENDS: Duration = Duration::from_secs(1);

/// The sessions of one worker.
pub struct Directory {
    pub(crate) environment: Rc<Environment>,
    pub(crate) queue: Addr<Queue>,
    pub(crate) starting: Starting,
    pub(crate) claims: ReservedExecutionIds,
    pub(crate) draining: bool,
    pub(crate) residents: HashMap<SessionId, Resident>,
    pub(crate) timers: Timers,
    /// Who waits for the end of a session.
    pub(crate) ends: CompletionWaiters,
    /// Sessions in which nothing happens, oldest first.
    idle: VecDeque<(Instant, SessionId)>,
    /// Those of before the start that have not taken their places in the queue.
    pub(crate) taking_up: HashSet<SessionId>,
    /// Those of before the start that do not go on by themselves.
    pub(crate) apart: HashMap<SessionId, Quarantine>,
}

/// What waits for a session to be read back.
pub(crate) type Waiting = Box<dyn Waits>;

/// A message that waits for its session.
pub(crate) trait Waits {
    fn deliver(self: Box<Self>, session: &Addr<Session>);
    fn refuse(self: Box<Self>, why: Refused);
}

impl<M: Addressed> Waits for M
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
    Loading(Vec<Waiting>),
    Live {
        session: Addr<Session>,
        /// Messages that it was sent, to see whether one crossed its leave.
        sent: u64,
        /// How many it had been sent when it was asked to leave.
        asked_at: u64,
    },
}

impl Directory {
    /// The directory of one worker.
    #[must_use]
    pub(crate) fn new(environment: Rc<Environment>, queue: Addr<Queue>) -> Self {
        Self {
            environment,
            queue,
            starting: Starting::default(),
            claims: ReservedExecutionIds::default(),
            draining: false,
            residents: HashMap::new(),
            timers: Timers::default(),
            ends: CompletionWaiters::default(),
            idle: VecDeque::new(),
            taking_up: HashSet::new(),
            apart: HashMap::new(),
        }
    }

    /// Takes a new session in.
    pub(crate) fn seat(&mut self, id: SessionId, session: Session) {
        self.residents.insert(id, Resident::Live { session: session.start(), sent: 0, asked_at: u64::MAX });
    }

    /// Hands a message to a session, waking it where it is parked.
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
                self.wake(id, actor);
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

    pub(crate) fn wake(&mut self, id: SessionId, actor: &mut Context<Self>) {
        let store = self.environment.store.clone();
        let limits = self.environment.tail_limits();
        let reading = async move { load(&store, id, limits).await };
        actor.spawn(reading.into_actor(self).map(move |loaded, directory, actor| {
            directory.was_read(id, loaded, actor);
        }));
    }

    fn was_read(&mut self, id: SessionId, loaded: Result<Option<Loaded>, store::Error>, actor: &mut Context<Self>) {
        let Some(Resident::Loading(waiting)) = self.residents.remove(&id) else { return };
        let why = match loaded {
            Ok(Some(loaded)) if !self.draining => {
                let apart = self.apart.get(&id).cloned();
                if matches!(apart, Some(Quarantine::Fails(_))) {
                    self.apart.remove(&id);
                }
                let session = Session::resumed(loaded, apart, self.environment.clone(), actor.address()).start();
                let sent = waiting.len() as u64;
                for message in waiting {
                    message.deliver(&session);
                }
                if self.ends.are_awaited(id) {
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
        for message in waiting {
            message.refuse(why.clone());
        }
        self.ends.tell(id, &Err(why));
        self.resumed_one(id);
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        let patience = seconds(self.environment.settings.park_after);
        while let Some((since, id)) = self.idle.front().copied()
            && now.duration_since(since) >= patience
        {
            self.idle.pop_front();
            self.ask_to_leave(id);
        }
    }

    fn ask_to_leave(&mut self, id: SessionId) {
        if let Some(Resident::Live { session, sent, asked_at }) = self.residents.get_mut(&id) {
            *asked_at = *sent;
            session.do_send(Park);
        }
    }

    /// Hands a run permit to a session; gives whether it is there to take it.
    pub(crate) fn offer_permit(&mut self, id: SessionId) -> bool {
        let Some(Resident::Live { session, sent, .. }) = self.residents.get_mut(&id) else { return false };
        *sent += 1;
        session.do_send(PermitAvailable);
        true
    }

    fn ring(&mut self, actor: &mut Context<Self>) {
        for id in self.timers.due(Instant::now()) {
            self.deliver(id, DeadlineDue, actor);
        }
        self.set_alarm(actor);
    }

    pub(crate) fn set_alarm(&mut self, actor: &mut Context<Self>) {
        let now = Instant::now();
        if let Some(at) = self.timers.next_alarm(now) {
            actor.run_later(at.saturating_duration_since(now), |directory, actor| directory.ring(actor));
        }
    }
}

impl Actor for Directory {
    type Context = Context<Self>;

    fn started(&mut self, actor: &mut Context<Self>) {
        actor.run_interval(SWEEP, |directory, _| directory.sweep());
        actor.run_interval(SWEEP_OF_ENDS, |directory, _| directory.ends.forget_gone());
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
        self.deliver(message.session_id, message.message, actor);
    }
}

impl Handler<Committed> for Directory {
    type Result = ();

    fn handle(&mut self, message: Committed, _: &mut Context<Self>) {
        for (session, row) in message.rows {
            self.send_if_live(session, Written { row });
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

impl Handler<SetTimer> for Directory {
    type Result = ();

    fn handle(&mut self, message: SetTimer, actor: &mut Context<Self>) {
        self.timers.add(message.at, message.session);
        self.set_alarm(actor);
    }
}

impl Handler<Forget> for Directory {
    type Result = ();

    fn handle(&mut self, message: Forget, _: &mut Context<Self>) {
        for id in message.sessions {
            self.send_if_live(id, Removed);
            self.ends.tell(id, &Err(Refused::UnknownSession));
            self.residents.retain(|seated, seat| *seated != id || matches!(seat, Resident::Loading(_)));
        }
    }
}

impl Handler<Drain> for Directory {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) -> ResponseFuture<()> {
        self.draining = true;
        self.ends.tell_all(&Refused::ShuttingDown);
        let mut letting_go = Vec::new();
        for (_, seat) in self.residents.drain() {
            match seat {
                Resident::Live { session, .. } => letting_go.push(session.send(Suspend)),
                Resident::Loading(waiting) => {
                    waiting.into_iter().for_each(|message| message.refuse(Refused::ShuttingDown))
                }
            }
        }
        Box::pin(async move {
            // A session that is gone has let go, too.
            let _ = join_all(letting_go).await;
        })
    }
}
