//! What the system knows of the process, under the names that Prometheus clients agree on. Linux only.

use std::fmt::Write as _;
use std::fs;

/// Adds what can be read; what cannot is left out.
pub(super) fn render_to(text: &mut String) {
    let told = [
        ("process_cpu_seconds_total", "counter", "Processor time of the process in seconds", cpu_seconds()),
        ("process_resident_memory_bytes", "gauge", "Memory of the process in bytes", resident_bytes()),
        ("process_open_fds", "gauge", "File descriptors that are open", open_descriptors()),
        ("process_threads", "gauge", "Threads of the process", threads()),
    ];
    for (name, kind, help, value) in told {
        if let Some(value) = value {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
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
