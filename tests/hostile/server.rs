//! The real program on a free port with a database of its own, what it weighs and what it counts.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hostile::http::{Answer, request};
use crate::support::process::MARK;

/// How long anything may take before a test gives up; long, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; it is killed when this goes, also where the test failed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts it with these settings, such as `("CONNECTIONS__STALL_TIMEOUT", "1")`.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::run(&[env!("CARGO_BIN_EXE_callboard")], settings)
    }

    /// The same, which may have only so many files and sockets open.
    pub(crate) fn start_with_descriptors(count: u32, settings: &[(&str, &str)]) -> Self {
        let limited = format!("ulimit -n {count}; exec \"$0\" \"$@\"");
        Self::run(&["sh", "-c", &limited, env!("CARGO_BIN_EXE_callboard")], settings)
    }

    fn run(words: &[&str], settings: &[(&str, &str)]) -> Self {
        // A thousand sockets at once are on both ends in this process and the server.
        rlimit::increase_nofile_limit(u64::MAX).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--port", "0", "--store", "sqlite:board.db"])
            .current_dir(folder.path())
            .env_clear()
            .env(MARK, "1")
            .env("CALLBOARD_SERVER__WORKERS", "2")
            .envs(settings.iter().map(|(name, value)| (format!("CALLBOARD_{name}"), *value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), folder };
        server.address = until("the server listens", || server.announced());
        until("the server answers", || TcpStream::connect(server.address).ok());
        server
    }

    fn announced(&self) -> Option<SocketAddr> {
        let log = self.log();
        let (_, rest) = log.split_once("Callboard runs at")?;
        let (_, address) = rest.split_once("address=")?;
        address.split_whitespace().next()?.parse().ok()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Memory of the process in KiB, without the pages of the program itself: those come as its parts are first used.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// How many files and sockets it has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Answers GET.
    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.address, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Asks for a session's event stream; only for streams that end.
    pub(crate) fn get_stream(&self, id: &str) -> Answer {
        request(
            self.address,
            format!("GET /sessions/{id}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"),
        )
    }

    /// Answers POST with a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let length = body.len();
        request(
            self.address,
            format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            ),
        )
    }

    /// Starts a session, and gives its id.
    pub(crate) fn start_task(&self, task: &str, config: Value) -> String {
        let answer = self.post("/start-task", &json!({"task": task, "config": config}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["session_id"].as_str().unwrap().to_owned()
    }

    /// Starts a session that waits for a confirmation.
    pub(crate) fn waiting(&self) -> String {
        let id = self.start_task("approval", json!({"lines": 3}));
        self.until_status(&id, "waiting_confirmation");
        id
    }

    /// Waits until a session has this status.
    pub(crate) fn until_status(&self, id: &str, status: &str) {
        until(status, || (self.get(&format!("/sessions/{id}")).json()["status"] == status).then_some(()));
    }

    /// The value of a metric, by its name with labels as they are written.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text();
        // A name without labels stands for the sum over all of them.
        let of_name = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let is_meant = series == name || series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
            is_meant.then(|| value.parse::<f64>().unwrap())
        };
        text.lines().filter_map(of_name).sum()
    }

    /// Waits until no connection is left, and asks the session as well.
    pub(crate) fn until_nobody_watches(&self, session: &str) {
        until("no connection is left", || (self.metric("callboard_connections") == 0.0).then_some(()));
        until("nobody watches the session", || {
            let info = self.get(&format!("/session-info/{session}")).json();
            (info["is_connected"] == false && info["connections"] == 0).then_some(())
        });
    }

    /// Asserts that it serves somebody else as if nothing were.
    pub(crate) fn is_well(&self) {
        let id = self.waiting();
        let answer = self.post(&format!("/sessions/{id}/confirm"), &json!({"value": true}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.until_status(&id, "completed");
    }

    /// Asks it to end, and gives how it did and how long that took.
    pub(crate) fn terminate(&mut self) -> (ExitStatus, Duration) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let begin = Instant::now();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = until("the server ends", || self.child.try_wait().unwrap());
        (status, begin.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        if std::thread::panicking() {
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
            eprintln!("the server's last log lines:\n{}", tail.join("\n"));
        } else {
            assert!(!log.contains("panicked"), "the server panicked:\n{log}");
        }
    }
}

/// Asks again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(15));
    }
}
