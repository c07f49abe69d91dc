//! How many bytes one owner keeps, and whether that is too much.
//!
//! The store adds them up when somebody wants to keep more. What that costs grows with what there is, so that the answer holds
//! for ten times as long as it took: whoever keeps little is measured anew each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;

use super::{Action, Principal};
use crate::config::limits::Limits;
use crate::domain::owner::Owner;
use crate::store::{self, Store};

/// The longest time for which an answer holds.
const LONGEST: Duration = Duration::from_secs(60);
/// From so many owners on, those are forgotten whose answer does not hold any more.
const MANY: usize = 20_000;

/// How many bytes one owner may keep, and keeps. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    store: Store,
    most: Option<u64>,
    /// A library's map of many threads, as an answer holds for all workers.
    measured: Arc<DashMap<Owner, Measured>>,
}

#[derive(Clone, Copy, Debug)]
struct Measured {
    bytes: u64,
    until: Instant,
}

/// Why somebody may keep nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoom {
    /// They keep as much as they may.
    #[error("you keep {bytes} bytes, and {most} are the most (limits.principal.stored_bytes); remove something first")]
    Full { bytes: u64, most: u64 },
    /// It cannot be found out now.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Storage {
    /// That of these settings: others than this machine can reach the server, or they cannot.
    #[must_use]
    pub(crate) fn new(store: Store, settings: &Limits, is_public: bool) -> Self {
        let most = settings.in_force(is_public).0.stored_bytes.filter(|most| *most > 0);
        Self { store, most, measured: Arc::default() }
    }

    /// Whether somebody may do this, as far as it keeps something.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub(crate) async fn has_room(&self, principal: &Principal, action: Action) -> Result<(), NoRoom> {
        let Some(most) = self.most.filter(|_| action.keeps_something() && !principal.is_operator()) else {
            return Ok(());
        };
        // Whoever is not known keeps what is the server's.
        let bytes = self.bytes_of(principal.owner()).await?;
        if bytes < most { Ok(()) } else { Err(NoRoom::Full { bytes, most }) }
    }

    async fn bytes_of(&self, owner: &Owner) -> Result<u64, store::Error> {
        let started = Instant::now();
        if let Some(measured) = self.measured.get(owner).filter(|measured| measured.until > started) {
            return Ok(measured.bytes);
        }
        let bytes = self.store.owned_bytes(owner).await?;
        let now = Instant::now();
        let until = now + (now.duration_since(started) * 10).min(LONGEST);
        if self.measured.len() >= MANY {
            self.measured.retain(|_, measured| measured.until > now);
        }
        self.measured.insert(owner.clone(), Measured { bytes, until });
        Ok(bytes)
    }
}
