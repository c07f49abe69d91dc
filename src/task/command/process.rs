//! A command's process group, with the pipes to it.
//!
//! Invariant: when a `Process` is dropped, its whole group is killed. It is shared by what plays the command and by the
//! clean-up for a cancel; each borrows it within one poll only.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite as _, ReadBuf};
use tokio::process::ChildStderr;

use super::error::Error;
use super::program;
use crate::config::task::CommandTask;
use crate::domain::id::SessionId;
use crate::process::{Console, Exit, Group, Input, Killed, Launcher, Output, Pipes};

/// How much room for what is to be written is kept between two lines.
const KEPT_OUTBOX: usize = 16 * 1024;

/// A process that several hold.
pub(super) type Handle = Rc<RefCell<Process>>;

/// A command's process group, with the pipes to it.
pub(super) struct Process {
    group: Group,
    stdin: Option<Input>,
    /// What is to be written to it.
    outbox: BytesMut,
    stdout: Option<Output>,
    stderr: Option<ChildStderr>,
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
        let console = if settings.pty { Console::Terminal } else { Console::Pipes };
        let environment = program::environment(settings, session, attempt);
        let (group, pipes) = Group::start(launcher, &program::program(settings), environment, console)
            .map_err(|reason| program::refused(settings, &reason))?;
        let Pipes { stdin, stdout, stderr } = pipes;
        Ok(Self { group, stdin, outbox: BytesMut::new(), stdout, stderr })
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

    /// Kills what is left of the group, closes all pipes, and gives what is to be reaped.
    pub(super) fn take_apart(&mut self) -> Option<Killed> {
        self.close_stdin();
        self.close_outputs();
        self.group.clear_away()
    }

    /// See [`Group::note_exit`].
    pub(super) fn note_exit(&mut self, exit: Exit) {
        self.group.note_exit(exit);
    }

    /// See [`Group::poll_exit`].
    pub(super) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<Exit> {
        self.group.poll_exit(context)
    }

    /// How the command has ended, where it is known.
    pub(super) fn exit(&self) -> Option<&Exit> {
        self.group.exit()
    }

    /// Asks the whole group to end.
    pub(super) fn terminate(&self) {
        self.group.terminate();
    }

    pub(super) fn kill(&mut self) {
        self.group.kill();
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
