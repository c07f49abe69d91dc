//! The server's own numbers; of several servers, those of all of them together.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use super::elsewhere::{HistoryThere, NumbersThere, PastNumbers};
use crate::cluster::{Cluster, Responders, Response};
use crate::domain::time::Timestamp;
use crate::metrics::{Numbers, Snapshot, over_all};
use crate::store::{Fence, View};

/// How long another server has for its numbers. What is slower is left out: `members` says whose they are.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module. Cloning shares it.
#[derive(Clone)]
pub struct AllNumbers {
    own: Numbers,
    cluster: Option<Cluster>,
}

impl AllNumbers {
    /// Those of this server, and of the others of its cluster.
    #[must_use]
    pub(crate) fn new(own: Numbers, cluster: Option<Cluster>) -> Self {
        Self { own, cluster }
    }

    /// The latest.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        let own = self.own.snapshot();
        let Some(cluster) = &self.cluster else { return own };
        let theirs = cluster.ask_others_within(PATIENCE, &NumbersThere {}).await;
        let view = cluster.view();
        let mut sum = of_member(&own, view.me, &view);
        theirs.into_iter().for_each(|(fence, numbers)| sum.add(&of_member(&numbers, fence, &view)));
        Arc::new(sum)
    }

    /// Those of the last so many seconds, of which one out of `each` is given; they are `apart` seconds from each other, the
    /// oldest first.
    pub(crate) async fn history(&self, seconds: u64, each: usize, apart: f64) -> Vec<Arc<Snapshot>> {
        let own = self.own.history(seconds, each);
        let Some(cluster) = &self.cluster else { return own };
        let theirs = cluster.ask_others_within(PATIENCE, &HistoryThere { seconds, each }).await;
        let (view, now) = (cluster.view(), Timestamp::now().as_secs_f64());
        let whose = |fence, numbers: Vec<Arc<Snapshot>>, ahead: f64| -> Vec<Arc<Snapshot>> {
            let shifted = |one: Arc<Snapshot>| {
                let one = of_member(&one, fence, &view);
                Arc::new(Snapshot { time: one.time - ahead, ..one })
            };
            numbers.into_iter().map(shifted).collect()
        };
        let mut all = vec![whose(view.me, own, 0.0)];
        all.extend(theirs.into_iter().map(|(fence, PastNumbers { at, snapshots })| whose(fence, snapshots, at - now)));
        over_all(all, apart)
    }

    /// Has what others ask of the numbers of this server answered.
    pub(crate) fn answer(&self, responders: Responders) -> Responders {
        let (now, past) = (self.own.clone(), self.own.clone());
        responders.on(move |_, NumbersThere {}: NumbersThere| ready(Response::Answer(now.snapshot()))).on(
            move |_, HistoryThere { seconds, each }: HistoryThere| {
                let snapshots = past.history(seconds, each);
                ready(Response::Answer(PastNumbers { at: Timestamp::now().as_secs_f64(), snapshots }))
            },
        )
    }
}

impl fmt::Debug for AllNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllNumbers").finish_non_exhaustive()
    }
}

/// The same, with the name of the server whose they are; one that has just gone has that of its membership alone.
fn of_member(numbers: &Snapshot, fence: Fence, view: &View) -> Snapshot {
    let incarnation = fence.to_string();
    let member = view.member(fence).map_or_else(|| incarnation.clone(), |member| member.id.to_string());
    numbers.clone().of_member(&member, &incarnation)
}
