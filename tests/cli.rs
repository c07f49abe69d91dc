//! The command line, by calling the program.
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::process::MARK;

/// The program in `cwd`, without any variable of ours but the mark of a test.
fn callboard(cwd: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(cwd).args(args).env_clear().env(MARK, "1");
    command
}

fn run(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    callboard(folder.path(), args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for args in [&["--port", "70000"][..], &["--colour"], &["dance"], &["--log-format", "xml"], &["run-child"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{args:?}");
    }
}

#[test]
fn help_and_version_are_no_failures_and_hide_what_is_internal() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for word in [
        "serve",
        "check-config",
        "healthcheck",
        "openapi",
        "access",
        "tasks",
        "backup",
        "restore",
        "--host",
        "--store",
        "--static-dir",
    ] {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
    assert!(!text(&help.stdout).contains("run-child"));
    assert_eq!(text(&run(&["--version"]).stdout), format!("callboard {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bad_settings_exit_with_78_and_name_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("callboard.toml"), "[server]\nprot = 1\nport = \"x\"\n").unwrap();
    for command in ["serve", "check-config", "tasks"] {
        let output = callboard(folder.path(), &[command, "--store", "nowhere"]).env("PORT", "abc").output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{command}");
        assert_eq!(
            text(&output.stderr),
            "callboard: the settings do not hold\n\
             callboard.toml: server.prot: there is no such setting; did you mean server.port?\n\
             callboard.toml: server.port: must be a whole number from 0 to 65535, not \"x\"\n\
             environment variable PORT: server.port: must be a whole number from 0 to 65535, not \"abc\"\n\
             flag --store: store.url: must be sqlite:PATH, redis://HOST or memory:\n",
            "{command}"
        );
    }
    let output = callboard(folder.path(), &["healthcheck"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a container engine knows 0 and 1 only");
}

#[test]
fn check_config_prints_what_holds_and_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.toml"), "[sessions]\nmax_labels = 7\n").unwrap();
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let output = callboard(folder.path(), &["check-config", "--config", "other.toml", "--host", "0.0.0.0"])
        .env("CALLBOARD_STORE__SECRET_KEY", key)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for line in [
        "host = \"0.0.0.0\"  # flag --host",
        "port = 8000",
        "max_labels = 7  # other.toml",
        "secret_key = \"***\"  # environment variable CALLBOARD_STORE__SECRET_KEY",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(!shown.contains(key));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        callboard(folder.path(), &["check-config"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// A server that gives one answer; the request's first line.
fn answer_once(response: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).unwrap() > 0 {}
        stream.write_all(response.as_bytes()).unwrap();
        request.lines().next().unwrap_or_default().to_owned()
    });
    (port, asked)
}

#[test]
fn healthcheck_exits_with_0_only_for_a_server_that_is_well() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let draining = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    for (args, response, request, code) in [
        (&["healthcheck"][..], ok, "GET /livez HTTP/1.1", 0),
        (&["healthcheck", "ready"], ok, "GET /readyz HTTP/1.1", 0),
        (&["healthcheck", "ready"], draining, "GET /readyz HTTP/1.1", 1),
        (&["healthcheck"], "nonsense\r\n", "GET /livez HTTP/1.1", 1),
        (&["healthcheck"], "", "GET /livez HTTP/1.1", 1),
    ] {
        let (port, asked) = answer_once(response);
        let port = port.to_string();
        let output = run(&[args, &["--port", &port, "--host", "0.0.0.0"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?} {response}: {}", text(&output.stderr));
        assert_eq!(asked.join().unwrap(), request);
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let output = run(&["healthcheck", "--port", &free]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not answer: Connection refused"), "{}", text(&output.stderr));
}

#[test]
fn a_name_of_a_built_in_kind_is_refused_whichever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["approval", "long_running_task", "simulate_streaming", "question", "workflow", "crew"] {
        let settings = format!("[[task]]\nname = \"{name}\"\ncommand = [\"true\"]\n");
        std::fs::write(folder.path().join("callboard.toml"), settings).unwrap();
        let output = callboard(folder.path(), &["tasks"]).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}");
        assert!(text(&output.stderr).contains("is the name of a task that is built in"), "{}", text(&output.stderr));
    }
}

#[cfg(unix)]
mod audit;
mod backup;
mod child;
mod migrate;
