//! What processes and the machine have used, read from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::process;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

/// Whose processor time and memory counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A process and all that it has started.
    Tree(u32),
    /// A process alone: the commands that it runs are somebody else's cost.
    Alone(u32),
    /// Nobody: the server's process is not known.
    Unknown,
}

impl Scope {
    fn pids(self) -> Vec<u32> {
        match self {
            Self::Tree(root) => tree(root),
            Self::Alone(pid) => vec![pid],
            Self::Unknown => Vec::new(),
        }
    }

    /// Processor time used so far, user and system, to 10 ms. Threads that have ended count, children that have ended
    /// do not.
    pub fn cpu(self) -> Duration {
        self.pids().into_iter().filter_map(stat).map(|stat| stat.cpu).sum()
    }

    /// Processor time used so far by the threads that live, to the nanosecond: for what uses next to nothing.
    pub fn cpu_of_threads(self) -> Duration {
        let threads = self.pids().into_iter().flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")));
        let times = threads.flatten().flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
        });
        times.sum()
    }

    /// How many files and sockets are open.
    pub fn open_files(self) -> usize {
        self.pids().into_iter().flat_map(|pid| fs::read_dir(format!("/proc/{pid}/fd"))).map(Iterator::count).sum()
    }

    /// The most resident memory that a process has had, in KiB; of several, all together.
    pub fn peak_kib(self) -> f64 {
        let lines = self.pids().into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
        lines.filter_map(|text| field(&text, "VmHWM:")).sum()
    }

    /// Resident memory in KiB.
    pub fn resident_kib(self) -> f64 {
        let lines = self.pids().into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
        lines.filter_map(|text| field(&text, "VmRSS:")).sum()
    }
}

/// Lets a process that has just been started run on one core only.
///
/// # Errors
/// It has gone, or may not be told so.
pub fn run_on_one_core(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("not a process id")?;
    let mut cores = CpuSet::new();
    cores.set(0);
    Ok(sched_setaffinity(Some(pid), &cores)?)
}

fn field(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

struct Stat {
    parent: u32,
    cpu: Duration,
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The command's name stands in parentheses and may hold anything, so fields are counted from the last one.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, behind_name) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, cpu: ticks(number(11)? + number(12)?) })
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    for pid in names.filter_map(|name| name.to_str()?.parse::<u32>().ok()) {
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        open.extend(children.get(&pid).into_iter().flatten());
        found.push(pid);
    }
    found
}

/// Time that the machine's processors were busy, all of them together.
fn machine() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let counts = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user, nice, system, irq and softirq: idle, iowait, steal and what guests got twice are left out.
    let busy = counts.enumerate().filter(|(index, _)| [0, 1, 2, 5, 6].contains(index));
    ticks(busy.filter_map(|(_, count)| count.parse::<u64>().ok()).sum())
}

/// Readings at the start of a measurement.
pub struct Meter {
    scope: Scope,
    at: Instant,
    server: Duration,
    driver: Duration,
    machine: Duration,
}

/// What was used since a meter was started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Wall time.
    pub wall: Duration,
    /// Processor time of the server.
    pub server: Duration,
    /// Processor time of this harness.
    pub driver: Duration,
    /// Processor time of everybody else on the machine.
    pub others: Duration,
}

impl Meter {
    /// Starts to measure.
    pub fn start(scope: Scope) -> Self {
        let driver = Scope::Alone(process::id()).cpu();
        Self { scope, at: Instant::now(), server: scope.cpu(), driver, machine: machine() }
    }

    /// What was used since.
    pub fn read(&self) -> Usage {
        let wall = self.at.elapsed();
        let server = self.scope.cpu().saturating_sub(self.server);
        let driver = Scope::Alone(process::id()).cpu().saturating_sub(self.driver);
        let others = machine().saturating_sub(self.machine).saturating_sub(server + driver);
        Usage { wall, server, driver, others }
    }
}

impl Usage {
    /// Processor time of the server for each of `count` operations, in milliseconds.
    pub fn server_ms(&self, count: usize) -> f64 {
        self.server.as_secs_f64() * 1e3 / count as f64
    }

    /// Processor time of the harness for each of `count` operations, in milliseconds.
    pub fn driver_ms(&self, count: usize) -> f64 {
        self.driver.as_secs_f64() * 1e3 / count as f64
    }

    /// How many cores others kept busy.
    pub fn others_cores(&self) -> f64 {
        self.others.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// One line on how busy the machine was.
    pub fn load(&self) -> String {
        let wall = self.wall.as_secs_f64();
        let cores = |time: Duration| time.as_secs_f64() / wall;
        let (server, driver, others) = (cores(self.server), cores(self.driver), cores(self.others));
        format!("cores busy: server {server:.2}, driver {driver:.2}, others on the machine {others:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let text = "17 (a ) b (c) S 4 17 17 0 -1 4194560 0 0 0 0 120 30 7 8 20 0 1 0 99 0 0";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.parent, stat.cpu), (4, ticks(150)));
        assert!(parse_stat("17 (cut").is_none());
    }

    #[test]
    fn this_process_is_in_its_own_tree_and_takes_memory() {
        let own = Scope::Tree(process::id());
        assert!(own.pids().contains(&process::id()));
        assert!(own.resident_kib() > 100.0 && own.peak_kib() >= own.resident_kib());
        assert_eq!(Scope::Unknown.resident_kib(), 0.0);
        assert!(Scope::Alone(process::id()).cpu_of_threads() > Duration::ZERO);
        assert!(Scope::Alone(process::id()).open_files() > 2);
    }
}
