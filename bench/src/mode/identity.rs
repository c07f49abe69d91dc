//! `identity`: what it costs that everybody shows who they are: a request, a session, a delivered event; a table for RESULTS.md.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::events::audience::Audience;
use super::events::hub::Publisher;
use super::sessions::{self, Load};
use crate::http::{self, Client};
use crate::many;
use crate::results;
use crate::server::{Kind, Options, Server};
use crate::session::text_field;
use crate::stats::median;
use crate::tokens::{Algorithm, Issuer};
use crate::usage::{Meter, Scope};

const ADMIN: &str = "admin-token-for-measuring-of-some-length";
const SCOPES: [&str; 5] = ["sessions:start", "sessions:read", "sessions:answer", "events:read", "events:publish"];
/// What is asked again and again: the same text for everybody who is logged in.
const PATH: &str = "/events.proto";
const WINDOW: usize = 16;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Rounds, each with every server started afresh; the table gives medians
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Requests with each kind of credential
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// Sockets that an event is delivered to
    #[arg(long, default_value_t = 1000)]
    sockets: usize,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    results: results::Options,
}

/// One round: figures by their names, in the order of the table.
type Round = Vec<(String, f64)>;

/// Measures servers without identity and with it.
pub async fn run(args: Args) -> Result<()> {
    ensure!(args.rounds > 0 && args.requests > 0 && args.sockets > 0, "needs one of each at least");
    let issuer = Issuer::new()?;
    let folder = TempDir::new()?;
    let jwks = folder.path().join("jwks.json");
    fs::write(&jwks, issuer.jwks().to_string())?;
    let mut with = args.options.clone();
    with.set.push(format!("server.admin_token = {ADMIN:?}"));
    with.set.push("auth.api_keys = true".to_owned());
    with.set.push(issuer.setting(&jwks.to_string_lossy()));
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        eprintln!("round {} of {}", round + 1, args.rounds);
        rounds.push(measure(&args, &with, &issuer).await?);
        http::show(None);
    }
    args.results.put("identity", &table(&args, &rounds)?)
}

async fn measure(args: &Args, with: &Options, issuer: &Issuer) -> Result<Round> {
    let mut round = Round::new();
    requests(args, with, issuer, &mut round).await?;
    let mut rates = Vec::new();
    let mut costs = Vec::new();
    for options in [&args.options, with] {
        let server = Server::start(Kind::Full, options, None).await?;
        become_somebody(server.addr, std::ptr::eq(options, with)).await?;
        let outcome = sessions::measure(server.addr, server.scope(), &args.load).await?;
        ensure!(outcome.errors == 0, "a session failed: {}", outcome.error.unwrap_or_default());
        rates.push(outcome.rate());
        http::show(None);
        server.stop().await?;
        let server = Server::start(Kind::Memory, options, None).await?;
        become_somebody(server.addr, std::ptr::eq(options, with)).await?;
        costs.push(delivery(args, &server).await?);
        http::show(None);
        server.stop().await?;
    }
    for (what, figures) in [("Sessions a second", rates), ("A delivered event, µs", costs)] {
        for (whose, figure) in ["without identity", "with a key"].iter().zip(figures) {
            round.push((format!("{what}, {whose}"), figure));
        }
    }
    Ok(round)
}

/// Requests with each kind of credential.
async fn requests(args: &Args, with: &Options, issuer: &Issuer, round: &mut Round) -> Result<()> {
    let server = Server::start(Kind::Memory, &args.options, None).await?;
    round.push(("A request without identity, µs".to_owned(), ask(&server, args.requests, 200, |_| None).await?));
    server.stop().await?;
    let server = Server::start(Kind::Memory, with, None).await?;
    let key = key(server.addr).await?;
    round.push(("with an API key".to_owned(), ask(&server, args.requests, 200, |_| Some(&key)).await?));
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let signed = |number| issuer.token(algorithm, number);
        let all: Vec<String> = (0..args.requests).map(signed).collect::<Result<_>>()?;
        let first = ask(&server, args.requests, 200, |number| all.get(number)).await?;
        round.push((format!("with a token of {name} that is new"), first));
        let known = ask(&server, args.requests, 200, |_| all.last()).await?;
        round.push((format!("with one of {name} that is known"), known));
    }
    let mut wrong = key.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    round.push(("with a key whose sum is wrong".to_owned(), ask(&server, args.requests, 401, |_| Some(&wrong)).await?));
    let forged = issuer.token(Algorithm::Es256, 0)?.replace(".ey", ".eY");
    round.push(("with a forged token".to_owned(), ask(&server, args.requests, 401, |_| Some(&forged)).await?));
    http::show(None);
    server.stop().await
}

