//! The real program, which can be killed.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::PATIENCE;
use super::api::Api;

/// The real program on a free port, with its database in a folder of its own. It can be started again on both.
pub struct TestProcess {
    api: Api,
    folder: TempDir,
    variables: Vec<(String, String)>,
    wrapper: Vec<String>,
    child: Option<Child>,
}

/// The variable that tells servers which tests started from those that a server started.
pub const MARK: &str = "STARTED_BY_TEST";

/// The program, without any variable of this process.
pub fn callboard(folder: &Path) -> Command {
    command(&[], folder)
}

fn command(wrapper: &[String], folder: &Path) -> Command {
    let mut argv = wrapper.to_vec();
    argv.push(env!("CARGO_BIN_EXE_callboard").to_owned());
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).current_dir(folder).env_clear().env(MARK, "1").stdin(Stdio::null());
    command
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl TestProcess {
    /// A server with these settings beside the usual ones, as `section.key` and value; it runs.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut process = Self::prepare(settings);
        process.up().await;
        process
    }

    /// The same, not started.
    pub fn prepare(settings: &[(&str, &str)]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let variable = |key: &str| format!("CALLBOARD_{}", key.to_uppercase().replace('.', "__"));
        let mut variables: Vec<(String, String)> = vec![(variable("server.workers"), "2".into())];
        variables.extend(settings.iter().map(|(key, value)| (variable(key), (*value).to_owned())));
        let folder = tempfile::tempdir().unwrap();
        Self { api: Api::new(address), folder, variables, wrapper: Vec::new(), child: None }
    }

    /// The same, called through these words, such as a shell that sets limits.
    pub fn wrapped(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its database is.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("callboard.db")
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Whether it was started and not ended by a test since.
    pub fn is_up(&self) -> bool {
        self.child.is_some()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Starts it, and waits until it answers.
    pub async fn up(&mut self) {
        self.spawn();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = self.api.request(reqwest::Method::GET, "/readyz").send().await
                && answer.status() == 200
            {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "it does not start ({ended:?}): {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The program with the settings of this server, in its folder.
    pub fn command(&self) -> Command {
        let mut command = command(&self.wrapper, self.folder.path());
        command.envs(self.variables.iter().cloned());
        command
    }

    /// Starts it without waiting for anything.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options().append(true).create(true).open(self.folder.path().join("log")).unwrap();
        let mut command = self.command();
        command.args(["serve", "--port", &self.api.address.port().to_string()]).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Kills it as `kill -9` does, at once.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends it this signal.
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Whether it has ended by itself, or else answers.
    pub async fn has_ended_or_answers(&mut self) -> bool {
        let has_ended = self.child.as_mut().expect("it runs").try_wait().unwrap().is_some();
        has_ended || self.api.request(reqwest::Method::GET, "/readyz").send().await.is_ok()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().expect("it runs").try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it does not end: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as an operator does; it must end well.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// Kills it and starts it again.
    pub async fn crash(&mut self) {
        self.kill();
        self.up().await;
    }
}

impl Deref for TestProcess {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
