//! This server as one of several: it takes up the sessions and live workflows of the slots that come to it, and lets go
//! of those of slots that leave it.
//!
//! **Owns** nothing but the order: what becomes of slots is done one after another, as the store says it. **Hears** the
//! store. **Tells** the directories, the supervisor of live workflows and the hub. **Ends** with the server.

mod answers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

pub(crate) use answers::responders;

use crate::cluster::view::moved;
use crate::domain::id::Slot;
use crate::hub::Hub;
use crate::hub::close::CloseCode;
use crate::hub::messages::CloseEverybody;
use crate::metrics;
use crate::session::Directory;
use crate::session::elsewhere::messages::{DropSlots, Followers, LetGoOfSlots, MemberLeft, ReadSlotsAgain, TakeSlots};
use crate::store::{Cluster, Error, Fence, Pending, SlotChange, Store, View};
use crate::suspects::{Concerned, Suspects, TakenUp};
use crate::workflow::kept::{WasLive, were_live};
use crate::workflow::supervisor::Supervisor;
use crate::workflow::supervisor::messages::{LetGoOfWorkflows, OwnersChanged, TakeUp};

/// The pause before the store is asked again that did not answer.
const AGAIN: Duration = Duration::from_millis(100);
/// How long it may take until this server sees what it has given away.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// Who hears what becomes of slots.
#[derive(Clone)]
pub(crate) struct Housemates {
    pub(crate) directories: Arc<[Addr<Directory>]>,
    pub(crate) supervisor: Addr<Supervisor>,
    pub(crate) hub: Addr<Hub>,
}

/// See the module.
pub(crate) struct Member {
    store: Store,
    cluster: Cluster,
    housemates: Housemates,
    /// Whether everything was handed over, or there is nobody to take it.
    relieved: watch::Sender<bool>,
    /// What of what came has yet to show that it does not end the server.
    suspects: Suspects,
    concerned: Concerned,
    metrics: metrics::Cluster,
}

/// How the server leaves the others.
#[derive(Clone)]
pub(crate) struct Retirement {
    cluster: Cluster,
    relieved: watch::Receiver<bool>,
}

impl Retirement {
    /// Hands all slots over to other members, for as long as that may take; gives whether there are any others.
    pub(crate) async fn retire(mut self, limit: Duration) -> bool {
        let view = self.cluster.view();
        self.cluster.retire();
        if timeout(limit, self.relieved.wait_for(|is_relieved| *is_relieved)).await.is_err() {
            log::warn!(
                "not all sessions were handed over in time; the other servers take them up once this one has gone"
            );
        }
        let (me, members) = {
            let view = view.borrow();
            (view.me, view.members.len())
        };
        log::info!(member:% = me, members; "this server has left the others");
        members > 1
    }
}

impl Member {
    /// Takes part in the cluster from now on.
    pub(crate) fn start(
        store: &Store,
        cluster: &Cluster,
        changes: mpsc::Receiver<SlotChange>,
        housemates: Housemates,
        (suspects, concerned): (Suspects, Concerned),
    ) -> Retirement {
        let (relieved, hears) = watch::channel(false);
        let retirement = Retirement { cluster: cluster.clone(), relieved: hears };
        cluster.serve();
        let (store, cluster, metrics) = (store.clone(), cluster.clone(), concerned.metrics.cluster());
        let member = Self { store, cluster, housemates, relieved, suspects, concerned, metrics };
        actix::spawn(member.run(changes));
        retirement
    }

