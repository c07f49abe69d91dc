//! Guards another program: whatever it has started dies with it when the parent of this process dies.
//!
//! The server starts commands through this: after a `kill -9` of the server nothing of a command goes on by itself, and
//! the next start may safely start it again. The guard leads the process group that the program and all that it starts
//! belong to. The kernel tells it when its parent dies; then it ends the group. Until then it is not to be noticed: it
//! holds no end of a pipe, leaves signals to the program, and ends as the program does.
//!
//! Invariant: a program is started only after the kernel has been told.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::{ExitStatusExt as _, parent_id};
use std::process::{Child, Command, ExitStatus};

use rustix::io::Errno;
use rustix::process::{Signal, ioctl_tiocsctty, kill_current_process_group, setpgid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use signal_hook::consts::{SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{FAILED, complain};

/// As shells have them.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;
const ENDED_BY_SIGNAL: i32 = 128;

/// Signals that a program may get with its whole group, and that are for the program to act on. They are caught rather
/// than ignored, as a program inherits what is ignored.
const FOR_THE_PROGRAM: [i32; 8] = [SIGALRM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Runs `argv`, and ends as it does: with its exit code, which is given, or by its signal.
pub(super) fn run(parent: u32, argv: &[OsString]) -> u8 {
    let Some((program, args)) = argv.split_first() else { return NOT_FOUND };
    let mut signals = match prepare() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("cannot be tied to process {parent}: {error}"));
            return FAILED;
        }
    };
    // The parent may have died before the kernel was told; then no signal comes any more.
    if parent_id() != parent {
        complain(&format!("process {parent}, which started this, is gone"));
        return FAILED;
    }
    // One that comes before there is a program ends this process, as it would have ended the program.
    if let Some(signal) = signals.pending().find(|signal| *signal != SIGCHLD) {
        return end_by(signal);
    }
    take_terminal();
    let child = match Command::new(program).args(args).spawn() {
        Ok(child) => child,
        Err(error) => {
            complain(&format!("{} cannot be run: {error}", program.display()));
            return if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
        }
    };
    let guarded = let_go_of_pipes().and_then(|()| guard(parent, child, &mut signals));
    match guarded {
        Ok(status) => end_as(status),
        // Without a guard it must not go on.
        Err(_) => end_group(),
    }
}

/// Leads a process group, hears signals, and has the kernel tell when the parent dies.
fn prepare() -> io::Result<Signals> {
    let signals = Signals::new(FOR_THE_PROGRAM.iter().chain(&[SIGCHLD]))?;
    match setpgid(None, None) {
        // A process that leads its session leads its group already.
        Ok(()) | Err(Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    hear_of_parent()?;
    Ok(signals)
}

/// Makes a terminal on standard input that of this session, where the program is to have one.
fn take_terminal() {
    if rustix::termios::isatty(std::io::stdin()) {
        // A process that leads no session cannot, and the program has its terminal all the same.
        let _ = ioctl_tiocsctty(std::io::stdin());
    }
}

/// The signal for a child that has ended is the one for a parent that has ended, too: it is looked at what is the case,
/// so that no signal from elsewhere is mistaken for either.
#[cfg(target_os = "linux")]
fn hear_of_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::CHILD))?)
}

/// Other systems cannot tie a process to its parent.
#[cfg(not(target_os = "linux"))]
fn hear_of_parent() -> io::Result<()> {
    Ok(())
}

/// The server must see the end of an output when the program closes it, and the program that of its input.
fn let_go_of_pipes() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    Ok(dup2_stderr(&null)?)
}

/// Waits for the end of the program; does not come back when that of the parent comes first.
fn guard(parent: u32, mut child: Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    loop {
        if parent_id() != parent {
            end_group();
        }
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let _heard = signals.wait().count();
    }
}

/// Ends this process with the whole group.
fn end_group() -> ! {
    // This process is a member, so this does not come back.
    let _ = kill_current_process_group(Signal::KILL);
    std::process::exit(i32::from(FAILED))
}

/// Ends by the program's signal, or gives its exit code.
fn end_as(status: ExitStatus) -> u8 {
    match status.signal() {
        Some(signal) => end_by(signal),
        None => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED),
    }
}

/// Ends this process by a signal. Gives an exit code for one that has no name.
fn end_by(signal: i32) -> u8 {
    leave_no_core();
    let _ = emulate_default_handler(signal);
    u8::try_from(ENDED_BY_SIGNAL + signal).unwrap_or(FAILED)
}

/// The program's own memory is worth keeping where it crashed; that of its guard is not.
#[cfg(target_os = "linux")]
fn leave_no_core() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Other systems have no such switch.
#[cfg(not(target_os = "linux"))]
fn leave_no_core() {}
