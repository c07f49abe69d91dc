//! Plays a command's task by hand: takes its calls, answers them, and keeps the journal for the next start.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{LocalBoxFuture, join_all};
use serde_json::{Value, json};

use crate::config::task::CommandTask;
use crate::domain::burst::Line;
use crate::domain::entry::{Entry, Stamped};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::mask::Mask;
use crate::domain::record::{Internal, Spec};
use crate::domain::time::Timestamp;
use crate::session::testing::{Call, CallId, ChannelLimits, MadeCall, Outcome, RecordedCalls, TaskChannel, WITHDRAWN};
use crate::session::{TaskContext, TaskResult};
use crate::task::command::{Launcher, from_settings};

pub(super) struct Stage {
    settings: CommandTask,
    launcher: Launcher,
    input: Value,
    mask: Arc<Mask>,
    channel: Rc<TaskChannel>,
    task: Option<LocalBoxFuture<'static, TaskResult>>,
    journal: Vec<Line>,
    told: Vec<Entry>,
    /// What was shown without being saved.
    passed: Vec<Entry>,
    open: Vec<(CallId, RequestId)>,
    answers: VecDeque<Outcome>,
    asked: bool,
}

/// Runs one of the scripts among the fixtures.
pub(super) fn script(name: &str, args: &[&str]) -> CommandTask {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/commands").join(name);
    let mut command = vec!["sh".to_owned(), path.to_str().unwrap().to_owned()];
    command.extend(args.iter().map(|arg| (*arg).to_owned()));
    CommandTask { name: "test".into(), command, kill_after: Some(0.2), ..CommandTask::default() }
}

/// Runs a line of shell.
pub(super) fn shell(line: &str) -> CommandTask {
    let command = ["sh", "-c", line].map(str::to_owned).to_vec();
    CommandTask { name: "test".into(), command, kill_after: Some(0.2), ..CommandTask::default() }
}

impl Stage {
    pub(super) fn new(settings: CommandTask) -> Self {
        Self::with(settings, Value::Null, Launcher::default())
    }

    pub(super) fn with(settings: CommandTask, input: Value, launcher: Launcher) -> Self {
        let mut stage = Self {
            channel: channel(&input, Arc::default(), RecordedCalls::default()),
            mask: Arc::default(),
            settings,
            launcher,
            input,
            task: None,
            journal: Vec::new(),
            told: Vec::new(),
            passed: Vec::new(),
            open: Vec::new(),
            answers: VecDeque::new(),
            asked: false,
        };
        stage.start();
        stage
    }

    /// Kills the task, and starts it again over what is in the journal.
    pub(super) fn restart(&mut self) {
        self.task = None;
        let mut script = RecordedCalls::default();
        for line in &self.journal {
            script.push(line);
        }
        self.channel = channel(&self.input, self.mask.clone(), script);
        self.start();
    }

    /// Starts it over a journal that has these records.
    pub(super) fn over(mut self, records: Vec<Internal>) -> Self {
        self.journal.extend(records.into_iter().map(|record| Line::Internal(Box::new(record))));
        self.restart();
        self
    }

    /// Starts it with these secrets in the settings.
    pub(super) fn with_secrets(mut self, secrets: &[&str]) -> Self {
        self.mask = Arc::new(Mask::new(secrets));
        self.restart();
        self
    }

    /// The same task, in other words from now on.
    pub(super) fn change(&mut self, settings: CommandTask) {
        self.settings = settings;
    }

    /// Has the answer to a question ready.
    pub(super) fn will_answer(mut self, outcome: Outcome) -> Self {
        self.answers.push_back(outcome);
        self
    }

    /// Answers the open question.
    pub(super) fn answer(&mut self, outcome: Outcome) {
        let (call, id) = self.open.remove(0);
        self.record_answer(id, &outcome);
        self.channel.resolve(call, outcome);
    }

    /// Plays the task to its end.
    pub(super) async fn play(&mut self) -> TaskResult {
        poll_fn(|context| self.poll(context)).await
    }

    /// Plays the task until it has asked something that there is no answer for.
    pub(super) async fn play_until_asked(&mut self) {
        self.play_until(|stage| stage.asked).await;
        self.asked = false;
    }

