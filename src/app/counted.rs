//! What the metrics count of parts that do not know them.

use std::sync::Arc;

use crate::domain::event::Kind;
use crate::domain::event::kind::Keeping;
use crate::domain::id::ExecutionId;
use crate::event::{EncodedEvent, Listener};
use crate::hub::ConnectionCounts;
use crate::metrics::{self, Metrics};
use crate::store::Store;

/// Counts events as they are published.
pub(super) struct Counted(pub(super) metrics::Events);

impl Listener for Counted {
    /// Nothing is made for it.
    fn hears(&self, _: &Kind, _: Option<&ExecutionId>) -> bool {
        false
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        let mut kept = 0;
        for EncodedEvent { event, .. } in &**events {
            let keeping = if event.seq.is_some() { Keeping::Kept } else { Keeping::Ephemeral };
            self.0.published(event.new_event.kind.group(), keeping);
            kept += u32::from(event.seq.is_some());
        }
        if kept > 0 {
            self.0.batch.observe(f64::from(kept));
        }
    }
}

/// What is looked at before the metrics are read.
pub(super) fn looks(store: &Store, counts: &Arc<ConnectionCounts>) -> impl Fn(&Metrics) + use<> {
    let (store, counts) = (store.clone(), Arc::clone(counts));
    move |metrics| {
        metrics.unwritten_rows(store.unwritten());
        metrics.subscriptions(&counts.subscriptions());
    }
}
