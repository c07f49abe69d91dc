//! The sessions of one worker.
//!
//! **Owns** which of them are in memory, their timers, who waits for a permit, and who for an end. **Hears** everything that is
//! meant for a session, commits from the store, and permits from the queue. **Tells** the session, after loading it where
//! it is parked. **Ends** with the server.
//!
//! Only a directory has the address of a session: so it can park one without a message getting lost.

mod completion_waiters;
mod eviction;
mod execution_ids;
mod mirrors;
mod permits;
mod recovery;
mod residents;
mod slots;
mod starts;
mod timers;

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, Addr, AsyncContext, Context, Handler, ResponseFuture};
use futures::future::join_all;

use crate::config::seconds;
use crate::domain::id::{SessionId, Slot};
use crate::session::directory::completion_waiters::CompletionWaiters;
use crate::session::directory::execution_ids::ReservedExecutionIds;
use crate::session::directory::mirrors::Mirrored;
use crate::session::directory::residents::Resident;
use crate::session::directory::starts::StartsInProgress;
use crate::session::directory::timers::Timers;
use crate::session::environment::Environment;
use crate::session::messages::Refused;
use crate::session::protocol::{Drain, Quarantine, Suspend};
use crate::session::queue::Queue;

/// How often sessions leave memory that only wait.
const SWEEP: Duration = Duration::from_millis(100);

/// How often those are forgotten who waited for the end of a session and have gone.
const SWEEP_OF_ENDS: Duration = Duration::from_secs(1);

/// The sessions of one worker.
pub(crate) struct Directory {
    pub(crate) environment: Rc<Environment>,
    pub(crate) queue: Addr<Queue>,
    pub(crate) starting: StartsInProgress,
    pub(crate) reserved_execution_ids: ReservedExecutionIds,
    pub(crate) draining: bool,
    pub(crate) residents: HashMap<SessionId, Resident>,
    pub(crate) timers: Timers,
    /// Who waits for the end of a session.
    pub(crate) completion_waiters: CompletionWaiters,
    /// Sessions in which nothing happens, oldest first.
    idle: VecDeque<(Instant, SessionId)>,
    /// Those of before the start that have not taken their places in the queue.
    pub(crate) resuming: HashSet<SessionId>,
    /// Those of before the start that do not go on by themselves.
    pub(crate) quarantine: HashMap<SessionId, Quarantine>,
    /// The sessions of other servers that connections of this worker follow.
    mirrors: HashMap<SessionId, Mirrored>,
    /// The slots of this server, where there are several, that were taken up: before that, nothing in them goes on.
    taken: HashSet<Slot>,
    /// The slots that are about to be given to other servers.
    leaving: HashSet<Slot>,
}

impl Directory {
    /// The directory of one worker.
    #[must_use]
    pub(crate) fn new(environment: Rc<Environment>, queue: Addr<Queue>) -> Self {
        Self {
            environment,
            queue,
            starting: StartsInProgress::default(),
            reserved_execution_ids: ReservedExecutionIds::default(),
            draining: false,
            residents: HashMap::new(),
            timers: Timers::default(),
            completion_waiters: CompletionWaiters::default(),
            idle: VecDeque::new(),
            resuming: HashSet::new(),
            quarantine: HashMap::new(),
            mirrors: HashMap::new(),
            taken: HashSet::new(),
            leaving: HashSet::new(),
        }
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
}

impl Actor for Directory {
    type Context = Context<Self>;

    fn started(&mut self, actor: &mut Context<Self>) {
        actor.run_interval(SWEEP, |directory, _| directory.sweep());
        actor.run_interval(SWEEP_OF_ENDS, |directory, _| directory.completion_waiters.forget_gone());
    }
}

impl Handler<Drain> for Directory {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) -> ResponseFuture<()> {
        self.draining = true;
        self.completion_waiters.reply_to_all(&Refused::ShuttingDown);
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
