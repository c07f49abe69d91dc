//! The thread that looks who is a member and who owns what: it publishes that as a view, buries who has died, takes slots
//! that nobody owns, says which are to be handed over, and notices when others have taken this server for dead.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callboard_domain::id::Slot;
use tokio::sync::{mpsc, watch};

use super::clock;
use super::heart::Heart;
use super::link::{Failure, Link};
use super::membership::{self, Intent, Registry, Says};
use super::observer::{Observer, SAFE_FOR, SUSPECTED_AFTER};
use super::place::Place;
use crate::cluster::relay::Heard;
use crate::cluster::{Member, MemberState, Request, SlotChange, View, balance};
use crate::engine::Standing;
use crate::fence::fenced;
use crate::query::Reply;
use crate::{Error, Fence};

/// How often it is looked while nothing is heard of a change.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The handle of the thread.
#[derive(Debug)]
pub(super) struct Lookout {
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread begins with.
pub(super) struct Post {
    pub(super) link: Link,
    pub(super) place: Arc<Place>,
    pub(super) me: Fence,
    pub(super) says: Says,
    pub(super) heart: Heart,
    /// Makes the heart of a later membership.
    pub(super) new_heart: Box<dyn Fn(Fence) -> Result<Heart, Error> + Send>,
    pub(super) view: watch::Sender<Arc<View>>,
    pub(super) changes: mpsc::Sender<SlotChange>,
    /// Learns that this server serves.
    pub(super) begins: watch::Sender<bool>,
    /// Learns up to where the log of events goes.
    pub(super) relay: SyncSender<Heard>,
}

impl Lookout {
    /// Starts the thread, which answers these requests.
    pub(super) fn start(post: Post, requests: Sender<Request>, requested: Receiver<Request>) -> Result<Self, Error> {
        let watch = Watch {
            post,
            requested,
            is_member: true,
            has_news: false,
            observer: Observer::default(),
            turn: String::new(),
            members: Vec::new(),
            view: View::new(Fence::random()),
            handing_over: Vec::new(),
            is_relieved: false,
            changes: VecDeque::new(),
        };
        let thread = std::thread::Builder::new()
            .name("store-members".into())
            .spawn(move || watch.run())
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        Ok(Self { requests, thread: Some(thread) })
    }

