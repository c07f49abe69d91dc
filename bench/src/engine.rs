//! A Redis that the harness starts for servers that share a store, and always ends.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::usage::Scope;

const MOST_START: Duration = Duration::from_secs(10);
const MOST_SILENCE: Duration = Duration::from_secs(5);

/// A redis-server with `appendfsync always`, as Callboard asks for it.
pub struct Engine {
    /// Where it listens.
    pub addr: SocketAddr,
    child: Child,
    _folder: TempDir,
}

/// What it was asked to do so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calls {
    /// Scripts that servers have called: each is one exchange.
    pub scripts: u64,
    /// All commands, with those within scripts.
    pub commands: u64,
}

impl Engine {
    /// Starts one with nothing in it.
    ///
    /// # Errors
    /// There is no redis-server, or it does not answer.
    pub fn start(data: Option<&std::path::Path>) -> Result<Self> {
        let folder = data.map_or_else(TempDir::new, TempDir::new_in)?;
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port"]).arg(addr.port().to_string());
        command.args([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--maxmemory-policy",
            "noeviction",
        ]);
        command.arg("--dir").arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("cannot start redis-server (Debian: apt install redis-server)")?;
        let engine = Self { addr, child, _folder: folder };
        let since = Instant::now();
        while engine.ask("PING").is_err() {
            ensure!(since.elapsed() < MOST_START, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(engine)
    }

    /// Its process.
    pub fn scope(&self) -> Scope {
        Scope::Alone(self.child.id())
    }

    /// What it has done so far.
    ///
    /// # Errors
    /// It does not answer.
    pub fn calls(&self) -> Result<Calls> {
        let (stats, commands) = (self.ask("INFO stats")?, self.ask("INFO commandstats")?);
        let total = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        let scripts =
            commands.lines().filter(|line| line.starts_with("cmdstat_fcall") || line.starts_with("cmdstat_eval"));
        let calls = scripts.filter_map(|line| line.split_once("calls=")?.1.split(',').next()?.parse::<u64>().ok());
        Ok(Calls { scripts: calls.sum(), commands: total.and_then(|total| total.trim().parse().ok()).unwrap_or(0) })
    }

    /// What it answers to a command of plain words.
    fn ask(&self, command: &str) -> Result<String> {
        let mut io = TcpStream::connect(self.addr)?;
        io.set_read_timeout(Some(MOST_SILENCE))?;
        // It closes behind the second answer.
        io.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
        let mut text = String::new();
        io.read_to_string(&mut text)?;
        ensure!(!text.starts_with('-') && !text.is_empty(), "the engine refuses: {text:.80}");
        Ok(text)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