    async fn run(mut self, mut changes: mpsc::Receiver<SlotChange>) {
        let mut views = self.cluster.view();
        let mut seen = Arc::clone(&views.borrow_and_update());
        self.count(&seen);
        loop {
            tokio::select! {
                change = changes.recv() => {
                    // The store is closed where there is none.
                    let Some(change) = change else { return };
                    for change in together(change, &mut changes) {
                        self.follow(change).await;
                    }
                }
                () = sleep(self.suspects.pause()), if !self.suspects.is_empty() => {
                    self.suspects.look(&self.concerned).await;
                }
                changed = views.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = Arc::clone(&views.borrow_and_update());
                    self.look(&seen, &now);
                    self.count(&now);
                    seen = now;
                }
            }
        }
    }

    fn count(&self, view: &View) {
        let unowned = Slot::all().filter(|slot| view.owner(*slot).is_none()).count();
        self.metrics.seen(view.members.len(), view.slots_of(view.me).count(), unowned, view.lag);
    }

    /// Does what follows from a change.
    async fn follow(&mut self, change: SlotChange) {
        match change {
            SlotChange::Taken(slots) => {
                self.metrics.taken.inc_by(slots.len() as u64);
                self.take_up(slots).await;
            }
            SlotChange::Lost(slots) => {
                self.metrics.lost.inc_by(slots.len() as u64);
                self.drop_slots(&slots, Followers::ReadOn);
            }
            SlotChange::HandOver { slots, to } => self.hand_over(slots, to).await,
            SlotChange::Relieved => drop(self.relieved.send_replace(true)),
            SlotChange::Fenced => self.begin_anew().await,
            SlotChange::Joined(fence) => {
                log::info!(member:% = fence; "this server belongs to the others again");
                self.cluster.serve();
            }
        }
    }

    /// Sees who has come and gone, and which slots have other owners.
    fn look(&self, before: &Arc<View>, now: &Arc<View>) {
        for gone in before.members.iter().filter(|member| now.member(member.fence).is_none()) {
            log::info!(member:% = gone.id, address:% = gone.advertise; "a server has left the others, or was taken for dead");
            self.notify_directories(MemberLeft { member: gone.fence });
        }
        for new in now.members.iter().filter(|member| before.member(member.fence).is_none()) {
            log::info!(member:% = new.id, address:% = new.advertise; "a server has joined");
        }
        let slots = moved(before, now);
        if !slots.is_empty() {
            self.housemates.read_again(slots);
        }
    }

    async fn take_up(&mut self, slots: Vec<Slot>) {
        let pending = until_answered("sessions", || self.store.pending_in(slots.clone())).await;
        let mut live = until_answered("live workflows", || were_live(&self.store)).await;
        live.retain(|live| live.paused.is_none() && slots.contains(&live.key.slot()));
        let TakenUp { mut apart, workflows } = self.judge(&slots, &pending, &live).await;
        let workers = self.housemates.directories.len();
        let mut of_workers = HashMap::<usize, Vec<Pending>>::new();
        for session in pending {
            of_workers.entry(session.id.worker(workers)).or_default().push(session);
        }
        for (worker, directory) in self.housemates.directories.iter().enumerate() {
            let pending = of_workers.remove(&worker).unwrap_or_default();
            let of_worker = pending.iter().filter_map(|session| Some((session.id, apart.remove(&session.id)?)));
            let quarantine = of_worker.collect();
            directory.do_send(TakeSlots { slots: slots.clone(), pending, quarantine });
        }
        if !workflows.is_empty() {
            self.housemates.supervisor.do_send(TakeUp { workflows });
        }
    }

    /// Decides what of this goes on; all of it, where this server is no member any more.
    async fn judge(&mut self, slots: &[Slot], pending: &[Pending], live: &[WasLive]) -> TakenUp {
        let view = self.cluster.view();
        loop {
            match self.suspects.take_up(slots, pending, live).await {
                Ok(taken_up) => {
                    self.suspects.report(&self.concerned);
                    return taken_up;
                }
                Err(error) => log::debug!(error:%; "what goes on could not be written; it is tried again"),
            }
            if !slots.iter().any(|slot| view.borrow().is_mine(*slot)) {
                return TakenUp::default();
            }
            sleep(AGAIN).await;
        }
    }

    async fn hand_over(&mut self, slots: Vec<Slot>, to: Fence) {
        let let_go = LetGoOfSlots { slots: slots.clone() };
        join_all(self.housemates.directories.iter().map(|directory| directory.send(let_go.clone()))).await;
        // A supervisor that is gone has let go.
        let _ = self.housemates.supervisor.send(LetGoOfWorkflows { slots: slots.clone() }).await;
        let given = self.cluster.give(slots.clone(), to).await;
        match &given {
            Ok(()) => {
                self.metrics.handed_over.inc_by(slots.len() as u64);
                // Until it is seen, who follows would come back to this server.
                let mut view = self.cluster.view();
                let _ = timeout(SEEN_WITHIN, view.wait_for(|view| !slots.iter().any(|slot| view.is_mine(*slot)))).await;
            }
            Err(error) => {
                log::warn!(slots = slots.len(), error:%; "a part of the sessions could not be handed over");
            }
        }
        self.drop_slots(&slots, Followers::ReadOn);
        if given.is_err() {
            let view = Arc::clone(&self.cluster.view().borrow());
            let kept: Vec<Slot> = slots.into_iter().filter(|slot| view.is_mine(*slot)).collect();
            self.take_up(kept).await;
        }
    }

    /// This server was taken for dead: everything is dropped, and it joins again as a new one.
    async fn begin_anew(&mut self) {
        self.metrics.fenced.inc();
        log::warn!("the other servers have taken this one for dead: it drops its sessions and joins again");
        let all: Vec<Slot> = Slot::all().collect();
        self.suspects.let_go(&all);
        let dropped = DropSlots { slots: all.clone(), followers: Followers::Close };
        let dropping = self.housemates.directories.iter().map(|directory| directory.send(dropped.clone()));
        join_all(dropping).await;
        self.housemates.supervisor.do_send(LetGoOfWorkflows { slots: all });
        self.housemates.hub.do_send(CloseEverybody { code: CloseCode::GoingAway });
        until_answered("membership", || self.store.rejoin()).await;
    }

    fn drop_slots(&mut self, slots: &[Slot], followers: Followers) {
        self.suspects.let_go(slots);
        self.notify_directories(DropSlots { slots: slots.to_vec(), followers });
        self.housemates.supervisor.do_send(LetGoOfWorkflows { slots: slots.to_vec() });
    }

    fn notify_directories<M>(&self, message: M)
    where
        M: actix::Message<Result = ()> + Clone + Send + 'static,
        Directory: actix::Handler<M>,
    {
        for directory in &*self.housemates.directories {
            directory.do_send(message.clone());
        }
    }
}

impl Housemates {
    /// Has what is followed here of these slots read again, as something of it may have been lost.
    pub(crate) fn read_again(&self, slots: Vec<Slot>) {
        for directory in &*self.directories {
            directory.do_send(ReadSlotsAgain { slots: slots.clone() });
        }
        self.supervisor.do_send(OwnersChanged { slots });
    }
}

/// A change and those that have come behind it; slots that come one after another are taken up at once.
fn together(first: SlotChange, changes: &mut mpsc::Receiver<SlotChange>) -> Vec<SlotChange> {
    let mut all = vec![first];
    while let Ok(next) = changes.try_recv() {
        match (all.last_mut(), next) {
            (Some(SlotChange::Taken(slots)), SlotChange::Taken(more)) => slots.extend(more),
            (_, next) => all.push(next),
        }
    }
    all
}

/// What the store answers in the end.
async fn until_answered<T, F>(what: &str, ask: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, Error>>,
{
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => {
                log::debug!(what, error:%; "the store does not answer; it is asked again");
                sleep(AGAIN).await;
            }
        }
    }
}
