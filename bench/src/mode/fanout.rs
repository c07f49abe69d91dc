//! `fanout`: many sockets on one session that streams: what a delivered message costs.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::Client;
use crate::many;
use crate::session;
use crate::socket::Socket;
use crate::target::{Running, Target};
use crate::usage::{Meter, Scope, Usage};

const AT_ONCE: usize = 16;
const MOST_WAIT: Duration = Duration::from_secs(10);
const CALM: Duration = Duration::from_millis(300);
const MOST_STEPS: f64 = 100_000.0;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Sockets
    #[arg(long, default_value_t = 1000)]
    sockets: usize,
    /// What streams
    #[arg(long, value_enum, default_value = "lines")]
    source: Source,
    /// With lines: messages under way at most, one measurement for each
    #[arg(long, value_delimiter = ',', default_value = "1,16")]
    outstanding: Vec<u64>,
    /// With steps: milliseconds between two, one measurement for each
    #[arg(long, value_delimiter = ',', default_value = "50,5")]
    step_delay_ms: Vec<u32>,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
}

/// What streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// A command task whose lines the harness asks for; needs a server that the harness starts
    Lines,
    /// simulate_streaming at a pace
    Steps,
}

/// What all sockets together have got.
#[derive(Default)]
struct Tally {
    messages: Cell<u64>,
    bytes: Cell<u64>,
    reads: Cell<u64>,
    lost: Cell<usize>,
    arrived: Notify,
}

/// Streams to many sockets.
pub async fn run(args: Args) -> Result<()> {
    ensure!(args.sockets > 0, "needs a socket at least");
    match args.source {
        Source::Lines => lines(&args).await,
        Source::Steps => steps(&args).await,
    }
}

async fn lines(args: &Args) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut running = args.target.open_with_lines(Some(listener.local_addr()?)).await?;
    let scope = running.own()?.scope_alone();
    let id = session::start(&mut Client::new(running.addr), r#"{"task":"lines"}"#).await?;
    let (mut control, _) = timeout(MOST_WAIT, listener.accept()).await.context("the task does not ask for lines")??;
    control.set_nodelay(true)?;
    control.write_all(b".").await?;
    let (tally, readers) = watch(running.addr, &id, args.sockets).await?;
    for window in &args.outstanding {
        calm(&tally).await;
        let usage = closed_loop(&tally, &mut control, args, *window, scope).await?;
        report(&tally, args.sockets, &format!("{window} outstanding"), &usage);
    }
    drop((control, readers));
    running.close().await
}

/// Keeps `window` messages under way until time is up. A message counts as arrived once there are as many deliveries as
/// it takes for all sockets to have it.
async fn closed_loop(tally: &Tally, control: &mut TcpStream, args: &Args, window: u64, scope: Scope) -> Result<Usage> {
    let sockets = args.sockets as u64;
    let (mut asked, end) = (0, Instant::now() + Duration::from_secs_f64(args.seconds));
    tally.reset();
    let meter = Meter::start(scope);
    loop {
        let arrived = tally.messages.get() / sockets;
        let more = if Instant::now() < end { (arrived + window).saturating_sub(asked) } else { 0 };
        if more == 0 && arrived >= asked {
            return Ok(meter.read());
        }
        if more > 0 {
            control.write_all(&vec![b'.'; usize::try_from(more)?]).await?;
            asked += more;
        }
        let waited = timeout(MOST_WAIT, tally.arrived.notified()).await;
        let lost = tally.lost.get();
        waited.with_context(|| format!("messages do not arrive; {lost} sockets were closed"))?;
    }
}

async fn steps(args: &Args) -> Result<()> {
    let running = args.target.open().await?;
    let scope = match running.scope {
        Scope::Tree(pid) => Scope::Alone(pid),
        other @ (Scope::Alone(_) | Scope::Unknown) => other,
    };
    for delay in &args.step_delay_ms {
        paced(&running, scope, args, *delay).await?;
    }
    running.close().await
}

async fn paced(running: &Running, scope: Scope, args: &Args, delay: u32) -> Result<()> {
    // The time that it takes to open the sockets is not known before: steps for half a minute more, then it is cancelled.
    let steps = ((args.seconds + 30.0) * 1e3 / f64::from(delay.max(1))).min(MOST_STEPS);
    let body = format!(r#"{{"task":"simulate_streaming","config":{{"steps":{steps:.0},"step_delay_ms":{delay}}}}}"#);
    let mut client = Client::new(running.addr);
    let id = session::start(&mut client, &body).await?;
    let (tally, readers) = watch(running.addr, &id, args.sockets).await?;
    tally.reset();
    let meter = Meter::start(scope);
    sleep(Duration::from_secs_f64(args.seconds)).await;
    let usage = meter.read();
    report(&tally, args.sockets, &format!("a step every {delay} ms"), &usage);
    drop(readers);
    // Peers have no way to cancel; their session runs out by itself.
    let _ = client.call("POST", &format!("/cancel-task/{id}"), "").await;
    Ok(())
}

async fn watch(addr: SocketAddr, id: &str, count: usize) -> Result<(Rc<Tally>, JoinSet<()>)> {
    let id = id.to_owned();
    let sockets = many::each(addr, count, AT_ONCE, async move |_, _| {
        let mut socket = session::attach(addr, &id).await?;
        session::until(&mut socket, "stream").await?;
        Ok(socket)
    });
    let tally = Rc::new(Tally::default());
    let mut readers = JoinSet::new();
    for socket in sockets.await? {
        readers.spawn_local(read(socket, tally.clone(), count as u64));
    }
    Ok((tally, readers))
}

async fn read(mut socket: Socket, tally: Rc<Tally>, sockets: u64) {
    while let Ok(batch) = socket.next_batch().await {
        let before = tally.messages.get();
        tally.messages.set(before + batch.messages as u64);
        tally.bytes.set(tally.bytes.get() + batch.bytes as u64);
        tally.reads.set(tally.reads.get() + 1);
        if before / sockets != tally.messages.get() / sockets {
            tally.arrived.notify_one();
        }
    }
    tally.lost.set(tally.lost.get() + 1);
}

/// Waits until what the sockets were to get beforehand, such as replays, has come.
async fn calm(tally: &Tally) {
    loop {
        let before = tally.messages.get();
        sleep(CALM).await;
        if before == tally.messages.get() {
            return;
        }
    }
}

impl Tally {
    fn reset(&self) {
        self.messages.set(0);
        self.bytes.set(0);
        self.reads.set(0);
    }
}

fn report(tally: &Tally, sockets: usize, what: &str, usage: &Usage) {
    let (messages, bytes, reads) = (tally.messages.get(), tally.bytes.get(), tally.reads.get());
    let each = |total: f64| total / messages as f64;
    let micros = |time: Duration| each(time.as_secs_f64() * 1e6);
    println!(
        "{sockets} sockets, {what}: {messages} deliveries, {:.0} a second",
        messages as f64 / usage.wall.as_secs_f64()
    );
    println!(
        "  processor time of a delivery: server {:.3} µs, driver {:.3} µs",
        micros(usage.server),
        micros(usage.driver)
    );
    println!("  {:.1} bytes a message, {:.1} messages a read", each(bytes as f64), messages as f64 / reads as f64);
    println!("  {}", usage.load());
    if tally.lost.get() > 0 {
        println!("  {} sockets were closed", tally.lost.get());
    }
}
