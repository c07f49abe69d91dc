//! A program that runs, with all that it has started: one process group.
//!
//! Invariant: when a `Group` is dropped, everything in it is killed.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup, ProcessSession};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::ChildStderr;
use tokio::signal::unix::SignalKind;
use tokio::time::timeout;

use super::{Exit, Keyboard, Launcher, Program, Screen, terminal, words};

/// How long the end of a killed process is waited for. Only one that hangs in the kernel takes longer.
pub(crate) const REAP: Duration = Duration::from_secs(1);

/// What is written to a program by: a pipe, or its terminal.
pub(crate) type Input = Box<dyn AsyncWrite + Unpin>;

/// What a program prints to: a pipe, or its terminal.
pub(crate) type Output = Box<dyn AsyncRead + Unpin>;

/// What a program has as its standard input and output. Its standard error is a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Console {
    /// Two pipes.
    Pipes,
    /// A pipe, and nothing that its output goes to.
    Input,
    /// A terminal.
    Terminal,
}

/// The server's ends of a program's pipes.
pub(crate) struct Pipes {
    /// Standard input.
    pub stdin: Option<Input>,
    /// Standard output.
    pub stdout: Option<Output>,
    /// Standard error.
    pub stderr: Option<ChildStderr>,
}

/// A program that runs, with all that it has started.
pub(crate) struct Group {
    /// There until it is taken to be reaped.
    child: Option<Box<dyn ChildWrapper>>,
    exit: Option<Exit>,
}

/// A group that was killed, and is to be reaped.
pub(crate) struct Killed(Box<dyn ChildWrapper>);

impl Group {
    /// Starts a program with this whole environment.
    ///
    /// # Errors
    /// In words, where it is not there or the system refuses.
    pub(crate) fn start(
        launcher: &Launcher,
        program: &Program<'_>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        console: Console,
    ) -> Result<(Self, Pipes), String> {
        program.check()?;
        let mut argv = launcher.argv(program.command);
        let Some(name) = argv.next() else { return Err("it names no program".into()) };
        let no_terminal = |error: io::Error| format!("there is no terminal for it: {}", words(&error));
        let (ends, stdin, stdout) = match console {
            Console::Pipes => (None, Stdio::piped(), Stdio::piped()),
            Console::Input => (None, Stdio::piped(), Stdio::null()),
            Console::Terminal => {
                let (keyboard, screen, end) = terminal().map_err(no_terminal)?;
                let input = end.try_clone().map_err(no_terminal)?;
                (Some((keyboard, screen)), input.into(), end.into())
            }
        };
        let mut command = CommandWrap::with_new(name, |command| {
            command.args(argv).env_clear().envs(environment);
            command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
            if let Some(cwd) = program.cwd {
                command.current_dir(cwd);
            }
        });
        match console {
            // A terminal belongs to a session, whose leader leads a group as well.
            Console::Terminal => command.wrap(ProcessSession),
            Console::Pipes | Console::Input => command.wrap(ProcessGroup::leader()),
        };
        let mut child = command.spawn().map_err(|error| words(&error))?;
        let pipes = pipes(&mut *child, ends);
        Ok((Self { child: Some(child), exit: None }, pipes))
    }

    /// Waits for the program itself, not for what it has started.
    pub(crate) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<Exit> {
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

    /// How the program has ended, where it is known.
    #[must_use]
    pub(crate) fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }

    /// Notes how the program has ended, unless that is known.
    pub(crate) fn note_exit(&mut self, exit: Exit) {
        self.exit.get_or_insert(exit);
    }

    /// Asks everything in the group to end.
    pub(crate) fn terminate(&self) {
        if let Some(child) = &self.child {
            // A group that has gone already cannot be signalled, and need not be.
            let _ = child.signal(SignalKind::terminate().as_raw_value());
        }
    }

    /// Kills everything in the group.
    pub(crate) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            // As above.
            let _ = child.start_kill();
        }
    }

    /// Kills what is left of the group, and gives what is to be reaped; nothing where that was given before.
    pub(crate) fn clear_away(&mut self) -> Option<Killed> {
        self.kill();
        self.child.take().map(Killed)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Killed {
    /// Waits for its end; nothing where that takes too long.
    pub(crate) async fn reaped(mut self) -> Option<Exit> {
        timeout(REAP, self.0.wait()).await.ok().map(Exit::from)
    }
}

fn pipes(child: &mut dyn ChildWrapper, terminal: Option<(Keyboard, Screen)>) -> Pipes {
    let stderr = child.stderr().take();
    match terminal {
        Some((keyboard, screen)) => Pipes { stdin: Some(Box::new(keyboard)), stdout: Some(Box::new(screen)), stderr },
        None => Pipes {
            stdin: child.stdin().take().map(|pipe| Box::new(pipe) as Input),
            stdout: child.stdout().take().map(|pipe| Box::new(pipe) as Output),
            stderr,
        },
    }
}
