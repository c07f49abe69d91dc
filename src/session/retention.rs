//! How ended sessions are removed once their time is over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;

use crate::cluster::Cluster;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::session::directory::Directory;
use crate::session::elsewhere::questions::SessionsRemoved;
use crate::session::protocol::Forget;
use crate::store::Store;

/// How often it is looked for sessions to remove.
const EVERY: Duration = Duration::from_secs(30);
/// How many are removed in one commit, so that others need not wait long for theirs.
const BATCH: usize = 200;

/// Removes sessions that ended more than `retention` seconds ago, for ever; none where that is 0.
/// With several servers, each removes those of its own slots, and lets the others know.
pub(crate) async fn run(store: Store, directories: Arc<[Addr<Directory>]>, cluster: Option<Cluster>, retention: f64) {
    let Ok(retention) = Duration::try_from_secs_f64(retention) else { return };
    if retention.is_zero() {
        return;
    }
    let every = EVERY.min(retention).max(Duration::from_millis(100));
    loop {
        tokio::time::sleep(every).await;
        match store.purge(Timestamp::now().minus(retention), BATCH).await {
            Ok(removed) => {
                if let Some(cluster) = cluster.as_ref().filter(|_| !removed.is_empty()) {
                    cluster.notify_others(&SessionsRemoved { sessions: removed.clone() }, &[]);
                }
                forget(&directories, removed);
            }
            Err(error) => log::warn!(error:%; "old sessions could not be removed"),
        }
    }
}

/// Lets these directories know that sessions are gone from the store.
pub(crate) fn forget(directories: &[Addr<Directory>], removed: Vec<SessionId>) {
    let mut by_worker: HashMap<usize, Vec<SessionId>> = HashMap::new();
    for id in removed {
        by_worker.entry(id.worker(directories.len())).or_default().push(id);
    }
    for (worker, sessions) in by_worker {
        if let Some(directory) = directories.get(worker) {
            directory.do_send(Forget { sessions });
        }
    }
}
