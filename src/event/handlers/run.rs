//! Runs a handler's command for one event: bounded in time, with nothing left over of its process group.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, join, select};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::ChildStderr;
use tokio::time::timeout;

use super::super::EncodedEvent;
use crate::config::handler::EventHandler;
use crate::config::seconds;
use crate::domain::mask::{Mask, Masking};
use crate::process::{Console, Exit, Group, Input, Launcher, Pipes, Program, Tail};

/// How long standard error may stay open when the command has exited: something that it has started still holds it.
const LINGER: Duration = Duration::from_millis(200);

/// How much of standard error is logged.
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

/// Runs the command with the event on standard input, until it exits, takes too long or `killed` is done.
pub(super) async fn run(
    settings: &EventHandler,
    launcher: &Launcher,
    recorded: &EncodedEvent,
    mask: &Mask,
    killed: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (mut group, pipes) = start(settings, launcher, recorded)?;
    let mut tail = Tail::new(TAIL);
    let ended = {
        let work = timeout(seconds(settings.timeout), exit(&mut group, pipes, &recorded.json, (&mut tail, mask)));
        match select(pin!(work), pin!(killed)).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(_) => None,
        }
    };
    // What it has started goes with it; the command itself was waited for, or is now.
    if let Some(killed) = group.clear_away() {
        let _reaped = killed.reaped().await;
    }
    match ended {
        Some(Ok(Exit::Code(0))) => Ok(()),
        Some(Ok(exit)) => Err(Error::Ended { exit, stderr: tail.text() }),
        Some(Err(_)) => Err(Error::TimedOut { limit: settings.timeout, stderr: tail.text() }),
        None => Err(Error::Killed),
    }
}

fn start(settings: &EventHandler, launcher: &Launcher, recorded: &EncodedEvent) -> Result<(Group, Pipes), Error> {
    let program = Program { command: &settings.command, cwd: settings.cwd.as_deref(), env: &settings.env };
    let about = [
        ("CALLBOARD_EVENT_ID", recorded.event.id.to_string()),
        ("CALLBOARD_EVENT_TYPE", recorded.event.new_event.kind.word().to_owned()),
    ];
    let environment = program.environment().into_iter().chain(about.map(|(name, value)| (name.into(), value.into())));
    Group::start(launcher, &program, environment, Console::Input).map_err(Error::Start)
}

/// Waits for the command itself, while it gets the event and its standard error is read.
async fn exit(group: &mut Group, pipes: Pipes, json: &Bytes, tail: (&mut Tail, &Mask)) -> Exit {
    let pipes = pin!(join(feed(pipes.stdin, json), drain(pipes.stderr, tail)));
    match select(poll_fn(|context| group.poll_exit(context)), pipes).await {
        Either::Left((exit, pipes)) => {
            let _drained = timeout(LINGER, pipes).await;
            exit
        }
        Either::Right((_, exit)) => exit.await,
    }
}

/// Writes the event as a line. A command that does not read it is no failure.
async fn feed(stdin: Option<Input>, json: &Bytes) {
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
