//! A command's process group, with the pipes to it.
//!
//! Invariant: when a `Process` is dropped, its whole group is killed. It is shared by what plays the command and by the
//! clean-up for a cancel; each borrows it within one poll only.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup, ProcessSession};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::ChildStderr;
use tokio::signal::unix::SignalKind;

use super::error::Error;
use super::program;
use crate::config::task::CommandTask;
use crate::domain::id::SessionId;
use crate::process::{Exit, Keyboard, Launcher, Screen, terminal, words};

/// How much room for what is to be written is kept between two lines.
const KEPT_OUTBOX: usize = 16 * 1024;

/// A process that several hold.
pub(super) type Handle = Rc<RefCell<Process>>;

/// A command's process group, with the pipes to it.
pub(super) struct Process {
    /// There until the group is cleared away.
    child: Option<Box<dyn ChildWrapper>>,
    stdin: Option<Input>,
    /// What is to be written to it.
    outbox: BytesMut,
    stdout: Option<Output>,
    stderr: Option<ChildStderr>,
    exit: Option<Exit>,
}

/// What is written to it by: a pipe, or its terminal.
type Input = Box<dyn AsyncWrite + Unpin>;

/// What it prints to: a pipe, or its terminal.
type Output = Box<dyn AsyncRead + Unpin>;

/// A terminal, with the program's end once for its input and once for its output.
struct Terminal {
    keyboard: Keyboard,
    screen: Screen,
    input: Stdio,
    output: Stdio,
}

impl Terminal {
    fn open() -> io::Result<Self> {
        let (keyboard, screen, program) = terminal()?;
        Ok(Self { keyboard, screen, input: program.try_clone()?.into(), output: program.into() })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pipe {
    Out,
    Err,
}

impl Process {
    /// Starts a command.
    ///
    /// # Errors
    /// [`Error::Start`] where it is not there or the system refuses.
    pub(super) fn start(
        settings: &CommandTask,
        launcher: &Launcher,
        session: SessionId,
        attempt: u32,
    ) -> Result<Self, Error> {
        program::check(settings)?;
        let mut argv = launcher.argv(&settings.command);
        let Some(name) = argv.next() else { return Err(program::refused(settings, "it names no program")) };
        let no_terminal =
            |error| program::refused(settings, &format!("there is no terminal for it: {}", words(&error)));
        let terminal = if settings.pty { Some(Terminal::open().map_err(no_terminal)?) } else { None };
        let (ends, stdin, stdout) = match terminal {
            Some(Terminal { keyboard, screen, input, output }) => (Some((keyboard, screen)), input, output),
            None => (None, Stdio::piped(), Stdio::piped()),
        };
        let mut command = CommandWrap::with_new(name, |command| {
            command.args(argv).env_clear().envs(program::environment(settings, session, attempt));
            command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
            if let Some(cwd) = &settings.cwd {
                command.current_dir(cwd);
            }
        });
        if settings.pty {
            // A terminal belongs to a session, whose leader leads a group as well.
            command.wrap(ProcessSession);
        } else {
            command.wrap(ProcessGroup::leader());
        }
        let mut child = command.spawn().map_err(|error| program::refused(settings, &words(&error)))?;
        let (stdin, stdout): (Option<Input>, Option<Output>) = match ends {
            Some((keyboard, screen)) => (Some(Box::new(keyboard)), Some(Box::new(screen))),
            None => (
                child.stdin().take().map(|pipe| Box::new(pipe) as _),
                child.stdout().take().map(|pipe| Box::new(pipe) as _),
            ),
        };
        Ok(Self {
            stdin,
            outbox: BytesMut::new(),
            stdout,
            stderr: child.stderr().take(),
            child: Some(child),
            exit: None,
        })
    }

    /// Puts a line down to be written.
    pub(super) fn send(&mut self, line: &impl Serialize) {
        if self.stdin.is_none() {
            return;
        }
        match serde_json::to_vec(line) {
            Ok(line) => {
                self.outbox.extend_from_slice(&line);
                self.outbox.extend_from_slice(b"\n");
            }
            Err(error) => log::error!(error:%; "a line to a command could not be written as JSON"),
        }
    }

    /// How many bytes the command has not read.
    pub(super) fn unread(&self) -> usize {
        self.outbox.len()
    }

    /// Writes what the pipe takes. A command that does not read any more is no failure.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) {
        while !self.outbox.is_empty() {
            let Some(stdin) = &mut self.stdin else { return self.outbox.clear() };
            match Pin::new(stdin).poll_write(context, &self.outbox) {
                Poll::Ready(Ok(written)) if written > 0 => self.outbox.advance(written),
                Poll::Ready(_) => self.stdin = None,
                Poll::Pending => return,
            }
        }
        if self.outbox.capacity() > KEPT_OUTBOX {
            self.outbox = BytesMut::new();
        }
    }

    /// Closes its standard input: nothing more will be said to it.
    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
        self.outbox.clear();
    }

    /// Reads some output; 0 where it ends. An output that has ended has nothing more to say.
    pub(super) fn poll_read(&mut self, pipe: Pipe, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
        match pipe {
            Pipe::Out => read(&mut self.stdout, context, buffer),
            Pipe::Err => read(&mut self.stderr, context, buffer),
        }
    }

    /// Whether both outputs have ended.
    pub(super) fn is_silent(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }

    /// Does not listen to its outputs any more.
    pub(super) fn close_outputs(&mut self) {
        self.stdout = None;
        self.stderr = None;
    }

    /// Ends what is left of the group, closes all pipes, and gives away what it was, to be reaped.
    pub(super) fn take_apart(&mut self) -> Option<Box<dyn ChildWrapper>> {
        self.kill();
        self.close_stdin();
        self.close_outputs();
        self.child.take()
    }

    /// Notes how the command has ended, unless that is known.
    pub(super) fn note_exit(&mut self, status: io::Result<ExitStatus>) {
        self.exit.get_or_insert_with(|| Exit::from(status));
    }

    /// Waits for the command itself, not for what it has started.
    pub(super) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<Exit> {
        if let Some(exit) = &self.exit {
            return Poll::Ready(exit.clone());
        }
        let exit = match &mut self.child {
            // The group's own `wait` would wait for its other members as well.
            Some(child) => Exit::from(ready!(child.inner_mut().wait().as_mut().poll(context))),
            None => Exit::Unknown("it was cleared away".into()),
        };
        self.exit = Some(exit.clone());
        Poll::Ready(exit)
    }

    /// How the command has ended, where it is known.
    pub(super) fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }

    /// Asks the whole group to end.
    pub(super) fn terminate(&self) {
        if let Some(child) = &self.child {
            // A group that has gone already cannot be signalled, and need not be.
            let _ = child.signal(SignalKind::terminate().as_raw_value());
        }
    }

    pub(super) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.start_kill();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read<P: AsyncRead + Unpin>(pipe: &mut Option<P>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
    let Some(open) = pipe else { return Poll::Pending };
    let mut buffer = ReadBuf::new(buffer);
    let read = ready!(Pin::new(open).poll_read(context, &mut buffer));
    let bytes = buffer.filled().len();
    if read.is_err() || bytes == 0 {
        *pipe = None;
        return Poll::Ready(0);
    }
    Poll::Ready(bytes)
}
