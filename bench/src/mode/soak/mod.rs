//! `soak`: connects, drops, stalls, floods, events and sessions for minutes; memory must stay flat.

mod churn;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::many;
use crate::target::Target;
use crate::usage::{Meter, Scope};

/// Memory may grow by this share, and by this much, from the second quarter of the time to the last.
const MOST_SHARE: f64 = 1.10;
const MOST_KIB: f64 = 4096.0;
/// How often memory is read, for the largest of a quarter.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Minutes that it takes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    #[command(flatten)]
    load: Load,
}

/// How hard it is.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Load {
    /// Sockets that listen to all events all the time, and read
    #[arg(long, default_value_t = 100)]
    listeners: usize,
    /// Clients that open sockets, stay for a moment and leave, every other one without a word
    #[arg(long, default_value_t = 20)]
    churners: usize,
    /// Clients that listen, stop reading for 45 s, and leave
    #[arg(long, default_value_t = 30)]
    stalled: usize,
    /// Clients that send as much as they can for a second, half of it nonsense
    #[arg(long, default_value_t = 4)]
    flooding: usize,
    /// Clients that run complete sessions
    #[arg(long, default_value_t = 4)]
    sessions: usize,
    /// Events of 1 KiB published in a second
    #[arg(long, default_value_t = 200.0)]
    events: f64,
}

/// How often each thing was done, by its name.
#[derive(Clone, Default)]
pub struct Counts(Rc<RefCell<BTreeMap<&'static str, u64>>>);

impl Counts {
    /// So many more of these.
    pub fn add(&self, what: &'static str, count: u64) {
        *self.0.borrow_mut().entry(what).or_default() += count;
    }
}

/// Readings of the server's memory, in KiB.
#[derive(Default)]
struct Memory {
    /// With the time since the start, in seconds.
    seen: Vec<(f64, f64)>,
}

impl Memory {
    /// The largest between two shares of `total`.
    fn most(&self, from: f64, to: f64, total: f64) -> f64 {
        let within = self.seen.iter().filter(|(at, _)| (from * total..=to * total).contains(at));
        within.map(|(_, kib)| *kib).fold(0.0, f64::max)
    }

    /// The largest of the second quarter and of the last. In the first, what a server makes once comes into being.
    fn quarters(&self, total: f64) -> (f64, f64) {
        (self.most(0.25, 0.5, total), self.most(0.75, 1.0, total))
    }
}

/// Drives the server.
///
/// # Errors
/// Memory grew, or the server stopped to answer.
pub async fn run(args: Args) -> Result<()> {
    ensure!(args.minutes > 0.0, "needs some time");
    let running = args.target.open().await?;
    let (addr, scope) = (running.addr, running.scope);
    many::start(addr, 100).await?;
    let (before, files) = (many::settled(scope).await, scope.open_files());
    println!("{:>7}  {:>9}  {:>6}  {:>6}", "minute", "memory", "files", "cores");
    println!("{:>7}  {:>5.1} MiB  {files:>6}", "start", before / 1024.0);
    let counts = Counts::default();
    let memory = drive(addr, scope, &args, &counts).await?;
    let after = many::settled(scope).await;
    println!("{:>7}  {:>5.1} MiB  {:>6}  once all have left", "end", after / 1024.0, scope.open_files());
    for (what, count) in counts.0.borrow().iter() {
        println!("  {count:>9} {what}");
    }
    running.close().await?;
    let (early, late) = memory.quarters(args.minutes * 60.0);
    println!("largest in the second quarter {:.1} MiB, in the last {:.1} MiB", early / 1024.0, late / 1024.0);
    ensure!(late <= early * MOST_SHARE + MOST_KIB, "memory grows");
    Ok(())
}

/// Lets all clients loose until time is up, and reads the server's memory meanwhile.
async fn drive(addr: SocketAddr, scope: Scope, args: &Args, counts: &Counts) -> Result<Memory> {
    let Load { listeners, churners, stalled, flooding, sessions, events } = args.load;
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(args.minutes * 60.0);
    let mut clients = JoinSet::new();
    for _ in 0..listeners {
        clients.spawn_local(churn::listen(addr, end, counts.clone()));
    }
    for number in 0..churners {
        clients.spawn_local(churn::come_and_go(addr, end, number, counts.clone()));
    }
    for number in 0..stalled {
        clients.spawn_local(churn::stall(addr, end, number, counts.clone()));
    }
    for _ in 0..flooding {
        clients.spawn_local(churn::flood(addr, end, counts.clone()));
    }
    for _ in 0..sessions {
        clients.spawn_local(churn::run_sessions(addr, end, counts.clone()));
    }
    clients.spawn_local(churn::publish(addr, end, events, counts.clone()));
    let (mut memory, mut minute, mut meter) = (Memory::default(), 1, Meter::start(scope));
    let mut next = start;
    while next < end {
        next = end.min(next + LOOK_EVERY);
        sleep_until(next.into()).await;
        let (kib, passed) = (scope.resident_kib(), start.elapsed().as_secs_f64());
        memory.seen.push((passed, kib));
        if passed >= 60.0 * f64::from(minute) {
            let usage = meter.read();
            let cores = usage.server.as_secs_f64() / usage.wall.as_secs_f64();
            println!("{minute:>7}  {:>5.1} MiB  {:>6}  {cores:>6.2}", kib / 1024.0, scope.open_files());
            meter = Meter::start(scope);
            minute += 1;
        }
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_a_quarter_counts() {
        let seen = vec![(10.0, 9.0), (30.0, 2.0), (40.0, 5.0), (60.0, 8.0), (80.0, 4.0), (100.0, 6.0)];
        assert_eq!(Memory { seen }.quarters(100.0), (5.0, 6.0));
    }
}
