//! What a session does because there are several servers: it publishes to those whose connections follow it, and lets go
//! of its task before another server has it.

use actix::{Context, Handler};

use crate::cluster::Cluster;
use crate::domain::burst::{Burst, Passing};
use crate::session::actor::Session;
use crate::session::elsewhere::bursts;
use crate::session::elsewhere::messages::{LetGo, MemberFollows, MemberLeft};
use crate::session::messages::Refused;

impl Session {
    /// Publishes a row that is written.
    pub(crate) fn publish(&self, burst: Burst) {
        self.send_to_members(&burst);
        self.watchers.publish(self.id, burst);
    }

    /// Shows what is not written to those who follow at other servers.
    pub(crate) fn show_to_members(&self, passing: &[Passing]) {
        if self.watchers.members().next().is_some() {
            self.send_to_members(&Burst { passing: passing.to_vec(), ..Burst::default() });
        }
    }

    fn send_to_members(&self, burst: &Burst) {
        let Some(cluster) = self.environment.sessions.cluster() else { return };
        if burst.messages() == 0 || self.watchers.members().next().is_none() {
            return;
        }
        let (notice, text) = bursts::written(self.id, self.tail.last_seq(), burst);
        self.watchers.members().for_each(|member| cluster.notify(member, &notice, &text));
    }

    /// Replies to whoever waits for this session to let go, once all is written.
    pub(crate) fn report_let_go(&mut self) {
        if self.letting_go.is_some()
            && self.all_is_written()
            && let Some(reply) = self.letting_go.take()
        {
            // Whoever asked may be gone.
            let _ = reply.send(());
        }
    }
}

impl Handler<MemberFollows> for Session {
    type Result = ();

    fn handle(&mut self, message: MemberFollows, _: &mut Context<Self>) {
        let MemberFollows { member, version, following, counted, reply } = message;
        let view = self.environment.sessions.cluster().map(Cluster::view);
        if view.is_some_and(|view| member == view.me || view.member(member).is_none()) {
            // It was a member once, and nobody would say again that it is gone; or it is one that is not seen yet, and asks
            // again.
            let _ = reply.send(Err(Refused::Elsewhere));
            return;
        }
        let were_counted = self.watchers.are_counted();
        self.watchers.follow_from(member, version, following, counted);
        match (were_counted, self.watchers.are_counted()) {
            (false, true) => self.regain_patience(),
            (true, false) => self.lose_patience(),
            (false, false) | (true, true) => {}
        }
        // Whoever asked may be gone.
        let _ = reply.send(Ok(self.tail.last_seq()));
        self.idle_reported = false;
        self.settle();
    }
}

impl Handler<MemberLeft> for Session {
    type Result = ();

    fn handle(&mut self, message: MemberLeft, _: &mut Context<Self>) {
        let were_counted = self.watchers.are_counted();
        self.watchers.leave_member(message.member);
        if were_counted && !self.watchers.are_counted() {
            self.lose_patience();
        }
        self.settle();
    }
}

impl Handler<LetGo> for Session {
    type Result = ();

    fn handle(&mut self, message: LetGo, actor: &mut Context<Self>) {
        self.flush();
        self.errands.clear();
        self.drop_task(actor);
        self.letting_go = Some(message.reply);
        self.report_let_go();
    }
}
