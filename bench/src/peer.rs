//! The peers: how they are started, and whether what they need is installed.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::lines;
use crate::server::Kind;

/// Where Debian's packages put nginx and its module.
const NGINX: [&str; 2] = ["/usr/sbin/nginx", "/usr/bin/nginx"];
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// What is not installed that `kind` needs; nothing where all is there, or is installed when it is first needed.
pub fn lacks(kind: Kind) -> Option<&'static str> {
    let has = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    match kind {
        Kind::Full | Kind::Normal | Kind::Memory | Kind::Redis | Kind::Floor => None,
        Kind::Fastapi | Kind::Loop => (!has("python3", "--version")).then_some("python3"),
        Kind::Nchan => (nginx().is_none() || !Path::new(NCHAN).exists()).then_some("nginx with libnginx-mod-nchan"),
        Kind::Node if !has("node", "--version") => Some("node"),
        Kind::Node => modules().is_none().then_some("ws: run `npm ci` in web/"),
    }
}

/// The floor, in a process of its own.
pub fn floor(addr: SocketAddr) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("floor").arg(addr.to_string());
    Ok(command)
}

/// FastAPI with sessions.
pub fn fastapi(addr: SocketAddr, lines_from: Option<SocketAddr>) -> Result<Command> {
    let folder = peers().join("fastapi");
    let mut command = uvicorn("app:app", addr)?;
    command.current_dir(folder);
    if let Some(from) = lines_from {
        command.env("BENCH_LINES_FROM", from.to_string()).env("BENCH_LINE_BYTES", lines::PEER_BYTES.to_string());
    }
    Ok(command)
}

/// FastAPI with workflows.
pub fn python_loop(addr: SocketAddr) -> Result<Command> {
    let mut command = uvicorn("loop:app", addr)?;
    command.current_dir(peers());
    Ok(command)
}

/// nginx with nchan, its files in `folder`.
pub fn nchan(addr: SocketAddr, folder: &Path) -> Result<Command> {
    let text = fs::read_to_string(peers().join("nchan.conf"))?.replace("ADDR", &addr.to_string());
    let path = folder.join("nchan.conf");
    fs::write(&path, text)?;
    let mut command = Command::new(nginx().context("nginx is not installed")?);
    command.arg("-p").arg(folder).arg("-c").arg(path);
    Ok(command)
}

/// Node with ws.
pub fn node(addr: SocketAddr) -> Result<Command> {
    let mut command = Command::new("node");
    command.arg(peers().join("hub.js")).arg(addr.port().to_string());
    command.env("NODE_PATH", modules().context("ws is not installed: run `npm ci` in web/")?);
    Ok(command)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn nginx() -> Option<&'static str> {
    NGINX.into_iter().find(|path| Path::new(path).exists())
}

/// The folder with Node's packages that has `ws`: the one that is named, or the page's.
fn modules() -> Option<PathBuf> {
    let named = env::var_os("NODE_PATH").map(PathBuf::from);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/node_modules");
    named.into_iter().chain([page]).find(|folder| folder.join("ws/package.json").exists())
}

fn uvicorn(app: &str, addr: SocketAddr) -> Result<Command> {
    let mut command = Command::new(environment(&peers().join("fastapi"))?.join("bin/uvicorn"));
    command.args([app, "--log-level", "warning", "--timeout-keep-alive", "3600", "--port", &addr.port().to_string()]);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// The Python environment, made when it is not there or its requirements have changed.
fn environment(folder: &Path) -> Result<PathBuf> {
    let (place, wanted) = (folder.join(".venv"), fs::read_to_string(folder.join("requirements.txt"))?);
    let installed = place.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(place);
    }
    eprintln!("installing the peers' Python packages into {}", place.display());
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place))?;
    let pip = place.join("bin/pip");
    run(Command::new(pip)
        .args(["install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"])
        .current_dir(folder))?;
    fs::write(installed, wanted)?;
    Ok(place)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
