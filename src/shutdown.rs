//! When to stop, and how: nothing new, sockets notified, journals written.

use std::time::Duration;

use actix::Addr;
use futures::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::hub::close::CloseCode;
use crate::hub::{CloseAll, CountConnections, Hub};
use crate::session::Directory;
use crate::session::protocol::Drain;

/// How often to look whether all connections have gone.
const LOOK: Duration = Duration::from_millis(20);

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// Where the process cannot listen to signals.
pub(crate) async fn signalled() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => log::info!(signal = "SIGTERM"; "stopping"),
        _ = interrupt.recv() => log::info!(signal = "SIGINT"; "stopping"),
    }
    Ok(())
}

/// Lets all tasks go, closes every socket with this code, and waits until they have gone or `limit` has passed.
pub(crate) async fn drain(directories: &[Addr<Directory>], hub: &Addr<Hub>, code: CloseCode, limit: Duration) {
    let deadline = Instant::now() + limit;
    let letting_go = join_all(directories.iter().map(|directory| directory.send(Drain)));
    if tokio::time::timeout(limit, letting_go).await.is_err() {
        log::warn!("some tasks did not let go in time");
    }
    hub.do_send(CloseAll { code });
    while Instant::now() < deadline {
        sleep(LOOK).await;
        if hub.send(CountConnections).await.unwrap_or(0) == 0 {
            return;
        }
    }
    log::warn!("some connections did not close in time and are cut");
}
