//! Plays a command: its attempts, and what happens in each from the start to the end of its process group.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, Sleep};

use super::clock::Clock;
use super::error::Error;
use super::lines::{Lines, Piece};
use super::open_question::OpenQuestion;
use super::overwritten::Overwritten;
use super::process::{Handle, Pipe, Process};
use super::protocol::{BadMessage, Printed, ToCommand};
use super::reading;
use super::steps::{Done, Steps};
use super::stop::{self, LINGER};
use crate::config::seconds;
use crate::config::task::CommandTask;
use crate::domain::context::Source;
use crate::domain::mask::Masking;
use crate::process::{Exit, Launcher, Tail};
use crate::session::calls::ask::UNANSWERED;
use crate::session::calls::{Call, Outcome, QuestionKind};
use crate::session::{TaskContext, TaskError, TaskResult};

const LOG: &str = "callboard::task::command";
/// Most bytes of a line of output, and so of a message.
const LONGEST_LINE: usize = 1024 * 1024;
/// Most bytes of a line that is logged.
const LONGEST_LOG_LINE: usize = 4096;
/// Bytes of the standard error that go into a failure.
const STDERR_TAIL: usize = 2048;
/// Bytes of answers that a command may leave unread before its output is left unread, too.
const MOST_UNREAD: usize = 1024 * 1024;
const MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;
const KILL_AFTER: f64 = 5.0;
/// What the settings allow; longer times overflow the clock.
const LONGEST_KILL_AFTER: Duration = Duration::from_secs(600);
const CHUNK: usize = 16 * 1024;

/// What a command is started with.
pub(super) struct Start<'a> {
    pub(super) input: &'a Value,
    pub(super) config: &'a Value,
    /// Who asks its questions, where it is not the session itself.
    pub(super) source: Option<Source>,
}

/// Runs a command, again where it fails and a person wants that.
pub(super) async fn run(
    ctx: TaskContext,
    settings: Arc<CommandTask>,
    launcher: Launcher,
    start: Start<'_>,
) -> TaskResult {
    let done = Done::default();
    let ask = ctx.lane("ask");
    ask.attempts(settings.max_retries, |attempt| {
        let attempt = Attempt::start(&ctx, attempt, settings.clone(), &launcher, done.clone(), &start);
        async {
            let result = match attempt {
                Ok(attempt) => attempt.play().await,
                Err(error) => Err(error),
            };
            match result {
                Ok(values) => Ok(Ok(values)),
                Err(error) if error.is_final() => Ok(Err(TaskError::failed(error))),
                Err(error) => Err(TaskError::failed(error)),
            }
        }
    })
    .await?
}

/// One start of a command.
struct Attempt {
    ctx: TaskContext,
    /// The lane of its output.
    out: TaskContext,
    /// The lane of what it overwrites: how much of that is written is a matter of time.
    overwritten_lane: TaskContext,
    overwritten: Overwritten,
    settings: Arc<CommandTask>,
    process: Handle,
    question: OpenQuestion,
    steps: Steps,
    lines: Lines,
    /// How many lines have been heard.
    line: u64,
    log_lines: Lines,
    stderr: Tail,
    /// Standard error on its way into the tail and the log.
    stderr_masking: Masking,
    /// A line that is too long on its way into output, where there is one.
    line_masking: Masking,
    buffer: Vec<u8>,
    /// Bytes that it has printed.
    printed: u64,
    /// Bytes of answers that may be unread, with the first line, which is no answer.
    most_unread: usize,
    phase: Phase,
    clock: Clock,
    timer: Option<std::pin::Pin<Box<Sleep>>>,
    result: Option<Result<Value, Error>>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// It works, or waits for people.
    Working,
    /// It has given its result, and has until then to exit.
    Leaving(Instant),
    /// It has exited; what it has started has until then to close the outputs.
    Exited(Instant),
    /// The rest of its group was killed; until then what is in the pipes is read.
    Killed(Instant),
}

enum Event {
    Answered(QuestionKind, Outcome),
    Line(Piece),
    Printed(Pipe, usize),
    Exited,
    Due,
    /// What is overwritten may be written again.
    Refreshed,
}

