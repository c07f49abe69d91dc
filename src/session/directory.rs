//! The sessions of one worker.
//!
//! **Owns** which of them are in memory, their timers, who waits for a run slot, and who for an end. **Hears** everything that is meant
//! for a session, commits from the store, and slots from the queue. **Tells** the session, after waking it where it is
//! parked. **Ends** with the server.
//!
//! Only a directory has the address of a session: so it can park one without a message getting lost.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use futures::future::join_all;

use super::actor::Session;
use super::claims::Claims;
use super::ends::{Ends, TellEnd};
use super::environment::Environment;
use super::handlers::{DeadlineDue, Park, Removed, Retire, SlotAvailable, Suspend, Written};
use super::loaded::{Loaded, load};
use super::messages::{Addressed, For, Refused};
use super::queue::Queue;
use super::starting::Starting;
use super::take_up::Apart;
use super::timers::Timers;
use crate::config::seconds;
use crate::domain::id::SessionId;
use crate::store::{self, Committed};

/// How often sessions leave memory that only wait.
const SWEEP: Duration = Duration::from_millis(100);

/// How often those are forgotten who waited for the end of a session and have gone.
const SWEEP_OF_ENDS: Duration = Duration::from_secs(1);

/// The sessions of one worker.
pub struct Directory {
    pub(super) environment: Rc<Environment>,
    pub(super) queue: Addr<Queue>,
    pub(super) starting: Starting,
    pub(super) claims: Claims,
    pub(super) draining: bool,
    pub(super) seats: HashMap<SessionId, Seat>,
    pub(super) timers: Timers,
    /// Who waits for the end of a session.
    pub(super) ends: Ends,
    /// Sessions in which nothing happens, oldest first.
    idle: VecDeque<(Instant, SessionId)>,
    /// Those of before the start that have not taken their places in the queue.
    pub(super) taking_up: HashSet<SessionId>,
    /// Those of before the start that do not go on by themselves.
    pub(super) apart: HashMap<SessionId, Apart>,
}

/// What waits for a session to be read back.
pub(super) type Waiting = Box<dyn Waits>;

/// A message that waits for its session.
pub(super) trait Waits {
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
pub(super) enum Seat {
    Loading(Vec<Waiting>),
    Live {
        session: Addr<Session>,
        /// Messages that it was sent, to see whether one crossed its leave.
        sent: u64,
        /// How many it had been sent when it was asked to leave.
        asked_at: u64,
    },
}

/// From a session: nothing happens here, and nobody watches.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct SessionIdle {
    pub(super) session: SessionId,
    pub(super) outlook: Outlook,
}

/// What may still come of an idle session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Somebody may answer soon: it is kept for a while.
    Waits,
    /// It has ended.
    Over,
}

/// From a session that was asked to leave memory: it can.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Parked {
    pub(super) session: SessionId,
}

/// From a session: wake me then.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ArmDeadline {
    pub(super) session: SessionId,
    pub(super) at: Instant,
}

/// Some sessions are gone from the store.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Forget {
    /// Which.
    pub sessions: Vec<SessionId>,
}

/// The server goes down: start nothing, drop all tasks. Answered when every session has let go.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain;

impl Directory {
    /// The directory of one worker.
    #[must_use]
    pub(crate) fn new(environment: Rc<Environment>, queue: Addr<Queue>) -> Self {
        Self {
            environment,
            queue,
            starting: Starting::default(),
            claims: Claims::default(),
            draining: false,
            seats: HashMap::new(),
            timers: Timers::default(),
            ends: Ends::default(),
            idle: VecDeque::new(),
            taking_up: HashSet::new(),
            apart: HashMap::new(),
        }
    }

    /// Takes a new session in.
    pub(super) fn seat(&mut self, id: SessionId, session: Session) {
        self.seats.insert(id, Seat::Live { session: session.start(), sent: 0, asked_at: u64::MAX });
    }

    /// Hands a message to a session, waking it where it is parked.
    pub(super) fn deliver<M: Addressed>(&mut self, id: SessionId, message: M, actor: &mut Context<Self>)
    where
        Session: Handler<M>,
    {
        match self.seats.get_mut(&id) {
            Some(Seat::Live { session, sent, .. }) => {
                *sent += 1;
                session.do_send(message);
            }
            Some(Seat::Loading(waiting)) => waiting.push(Box::new(message)),
            None => {
                self.seats.insert(id, Seat::Loading(vec![Box::new(message)]));
                self.wake(id, actor);
            }
        }
    }

