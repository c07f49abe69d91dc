//! One large report, on one core; and many small ones at once.

use std::fs;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::report::{Form, report};
use super::{Args, Figure};
use crate::http::Client;
use crate::many;
use crate::server::{Kind, Server};
use crate::session::{kind, text_field};
use crate::socket::Socket;
use crate::stats::Spread;
use crate::usage::{Meter, Scope, run_on_one_core};

/// How often the memory of a process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Requests at once, when many audits begin.
const AT_ONCE: usize = 64;
/// Parts of the time in which audits end.
const PARTS: usize = 4;

/// Audits a large report with the command, in each form.
pub async fn large(args: &Args, figures: &mut Vec<Figure>) -> Result<()> {
    let folder = TempDir::new()?;
    for form in Form::ALL {
        let text = report(form, args.bytes);
        let path = folder.path().join(format!("report.{}", form.extension()));
        fs::write(&path, &text)?;
        let mut command = Command::new(args.options.binary.canonicalize().context("no binary: build it or name it")?);
        command.arg("audit").arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = command.spawn()?;
        run_on_one_core(child.id())?;
        let scope = Scope::Alone(child.id());
        let mut peak: f64 = 0.0;
        let status = loop {
            peak = peak.max(scope.peak_kib());
            match child.try_wait()? {
                Some(status) => break status,
                None => sleep(LOOK_EVERY).await,
            }
        };
        let seconds = begun.elapsed().as_secs_f64();
        ensure!(status.code().is_some_and(|code| code < 2), "the audit ended with {status}");
        let name = form.name();
        figures.push(Figure::new(format!("A large report as {name}, s"), seconds).below(1.0));
        let times = peak * 1024.0 / text.len() as f64;
        figures.push(Figure::new("memory at most, as a multiple of the report", times).below(10.0));
    }
    Ok(())
}

/// How an audit went, since all of them began.
struct Went {
    started: Duration,
    first: Duration,
    done: Duration,
}

/// Has a server do many audits at once.
pub async fn many(args: &Args, figures: &mut Vec<Figure>) -> Result<()> {
    let server = Server::start(Kind::Full, &args.options, None).await?;
    let addr = server.addr;
    let document = report(Form::Markdown, args.audit_bytes);
    let body: Rc<str> = json!({"document": document, "media_type": Form::Markdown.media_type()}).to_string().into();
    many::settled(server.scope()).await;
    let (begun, meter) = (Instant::now(), Meter::start(server.scope()));
    let started = many::each(addr, args.audits, AT_ONCE, async move |client: &mut Client, _| {
        let answer = client.call("POST", "/audits", &body).await?.success()?;
        let id = text_field(answer.as_bytes(), "audit_id").context("no audit_id in the answer")?;
        let id = String::from_utf8_lossy(id).into_owned();
        let started = begun.elapsed();
        Ok((Socket::open(addr, &format!("/ws/audit/{id}")).await?, started))
    });
    let mut watching = JoinSet::new();
    for (socket, started) in started.await? {
        watching.spawn_local(watch(socket, begun, started));
    }
    let mut all = Vec::with_capacity(args.audits);
    while let Some(went) = watching.join_next().await {
        all.push(went??);
    }
    let usage = meter.read();
    let whole = begun.elapsed();
    ensure!(all.len() == args.audits, "{} of {} audits came to their end", all.len(), args.audits);
    let (mut first, mut done) = (Spread::default(), Spread::default());
    let mut parts = [0_usize; PARTS];
    for Went { started, first: began, done: ended } in &all {
        first.add(began.saturating_sub(*started));
        done.add(ended.saturating_sub(*started));
        let part = (ended.as_secs_f64() / whole.as_secs_f64() * PARTS as f64) as usize;
        if let Some(count) = parts.get_mut(part.min(PARTS - 1)) {
            *count += 1;
        }
    }
    eprintln!("audits that ended in each quarter of the time: {parts:?}; {}", usage.load());
    figures.push(Figure::new("Many audits at once, s until all are done", whole.as_secs_f64()));
    figures.push(Figure::new("server CPU of one, ms", usage.server_ms(args.audits)));
    figures.push(Figure::new("from its start to its first progress, median, ms", first.at(0.5)));
    figures.push(Figure::new("the same, slowest, ms", first.at(1.0)));
    figures.push(Figure::new("from its start to its end, median, ms", done.at(0.5)));
    figures.push(Figure::new("the same, slowest, ms", done.at(1.0)));
    figures.push(Figure::new("slowest as a multiple of the median", done.at(1.0) / done.at(0.5)).below(3.0));
    server.stop().await
}

async fn watch(mut socket: Socket, begun: Instant, started: Duration) -> Result<Went> {
    let mut first = None;
    loop {
        match kind(socket.next().await?) {
            b"complete" => break,
            b"agent_event" => _ = first.get_or_insert_with(|| begun.elapsed()),
            _ => {}
        }
    }
    let done = begun.elapsed();
    Ok(Went { started, first: first.unwrap_or(done), done })
}
