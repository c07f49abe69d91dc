//! Runs a handler's command for one event: bounded in time, with nothing left over of its process group.

use std::future::Future;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, join, select};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin};
use tokio::time::timeout;

use super::super::Recorded;
use crate::config::handler::EventHandler;
use crate::config::seconds;
use crate::domain::mask::{Mask, Masking};
use crate::process::{Exit, Launcher, Program, Tail, words};

/// How long the end of a killed process is waited for.
pub(super) const REAP: Duration = Duration::from_secs(1);

/// How long standard error may stay open when the command has exited: something that it has started still holds it.
const LINGER: Duration = Duration::from_millis(200);

/// How much of standard error is told.
const TAIL: usize = 2048;

/// Why a handler's command failed, in words for the log.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Error {
    /// It is not there, or the system refuses to run it.
    #[error("its command cannot be started: {0}")]
    Start(String),
    /// It ended badly.
    #[error("its command {exit}{}", after(stderr))]
    Ended {
        /// How.
        exit: Exit,
        /// The end of its standard error.
        stderr: String,
    },
    /// It took too long.
    #[error("its command took longer than {limit} s{}", after(stderr))]
    TimedOut {
        /// Seconds that it may take.
        limit: f64,
        /// The end of its standard error.
        stderr: String,
    },
    /// The server has ended.
    #[error("its command was killed because the server ends")]
    Killed,
}

/// A process group that is killed when this is dropped.
struct Group(Box<dyn ChildWrapper>);

impl Drop for Group {
    fn drop(&mut self) {
        // One that has gone already cannot be killed, and need not be.
        let _ = self.0.start_kill();
    }
}

/// Runs the command with the event on standard input, until it exits, takes too long or `killed` is done.
pub(super) async fn run(
    settings: &EventHandler,
    launcher: &Launcher,
    recorded: &Recorded,
    mask: &Mask,
    killed: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut group = Group(start(settings, launcher, recorded)?);
    let mut tail = Tail::new(TAIL);
    let ended = {
        let (stdin, stderr) = (group.0.stdin().take(), group.0.stderr().take());
        let work =
            timeout(seconds(settings.timeout), exit(&mut group, stdin, stderr, &recorded.json, (&mut tail, mask)));
        match select(pin!(work), pin!(killed)).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(_) => None,
        }
    };
    // What it has started goes with it; the command itself was waited for, or is now.
    let _ = group.0.start_kill();
    let _reaped = timeout(REAP, group.0.wait()).await;
    match ended {
        Some(Ok(Exit::Code(0))) => Ok(()),
        Some(Ok(exit)) => Err(Error::Ended { exit, stderr: tail.text() }),
        Some(Err(_)) => Err(Error::TimedOut { limit: settings.timeout, stderr: tail.text() }),
        None => Err(Error::Killed),
    }
}

fn start(settings: &EventHandler, launcher: &Launcher, recorded: &Recorded) -> Result<Box<dyn ChildWrapper>, Error> {
    let program = Program { command: &settings.command, cwd: settings.cwd.as_deref(), env: &settings.env };
    program.check().map_err(Error::Start)?;
    let mut argv = launcher.argv(program.command);
    let Some(name) = argv.next() else { return Err(Error::Start("it names no program".into())) };
    let mut command = CommandWrap::with_new(name, |command| {
        command.args(argv).env_clear().envs(program.environment());
        command.env("CALLBOARD_EVENT_ID", recorded.event.id.to_string());
        command.env("CALLBOARD_EVENT_TYPE", recorded.event.happening.kind.word());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(cwd) = program.cwd {
            command.current_dir(cwd);
        }
    });
    command.wrap(ProcessGroup::leader());
    command.spawn().map_err(|error| Error::Start(words(&error)))
}

/// Waits for the command itself, while it gets the event and its standard error is read.
async fn exit(
    group: &mut Group,
    stdin: Option<ChildStdin>,
    stderr: Option<ChildStderr>,
    json: &Bytes,
    tail: (&mut Tail, &Mask),
) -> Exit {
    let pipes = pin!(join(feed(stdin, json), drain(stderr, tail)));
    // The group's own `wait` would wait for its other members as well.
    match select(group.0.inner_mut().wait(), pipes).await {
        Either::Left((status, pipes)) => {
            let _drained = timeout(LINGER, pipes).await;
            Exit::from(status)
        }
        Either::Right((_, wait)) => Exit::from(wait.await),
    }
}

/// Writes the event as a line. A command that does not read it is no failure.
async fn feed(stdin: Option<ChildStdin>, json: &Bytes) {
    let Some(mut stdin) = stdin else { return };
    if stdin.write_all(json).await.is_ok() {
        let _ = stdin.write_all(b"\n").await;
    }
}

async fn drain(stderr: Option<ChildStderr>, (tail, mask): (&mut Tail, &Mask)) {
    let Some(mut stderr) = stderr else { return };
    let mut buffer = vec![0; 4096];
    let mut masking = Masking::default();
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        tail.push(&masking.push(mask, buffer.get(..read).unwrap_or_default()));
    }
    tail.push(&masking.close(mask));
}

fn after(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; the end of its standard error: {stderr}") }
}