    /// Hands a message to a session if it is in memory.
    pub(super) fn whisper<M>(&self, id: SessionId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        Session: Handler<M>,
    {
        if let Some(Seat::Live { session, .. }) = self.seats.get(&id) {
            session.do_send(message);
        }
    }

    pub(super) fn wake(&mut self, id: SessionId, actor: &mut Context<Self>) {
        let store = self.environment.store.clone();
        let limits = self.environment.tail_limits();
        let reading = async move { load(&store, id, limits).await };
        actor.spawn(reading.into_actor(self).map(move |loaded, directory, actor| {
            directory.was_read(id, loaded, actor);
        }));
    }

    fn was_read(&mut self, id: SessionId, loaded: Result<Option<Loaded>, store::Error>, actor: &mut Context<Self>) {
        let Some(Seat::Loading(waiting)) = self.seats.remove(&id) else { return };
        let why = match loaded {
            Ok(Some(loaded)) if !self.draining => {
                let apart = self.apart.get(&id).cloned();
                if matches!(apart, Some(Apart::Fails(_))) {
                    self.apart.remove(&id);
                }
                let session = Session::resumed(loaded, apart, self.environment.clone(), actor.address()).start();
                let sent = waiting.len() as u64;
                for message in waiting {
                    message.deliver(&session);
                }
                if self.ends.are_awaited(id) {
                    session.do_send(TellEnd);
                }
                self.seats.insert(id, Seat::Live { session, sent, asked_at: u64::MAX });
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
        self.went_on(id);
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
        if let Some(Seat::Live { session, sent, asked_at }) = self.seats.get_mut(&id) {
            *asked_at = *sent;
            session.do_send(Park);
        }
    }

    /// Hands a run slot to a session; gives whether it is there to take it.
    pub(super) fn offer_slot(&mut self, id: SessionId) -> bool {
        let Some(Seat::Live { session, sent, .. }) = self.seats.get_mut(&id) else { return false };
        *sent += 1;
        session.do_send(SlotAvailable);
        true
    }

    fn ring(&mut self, actor: &mut Context<Self>) {
        for id in self.timers.due(Instant::now()) {
            self.deliver(id, DeadlineDue, actor);
        }
        self.set_alarm(actor);
    }

    pub(super) fn set_alarm(&mut self, actor: &mut Context<Self>) {
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
            self.whisper(session, Written { row });
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

impl Handler<Parked> for Directory {
    type Result = ();

    fn handle(&mut self, message: Parked, _: &mut Context<Self>) {
        if let Some(Seat::Live { session, sent, asked_at }) = self.seats.get(&message.session)
            && sent == asked_at
        {
            session.do_send(Retire);
            self.seats.remove(&message.session);
        }
    }
}

impl Handler<ArmDeadline> for Directory {
    type Result = ();

    fn handle(&mut self, message: ArmDeadline, actor: &mut Context<Self>) {
        self.timers.add(message.at, message.session);
        self.set_alarm(actor);
    }
}

impl Handler<Forget> for Directory {
    type Result = ();

    fn handle(&mut self, message: Forget, _: &mut Context<Self>) {
        for id in message.sessions {
            self.whisper(id, Removed);
            self.ends.tell(id, &Err(Refused::UnknownSession));
            self.seats.retain(|seated, seat| *seated != id || matches!(seat, Seat::Loading(_)));
        }
    }
}

impl Handler<Drain> for Directory {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) -> ResponseFuture<()> {
        self.draining = true;
        self.ends.tell_all(&Refused::ShuttingDown);
        let mut letting_go = Vec::new();
        for (_, seat) in self.seats.drain() {
            match seat {
                Seat::Live { session, .. } => letting_go.push(session.send(Suspend)),
                Seat::Loading(waiting) => waiting.into_iter().for_each(|message| message.refuse(Refused::ShuttingDown)),
            }
        }
        Box::pin(async move {
            // A session that is gone has let go, too.
            let _ = join_all(letting_go).await;
        })
    }
}
