//! Callbacks: the news of a session, its questions and its end, is posted to an address that its starter or the settings name.
//!
//! **Nothing is lost and nothing made twice.** What is sent comes of events, which are written with the row that causes them.
//! `dispatcher` reads them in order and writes what is to be sent together with how far it has read (`outbox`); what was
//! being sent when the server went down is sent again, under the same id. `delivery` is one of them, `sender` what posts
//! it, `signature` how it is signed (Standard Webhooks), `invitation` a link to answer by. Of several servers, that which has a
//! session sends what there is of it. Deliveries of one session to one address keep their order.

mod delivery;
mod dispatcher;
mod invitation;
mod lines;
mod outbox;
mod sender;
mod signature;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc;

pub(crate) use self::delivery::{Attempt, Delivery, Standing};
pub(crate) use self::dispatcher::{Dispatcher, Listener};
use self::invitation::Invitations;
use self::lines::Line;
use self::outbox::Outbox;
pub(crate) use self::sender::LONGEST_URL;
use self::sender::Sender;
use self::signature::SigningKey;
use crate::auth::links::Links;
use crate::cluster::Cluster;
use crate::config::Settings;
use crate::domain::callback::{Callback, CallbackEvent};
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, Store};

/// Why something was not done with callbacks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such delivery.
    #[error("there is no such delivery")]
    Unknown,
    /// The store says so.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is wrong with a callback that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    /// News may not be sent there.
    #[error("cannot be sent to: {0}")]
    Url(String),
    /// It is no secret.
    #[error("must be whsec_ and the base64 of 16 to 128 bytes")]
    Secret,
    /// There is nothing that a link could begin with.
    #[error("needs server.public_url, which links begin with")]
    Share,
}

/// The callbacks of a server. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Callbacks {
    store: Store,
    outbox: Outbox,
    sender: Sender,
    /// Nothing where links cannot begin with anything.
    invitations: Option<Invitations>,
    /// Wakes the dispatcher for a delivery that is to be sent again.
    nudge: mpsc::UnboundedSender<Line>,
}

impl Callbacks {
    /// Those of these settings; `own` is the address that this server listens on. The listener hears events, and the
    /// dispatcher is to be run.
    pub(crate) fn new(
        settings: &Settings,
        store: &Store,
        links: Links,
        own: Option<SocketAddr>,
        cluster: Option<Cluster>,
    ) -> (Self, Arc<Listener>, Dispatcher) {
        let outbox = Outbox::new(store.clone());
        let sender = Sender::new(&settings.callbacks, own);
        let (nudge, nudged) = mpsc::unbounded_channel();
        let invitations = Invitations::new(settings, links);
        let callbacks = Self { store: store.clone(), outbox, sender, invitations, nudge };
        let (listener, dispatcher) = Dispatcher::new(callbacks.clone(), settings, nudged, cluster);
        (callbacks, listener, dispatcher)
    }

    /// A callback as it is kept with its session.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn checked(
        &self,
        url: String,
        events: Vec<CallbackEvent>,
        secret: Option<&str>,
        share: bool,
    ) -> Result<Callback, Wrong> {
        if share && self.invitations.is_none() {
            return Err(Wrong::Share);
        }
        self.sender.check(&url).map_err(|forbidden| Wrong::Url(forbidden.to_string()))?;
        if secret.is_some_and(|secret| SigningKey::parse(secret).is_none()) {
            return Err(Wrong::Secret);
        }
        Ok(Callback { url, events, sealed_secret: secret.map(|secret| self.store.seal(secret.as_bytes())), share })
    }

    /// The deliveries of a session of this owner, in order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn deliveries(&self, owner: &Owner, session_id: SessionId) -> Result<Vec<Delivery>, Error> {
        let kept = self.outbox.of_session(owner, session_id).await?;
        Ok(kept.into_iter().map(|kept| kept.delivery).collect())
    }

    /// Sends a delivery again, however it stands.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Store`].
    pub(crate) async fn send_again(&self, owner: &Owner, session_id: SessionId, id: &str) -> Result<(), Error> {
        let all = self.outbox.of_session(owner, session_id).await?;
        let mut kept = all.into_iter().find(|kept| kept.delivery.id == id).ok_or(Error::Unknown)?;
        kept.delivery.send_again(Timestamp::now());
        self.outbox.update(&kept).await?;
        let line = Line::of(&kept.place, &kept.delivery);
        // The server goes down where nobody hears it; the next start finds it.
        let _ = self.nudge.send(line);
        Ok(())
    }
}
