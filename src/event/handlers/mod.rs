//! Event handlers: commands of the settings that are run for events of some types.
//!
//! Each handler has a bounded queue of its own and runs at most so many commands at once, so that a slow one holds up
//! neither who publishes an event nor other handlers. Invariant: whatever becomes of a handler is only logged and counted,
//! never recorded as an event. So a handler that fails cannot be what it is run for, whatever it hears.

mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{EncodedEvent, Listener};
use crate::config::handler::EventHandler;
use crate::domain::event::{Kind, Pattern};
use crate::domain::id::ExecutionId;
use crate::domain::mask::Mask;
use crate::metrics::{self, Metrics};
use crate::process::{Launcher, Program, REAP};

/// Most events that wait for a handler; further ones are dropped.
const MOST_WAITING: usize = 1000;

/// The event handlers of the settings, as those see them who publish events. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Handlers {
    handlers: Arc<[Handler]>,
}

/// What runs the commands, to be waited for at the end. Dropped, it kills them.
#[derive(Debug)]
pub(crate) struct Running {
    loops: JoinSet<()>,
    phase: watch::Sender<Phase>,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not.
    Open,
    /// Nothing more is taken.
    Closing,
    /// What runs is killed.
    Killing,
}

#[derive(Debug)]
struct Handler {
    name: String,
    types: Vec<Pattern>,
    queue: mpsc::Sender<EncodedEvent>,
    metrics: metrics::EventHandler,
    /// Whether the last event was dropped: a burst of them is logged once.
    is_full: AtomicBool,
}

impl Handlers {
    /// The handlers of these settings, whose commands `launcher` starts; `mask` hides secrets in what they say. Must be called where local tasks can be spawned,
    /// and nothing is run before that thread gets to it.
    #[must_use]
    pub(crate) fn start(
        settings: &[EventHandler],
        launcher: &Launcher,
        mask: &Arc<Mask>,
        metrics: &Metrics,
    ) -> (Self, Running) {
        let mut loops = JoinSet::new();
        let (phase, _) = watch::channel(Phase::Open);
        let handler = |settings: &EventHandler| {
            let (queue, waiting) = mpsc::channel(MOST_WAITING);
            let metrics = metrics.event_handler(&settings.name);
            loops.spawn_local(work(
                Arc::new(settings.clone()),
                launcher.clone(),
                mask.clone(),
                waiting,
                metrics.clone(),
                phase.subscribe(),
            ));
            Handler {
                name: settings.name.clone(),
                types: settings.types.iter().filter_map(|text| Pattern::parse(text)).collect(),
                queue,
                metrics,
                is_full: AtomicBool::new(false),
            }
        };
        let handlers = Self { handlers: settings.iter().map(handler).collect() };
        (handlers, Running { loops, phase })
    }
}

impl Listener for Handlers {
    fn hears(&self, kind: &Kind, _: Option<&ExecutionId>) -> bool {
        self.handlers.iter().any(|handler| handler.hears(kind))
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        for handler in &*self.handlers {
            let heard = events.iter().filter(|recorded| handler.hears(&recorded.event.new_event.kind));
            heard.for_each(|recorded| handler.take(recorded));
        }
    }
}

impl Handler {
    fn hears(&self, kind: &Kind) -> bool {
        self.types.iter().any(|pattern| pattern.takes(kind))
    }

    fn take(&self, recorded: &EncodedEvent) {
        match self.queue.try_send(recorded.clone()) {
            Ok(()) => self.is_full.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(_)) => {
                self.metrics.dropped.inc();
                if !self.is_full.swap(true, Ordering::Relaxed) {
                    let handler = self.name.as_str();
                    log::warn!(handler; "an event handler is too slow: {MOST_WAITING} events wait, more are dropped");
                }
            }
            // The server goes down.
            Err(TrySendError::Closed(_)) => {}
        }
    }
}

/// Counts and logs how a command ended.
fn note(
    metrics: &metrics::EventHandler,
    settings: &EventHandler,
    recorded: &EncodedEvent,
    ended: Result<(), run::Error>,
) {
    let (handler, event_id) = (settings.name.as_str(), recorded.event.id);
    match &ended {
        Ok(()) => metrics.succeeded.inc(),
        Err(run::Error::TimedOut { .. }) => metrics.timed_out.inc(),
        Err(_) => metrics.failed.inc(),
    }
    match ended {
        Ok(()) => log::debug!(handler, event_id:%; "an event was handled"),
        Err(error) => log::warn!(handler, event_id:%; "an event handler failed: {error}"),
    }
}

impl Running {
    /// Takes no more events, gives the commands of those that wait `patience`, and kills what is left then.
    pub(crate) async fn finish(mut self, patience: Duration) {
        self.phase.send_replace(Phase::Closing);
        let all = async { while self.loops.join_next().await.is_some() {} };
        if timeout(patience, all).await.is_ok() {
            return;
        }
        log::warn!("event handlers are still at work and are killed");
        self.phase.send_replace(Phase::Killing);
        let all = async { while self.loops.join_next().await.is_some() {} };
        // Only a process that hangs in the kernel takes longer.
        let _killed = timeout(REAP * 2, all).await;
    }
}

/// Runs a handler's command for one event after the other, or several at once.
async fn work(
    settings: Arc<EventHandler>,
    launcher: Launcher,
    mask: Arc<Mask>,
    mut waiting: mpsc::Receiver<EncodedEvent>,
    metrics: metrics::EventHandler,
    mut phase: watch::Receiver<Phase>,
) {
    let mut running = JoinSet::new();
    let mut is_open = true;
    loop {
        while running.len() >= settings.max_running {
            running.join_next().await;
        }
        let recorded = tokio::select! {
            recorded = waiting.recv() => recorded,
            _ = phase.changed(), if is_open => {
                is_open = false;
                waiting.close();
                continue;
            }
        };
        let Some(recorded) = recorded.filter(|_| *phase.borrow() != Phase::Killing) else { break };
        let (settings, launcher, mask, metrics) = (settings.clone(), launcher.clone(), mask.clone(), metrics.clone());
        let mut phase = phase.clone();
        running.spawn_local(async move {
            let killed = async move {
                // Whoever could say so may be gone, which says the same.
                let _ = phase.wait_for(|phase| *phase == Phase::Killing).await;
            };
            let ended = run::run(&settings, &launcher, &recorded, &mask, killed).await;
            note(&metrics, &settings, &recorded, ended);
        });
    }
    while running.join_next().await.is_some() {}
}

/// The commands that could not be started now, with the reasons. No reason not to serve: a program may come later.
#[must_use]
pub(crate) fn faults(settings: &[EventHandler]) -> Vec<String> {
    let check = |handler: &EventHandler| {
        let program = Program { command: &handler.command, cwd: handler.cwd.as_deref(), env: &handler.env };
        Some(format!("event handler {:?}: the command cannot be started: {}", handler.name, program.check().err()?))
    };
    settings.iter().filter_map(check).collect()
}

#[cfg(test)]
mod tests;