    /// Says that this server is a member anew.
    pub(super) fn joined(&self, fence: Fence) {
        drop(self.requests.send(Request::Joined(fence)));
    }
}

/// Leaves the cluster.
impl Drop for Lookout {
    fn drop(&mut self) {
        drop(self.requests.send(Request::Stop));
        if let Some(thread) = self.thread.take() {
            // One that panicked has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Watch {
    post: Post,
    requested: Receiver<Request>,
    /// Whether this server is one, as far as it knows.
    is_member: bool,
    /// Whether the others have yet to be shown what this member says of itself.
    has_news: bool,
    observer: Observer,
    /// See [`membership::Sight`].
    turn: String,
    members: Vec<(Fence, Says)>,
    /// As it was published last, or is about to be.
    view: View,
    /// What the server was asked to hand over, and has not.
    handing_over: Vec<Slot>,
    /// Whether the server knows that there is nothing to hand over.
    is_relieved: bool,
    /// What the server has yet to receive.
    changes: VecDeque<SlotChange>,
}

impl Watch {
    fn run(mut self) {
        self.view = View::new(self.post.me);
        loop {
            let mut next = match self.requested.recv_timeout(LOOK_EVERY) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return self.leave(),
            };
            while let Some(request) = next {
                if matches!(request, Request::Stop) {
                    return self.leave();
                }
                self.answer(request);
                next = self.requested.try_recv().ok();
            }
            self.look();
        }
    }

    /// Lets the next server begin at once.
    fn leave(self) {
        let Post { mut link, place, me, heart, view, .. } = self.post;
        drop(heart);
        // The burial wakes the thread that receives, which sees by this that it is to end.
        drop(view);
        if self.is_member
            && let Err(failure) = membership::bury(&mut link, &place, me, None)
        {
            // It is seen to be dead then.
            log::warn!("this server could not leave the cluster: {}", failure.reason());
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Look | Request::Stop => {}
            Request::Serve => {
                self.post.begins.send_replace(true);
                self.intend(Intent::Serve);
            }
            Request::Retire => self.intend(Intent::Leave),
            Request::Give(slots, to, reply) => self.give(&slots, to, reply),
            Request::Joined(fence) => self.join(fence),
        }
    }

    fn intend(&mut self, intent: Intent) {
        self.post.says.intent = Some(intent);
        self.has_news = true;
    }

    fn give(&mut self, slots: &[Slot], to: Fence, reply: Reply<()>) {
        let Post { link, place, me, .. } = &mut self.post;
        let given = match membership::give(link, place, slots, *me, to) {
            Ok(true) => {
                for slot in slots {
                    set_owner(&mut self.view, *slot, Some(to));
                }
                self.handing_over.retain(|slot| !slots.contains(slot));
                // Who was given it may be gone, which only a look shows.
                self.turn.clear();
                self.publish();
                Ok(())
            }
            Ok(false) => Err(fenced()),
            Err(failure) => {
                // It may have been done: whose they are, the next look shows.
                for slot in slots {
                    set_owner(&mut self.view, *slot, None);
                }
                self.handing_over.retain(|slot| !slots.contains(slot));
                self.turn.clear();
                self.publish();
                Err(failure.into())
            }
        };
        // Whoever asked may be gone.
        let _ = reply.send(given);
    }

    /// Begins a new membership, which owns nothing.
    fn join(&mut self, fence: Fence) {
        match (self.post.new_heart)(fence) {
            Ok(heart) => self.post.heart = heart,
            // It is buried then, and tries once more.
            Err(error) => log::error!("this server cannot show that it lives: {error}"),
        }
        self.post.me = fence;
        self.is_member = true;
        // It was admitted as one that has just come.
        self.has_news = true;
        self.turn.clear();
        self.handing_over.clear();
        self.view = View { me: fence, standing: Standing::Member, ..View::new(fence) };
        self.changes.push_back(SlotChange::Joined(fence));
    }

    /// Sees how all is, and does what follows from it.
    fn look(&mut self) {
        self.say();
        if let Err(failure) = self.see() {
            log::debug!("the members cannot be seen: {}", failure.reason());
            if self.view.lag.take().is_some() {
                self.publish();
            }
            return;
        }
        if self.is_member {
            self.take();
            self.hand_over();
        }
        self.publish();
        while let Some(change) = self.changes.pop_front() {
            match self.post.changes.try_send(change) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                Err(mpsc::error::TrySendError::Full(change)) => return self.changes.push_front(change),
            }
        }
    }

    /// Shows the others what this member says of itself.
    fn say(&mut self) {
        if self.has_news && self.is_member {
            let Post { link, place, me, says, .. } = &mut self.post;
            self.has_news = membership::say(link, place, *me, says).is_err();
        }
    }

    /// Looks, and buries who has died.
    fn see(&mut self) -> Result<(), Failure> {
        let Post { link, place, me, .. } = &mut self.post;
        let me = *me;
        let mut begin = Instant::now();
        let mut sight = membership::look(link, place, &self.turn)?;
        let mut now = Instant::now();
        let mut seen = self.observer.look(now, &sight.beats, Some(me));
        seen.dead.retain(|(fence, _)| *fence != me);
        if !seen.dead.is_empty() && self.is_member {
            for (fence, beat) in seen.dead {
                if membership::bury(link, place, fence, Some(beat))? {
                    log::warn!(member:% = fence; "a member that does not show that it lives any more is taken for dead");
                }
            }
            begin = Instant::now();
            sight = membership::look(link, place, &self.turn)?;
            now = Instant::now();
        }
        let lag = now.duration_since(begin);
        clock::compare(sight.clock, lag);
        self.view.lag = Some(lag);
        // Where it is busy, the next look comes soon enough.
        let _ = self.post.relay.try_send(Heard::Last(sight.log));
        self.turn = sight.turn;
        if let Some(registry) = sight.changed {
            self.take_in(registry);
        }
        self.list_members(now);
        Ok(())
    }

