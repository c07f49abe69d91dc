//! Threads that are started while the server runs: where the system refuses one, that is an error and not a panic.

use std::io;
use std::thread;

/// Why something was not done on a thread of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system starts no more threads for this process.
    #[error("the system starts no more threads: {0}")]
    Refused(#[from] io::Error),
    /// It panicked, or the server goes down.
    #[error("it was broken off")]
    BrokenOff,
}

/// Checks that the system starts another thread, by starting one that does nothing. For those who start threads only in
/// ways that panic where they cannot.
///
/// # Errors
/// What the system says.
pub(crate) fn check() -> Result<(), Error> {
    Ok(thread::Builder::new().name("check".into()).stack_size(16_384).spawn(|| {}).map(drop)?)
}

/// Does something that blocks or computes for long beside the event loop.
///
/// # Errors
/// Where there is no thread for it, or it panics.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    check()?;
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::BrokenOff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_panics_is_an_error() {
        assert_eq!(blocking(|| 1 + 1).await.ok(), Some(2));
        let panics = || -> u8 { std::panic::panic_any("broken") };
        assert!(matches!(blocking(panics).await, Err(Error::BrokenOff)));
    }
}
