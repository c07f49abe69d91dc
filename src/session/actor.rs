//! One session.
//!
//! **Owns** its state machine, the end of its journal, and its task's future. **Hears** answers, cancels, connections
//! and commits, all through its directory. **Tells** the shards of its connections, after the commit. **Ends** when the
//! directory retires it: parked, removed or at shut-down.

use std::collections::HashMap;
use std::rc::Rc;
use std::task::Poll;

use actix::clock::Instant;
use actix::{Actor, Addr, AsyncContext, Context, SpawnHandle, WrapFuture};
use futures::future::join_all;

use super::answer_guard::AnswerGuard;
use super::call::Call;
use super::children::Minded;
use super::directory::{Directory, Outlook, SessionIdle};
use super::environment::Environment;
use super::handlers::CleanedUp;
use super::happenings::Noticed;
use super::kind::{TaskError, TaskResult};
use super::loaded::Loaded;
use super::machine::{Command, Effect, Effects, Machine};
use super::port::Port;
use super::running::RunningTask;
use super::script::Script;
use super::secrets;
use super::take_up::{Apart, WentOn};
use super::unwritten::{Afterwards, Unwritten, UnwrittenRows};
use super::wake::TaskWaker;
use super::watchers::Watchers;
use crate::config::seconds;
use crate::domain::burst::BurstBuilder;
use crate::domain::entry::{json_bytes, shorten};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::record::{Internal, Spec};
use crate::domain::request::Values;
use crate::domain::tail::Tail;
use crate::domain::time::Timestamp;
use crate::store::{Append, Change, Idempotency, SessionKey, State};

/// One session.
pub struct Session {
    pub(super) id: SessionId,
    pub(super) key: SessionKey,
    pub(super) spec: Rc<Spec>,
    pub(super) environment: Rc<Environment>,
    /// Its own directory, which hands it everything it hears.
    pub(super) directory: Addr<Directory>,
    pub(super) created_at: Timestamp,
    pub(super) machine: Machine,
    /// What of the journal is written and kept in memory.
    pub(super) tail: Tail,
    pub(super) watchers: Watchers,
    pub(super) unwritten: UnwrittenRows,
    /// What waits for the row that is being built.
    pub(super) afterwards: Vec<Afterwards>,
    pub(super) port: Rc<Port>,
    pub(super) task: Option<SpawnHandle>,
    /// When the patience without connections ends, by the clock that does not jump.
    pub(super) patience_due: Option<Instant>,
    /// Whether the directory knows that nothing happens here.
    pub(super) told_idle: bool,
    /// Whether the directory wants to hear of its end.
    pub(super) end_wanted: bool,
    pub(super) answer_guard: AnswerGuard,
    pub(super) minded: Minded,
    pub(super) noticed: Noticed,
    /// The row that is being built.
    pub(super) builder: BurstBuilder,
    next_row: u32,
    /// What makes the session in the store, until it is handed over.
    birth: Option<Birth>,
    /// The state that the store was told last.
    stored: Option<State>,
    waker: Rc<TaskWaker>,
    /// When questions time out, by the clock that does not jump.
    pub(super) due: HashMap<RequestId, Instant>,
    pub(super) holds_slot: bool,
    /// Whether it has a place in the queue for a slot.
    pub(super) is_queued: bool,
    /// Steps that left no outcome when the server went down.
    pub(super) doubts: Vec<String>,
    /// What becomes of it instead of going on, where it was read back.
    pub(super) apart: Option<Apart>,
    /// Whether it waits to be let go on after a start.
    pub(super) is_held: bool,
    /// Whether its task did something beside waiting for people when the server went down.
    pub(super) worked_beside: bool,
    last_now: Timestamp,
}

/// What makes a session in the store.
struct Birth {
    idempotency: Option<Idempotency>,
}

