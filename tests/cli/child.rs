//! `run-child`: what it guards ends as if it were not there, and does not outlive the parent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::cli::{callboard, run, text};

/// A guarded shell that does this, with all its pipes in our hands.
fn guarded(script: &str) -> Child {
    let parent = std::process::id().to_string();
    callboard(Path::new("/"), &["run-child", "--parent", &parent, "--", "/bin/sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn line(out: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line
}

fn rest(mut out: impl std::io::Read) -> String {
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    rest
}

#[test]
fn it_ends_with_the_exit_code_of_its_program() {
    let parent = std::process::id().to_string();
    let output = run(&["run-child", "--parent", &parent, "--", "/bin/sh", "-c", "echo $1; exit 7", "x", "--port"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), "--port\n".into()));
}

#[test]
fn it_ends_by_the_signal_of_its_program() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::PIPE, Signal::USR1, Signal::KILL, Signal::SEGV] {
        let status = guarded(&format!("kill -{} $$; sleep 60", signal.as_raw())).wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
    }
}

#[test]
fn a_program_that_is_missing_is_named() {
    let parent = std::process::id().to_string();
    let output = run(&["run-child", "--parent", &parent, "--", "/no/such/program"]);
    assert_eq!(output.status.code(), Some(127));
    let said = text(&output.stderr);
    assert!(said.starts_with("callboard: /no/such/program cannot be run: ") && said.lines().count() == 1, "{said}");
    let output = run(&["run-child", "--parent", &parent, "--", "/"]);
    assert_eq!(output.status.code(), Some(126));
}

#[test]
fn signals_to_the_group_are_for_the_program_to_act_on() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::USR2, "USR2")] {
        let script = format!("trap 'echo cleans up; exit 3' {name}; echo ready; while :; do read x; done");
        let mut child = guarded(&script);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(line(&mut out), "ready\n");
        kill_process_group(Pid::from_child(&child), signal).unwrap();
        assert_eq!(rest(out), "cleans up\n");
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }
}

#[test]
fn a_program_that_does_not_listen_to_signals_is_waited_for() {
    let mut child = guarded("trap '' TERM; echo ready; read x; echo $x");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(line(&mut out), "ready\n");
    kill_process_group(Pid::from_child(&child), Signal::TERM).unwrap();
    child.stdin.take().unwrap().write_all(b"goes on\n").unwrap();
    assert_eq!(rest(out), "goes on\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn outputs_that_a_program_closes_are_closed() {
    let mut child = guarded("exec >&- 2>&-; timeout 10 sh -c 'read x'; exit 5");
    assert_eq!(rest(child.stdout.take().unwrap()), "");
    assert_eq!(rest(child.stderr.take().unwrap()), "");
    assert_eq!(child.try_wait().unwrap(), None, "it still reads");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn an_input_that_a_program_closes_is_closed() {
    let mut child = guarded("exec 3<&0 </dev/null; exec 3<&-; echo closed; sleep 10; echo too late");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(line(&mut out), "closed\n");
    let mut stdin = child.stdin.take().unwrap();
    // The guard lets go of its own end right after the start, which may be after that line.
    while stdin.write_all(b"x").is_ok() {
        std::thread::yield_now();
    }
    kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
    assert_eq!(rest(out), "");
    child.wait().unwrap();
}

#[test]
fn what_a_program_leaves_behind_is_left_to_the_parent() {
    let mut child = guarded("exec 3<&0; (read x <&3; echo still here) & exit 4");
    // Waiting closes the standard input that it finds.
    let mut stdin = child.stdin.take().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4));
    stdin.write_all(b"\n").unwrap();
    assert_eq!(rest(child.stdout.take().unwrap()), "still here\n");
}

#[test]
fn a_program_finds_signals_as_if_it_were_started_directly() {
    let script = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status";
    let direct = Command::new("/bin/sh").args(["-c", script]).output().unwrap();
    assert_eq!(text(&guarded(script).wait_with_output().unwrap().stdout), text(&direct.stdout));
}

#[test]
fn a_child_whose_parent_is_gone_does_not_start() {
    let output = run(&["run-child", "--parent", "4000000000", "--", "/bin/echo", "started"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn all_that_a_program_has_started_dies_with_the_parent() {
    let program = env!("CARGO_BIN_EXE_callboard");
    // The first shell is the parent. What outlives it says so, unless it ends within the time of a long sleep.
    let waits = "trap : HUP TERM; echo started; sleep 30; echo outlived";
    let script =
        format!("'{program}' run-child --parent $$ -- /bin/sh -c \"(sh -c '{waits}' & wait) & {waits}\" & wait");
    let mut parent = Command::new("/bin/sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(parent.stdout.take().unwrap());
    assert_eq!([line(&mut out), line(&mut out)], ["started\n", "started\n"]);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_eq!(rest(out), "");
}
