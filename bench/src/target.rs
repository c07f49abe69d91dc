//! What a mode is pointed at: a server that it starts, or one that runs.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::server::{Kind, Options, Server};
use crate::usage::Scope;

/// The server to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// Start this one, and end it afterwards
    #[arg(long, value_enum, default_value = "full", conflicts_with = "addr")]
    pub server: Kind,
    /// Measure the server that listens here instead
    #[arg(long)]
    pub addr: Option<SocketAddr>,
    /// Its process, for its processor time and memory
    #[arg(long, requires = "addr")]
    pub pid: Option<u32>,
    #[command(flatten)]
    pub options: Options,
}

/// The server that is measured.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whose processor time and memory count.
    pub scope: Scope,
    server: Option<Server>,
}

impl Target {
    /// Starts the server, or takes the one that runs.
    pub async fn open(&self) -> Result<Running> {
        self.open_with_lines(None).await
    }

    /// As `open`, with a task `lines` that reads from `lines_from`, if the server is started here.
    pub async fn open_with_lines(&self, lines_from: Option<SocketAddr>) -> Result<Running> {
        if let Some(addr) = self.addr {
            let scope = self.pid.map_or(Scope::Unknown, Scope::Tree);
            return Ok(Running { addr, scope, server: None });
        }
        let server = Server::start(self.server, &self.options, lines_from).await?;
        println!("{} on {}", self.server.title(), server.addr);
        Ok(Running { addr: server.addr, scope: server.scope(), server: Some(server) })
    }
}

impl Running {
    /// The server, where this harness has started it.
    pub fn own(&mut self) -> Result<&mut Server> {
        self.server.as_mut().context("this needs a server that the harness starts itself")
    }

    /// Ends the server, where this harness has started it.
    pub async fn close(self) -> Result<()> {
        match self.server {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}
