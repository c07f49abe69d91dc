//! Which sessions are this server's, where there are several: what a directory does when slots come and go.

use std::collections::hash_map::Entry;
use std::time::Duration;

use actix::{Context, Handler, ResponseFuture};
use futures::future::join_all;
use tokio::sync::oneshot;

use crate::domain::context::Source;
use crate::domain::id::{SessionId, Slot};
use crate::domain::record::Spec;
use crate::session::directory::Directory;
use crate::session::directory::residents::Resident;
use crate::session::elsewhere::messages::{DropSlots, Followers, LetGo, LetGoOfSlots, MemberLeft, TakeSlots};
use crate::session::messages::Refused;
use crate::session::protocol::Evict;

/// How long sessions may take to write down what has happened in them, before another server gets them all the same.
const LET_GO_WITHIN: Duration = Duration::from_secs(5);

impl Directory {
    /// Whether a session is this server's, and is going to be.
    pub(crate) fn may_have(&self, id: SessionId) -> bool {
        let Some(cluster) = self.environment.sessions.cluster() else { return true };
        let slot = id.slot();
        cluster.owns(id) && self.taken.contains(&slot) && !self.leaving.contains(&slot)
    }

    /// An id for a new session of this worker; in a slot of this server where there are several, and in that of what
    /// started it where it can be. None while this server has no slot.
    pub(super) fn new_id(&self, spec: &Spec) -> Option<SessionId> {
        let (worker, workers) = (self.environment.worker, self.environment.workers);
        let Some(cluster) = self.environment.sessions.cluster() else {
            return Some(SessionId::on_worker(worker, workers));
        };
        let parent = match &spec.source {
            Some(Source::Session { session_id }) if self.may_have(*session_id) => Some(session_id.slot()),
            Some(_) | None => None,
        };
        let is_at_hand = |slot: &Slot| self.taken.contains(slot) && !self.leaving.contains(slot);
        let slot = parent.or_else(|| cluster.own_slot().filter(is_at_hand))?;
        Some(SessionId::in_slot(slot, worker, workers))
    }

    fn drop_sessions_in(&mut self, slots: &[Slot], followers: Followers) {
        let mut loading = Vec::new();
        for (id, resident) in self.residents.iter().filter(|(id, _)| slots.contains(&id.slot())) {
            match resident {
                Resident::Live { session, .. } => session.do_send(Evict { why: Refused::Elsewhere, followers }),
                Resident::Loading(_) => loading.push(*id),
            }
        }
        self.residents.retain(|id, resident| !slots.contains(&id.slot()) || matches!(resident, Resident::Loading(_)));
        for id in loading {
            self.not_loaded(id, &Refused::Elsewhere);
        }
        self.completion_waiters.reply_in(slots, &Refused::Elsewhere);
    }
}

impl Handler<TakeSlots> for Directory {
    type Result = ();

    fn handle(&mut self, message: TakeSlots, actor: &mut Context<Self>) {
        let TakeSlots { slots, pending, quarantine } = message;
        self.leaving.retain(|slot| !slots.contains(slot));
        self.taken.extend(&slots);
        self.quarantine.extend(quarantine);
        self.end_mirrors_in(&slots);
        self.timers.resume(&pending);
        self.set_alarm(actor);
        for session in pending.iter().filter(|session| session.status.is_resumed_at_start()) {
            if let Entry::Vacant(vacant) = self.residents.entry(session.id) {
                vacant.insert(Resident::Loading(Vec::new()));
                self.load(session.id, actor);
            }
        }
    }
}

impl Handler<LetGoOfSlots> for Directory {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: LetGoOfSlots, _: &mut Context<Self>) -> ResponseFuture<()> {
        self.leaving.extend(&message.slots);
        let mut letting_go = Vec::new();
        for (id, resident) in &self.residents {
            if let Resident::Live { session, .. } = resident
                && message.slots.contains(&id.slot())
            {
                let (reply, done) = oneshot::channel();
                session.do_send(LetGo { reply });
                letting_go.push(done);
            }
        }
        Box::pin(async move {
            if actix::clock::timeout(LET_GO_WITHIN, join_all(letting_go)).await.is_err() {
                log::warn!("some sessions were not written in time before another server gets them");
            }
        })
    }
}

impl Handler<DropSlots> for Directory {
    type Result = ();

    fn handle(&mut self, message: DropSlots, _: &mut Context<Self>) {
        let DropSlots { slots, followers } = message;
        self.drop_sessions_in(&slots, followers);
        for kept in [&mut self.leaving, &mut self.taken] {
            kept.retain(|slot| !slots.contains(slot));
        }
        self.quarantine.retain(|id, _| !slots.contains(&id.slot()));
    }
}

impl Handler<MemberLeft> for Directory {
    type Result = ();

    fn handle(&mut self, message: MemberLeft, _: &mut Context<Self>) {
        for resident in self.residents.values() {
            if let Resident::Live { session, .. } = resident {
                session.do_send(message);
            }
        }
    }
}
