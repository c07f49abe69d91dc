//! Servers that the harness starts on free ports, in temporary folders, and always ends.

use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::http::Client;
use crate::lines;
use crate::peer;
use crate::usage::Scope;

const MOST_START: Duration = Duration::from_secs(60);
/// What servers that share a store have in common.
const SECRET_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const ADMIN_TOKEN: &str = "bench-bench-bench";
const MOST_STOP: Duration = Duration::from_secs(8);

/// A server that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Callboard on SQLite; what a client saw outlives a power cut
    Full,
    /// Callboard on SQLite; what a client saw outlives a crash of the server
    Normal,
    /// Callboard with its store in memory
    Memory,
    /// Callboard on the Redis at --engine
    Redis,
    /// The same bytes over the same sockets, with nothing behind
    Floor,
    /// The peer in bench/peers/fastapi, which keeps nothing
    Fastapi,
    /// The peer bench/peers/loop.py: workflows in Python
    Loop,
    /// nginx with nchan
    Nchan,
    /// The peer bench/peers/hub.js: Node with ws
    Node,
}

impl Kind {
    /// Whether it is Callboard, on whatever store.
    pub fn is_callboard(self) -> bool {
        match self {
            Self::Full | Self::Normal | Self::Memory | Self::Redis => true,
            Self::Floor | Self::Fastapi | Self::Loop | Self::Nchan | Self::Node => false,
        }
    }

    /// What it is called in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Full => "Callboard, `full`",
            Self::Normal => "Callboard, `normal`",
            Self::Memory => "Callboard, `memory:`",
            Self::Redis => "Callboard, Redis",
            Self::Floor => "The floor",
            Self::Fastapi => "FastAPI, in memory",
            Self::Loop => "Python loop",
            Self::Nchan => "nginx with nchan",
            Self::Node => "Node with ws",
        }
    }
}

/// How servers are started.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Callboard's release binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/dist/callboard"), hide_default_value = true)]
    pub binary: PathBuf,
    /// Folder in which databases are made; the system's temporary one where it is not given
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Where the Redis listens that `--server redis` stores in
    #[arg(long)]
    pub engine: Option<SocketAddr>,
    /// More lines for the configuration of Callboard, such as "sessions.park_after = 0.2"; repeatable
    #[arg(long)]
    pub set: Vec<String>,
}

/// A server that is ended when it is dropped.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    kind: Kind,
    options: Options,
    folder: TempDir,
    lines_from: Option<SocketAddr>,
    child: Option<Child>,
}

impl Server {
    /// Starts a server with nothing in it and waits until it is healthy. With `lines_from` it has a task `lines` that
    /// streams a line for each byte that it reads there.
    ///
    /// # Errors
    /// It cannot be started, or does not answer within a minute.
    pub async fn start(kind: Kind, options: &Options, lines_from: Option<SocketAddr>) -> Result<Self> {
        let folder = match &options.data {
            Some(data) => TempDir::new_in(data)?,
            None => TempDir::new()?,
        };
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut server = Self { addr, kind, options: options.clone(), folder, lines_from, child: None };
        server.spawn()?;
        server.until_healthy().await?;
        Ok(server)
    }

    /// Starts the process on the data that is there, and does not wait for it.
    pub fn spawn(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "it runs already");
        let mut command = match self.kind {
            Kind::Full | Kind::Normal | Kind::Memory | Kind::Redis => self.callboard()?,
            Kind::Floor => peer::floor(self.addr)?,
            Kind::Fastapi => peer::fastapi(self.addr, self.lines_from)?,
            Kind::Loop => peer::python_loop(self.addr)?,
            Kind::Nchan => peer::nchan(self.addr, self.folder.path())?,
            Kind::Node => peer::node(self.addr)?,
        };
        let log = File::options().create(true).append(true).open(self.log())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own, so that Ctrl-C reaches the harness alone and the harness ends its servers in order.
        command.process_group(0);
        self.child = Some(command.spawn().with_context(|| format!("cannot start {command:?}"))?);
        Ok(())
    }

    fn callboard(&self) -> Result<Command> {
        let binary = self.options.binary.canonicalize();
        let binary = binary.with_context(|| format!("no {}: build it or name it", self.options.binary.display()))?;
        let (store, synchronous) = match self.kind {
            Kind::Normal => ("sqlite:bench.db".to_owned(), "normal"),
            Kind::Memory => ("memory:".to_owned(), "full"),
            Kind::Redis => {
                let engine = self.options.engine.context("needs the Redis that it stores in: --engine")?;
                (format!("redis://{engine}"), "full")
            }
            Kind::Full | Kind::Floor | Kind::Fastapi | Kind::Loop | Kind::Nchan | Kind::Node => {
                ("sqlite:bench.db".to_owned(), "full")
            }
        };
        let path = self.folder.path().join("bench.toml");
        let mut file = File::create(&path)?;
        for line in &self.options.set {
            writeln!(file, "{line}")?;
        }
        writeln!(file, "store.synchronous = {synchronous:?}\nlog.filter = \"warn\"")?;
        if self.kind == Kind::Redis {
            writeln!(file, "store.secret_key = {SECRET_KEY:?}\nserver.admin_token = {ADMIN_TOKEN:?}")?;
        }
        if let Some(from) = self.lines_from {
            let argv = lines::command(from)?;
            writeln!(file, "[[task]]\nname = \"lines\"\ncommand = {argv:?}\nmax_output_bytes = 4000000000")?;
        }
        let mut command = Command::new(binary);
        // Flags, because they win over whatever PORT, HOST and the like are in this environment.
        command.arg("serve").arg("--config").arg(path).args(["--store", &store, "--host", "127.0.0.1"]);
        command.arg("--port").arg(self.addr.port().to_string()).current_dir(self.folder.path());
        Ok(command)
    }

    /// Waits until it answers.
    pub async fn until_healthy(&mut self) -> Result<()> {
        let mut client = Client::new(self.addr);
        let since = Instant::now();
        while since.elapsed() < MOST_START {
            if let Some(ended) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended with {ended}:\n{}", self.log_tail());
            }
            if client.call("GET", "/health", "").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!("the server does not answer:\n{}", self.log_tail())
    }

    /// Its process and what that has started.
    pub fn scope(&self) -> Scope {
        self.child.as_ref().map_or(Scope::Unknown, |child| Scope::Tree(child.id()))
    }

    /// Its process alone.
    pub fn scope_alone(&self) -> Scope {
        self.child.as_ref().map_or(Scope::Unknown, |child| Scope::Alone(child.id()))
    }

    /// Ends it as `kill -9` does, and keeps its data.
    pub fn crash(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks it to end and waits; ends it by force when it takes long.
    pub async fn stop(mut self) -> Result<()> {
        let Some(child) = self.child.as_mut() else { return Ok(()) };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("not a process id")?;
        kill_process(pid, Signal::TERM)?;
        let since = Instant::now();
        while child.try_wait()?.is_none() && since.elapsed() < MOST_STOP {
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Bytes of its database with what belongs to it.
    pub fn database_bytes(&self) -> u64 {
        let files = fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let database = files.filter(|file| file.file_name().to_string_lossy().starts_with("bench.db"));
        database.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The end of what it has logged.
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.crash() {
            eprintln!("a server could not be ended: {error}");
        }
    }
}
