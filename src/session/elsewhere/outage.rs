//! Outages of the store: who was refused because of one asks again once it is over.

use tokio::sync::watch;

use crate::store::{Health, Store};

/// Knows of each outage since it was made, also of one that is over by the time that a refusal arrives.
pub(super) struct Outage(watch::Receiver<Health>);

impl Outage {
    /// Watches from now on.
    pub(super) fn watch(store: &Store) -> Self {
        let mut health = store.watch_health();
        health.mark_unchanged();
        Self(health)
    }

    /// Whether the store took no writes at some moment since this was made, or the last outage waited for; also where it is
    /// closed.
    pub(super) fn was_met(&self) -> bool {
        self.0.has_changed().unwrap_or(true) || *self.0.borrow() != Health::Well
    }

    /// Waits until the store takes writes, or is closed.
    pub(super) async fn is_over(&mut self) {
        // Where it is closed, whoever asks again is refused.
        let _ = self.0.wait_for(|health| *health == Health::Well).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_outage_is_known_of_until_it_was_waited_for() {
        let failing = || Health::Failing { reason: "gone".into(), is_lasting: false };
        let (health, watched) = watch::channel(Health::Well);
        let mut outage = Outage(watched);
        assert!(!outage.was_met());
        health.send_replace(failing());
        assert!(outage.was_met());
        health.send_replace(Health::Well);
        assert!(outage.was_met(), "it is over, and what it has refused comes only now");
        outage.is_over().await;
        assert!(!outage.was_met());
        drop(health);
        assert!(outage.was_met(), "a closed store takes nothing");
    }
}
