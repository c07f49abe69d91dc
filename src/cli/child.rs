//! Becomes another program that the kernel ends when its parent dies.
//!
//! The server starts commands through this: after a `kill -9` of the server no command goes on by itself, and the next
//! start may safely start it again.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt as _, parent_id};
use std::process::Command;

use super::{FAILED, complain};

/// As shells have them.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Becomes `argv`. Gives an exit code only where that fails.
pub(super) fn run(parent: u32, argv: &[OsString]) -> u8 {
    let Some((program, args)) = argv.split_first() else { return NOT_FOUND };
    if let Err(error) = die_with_parent() {
        complain(&format!("cannot be tied to process {parent}: {error}"));
        return FAILED;
    }
    // The parent may have died before the kernel was told; then no signal comes any more.
    if parent_id() != parent {
        complain(&format!("process {parent}, which started this, is gone"));
        return FAILED;
    }
    let error = Command::new(program).args(args).exec();
    complain(&format!("{} cannot be run: {error}", program.display()));
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Other systems cannot tie a process to its parent.
#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}