    /// Compares who owns what with what was known, and notices what has become of this member's own.
    fn take_in(&mut self, Registry { members, owners }: Registry) {
        let me = self.post.me;
        self.members = members;
        let had: Vec<Slot> = self.view.slots_of(me).collect();
        self.view.owners.fill(None);
        for (slot, owner) in owners {
            set_owner(&mut self.view, slot, Some(owner));
        }
        if self.is_member && self.members.iter().all(|(fence, _)| *fence != me) {
            self.is_member = false;
            self.view.standing = Standing::Fenced;
            self.handing_over.clear();
            self.changes.clear();
            self.changes.push_back(SlotChange::Fenced);
            return;
        }
        if !self.is_member {
            return;
        }
        let taken: Vec<Slot> = self.view.slots_of(me).filter(|slot| !had.contains(slot)).collect();
        let lost: Vec<Slot> = had.into_iter().filter(|slot| self.view.owner(*slot) != Some(me)).collect();
        self.handing_over.retain(|slot| !lost.contains(slot));
        self.note(taken, SlotChange::Taken);
        self.note(lost, SlotChange::Lost);
    }

    fn note(&mut self, slots: Vec<Slot>, change: fn(Vec<Slot>) -> SlotChange) {
        if !slots.is_empty() {
            self.changes.push_back(change(slots));
        }
    }

    /// Says of each server what it is.
    fn list_members(&mut self, now: Instant) {
        let mut members: Vec<Member> = Vec::with_capacity(self.members.len());
        for (fence, says) in &self.members {
            let Some(intent) = says.intent else { continue };
            let beat_age = self.observer.age(*fence, now);
            let state = match intent {
                _ if beat_age >= SUSPECTED_AFTER => MemberState::Suspected,
                Intent::Join => MemberState::Joining,
                Intent::Serve => MemberState::Live,
                Intent::Leave => MemberState::Leaving,
            };
            members.push(Member {
                id: says.id.as_str().into(),
                fence: *fence,
                advertise: says.advertise.as_str().into(),
                format: says.format,
                state,
                beat_age,
                slots: self.view.slots_of(*fence).count(),
            });
        }
        members.sort_by(|one, other| one.id.cmp(&other.id).then(one.fence.cmp(&other.fence)));
        self.view.members = members;
    }

    /// Who takes slots.
    fn takers(&self) -> Vec<Fence> {
        let live = self.view.members.iter().filter(|member| member.state == MemberState::Live);
        live.map(|member| member.fence).collect()
    }

    /// Takes what nobody owns.
    fn take(&mut self) {
        let takers = self.takers();
        let Post { link, place, me, .. } = &mut self.post;
        // What was taken before is to be received first.
        if !takers.contains(me) || !self.changes.is_empty() {
            return;
        }
        let wanted = balance::slots_to_take(&self.view.owners, &takers, *me);
        if wanted.is_empty() {
            return;
        }
        match membership::take(link, place, &wanted, *me) {
            Ok(Some(taken)) => {
                for slot in &taken {
                    set_owner(&mut self.view, *slot, Some(*me));
                }
                self.note(taken, SlotChange::Taken);
            }
            // The next look shows it.
            Ok(None) => {}
            Err(failure) => log::warn!("slots could not be taken: {}", failure.reason()),
        }
    }

    /// Says which slot is to be another's.
    fn hand_over(&mut self) {
        let (me, leaves) = (self.post.me, self.post.says.intent == Some(Intent::Leave));
        if !self.handing_over.is_empty() || !self.changes.is_empty() {
            return;
        }
        let takers = self.takers();
        if let Some((slots, to)) = balance::next_gift(&self.view.owners, &takers, me, leaves) {
            self.handing_over.clone_from(&slots);
            self.changes.push_back(SlotChange::HandOver { slots, to });
        } else if leaves
            && (takers.is_empty() || self.view.slots_of(me).next().is_none())
            && !std::mem::replace(&mut self.is_relieved, true)
        {
            self.changes.push_back(SlotChange::Relieved);
        }
    }

    fn publish(&mut self) {
        for member in &mut self.view.members {
            let owners = self.view.owners.iter();
            member.slots = owners.filter(|owner| **owner == Some(member.fence)).count();
        }
        self.view.safe_until = self.post.heart.last_beat().map(|sent| sent + SAFE_FOR);
        self.post.view.send_replace(Arc::new(self.view.clone()));
    }
}

fn set_owner(view: &mut View, slot: Slot, owner: Option<Fence>) {
    if let Some(place) = view.owners.get_mut(usize::from(slot.number())) {
        *place = owner;
    }
}
