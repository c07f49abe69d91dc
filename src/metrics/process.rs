//! What the system knows of the process, under the names that Prometheus clients agree on. Linux only.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

use super::names;

/// Reads the process when metrics are gathered. The library's own collector counts descriptors by listing them, which
/// holds the worker where there are thousands of sockets.
#[derive(Clone, Debug)]
pub(super) struct Process {
    cpu_seconds: Counter,
    resident_bytes: Gauge,
    open_descriptors: Gauge,
    threads: Gauge,
}

impl Process {
    pub(super) fn new() -> prometheus::Result<Self> {
        Ok(Self {
            cpu_seconds: Counter::new(names::CPU_SECONDS, "Processor time of the process in seconds")?,
            resident_bytes: Gauge::new(names::RESIDENT_BYTES, "Memory of the process in bytes")?,
            open_descriptors: Gauge::new("process_open_fds", "File descriptors that are open")?,
            threads: Gauge::new("process_threads", "Threads of the process")?,
        })
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = [&self.resident_bytes, &self.open_descriptors, &self.threads];
        self.cpu_seconds.desc().into_iter().chain(gauges.into_iter().flat_map(Collector::desc)).collect()
    }

    /// What cannot be read is left out.
    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = Vec::new();
        if let Some(seconds) = cpu_seconds() {
            self.cpu_seconds.reset();
            self.cpu_seconds.inc_by(seconds);
            families.extend(self.cpu_seconds.collect());
        }
        let gauges = [
            (&self.resident_bytes, resident_bytes()),
            (&self.open_descriptors, open_descriptors()),
            (&self.threads, threads()),
        ];
        for (gauge, value) in gauges {
            if let Some(value) = value {
                gauge.set(value);
                families.extend(gauge.collect());
            }
        }
        families
    }
}

fn cpu_seconds() -> Option<f64> {
    let ticks: u64 = field_of_stat(11)?.checked_add(field_of_stat(12)?)?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn threads() -> Option<f64> {
    field_of_stat(17).map(|threads| threads as f64)
}

/// A number of `/proc/self/stat`, counted from 0 behind the name; that may hold spaces and parentheses itself.
fn field_of_stat(index: usize) -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(index)?.parse().ok()
}

fn resident_bytes() -> Option<f64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some((pages * rustix::param::page_size() as u64) as f64)
}

/// Since Linux 6.2 the folder's size is their number. Counting its entries would hold the worker with many sockets.
fn open_descriptors() -> Option<f64> {
    let count = fs::metadata("/proc/self/fd").ok()?.len();
    (count > 0).then_some(count as f64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_this_process() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1e6));
        assert!(threads().is_some_and(|threads| (1.0..1e5).contains(&threads)));
        assert!(cpu_seconds().is_some_and(|seconds| (0.0..1e6).contains(&seconds)));
    }
}
