//! One session.
//!
//! **Owns** its state, the end of its journal, and its task's future. **Hears** answers, cancels, connections
//! and commits, all through its directory. **Tells** the shards of its connections, after the commit. **Ends** when the
//! directory retires it: parked, removed or at shut-down.

mod answer_guard;
mod answers;
mod cancel;
mod children;
mod deadlines;
mod describe;
mod elsewhere;
pub(crate) mod events;
pub(crate) mod guests;
pub(crate) mod pending_rows;
mod permit;
mod recovery;
mod residence;
mod running_task;
mod secrets;
mod unsaved;
mod waker;
pub(crate) mod watchers;

use std::collections::HashMap;
use std::rc::Rc;

use actix::clock::Instant;
use actix::{Actor, Addr, Context, Handler, SpawnHandle};

use crate::domain::burst::BurstBuilder;
use crate::domain::id::{RequestId, SessionId};
use crate::domain::record::{Internal, Spec};
use crate::domain::tail::Tail;
use crate::domain::time::Timestamp;
use crate::session::actor::answer_guard::AnswerGuard;
use crate::session::actor::children::Errands;
use crate::session::actor::events::PendingEvents;
use crate::session::actor::pending_rows::{OnCommit, PendingRows};
use crate::session::actor::waker::TaskWaker;
use crate::session::actor::watchers::Watchers;
use crate::session::directory::Directory;
use crate::session::environment::Environment;
use crate::session::load::Loaded;
use crate::session::protocol::{Asked, Quarantine, Reply, Request, SessionResumed};
use crate::session::state::{Command, Decision, Due, Effect, NewLine, SessionState};
use crate::session::task::channel::TaskChannel;
use crate::session::task::recorded_calls::RecordedCalls;
use crate::store::{Idempotency, SessionKey, State};

/// One session.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) key: SessionKey,
    pub(crate) spec: Rc<Spec>,
    pub(crate) environment: Rc<Environment>,
    /// Its own directory, which hands it everything it hears.
    pub(crate) directory: Addr<Directory>,
    pub(crate) created_at: Timestamp,
    pub(crate) state: SessionState,
    /// What of the journal is written and kept in memory.
    pub(crate) tail: Tail,
    pub(crate) watchers: Watchers,
    pub(crate) pending_rows: PendingRows,
    /// What waits for the row that is being built.
    pub(crate) on_commit: Vec<OnCommit>,
    pub(crate) channel: Rc<TaskChannel>,
    pub(crate) task: Option<SpawnHandle>,
    /// When the patience without connections ends, by the clock that does not jump.
    pub(crate) patience_due: Option<Instant>,
    /// Whether the directory has been sent [`SessionIdle`](crate::session::protocol::SessionIdle).
    pub(crate) idle_reported: bool,
    /// Whether the directory wants to hear of its end.
    pub(crate) completion_wanted: bool,
    pub(crate) answer_guard: AnswerGuard,
    pub(crate) errands: Errands,
    pub(crate) pending_events: PendingEvents,
    /// The row that is being built.
    pub(crate) builder: BurstBuilder,
    pub(crate) next_row: u32,
    /// What makes the session in the store, until it is handed over.
    pub(crate) creation: Option<Creation>,
    /// The state that the store has, or is about to have.
    pub(crate) stored: Option<State>,
    pub(crate) waker: Rc<TaskWaker>,
    /// When questions time out, by the clock that does not jump.
    pub(crate) question_timers: HashMap<RequestId, Instant>,
    pub(crate) holds_permit: bool,
    /// Whether it has a place in the queue for a permit.
    pub(crate) is_queued: bool,
    /// Steps that left no outcome when the server went down.
    pub(crate) steps_in_doubt: Vec<String>,
    /// What becomes of it instead of going on, where it was read back.
    pub(crate) quarantine: Option<Quarantine>,
    /// Whether it waits to be let go on after a start.
    pub(crate) is_held: bool,
    /// Why its task cannot go on until the server has the key of its secrets again.
    pub(crate) locked: Option<String>,
    /// Whether its task did something beside waiting for people when the server went down.
    pub(crate) worked_beside: bool,
    /// Who waits until all is written, before another server has it.
    pub(crate) letting_go: Option<Reply<()>>,
    last_now: Timestamp,
}

/// What makes a session in the store.
pub(crate) struct Creation {
    pub(crate) idempotency: Option<Idempotency>,
}

impl Session {
    /// A new session.
    pub(crate) fn fresh(
        id: SessionId,
        key: SessionKey,
        spec: Spec,
        idempotency: Option<Idempotency>,
        environment: Rc<Environment>,
        directory: Addr<Directory>,
    ) -> Self {
        let now = Timestamp::now();
        let tail = Tail::new(environment.tail_limits());
        let identity = (id, key, Rc::new(spec), now);
        let mut session =
            Self::assemble(identity, SessionState::new(now), RecordedCalls::default(), tail, environment, directory);
        session.creation = Some(Creation { idempotency });
        let created = Internal::Created(Box::new((*session.spec).clone()));
        session.write(&NewLine::Record(created, None), now);
        session
    }

