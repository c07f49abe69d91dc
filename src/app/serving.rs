//! A server that runs, and how it ends in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix::clock;
use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use tokio::sync::watch;

use super::plan::Plan;
use crate::config::{Settings, seconds};
use crate::domain::event::{Kind, NewEvent};
use crate::domain::owner::Owner;
use crate::event::{Events, handlers};
use crate::http::Lifecycle;
use crate::hub::close::CloseCode;
use crate::member::Retirement;
use crate::shutdown;
use crate::store::Store;
use crate::suspects;
use crate::workflow::supervisor::messages::LetAllGo;

/// How long the last event may take to be written before the server goes down all the same.
const GOODBYE: Duration = Duration::from_secs(1);

/// All that has been started.
pub(super) struct Serving {
    pub(super) settings: Arc<Settings>,
    pub(super) store: Store,
    pub(super) plan: Plan,
    pub(super) lifecycle: watch::Sender<Lifecycle>,
    pub(super) handle: ServerHandle,
    pub(super) server: JoinHandle<io::Result<()>>,
    pub(super) handlers: handlers::Running,
    /// How it leaves the others, where it is one of several servers.
    pub(super) retirement: Option<Retirement>,
    /// What watches for what ends the server, where it is alone.
    pub(super) watching: Option<JoinHandle<()>>,
}

impl Serving {
    /// Ends all of it: what was accepted is answered, and what was published is written.
    ///
    /// # Errors
    /// Where the listener has failed, or rows were left that could not be written.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        let Self { settings, store, plan, lifecycle, handle, server, handlers, retirement, watching } = self;
        // Nobody listens where everything has gone already.
        let _ = lifecycle.send(Lifecycle::Draining);
        let patience = seconds(settings.server.shutdown_timeout);
        let is_one_of_several = retirement.is_some();
        let farewell = match retirement {
            Some(retirement) => {
                clock::sleep(seconds(settings.server.drain_delay)).await;
                if retirement.retire(patience).await { CloseCode::Restart } else { CloseCode::GoingAway }
            }
            None => CloseCode::GoingAway,
        };
        say_goodbye(&plan.events).await;
        // Before the sessions: else their nodes would take it for an end that a session is let go.
        if plan.supervisor.send(LetAllGo).await.is_err() {
            log::warn!("the live workflows could not be let go");
        }
        let drain = shutdown::drain(&plan.directories, &plan.hub, farewell, patience);
        futures::future::join(drain, handlers.finish(patience)).await;
        // Among others nobody comes here any more: what was accepted is answered.
        handle.stop(is_one_of_several).await;
        server.await??;
        if let Some(watching) = watching {
            watching.abort();
        }
        plan.identity.trail.flush().await;
        suspects::clear(&store).await;
        let lost = store.close().await;
        anyhow::ensure!(lost == 0, "{lost} rows could not be written before the end; nobody was notified of them");
        log::info!("stopped");
        Ok(())
    }
}

/// Publishes that the server goes down, while there are connections to hear it.
async fn say_goodbye(events: &Events) {
    let new_event = NewEvent::new(Kind::SystemShutdown)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("component", "server")
        .with("reason", "the server is going down");
    match tokio::time::timeout(GOODBYE, events.write(Owner::SERVER, new_event)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => log::warn!(error:%; "the shut-down could not be announced"),
        Err(_) => log::warn!("the store is slow: the event that the server goes down may be lost"),
    }
}