/// Asks as often as `count` says over one connection; gives the server's processor time for one request in microseconds.
async fn ask<'t>(
    server: &Server,
    count: usize,
    status: u16,
    shown: impl Fn(usize) -> Option<&'t String>,
) -> Result<f64> {
    let mut client = Client::new(server.addr);
    let scope: Scope = server.scope();
    many::settled(scope).await;
    let meter = Meter::start(scope);
    for number in 0..count {
        http::show(shown(number).map(String::as_str));
        let answer = client.call("GET", PATH, "").await?;
        ensure!(answer.status == status, "HTTP {} instead of {status}: {}", answer.status, answer.body);
    }
    Ok(meter.read().server_ms(count) * 1e3)
}

/// Has this thread's clients show a key of somebody, where the server wants one.
async fn become_somebody(addr: SocketAddr, wants_one: bool) -> Result<()> {
    if wants_one {
        let key = key(addr).await?;
        http::show(Some(&key));
    }
    Ok(())
}

/// A new API key.
async fn key(addr: SocketAddr) -> Result<String> {
    http::show(Some(ADMIN));
    let body = serde_json::json!({"name": "bench", "owner": "ada", "scopes": SCOPES}).to_string();
    let made = Client::new(addr).call("POST", "/api/v1/keys", &body).await?.success()?;
    let key = text_field(made.as_bytes(), "key").context("no key in the answer")?;
    Ok(String::from_utf8_lossy(key).into_owned())
}

/// Publishes events to sockets of one owner; gives the server's processor time for one delivery in microseconds.
async fn delivery(args: &Args, server: &Server) -> Result<f64> {
    let publisher = Publisher::start(Kind::Memory, server.addr).await?;
    let mut audience = Audience::new();
    audience.join(Kind::Memory, server.addr, args.sockets, false).await?;
    let outcome = audience.closed_loop(&publisher, server.scope(), WINDOW, args.load.seconds).await?;
    ensure!(audience.lost() == 0, "{} sockets were closed", audience.lost());
    drop(audience);
    publisher.end()?;
    Ok(outcome.server_us())
}

fn table(args: &Args, rounds: &[Round]) -> Result<String> {
    let mut text = String::new();
    let Args { requests, sockets, load, .. } = args;
    writeln!(
        text,
        "{}. Medians of {} rounds: {requests} requests `GET {PATH}` with each credential, one after the other; {} clients with\n\
         complete sessions for {} s (`full`); events to {sockets} sockets of their owner, {WINDOW} under way.\n",
        results::machine(),
        rounds.len(),
        load.clients,
        load.seconds,
    )?;
    writeln!(text, "| | | beside the first |\n|---|---:|---:|")?;
    let mut first = f64::NAN;
    for (row, (name, _)) in rounds.first().into_iter().flatten().enumerate() {
        let figure = median(rounds.iter().filter_map(|round| round.get(row)).map(|(_, figure)| *figure));
        let is_first = name.contains("without identity");
        let beside = match (is_first, name.split_once(", ")) {
            (true, _) => String::new(),
            // Those of requests are read as what they cost more, the others as a share.
            (false, None) => format!("{:+.1}", figure - first),
            (false, Some(_)) => format!("{:.1} %", 100.0 * figure / first),
        };
        if is_first {
            first = figure;
        }
        let digits = if figure < 10.0 {
            3
        } else if figure < 1000.0 {
            1
        } else {
            0
        };
        writeln!(text, "| {name} | {figure:.digits$} | {beside} |")?;
    }
    Ok(text)
}