impl Attempt {
    fn start(
        ctx: &TaskContext,
        attempt: u32,
        settings: Arc<CommandTask>,
        launcher: &Launcher,
        done: Done,
        Start { input, config, source }: &Start<'_>,
    ) -> Result<Self, Error> {
        let mut process = Process::start(&settings, launcher, ctx.session_id(), attempt)?;
        let empty = json!({});
        let config = if config.is_null() { &empty } else { *config };
        process.send(&ToCommand::Start { session_id: ctx.session_id(), attempt, input, config });
        let most_unread = process.unread() + MOST_UNREAD;
        let process: Handle = Rc::new(process.into());
        let limit = settings.timeout.map(seconds);
        let out = if attempt == 1 { ctx.clone() } else { ctx.lane(&format!("try-{attempt}")) };
        Ok(Self {
            ctx: ctx.clone(),
            overwritten_lane: out.lane("overwritten"),
            overwritten: Overwritten::default(),
            out,
            settings,
            question: OpenQuestion::new(ctx.lane("ask"), source.clone()),
            steps: Steps::new(ctx, process.clone(), done),
            process,
            lines: Lines::new(LONGEST_LINE),
            line: 0,
            log_lines: Lines::new(LONGEST_LOG_LINE),
            stderr: Tail::new(STDERR_TAIL),
            stderr_masking: Masking::default(),
            line_masking: Masking::default(),
            buffer: vec![0; CHUNK],
            printed: 0,
            most_unread,
            phase: Phase::Working,
            clock: Clock::started(limit, Instant::now()),
            timer: None,
            result: None,
        })
    }

    /// Plays it to its end; nothing of its process group is left then.
    async fn play(mut self) -> Result<Value, Error> {
        let _cleanup = self.ctx.on_cancel(stop::cancel(self.process.clone(), self.kill_after()));
        let worked = self.work().await;
        self.finish_long_line().await;
        self.write_overwritten().await;
        self.question.withdraw();
        if worked.is_err() {
            stop::stop(&self.process, self.kill_after()).await;
        } else {
            stop::clear_away(&self.process).await;
        }
        self.steps.abandon().await;
        worked?;
        self.verdict()
    }