impl Session {
    /// A new session.
    pub(super) fn fresh(
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
        let mut session = Self::assemble(identity, Machine::new(now), Script::default(), tail, environment, directory);
        session.birth = Some(Birth { idempotency });
        session.builder.note(&Internal::Created((*session.spec).clone()));
        session
    }

    /// A session that was read back.
    pub(super) fn resumed(
        loaded: Loaded,
        apart: Option<Apart>,
        environment: Rc<Environment>,
        directory: Addr<Directory>,
    ) -> Self {
        let Loaded { summary, spec, machine, script, secrets, tail, next_row } = loaded;
        let doubts = script.steps_in_doubt();
        let identity = (summary.id, summary.key, spec, summary.created_at);
        let mut session = Self::assemble(identity, machine, script, tail, environment, directory);
        session.port.hide(&secrets);
        session.next_row = next_row;
        session.worked_beside = summary.state.deadline == Some(Timestamp::NEVER);
        session.stored = Some(session.machine.state());
        session.doubts = doubts;
        session.apart = apart;
        session
    }

    fn assemble(
        (id, key, spec, created_at): (SessionId, SessionKey, Rc<Spec>, Timestamp),
        machine: Machine,
        script: Script,
        tail: Tail,
        environment: Rc<Environment>,
        directory: Addr<Directory>,
    ) -> Self {
        let port = Port::new(id, spec.clone(), environment.port_limits(), environment.mask.clone(), script);
        Self {
            id,
            key,
            spec,
            environment,
            directory,
            created_at,
            machine,
            tail,
            watchers: Watchers::default(),
            unwritten: UnwrittenRows::default(),
            afterwards: Vec::new(),
            port,
            task: None,
            patience_due: None,
            told_idle: false,
            end_wanted: false,
            answer_guard: AnswerGuard::default(),
            minded: Minded::default(),
            noticed: Noticed::default(),
            builder: BurstBuilder::default(),
            next_row: 0,
            birth: None,
            stored: None,
            waker: Rc::new(TaskWaker::new()),
            due: HashMap::new(),
            holds_slot: false,
            is_queued: false,
            doubts: Vec::new(),
            apart: None,
            is_held: false,
            worked_beside: false,
            last_now: created_at,
        }
    }

    /// This moment, never before the last one that the journal has.
    pub(super) fn now(&mut self) -> Timestamp {
        self.last_now = self.last_now.max(Timestamp::now());
        self.last_now
    }

    /// Tells the machine, and does what it says.
    pub(super) fn apply(&mut self, command: Command, actor: &mut Context<Self>) {
        let now = self.now();
        let effects = self.machine.apply(command, now);
        self.perform(effects, now, actor);
    }