    /// Plays the task until then.
    pub(super) async fn play_until(&mut self, then: impl Fn(&Stage) -> bool) {
        poll_fn(|context| match self.poll(context) {
            _ if then(self) => Poll::Ready(()),
            Poll::Ready(result) => panic!("the task ended too early: {result:?}"),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }

    /// Drops the task, and does what it wants done at a cancel.
    pub(super) async fn cancel(&mut self) {
        let cleanups = self.channel.take_cleanups();
        self.drop_task();
        join_all(cleanups).await;
    }

    pub(super) fn drop_task(&mut self) {
        self.task = None;
    }

    /// Everything that was streamed.
    pub(super) fn streamed(&self) -> Vec<&str> {
        let streams = self.told.iter().filter_map(|entry| {
            let Entry::Stream { content } = entry else { return None };
            Some(content.as_str())
        });
        streams.collect()
    }

    /// Everything that was shown without being saved, since the last time.
    pub(super) fn take_passed(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.passed)
    }

    /// Everything that was told.
    pub(super) fn told(&self) -> &[Entry] {
        &self.told
    }

    /// Which steps have begun, once for each time.
    pub(super) fn steps(&self) -> Vec<&str> {
        let started = self.journal.iter().filter_map(|line| {
            let Line::Internal(record) = line else { return None };
            if let Internal::StepStarted { name, .. } = record.as_ref() { Some(name.as_str()) } else { None }
        });
        started.collect()
    }

    fn start(&mut self) {
        self.open.clear();
        self.asked = false;
        let kinds = from_settings(std::slice::from_ref(&self.settings), &self.launcher);
        self.task = Some(kinds[0].run(TaskContext::new(self.channel.clone())));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TaskResult> {
        let mut task = self.task.take().unwrap();
        loop {
            self.channel.take_wants_poll();
            let polled = task.as_mut().poll(context);
            let full = self.channel.is_full();
            for call in self.channel.take_calls() {
                self.take(call);
            }
            assert_eq!(self.channel.failure(), None);
            match polled {
                Poll::Ready(result) => return Poll::Ready(result),
                Poll::Pending if full || self.channel.wants_poll() => {}
                Poll::Pending => {
                    self.task = Some(task);
                    return Poll::Pending;
                }
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each call")]
    fn take(&mut self, MadeCall { at, call }: MadeCall) {
        let id = RequestId::random();
        match call {
            Call::Stream { content, save_state } => self.say(&at, Entry::Stream { content }, save_state),
            Call::Progress { done, total, label, save_state } => {
                self.say(&at, Entry::Progress { done, total, label }, save_state);
            }
            Call::Step { name, repeatable } => {
                let (lane, ordinal) = (at.lane_name(), at.ordinal);
                self.record(Internal::StepStarted { lane, ordinal, name, repeatable });
                self.channel.resolve(at, Outcome::StepRun);
            }
            Call::StepAgain => self.channel.resolve(at, Outcome::StepRun),
            Call::StepCompleted { outcome } => {
                let (lane, ordinal) = (at.lane_name(), at.ordinal);
                self.record(Internal::StepCompleted { lane, ordinal, outcome, sealed: None });
            }
            Call::Sleep { until } => {
                let (lane, ordinal) = (at.lane_name(), at.ordinal);
                self.record(Internal::SleepStarted { lane, ordinal, until });
            }
            Call::RequestConfirmation { message, timeout, default, context, answerers } => {
                let (request_id, expires_at) = (id, None);
                let entry = Entry::RequestConfirmation {
                    request_id,
                    message,
                    timeout,
                    expires_at,
                    default,
                    context,
                    answerers,
                };
                self.tell(&at, entry);
                self.ask(at, id);
            }
            Call::RequestUserInput { message, fields, timeout, default, context, answerers } => {
                let (request_id, expires_at) = (id, None);
                let entry = Entry::RequestUserInput {
                    request_id,
                    fields,
                    message,
                    timeout,
                    expires_at,
                    default,
                    context,
                    answerers,
                };
                self.tell(&at, entry);
                self.ask(at, id);
            }
            Call::OfferRetry { error } => {
                let attempt = self.channel.attempt();
                self.tell(
                    &at,
                    Entry::TaskFailed { error, can_retry: true, attempt, request_id: Some(id), context: None },
                );
                self.ask(at, id);
            }
            Call::Emit { .. } | Call::Report { .. } | Call::Child { .. } => panic!("no command makes such a call"),
            Call::Withdraw => {
                if let Some(place) = self.open.iter().position(|(open, _)| *open == at) {
                    let (call, request_id) = self.open.remove(place);
                    let by = WITHDRAWN.to_owned();
                    self.tell(
                        &call,
                        Entry::Answered {
                            request_id,
                            by,
                            value: None,
                            values: None,
                            timed_out: false,
                            withdrawn: true,
                            answers: Vec::new(),
                        },
                    );
                }
            }
        }
    }

    fn say(&mut self, at: &CallId, entry: Entry, save_state: bool) {
        if save_state {
            self.tell(at, entry);
        } else {
            self.passed.push(entry);
        }
    }

    fn record(&mut self, record: Internal) {
        self.journal.push(Line::Internal(Box::new(record)));
    }

    fn ask(&mut self, call: CallId, id: RequestId) {
        self.open.push((call, id));
        match self.answers.pop_front() {
            Some(outcome) => self.answer(outcome),
            None => self.asked = true,
        }
    }

    fn record_answer(&mut self, request_id: RequestId, outcome: &Outcome) {
        let (value, values) = match outcome.clone() {
            Outcome::Confirm { value } | Outcome::Retry { value } => (Some(value), None),
            Outcome::UserInput { values } => (None, Some(values)),
            Outcome::TimedOut | Outcome::ChildEnded { .. } | Outcome::StepRun => (None, None),
        };
        let timed_out = *outcome == Outcome::TimedOut;
        let (by, withdrawn, answers) = ("test".into(), false, Vec::new());
        let entry = Entry::Answered { request_id, by, value, values, timed_out, withdrawn, answers };
        self.tell(&CallId { lane: None, ordinal: 0 }, entry);
    }

    fn tell(&mut self, call: &CallId, entry: Entry) {
        self.told.push(entry.clone());
        let lane = call.lane.as_deref().map(str::to_owned);
        let seq = self.told.len() as u64;
        self.journal.push(Line::Entry(Box::new(Stamped { entry, lane, seq, timestamp: Timestamp::now() })));
    }
}

fn channel(input: &Value, mask: Arc<Mask>, script: RecordedCalls) -> Rc<TaskChannel> {
    let spec = json!({"task": "test", "input": input});
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let limits = ChannelLimits { entry_bytes: 64 * 1024, burst_bytes: 64 * 1024 };
    TaskChannel::new(SessionId::random(), Rc::new(spec), limits, mask, script)
}
