//! Files that somebody else writes: whether they have changed since they were last read.

use std::fs;
use std::time::SystemTime;

/// Some files, as they were when they were last looked at.
#[derive(Debug)]
pub(crate) struct WatchedFiles {
    paths: Vec<String>,
    seen: Vec<Option<(SystemTime, u64)>>,
}

impl WatchedFiles {
    /// These files as they are now: call it before they are read.
    pub(crate) fn new(paths: Vec<String>) -> Self {
        let seen = look(&paths);
        Self { paths, seen }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether one has changed since this was asked the last time.
    pub(crate) fn have_changed(&mut self) -> bool {
        let now = look(&self.paths);
        now != std::mem::replace(&mut self.seen, now.clone())
    }
}

/// When each was written, and how long it is; nothing where it is not there.
fn look(paths: &[String]) -> Vec<Option<(SystemTime, u64)>> {
    paths.iter().map(|path| fs::metadata(path).and_then(|facts| Ok((facts.modified()?, facts.len()))).ok()).collect()
}