    /// Does what the machine says.
    pub(super) fn perform(&mut self, effects: Effects, now: Timestamp, actor: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::Tell(entry, lane) => {
                    let seq = self.machine.next_seq();
                    self.builder.tell(&entry, lane.as_deref(), seq, now);
                    self.notice(&entry);
                }
                Effect::Note(record) => self.builder.note(&record),
                Effect::Seal(request_id, values, secrets) => {
                    self.port.hide(&secrets);
                    self.seal(request_id, values);
                }
                Effect::Resolve(call, outcome) => {
                    self.port.resolve(call, outcome);
                    self.ensure_task(actor);
                }
                Effect::LeaveChild(call, reason) => self.leave_child(&call, reason),
                Effect::TakeSlot => self.take_slot(actor),
                Effect::FreeSlot => self.free_slot(),
                Effect::DropTask => self.drop_task(actor),
                Effect::CleanUp => self.clean_up(actor),
                Effect::Arm => self.arm(),
            }
        }
    }

    /// Whether nothing happens here but waiting for people.
    pub(super) fn is_idle(&self) -> bool {
        let status = self.machine.status();
        let task_waits = (self.task.is_none() || !self.is_awaited_elsewhere()) && !self.machine.has_children();
        let still = status.is_terminal() || (status.is_waiting() && task_waits && !self.port.has_cleanups());
        still && self.watchers.is_empty() && self.all_is_written()
    }

    /// Whether the store has all that has happened.
    pub(super) fn all_is_written(&self) -> bool {
        self.unwritten.is_empty() && self.builder.is_empty()
    }

    /// Whether the task waits for anything but its session.
    fn is_awaited_elsewhere(&self) -> bool {
        self.waker.is_awaited_elsewhere(self.port.kept_wakers(self.waker.waker()))
    }

    /// Says to the directory that nothing happens here, once.
    pub(super) fn rest(&mut self) {
        if !self.told_idle && self.is_idle() {
            self.told_idle = true;
            let outlook = if self.machine.status().is_terminal() { Outlook::Over } else { Outlook::Waits };
            self.directory.do_send(SessionIdle { session: self.id, outlook });
        }
    }

    /// Drops the task's future.
    pub(super) fn drop_task(&mut self, actor: &mut Context<Self>) {
        self.port.cancelled.cancel();
        if let Some(task) = self.task.take() {
            actor.cancel_future(task);
        }
    }

    pub(super) fn ensure_task(&mut self, actor: &mut Context<Self>) {
        if self.task.is_some() || self.machine.status().is_terminal() {
            return;
        }
        let Some(kind) = self.environment.kinds.get(&self.spec.task) else { return };
        let task = RunningTask::new(kind.as_ref(), self.port.clone(), self.waker.clone());
        self.task = Some(actor.spawn(task));
    }

    fn clean_up(&mut self, actor: &mut Context<Self>) {
        let cleanups = self.port.take_cleanups();
        self.drop_task(actor);
        let limit = seconds(self.environment.settings.cleanup_timeout);
        let id = self.id;
        let itself = actor.address();
        let work = async move {
            if tokio::time::timeout(limit, join_all(cleanups)).await.is_err() {
                log::warn!(session_id:% = id; "the clean-up of a cancelled task took too long and was dropped");
            }
            itself.do_send(CleanedUp);
        };
        actor.spawn(work.into_actor(self));
    }

    fn seal(&mut self, request_id: RequestId, values: Values) {
        let plain = serde_json::Value::Object(values).to_string();
        let values = self.environment.store.seal(plain.as_bytes());
        self.builder.note(&Internal::Sealed { request_id, values });
    }

    /// Writes a record.
    pub(super) fn note(&mut self, record: &Internal) {
        self.builder.note(record);
    }

    // The task's side: called by `RunningTask` round each poll.

    /// Takes what the task asked for in a poll, and its result where it has one.
    pub(super) fn absorb(&mut self, result: Poll<TaskResult>, actor: &mut Context<Self>) -> Poll<()> {
        if self.port.is_full() {
            self.port.make_room();
        }
        let mask = self.port.mask();
        for call in self.port.take_calls() {
            let mut call = self.without_secrets(call, &mask);
            if let Some(reason) = call.entry().and_then(|(what, bytes)| self.too_large(what, bytes)) {
                self.port.fail(reason);
                continue;
            }
            if let Call::OfferRetry(_, error) = &mut call {
                shorten(error, self.port.limits.text_bytes());
            }
            let command = match call {
                Call::Tell(call, entry) => Command::Tell(call, entry),
                Call::Pass(lane, entry) => {
                    self.pass(lane.as_deref(), &entry);
                    continue;
                }
                Call::Note(record) => Command::Note(record),
                Call::StepStarted(call, record) => {
                    self.afterwards.push(Afterwards::StepWritten(call));
                    Command::Note(record)
                }
                Call::Confirm(call, question) => Command::Confirm(call, RequestId::random(), question),
                Call::Ask(call, form) => Command::Ask(call, RequestId::random(), form),
                Call::OfferRetry(call, error) => Command::OfferRetry(call, RequestId::random(), error),
                Call::Child(call, wanted) => {
                    self.begin_child(call, *wanted, actor);
                    continue;
                }
                Call::Withdraw(call) => Command::Withdraw(call),
            };
            self.apply(command, actor);
        }
        let result = match (self.port.failure(), result) {
            (Some(text), _) => Err(TaskError::Failed(text)),
            (None, Poll::Ready(result)) => result,
            (None, Poll::Pending) if self.machine.status().is_terminal() => {
                self.task = None;
                return Poll::Ready(());
            }
            (None, Poll::Pending) => return Poll::Pending,
        };
        // Before it is cut: half a secret is not found any more.
        let result = self.bounded(secrets::cleaned(result, &mask));
        self.task = None;
        self.apply(Command::Finish(result), actor);
        Poll::Ready(())
    }

    /// A task's result, as far as an entry has room for it.
    fn bounded(&self, result: TaskResult) -> TaskResult {
        match result {
            Ok(values) => match self.too_large("result", json_bytes(&values)) {
                None => Ok(values),
                Some(reason) => Err(TaskError::Failed(reason)),
            },
            Err(TaskError::Failed(mut error)) => {
                shorten(&mut error, self.port.limits.text_bytes());
                Err(TaskError::Failed(error))
            }
            Err(TaskError::Cancelled(mut reason)) => {
                shorten(&mut reason, self.port.limits.text_bytes());
                Err(TaskError::Cancelled(reason))
            }
        }
    }

    /// Why an entry that takes so many bytes beside its usual fields cannot be written, where it cannot.
    fn too_large(&self, what: &str, bytes: usize) -> Option<String> {
        let most = self.port.limits.text_bytes();
        (bytes > most).then(|| {
            format!(
                "entry_too_large: the {what} takes {bytes} bytes as JSON, and {most} fit (sessions.max_entry_bytes)"
            )
        })
    }

    /// Hands what was told and noted to the store, as one row.
    pub(super) fn flush(&mut self) {
        let mut afterwards = std::mem::take(&mut self.afterwards);
        self.settle_replies(&mut afterwards);
        if self.builder.is_empty() {
            self.send_passing();
            for afterwards in self.unwritten.after_last(afterwards) {
                self.finish_afterwards(afterwards);
            }
            return;
        }
        let burst = std::mem::take(&mut self.builder).finish();
        let row = self.next_row;
        self.next_row += 1;
        let begins_step = afterwards.iter().any(|after| matches!(after, Afterwards::StepWritten(_)));
        let before = self.stored.clone();
        let change = self.change(begins_step);
        let events = self.events(before.as_ref());
        let append = Append {
            worker: self.environment.worker,
            session: self.id,
            key: self.key,
            row,
            last_seq: self.machine.last_seq(),
            body: burst.body.clone(),
            change,
        };
        self.environment.store.append_with(append, events);
        self.unwritten.push(Unwritten { row, burst, afterwards });
    }

    fn change(&mut self, begins_step: bool) -> Change {
        let mut state = self.machine.state();
        let busy = begins_step || self.is_awaited_elsewhere() || self.port.has_news() || self.machine.has_children();
        if state.status.is_waiting() && self.task.is_some() && busy {
            // Another branch of the task goes on: a restart has to wake the session though nobody asks for it.
            state.deadline = Some(Timestamp::NEVER);
        }
        let unchanged = self.stored.as_mut().is_some_and(|stored| {
            stored.last_seq = state.last_seq;
            *stored == state
        });
        if unchanged {
            return Change::None;
        }
        self.environment.count(&self.spec.task, self.stored.as_ref(), &state);
        self.stored = Some(state.clone());
        match self.birth.take() {
            Some(Birth { idempotency }) => Change::Create(Box::new(self.summary(state)), idempotency),
            None => Change::Update(Box::new(state)),
        }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, actor: &mut Context<Self>) {
        let was_read_back = self.birth.is_none();
        self.begin(actor);
        self.restore_patience();
        self.settle();
        if was_read_back {
            self.directory.do_send(WentOn { session: self.id });
        }
    }
}
