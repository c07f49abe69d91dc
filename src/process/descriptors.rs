//! How many files and sockets this process may have open, and how they are shared out: a pure calculation.
//!
//! Where descriptors run out, nothing can be accepted, read or started any more. So connections get what is left once
//! the store and the programs that the server runs have theirs, and WebSockets leave some connections to HTTP.

/// What a worker thread opens for its own event loop.
const OF_A_WORKER: u64 = 8;
/// What is open at the start where nobody can count it.
const USUALLY_OPEN: u64 = 64;

/// What the settings ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Connections of any kind.
    pub connections: usize,
    /// WebSockets and event streams among them.
    pub sockets: usize,
    /// Worker threads.
    pub workers: usize,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections of any kind.
    pub connections: usize,
    /// WebSockets and event streams among them.
    pub sockets: usize,
    /// Connections that are there only to be turned away.
    pub surplus: usize,
}

impl Shares {
    /// Shares out `limit` descriptors, of which `open` are in use.
    #[must_use]
    pub(crate) fn of(limit: u64, open: u64, wanted: Wanted) -> Self {
        let workers = wanted.workers as u64;
        let work = (limit / 8).clamp(8, 4096);
        let left = limit.saturating_sub(open + OF_A_WORKER * workers + work);
        let surplus = (left / 16).clamp(2, 256);
        let connections = usize_of(left.saturating_sub(surplus).max(2)).min(wanted.connections);
        let http = (connections / 8).clamp(1, 1024);
        Self { connections, sockets: (connections - http).max(1).min(wanted.sockets), surplus: usize_of(surplus) }
    }

    /// Shares out what this process may have open now.
    #[must_use]
    pub(crate) fn of_this_process(wanted: Wanted) -> Self {
        Self::of(limit(), open(), wanted)
    }
}

/// How many descriptors this process may have now.
#[must_use]
pub(crate) fn limit() -> u64 {
    rlimit::Resource::NOFILE.get_soft().unwrap_or(1024)
}

/// Raises that as far as the system allows.
pub(crate) fn raise_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!(error:%; "the limit on open files stays as it is");
    }
}

fn open() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(USUALLY_OPEN, |open| open.count() as u64)
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEFAULT: Wanted = Wanted { connections: 20_000, sockets: 10_000, workers: 2 };

    #[test]
    fn what_is_asked_for_is_given_where_there_is_room() {
        let shares = Shares::of(1 << 20, 50, DEFAULT);
        assert_eq!((shares.connections, shares.sockets), (20_000, 10_000));
        let shares = Shares::of(20_000, 50, DEFAULT);
        assert_eq!((shares.connections, shares.sockets), (17_178, 10_000));
    }

    #[test]
    fn few_descriptors_are_shared_out_with_a_reserve_for_each() {
        let shares = Shares::of(400, 50, DEFAULT);
        assert_eq!(shares, Shares { connections: 267, sockets: 234, surplus: 17 });
    }

    proptest! {
        #[test]
        fn no_more_is_given_than_there_is(limit in 100..2_000_000_u64, open in 10..60_u64, workers in 1..5_usize) {
            let shares = Shares::of(limit, open, Wanted { workers, ..DEFAULT });
            prop_assert!(shares.sockets < shares.connections, "HTTP has none: {shares:?}");
            let used = open + OF_A_WORKER * workers as u64 + (shares.connections + shares.surplus) as u64;
            prop_assert!(used <= limit.max(open + OF_A_WORKER * workers as u64 + 4), "{shares:?}");
        }
    }
}