    /// A session that was read back.
    pub(crate) fn resumed(
        loaded: Loaded,
        quarantine: Option<Quarantine>,
        environment: Rc<Environment>,
        directory: Addr<Directory>,
    ) -> Self {
        let Loaded { summary, spec, state, recorded_calls, secrets, locked, tail, next_row } = loaded;
        let steps_in_doubt = recorded_calls.steps_in_doubt();
        let identity = (summary.id, summary.key, spec, summary.created_at);
        let mut session = Self::assemble(identity, state, recorded_calls, tail, environment, directory);
        session.channel.hide(&secrets);
        session.locked = locked;
        session.next_row = next_row;
        session.worked_beside = Due::read(summary.state.deadline) == Due::AtRestart;
        session.stored = Some(session.state.row());
        session.steps_in_doubt = steps_in_doubt;
        session.quarantine = quarantine;
        session
    }

    fn assemble(
        (id, key, spec, created_at): (SessionId, SessionKey, Rc<Spec>, Timestamp),
        state: SessionState,
        recorded_calls: RecordedCalls,
        tail: Tail,
        environment: Rc<Environment>,
        directory: Addr<Directory>,
    ) -> Self {
        let channel =
            TaskChannel::new(id, spec.clone(), environment.channel_limits(), environment.mask.clone(), recorded_calls);
        Self {
            id,
            key,
            spec,
            environment,
            directory,
            created_at,
            state,
            tail,
            watchers: Watchers::default(),
            pending_rows: PendingRows::default(),
            on_commit: Vec::new(),
            channel,
            task: None,
            patience_due: None,
            idle_reported: false,
            completion_wanted: false,
            answer_guard: AnswerGuard::default(),
            errands: Errands::default(),
            pending_events: PendingEvents::default(),
            builder: BurstBuilder::default(),
            next_row: 0,
            creation: None,
            stored: None,
            waker: Rc::new(TaskWaker::new()),
            question_timers: HashMap::new(),
            holds_permit: false,
            is_queued: false,
            steps_in_doubt: Vec::new(),
            quarantine: None,
            is_held: false,
            locked: None,
            worked_beside: false,
            letting_go: None,
            last_now: created_at,
        }
    }

    /// This moment, never before the last one that the journal has.
    pub(crate) fn now(&mut self) -> Timestamp {
        self.last_now = self.last_now.max(Timestamp::now());
        self.last_now
    }

    /// Decides on a command, and carries the decision out.
    pub(crate) fn apply(&mut self, command: Command, actor: &mut Context<Self>) {
        let now = self.now();
        let decision = self.state.decide(command, now);
        self.carry_out(decision, now, actor);
    }

    /// Writes the lines of a decision, and then does what follows from it.
    pub(crate) fn carry_out(&mut self, decision: Decision, now: Timestamp, actor: &mut Context<Self>) {
        let Decision { seal, lines, effects } = decision;
        if let Some((request_id, values)) = seal {
            let line = self.sealed(request_id, values);
            self.write(&line, now);
        }
        for mut line in lines {
            self.mask_default(&mut line);
            self.write(&line, now);
        }
        self.dismiss_guests();
        for effect in effects {
            self.perform(effect, actor);
        }
    }

    /// Writes a line into the row that is being built.
    pub(crate) fn write(&mut self, line: &NewLine, now: Timestamp) {
        if let NewLine::Entry(entry, _) = line {
            self.collect_request(entry, now);
            self.collect_event(entry);
        }
        self.state.write(line, now, &mut self.builder);
    }

    fn perform(&mut self, effect: Effect, actor: &mut Context<Self>) {
        match effect {
            Effect::Hide(secrets) => self.channel.hide(&secrets),
            Effect::Resolve(call, outcome) => {
                self.channel.resolve(call, outcome);
                self.ensure_task(actor);
            }
            Effect::Withhold(call, outcome) => self.channel.withhold(call, outcome),
            Effect::ResolveWithheld => {
                if self.channel.resolve_withheld() {
                    self.ensure_task(actor);
                }
            }
            Effect::LeaveChild(call, reason) => self.leave_child(&call, reason),
            Effect::SetTimers => self.set_timers(),
            Effect::DropTask => self.drop_task(actor),
            Effect::CleanUp => self.clean_up(actor),
            Effect::ReleasePermit => self.release_permit(),
            Effect::TakePermit => self.take_permit(actor),
        }
    }
}

impl<M: Request> Handler<Asked<M>> for Session
where
    Session: Handler<M>,
{
    type Result = ();

    fn handle(&mut self, asked: Asked<M>, actor: &mut Context<Self>) {
        let Asked { by, action, message } = asked;
        let is_asked = self.asks(&by, action);
        match guests::check(&by, action, &self.owner(), is_asked) {
            Ok(()) => drop(Handler::<M>::handle(self, message, actor)),
            Err(why) => message.refuse(why),
        }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, actor: &mut Context<Self>) {
        let was_read_back = self.creation.is_none();
        self.begin(actor);
        self.restore_patience();
        self.settle();
        if was_read_back {
            self.directory.do_send(SessionResumed { session: self.id });
        }
    }
}