    async fn work(&mut self) -> Result<(), Error> {
        loop {
            match poll_fn(|context| self.poll(context)).await {
                Event::Answered(kind, outcome) => self.send_answer(kind, &outcome)?,
                Event::Line(piece) => self.take_line(piece).await?,
                Event::Printed(pipe, bytes) => self.take_in(pipe, bytes).await?,
                Event::Exited => {
                    self.question.withdraw();
                    self.process.borrow_mut().close_stdin();
                    self.phase = Phase::Exited(Instant::now() + LINGER);
                }
                Event::Due => self.act_on_time().await?,
                Event::Refreshed => self.write_overwritten().await,
            }
            if self.is_gone() && self.lines.is_empty() && self.process.borrow().is_silent() {
                return Ok(());
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready((kind, outcome)) = self.question.poll(context) {
            return Poll::Ready(Event::Answered(kind, outcome));
        }
        self.steps.poll(context);
        let process = self.process.clone();
        let mut process = process.borrow_mut();
        process.poll_flush(context);
        if !self.question.is_full() && process.unread() <= self.most_unread {
            if let Some(piece) = self.lines.next() {
                return Poll::Ready(Event::Line(piece));
            }
            if let Poll::Ready(bytes) = process.poll_read(Pipe::Out, context, &mut self.buffer) {
                return Poll::Ready(Event::Printed(Pipe::Out, bytes));
            }
        }
        if let Poll::Ready(bytes) = process.poll_read(Pipe::Err, context, &mut self.buffer) {
            return Poll::Ready(Event::Printed(Pipe::Err, bytes));
        }
        let running = matches!(self.phase, Phase::Working | Phase::Leaving(_));
        if running && process.poll_exit(context).is_ready() {
            return Poll::Ready(Event::Exited);
        }
        self.poll_timer(context)
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        let due = match self.phase {
            Phase::Working => self.clock.due(),
            Phase::Leaving(until) | Phase::Exited(until) | Phase::Killed(until) => Some(until),
        };
        let (due, event) = match (due, self.overwritten.due()) {
            (None, None) => return Poll::Pending,
            (Some(due), refresh) if refresh.is_none_or(|refresh| due <= refresh) => (due, Event::Due),
            (_, Some(refresh)) => (refresh, Event::Refreshed),
            (Some(due), None) => (due, Event::Due),
        };
        let timer = match &mut self.timer {
            Some(timer) if timer.deadline() == due => timer,
            timer => timer.insert(Box::pin(tokio::time::sleep_until(due))),
        };
        timer.as_mut().poll(context).map(|()| event)
    }

    async fn act_on_time(&mut self) -> Result<(), Error> {
        match self.phase {
            Phase::Working => {
                let limit = self.settings.timeout.unwrap_or_default();
                return Err(Error::TimedOut { limit, stderr: self.stderr.text() });
            }
            Phase::Leaving(_) => {
                log::info!(target: LOG, session_id:% = self.ctx.session_id();
                    "a command has given its result and did not exit; it is stopped");
                stop::stop(&self.process, self.kill_after()).await;
                self.phase = Phase::Killed(Instant::now());
            }
            Phase::Exited(_) => {
                self.process.borrow_mut().kill();
                self.phase = Phase::Killed(Instant::now() + LINGER);
            }
            Phase::Killed(_) => {
                self.process.borrow_mut().close_outputs();
                self.lines.close();
            }
        }
        Ok(())
    }

    async fn take_in(&mut self, pipe: Pipe, bytes: usize) -> Result<(), Error> {
        let output = self.buffer.get(..bytes).unwrap_or_default();
        match pipe {
            Pipe::Out if bytes == 0 => self.lines.close(),
            Pipe::Out => self.lines.push(output),
            Pipe::Err => {
                let mask = self.ctx.mask();
                let masked = match bytes {
                    0 => self.stderr_masking.close(&mask),
                    _ => self.stderr_masking.push(&mask, output).into_owned(),
                };
                self.stderr.push(&masked);
                self.log_stderr(&masked, bytes == 0);
            }
        }
        self.printed += bytes as u64;
        let limit = self.settings.max_output_bytes.unwrap_or(MAX_OUTPUT_BYTES);
        if self.printed > limit && self.result.is_none() {
            return Err(Error::TooMuchOutput { limit });
        }
        if bytes == self.buffer.len() {
            // There is more: others on this thread come first.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn take_line(&mut self, piece: Piece) -> Result<(), Error> {
        if self.result.is_some() {
            // What comes after the result is read, so that the command can go on, and is not wanted.
            return Ok(());
        }
        let now = Instant::now();
        if !matches!(piece, Piece::Continuation(_)) {
            self.finish_long_line().await;
        }
        match piece {
            Piece::Line(line) => {
                self.line += 1;
                self.write_overwritten().await;
                self.act_on(reading::read(&line)).await
            }
            Piece::Returned(line) => {
                self.line += u64::from(!line.is_empty());
                let printed = reading::read(&line);
                let Printed::Output(content) = printed else { return self.act_on(printed).await };
                if let Some(content) = self.overwritten.push(content, now) {
                    self.overwritten_lane.stream(content).await;
                }
                Ok(())
            }
            Piece::Settled => {
                if let Some(content) = self.overwritten.settle(now) {
                    self.overwritten_lane.stream(content).await;
                }
                Ok(())
            }
            Piece::Beginning(piece) => {
                self.line += 1;
                self.write_overwritten().await;
                let printed = reading::read_beginning(&piece, LONGEST_LINE);
                let (Printed::Output(line) | Printed::Misfit { line, .. }) = &printed else {
                    return self.act_on(printed).await;
                };
                let shown = self.line_masking.push(&self.ctx.mask(), line.as_bytes());
                self.out.stream(reading::text(&shown)).await;
                Ok(())
            }
            Piece::Continuation(piece) => {
                let shown = self.line_masking.push(&self.ctx.mask(), &piece);
                self.out.stream(format!("[the same line] {}", reading::text(&shown))).await;
                Ok(())
            }
        }
    }

    /// Tells what was held back of a line that was too long, as a secret might have begun there.
    async fn finish_long_line(&mut self) {
        let rest = self.line_masking.close(&self.ctx.mask());
        if !rest.is_empty() {
            self.out.stream(format!("[the same line] {}", reading::text(&rest))).await;
        }
    }

    /// Writes what was overwritten last, where it was not written.
    async fn write_overwritten(&mut self) {
        if let Some(content) = self.overwritten.take(Instant::now()) {
            self.overwritten_lane.stream(content).await;
        }
    }

    /// Does what a line says.
    async fn act_on(&mut self, printed: Printed) -> Result<(), Error> {
        match printed {
            Printed::Output(content) => self.out.stream(content).await,
            Printed::Call(call) => self.make_call(call).await?,
            Printed::Misfit { fault: BadMessage { kind, reason }, line } => {
                log::warn!(target: LOG, session_id:% = self.ctx.session_id(), line = self.line, message = kind.word();
                    "a command printed a message that cannot be read; it is shown as a line of output: {reason}");
                self.out.stream(line).await;
            }
            Printed::Broken(BadMessage { kind, reason }) => {
                return Err(self.violation(format!("cannot be read as a {:?} message: {reason}", kind.word())));
            }
            Printed::StepCompleted { name, value } => {
                self.steps.complete(&name, value).map_err(|what| self.violation(what))?;
            }
            Printed::Completed(values) => self.conclude(Ok(values)),
            Printed::Failed { error, can_retry } => self.conclude(Err(Error::Reported { error, can_retry })),
        }
        Ok(())
    }

    /// Makes a call on the session, in the lane that it belongs in.
    async fn make_call(&mut self, call: Call) -> Result<(), Error> {
        match call {
            Call::Stream { .. } | Call::Progress { .. } => self.out.say(call).await,
            Call::RequestConfirmation { .. } => self.ask(QuestionKind::Confirmation, call).await,
            Call::RequestUserInput { .. } => self.ask(QuestionKind::Form, call).await,
            Call::Step { .. } if self.is_gone() => {}
            Call::Step { name, .. } => self.steps.begin(name).map_err(|what| self.violation(what))?,
            Call::Emit { .. }
            | Call::Report { .. }
            | Call::OfferRetry { .. }
            | Call::StepAgain
            | Call::StepCompleted { .. }
            | Call::Sleep { .. }
            | Call::Child { .. }
            | Call::Withdraw => return Err(self.violation("makes a call that commands do not have".into())),
        }
        Ok(())
    }

    async fn ask(&mut self, kind: QuestionKind, call: Call) {
        self.clock.stop(Instant::now());
        self.question.ask(kind, call);
        if self.is_gone() {
            // Nobody is left to read the answer; that it was asked is recorded all the same.
            poll_fn(|context| {
                let _answered = self.question.poll(context);
                Poll::Ready(())
            })
            .await;
            self.question.withdraw();
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Exited(_) | Phase::Killed(_))
    }

    /// What is wrong with the line that was heard last.
    fn violation(&self, what: String) -> Error {
        Error::Protocol { line: self.line, what }
    }

    fn conclude(&mut self, result: Result<Value, Error>) {
        self.result = Some(result);
        self.question.withdraw();
        self.process.borrow_mut().close_stdin();
        if self.phase == Phase::Working {
            self.phase = Phase::Leaving(Instant::now() + self.kill_after());
        }
    }

    fn send_answer(&mut self, kind: QuestionKind, outcome: &Outcome) -> Result<(), Error> {
        if !self.question.is_open() {
            self.clock.go_on(Instant::now());
        }
        let mut process = self.process.borrow_mut();
        match (kind, outcome) {
            (QuestionKind::Form, Outcome::TimedOut) => return Err(Error::Unanswered(TaskError::failed(UNANSWERED))),
            (_, Outcome::TimedOut) => process.send(&Outcome::Confirm { value: false }),
            (_, outcome) => process.send(outcome),
        }
        Ok(())
    }

    fn log_stderr(&mut self, masked: &[u8], is_end: bool) {
        if !log::log_enabled!(target: LOG, log::Level::Debug) {
            return;
        }
        self.log_lines.push(masked);
        if is_end {
            self.log_lines.close();
        }
        while let Some(piece) = self.log_lines.next() {
            let Some(line) = piece.text() else { continue };
            log::debug!(target: LOG, session_id:% = self.ctx.session_id(); "stderr: {}", reading::text(line));
        }
    }

    fn verdict(self) -> Result<Value, Error> {
        let exit = self.process.borrow().exit().cloned().unwrap_or_else(|| Exit::Unknown("it was stopped".into()));
        match self.result {
            Some(result) => {
                if exit != Exit::Code(0) {
                    log::info!(target: LOG, session_id:% = self.ctx.session_id(), how:% = exit;
                        "a command has given its result and did not exit well; the result counts");
                }
                result
            }
            None if exit == Exit::Code(0) => Ok(json!({"exit_code": 0})),
            None => Err(Error::Ended { how: exit.to_string(), stderr: self.stderr.text() }),
        }
    }

    fn kill_after(&self) -> Duration {
        seconds(self.settings.kill_after.unwrap_or(KILL_AFTER)).min(LONGEST_KILL_AFTER)
    }
}
