//! The actor of the event log.
//!
//! **Owns** how many events are kept, and the server's own health checks. **Publishes** how the server is;
//! what was recorded they hear from the store's writer itself, without a thread between. **Ends** with the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, Addr, AsyncContext, Context, WrapFuture};

use super::client::{Events, Span};
use super::volume::Volume;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::Slot;
use crate::domain::status::Priority;
use crate::store::{self, Cluster, Health};

/// How often events that are not kept any more are removed, where there are enough.
const PURGE_EVERY: Duration = Duration::from_millis(500);

/// How many bytes of the events of before the start are measured at once.
const MEASURED_AT_ONCE: usize = 1 << 20;

/// Publishes events once they are in the store.
pub(crate) struct EventLog {
    events: Events,
    /// How often listeners hear that the server is well.
    health_check: Duration,
    started: Instant,
    /// Which log it is.
    epoch: Arc<str>,
    /// The place before which all events are removed, or are about to be.
    purged: u64,
    /// How many bytes the events have that are kept.
    volume: Volume,
}

impl EventLog {
    /// Starts a log for these events, on this thread, that publishes the server's health that often and keeps so many bytes.
    /// What is recorded from now on is published.
    pub(crate) fn start_with(events: Events, health_check: Duration, keep_bytes: u64) -> Addr<Self> {
        let store = events.store().clone();
        let Span { epoch, first_seq: purged, .. } = events.span();
        // Here and not once the actor runs: what comes in between would be published to nobody.
        store.subscribe_events(events.span().last_seq, events.publisher());
        Self { events, health_check, started: Instant::now(), epoch, purged, volume: Volume::new(keep_bytes) }.start()
    }

    fn check_health(&self) {
        if !self.events.is_heard(&Kind::SystemHealthCheck) {
            return;
        }
        let store = self.events.store();
        let status = match store.health() {
            Health::Well => "healthy",
            Health::Failing { .. } => "degraded",
        };
        let new_event = NewEvent::new(Kind::SystemHealthCheck)
            .with("version", env!("CARGO_PKG_VERSION"))
            .with("status", status)
            .with("uptime_seconds", self.started.elapsed().as_secs())
            .with("unwritten_rows", store.unwritten());
        self.events.record(new_event);
    }

    /// Measures the events of before the start, where their bytes are limited.
    fn measure(&mut self, actor: &mut Context<Self>) {
        let (span, store) = (self.events.span(), self.events.store().clone());
        if !self.volume.is_limited() || span.last_seq < span.first_seq {
            return;
        }
        let measuring = async move {
            let (mut pages, mut after) = (Vec::new(), span.first_seq - 1);
            while after < span.last_seq {
                let rows = store.events(None, after, MEASURED_AT_ONCE).await?;
                let Some(last) = rows.last() else { break };
                after = last.last_seq;
                pages.push((rows.iter().map(|row| row.body.len() as u64).sum(), after));
            }
            Ok::<_, store::Error>(pages)
        };
        actor.spawn(measuring.into_actor(self).map(|measured, log, _| match measured {
            Ok(pages) => log.volume.begin(pages),
            Err(error) => log::warn!(error:%; "the bytes of the events of before are not known, and count for nothing"),
        }));
    }

    /// The log goes on as another one, whose events have places of their own.
    fn begin_anew(&mut self, actor: &mut Context<Self>) {
        let span = self.events.span();
        (self.epoch, self.purged) = (span.epoch, span.first_seq);
        self.volume.begin_anew(self.events.written().0);
        self.measure(actor);
    }

    /// Removes what is not kept any more, a good part at once: each removal holds up the store's writer.
    fn purge(&mut self, actor: &mut Context<Self>) {
        if self.epoch != self.events.span().epoch {
            self.begin_anew(actor);
        }
        let (bytes, newest) = self.events.written();
        if let Some(oldest) = self.volume.grow(bytes, newest) {
            self.events.forget_before(oldest);
        }
        let first = self.events.span().first_seq;
        // Of several servers, one does it.
        let is_another_s = |cluster: &Cluster| !cluster.view().borrow().is_mine(Slot::new(0));
        if self.events.store().cluster().is_some_and(is_another_s) {
            self.purged = first;
            return;
        }
        let many = if self.volume.is_full() { 1 } else { (self.events.keep() / 16).max(1) };
        if first.saturating_sub(self.purged) < many {
            return;
        }
        self.purged = first;
        let store = self.events.store().clone();
        let removing = async move {
            if let Err(error) = store.purge_events(first).await {
                log::warn!(error:%; "old events could not be removed; it is tried again with the next ones");
            }
        };
        actor.spawn(removing.into_actor(self));
    }
}

impl Actor for EventLog {
    type Context = Context<Self>;

    fn started(&mut self, actor: &mut Context<Self>) {
        actor.run_interval(self.health_check, |log, _| log.check_health());
        actor.run_interval(PURGE_EVERY, Self::purge);
        self.measure(actor);
        let events = self.events.clone();
        actor.spawn(watch(events).into_actor(self));
    }
}

/// Records when the store fails and when it can be written again; the former is published with the latter, as it has to be
/// written first.
async fn watch(events: Events) {
    let mut health = events.store().watch_health();
    while health.changed().await.is_ok() {
        let now = health.borrow_and_update().clone();
        let error = NewEvent::new(Kind::SystemError).with("component", "store");
        match now {
            Health::Failing { .. } => events.record(error.with("reason", "the store cannot be written")),
            Health::Well => {
                let recovered = NewEvent { priority: Priority::Normal, ..error };
                events.record(recovered.with("reason", "the store can be written again").with("recovered", true));
            }
        }
    }
}
