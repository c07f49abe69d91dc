//! An agent of many turns beside the calls of its model alone; and many replies that stream to sockets.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use memchr::memmem;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Args, Figure};
use crate::chat::{Call, Chat, Play};
use crate::http::Client;
use crate::many;
use crate::server::{Kind, Options, Server};
use crate::session::{attach, text_field, until};
use crate::socket::Socket;
use crate::stats::median;
use crate::usage::Meter;

/// How long it may take until something comes that has to come.
const MOST_WAIT: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 16;

/// Runs an agent of many turns, then makes the same calls without a server in between. The time between the end of a reply and
/// the next call is taken at the model in both.
pub async fn turns(args: &Args, figures: &mut Vec<Figure>) -> Result<()> {
    let chat = Chat::start(Play::Turns(args.turns)).await?;
    for (kind, name, has_aim) in [
        (Kind::Full, "A turn beside the call alone, `full`, ms", true),
        (Kind::Memory, "the same, `memory:`, ms", false),
    ] {
        let server = Server::start(kind, &with_model(&args.options, &chat), None).await?;
        let mut client = Client::new(server.addr);
        let crew = crew(&mut client, args.turns + 1).await?;
        client.call("PUT", "/memory/global/bench", "\"a value\"").await?.success()?;
        many::settled(server.scope()).await;
        let meter = Meter::start(server.scope());
        let id = kickoff(&mut client, &crew).await?;
        let mut socket = attach(server.addr, &id).await?;
        timeout(MOST_WAIT, until(&mut socket, "task_completed"))
            .await
            .context("the agent does not come to its end")??;
        let usage = meter.read();
        let calls = chat.take_calls();
        ensure!(calls.len() == args.turns + 1, "{} calls instead of {}", calls.len(), args.turns + 1);
        let mut raw = Client::new(chat.addr);
        for call in &calls {
            raw.call("POST", "/v1/chat/completions", &call.body).await?.success()?;
        }
        let beside = between(&calls) - between(&chat.take_calls());
        let figure = Figure::new(name, beside);
        figures.push(if has_aim { figure.below(1.0) } else { figure });
        figures.push(Figure::new("server CPU of a turn, ms", usage.server_ms(calls.len())));
        server.stop().await?;
    }
    Ok(())
}

/// The median of the times between the end of a reply and the next call, in milliseconds.
fn between(calls: &[Call]) -> f64 {
    let pairs = calls.iter().zip(calls.iter().skip(1));
    median(pairs.map(|(one, next)| next.came.saturating_duration_since(one.answered).as_secs_f64() * 1e3))
}

/// Streams many replies, each to a socket of its own.
pub async fn deltas(args: &Args, figures: &mut Vec<Figure>) -> Result<()> {
    let chat = Chat::start(Play::Stream(Duration::from_secs(1) / args.deltas)).await?;
    let server = Server::start(Kind::Full, &with_model(&args.options, &chat), None).await?;
    let addr = server.addr;
    let crew: Rc<str> = crew(&mut Client::new(addr), 1).await?.into();
    let sockets = many::each(addr, args.streams, AT_ONCE, async move |client: &mut Client, _| {
        let id = kickoff(client, &crew).await?;
        let mut socket = attach(addr, &id).await?;
        until(&mut socket, "agent_delta").await?;
        Ok(socket)
    });
    let sockets = timeout(MOST_WAIT, sockets).await.context("not all replies stream")??;
    let counted: Rc<Cell<usize>> = Rc::default();
    let mut readers = JoinSet::new();
    for socket in sockets {
        readers.spawn_local(read(socket, counted.clone()));
    }
    // Those that began together are spread out by then.
    sleep(Duration::from_secs(1)).await;
    let (before, meter) = (counted.get(), Meter::start(server.scope()));
    sleep(Duration::from_secs_f64(args.seconds)).await;
    let (usage, count) = (meter.read(), counted.get() - before);
    ensure!(readers.try_join_next().is_none(), "a socket was closed");
    let wanted = args.streams as f64 * f64::from(args.deltas) * usage.wall.as_secs_f64();
    eprintln!("{count} deltas; {}", usage.load());
    figures.push(Figure::new("Server CPU of a delta, µs", usage.server_ms(count) * 1e3).below(20.0));
    figures.push(Figure::new("deltas that came, of those that were sent, %", 100.0 * count as f64 / wanted));
    drop(readers);
    server.stop().await
}

async fn read(mut socket: Socket, counted: Rc<Cell<usize>>) -> Result<()> {
    loop {
        let is_delta = |message: &[u8]| memmem::find(message, br#""agent_delta""#).is_some();
        let batch = socket.next_batch_of(is_delta).await?;
        counted.set(counted.get() + batch.messages);
    }
}

/// The same options, with the played model as the default one.
fn with_model(options: &Options, chat: &Chat) -> Options {
    let mut options = options.clone();
    options.set.extend([
        format!("model.default.base_url = \"http://{}/v1\"", chat.addr),
        "model.default.model = \"bench\"".to_owned(),
        "model.default.max_concurrent = 10000".to_owned(),
        "agents.max_turns = 1000000".to_owned(),
    ]);
    options
}

/// Stores a crew of one agent that does one task in so many turns at most; gives its id.
async fn crew(client: &mut Client, turns: usize) -> Result<String> {
    let agent = json!({"id": "bench", "name": "Bench", "role": "a reader", "goal": "Read.", "kind": "model",
                       "tools": ["memory_read"], "max_iter": turns});
    client.call("POST", "/api/v1/agents", &agent.to_string()).await?.success()?;
    let crew =
        json!({"name": "bench", "agents": ["bench"], "tasks": [{"name": "read", "description": "Read all there is."}]});
    let answer = client.call("POST", "/api/v1/crews", &crew.to_string()).await?.success()?;
    field(&answer, "id")
}

async fn kickoff(client: &mut Client, crew: &str) -> Result<String> {
    let answer = client.call("POST", &format!("/api/v1/crews/{crew}/kickoff"), "{}").await?.success()?;
    field(&answer, "session_id")
}

fn field(answer: &str, name: &str) -> Result<String> {
    let value = text_field(answer.as_bytes(), name).with_context(|| format!("no {name} in the answer: {answer}"))?;
    Ok(String::from_utf8_lossy(value).into_owned())
}
