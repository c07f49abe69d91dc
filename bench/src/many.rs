//! Many of the same, so many at a time; and the wait until a server has nothing left to do.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::http::Client;
use crate::session::{self, APPROVAL};
use crate::socket::Socket;
use crate::usage::Scope;

const AT_ONCE: usize = 16;
const LOOK_EVERY: Duration = Duration::from_millis(500);
const CALM_SHARE: f64 = 0.02;
const CALM_LOOKS: usize = 4;
const MOST_LOOKS: usize = 60;

/// Does `work` for each of 0 to `count`, `at_once` at a time, each of these with an HTTP connection of its own. Gives
/// what came of it, in no order.
///
/// # Errors
/// The first that fails ends all.
pub async fn each<T: 'static>(
    addr: SocketAddr,
    count: usize,
    at_once: usize,
    work: impl AsyncFn(&mut Client, usize) -> Result<T> + Clone + 'static,
) -> Result<Vec<T>> {
    let next = Rc::new(Cell::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..at_once.min(count) {
        let (next, work) = (next.clone(), work.clone());
        workers.spawn_local(async move {
            let (mut client, mut done) = (Client::new(addr), Vec::new());
            loop {
                let index = next.replace(next.get() + 1);
                if index >= count {
                    return anyhow::Ok(done);
                }
                done.push(work(&mut client, index).await?);
            }
        });
    }
    let mut all = Vec::with_capacity(count);
    while let Some(done) = workers.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

/// Starts `count` sessions that wait for an answer, without a socket on any.
pub async fn start(addr: SocketAddr, count: usize) -> Result<Vec<String>> {
    each(addr, count, AT_ONCE, async |client, _| session::start(client, APPROVAL).await).await
}

/// Opens `count` sockets, shared out among the sessions `ids`, and reads on each to the question. Those that are not to
/// be kept leave again at once.
pub async fn watch(addr: SocketAddr, ids: &[String], count: usize, keep: bool) -> Result<Vec<Socket>> {
    let ids: Rc<[String]> = ids.into();
    let sockets = each(addr, count, AT_ONCE, async move |_, index| {
        let mut socket = session::attach(addr, &ids[index % ids.len()]).await?;
        session::until(&mut socket, "request_confirmation").await?;
        Ok(keep.then_some(socket))
    });
    Ok(sockets.await?.into_iter().flatten().collect())
}

/// Waits until the server has been all but idle for two seconds, half a minute at most, and gives its memory in KiB.
pub async fn settled(scope: Scope) -> f64 {
    let (mut calm, mut used) = (0, scope.cpu());
    for _ in 0..MOST_LOOKS {
        let since = Instant::now();
        sleep(LOOK_EVERY).await;
        let now = scope.cpu();
        let share = now.saturating_sub(used).as_secs_f64() / since.elapsed().as_secs_f64();
        used = now;
        calm = if share <= CALM_SHARE { calm + 1 } else { 0 };
        if calm >= CALM_LOOKS {
            break;
        }
    }
    scope.resident_kib()
}
