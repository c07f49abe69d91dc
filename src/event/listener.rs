//! Who hears of events.

use std::sync::Arc;

use super::client::Span;
use super::lost::Lost;
use super::{EncodedEvent, EventsOfOthers};
use crate::domain::event::Kind;
use crate::domain::id::ExecutionId;
use crate::hub::messages::EventsBeginAnew;
use crate::hub::{Audience, Broadcast, Items, Publish, Recipients};

/// Somebody who hears of events, on whatever thread that is: it passes them on and does nothing else there.
pub(crate) trait Listener: Send + Sync {
    /// Whether anybody behind it may want to hear of something of this kind, which happens to that execution. Is asked
    /// often, before events that are not kept are even made, and may say yes too often.
    fn hears(&self, kind: &Kind, execution_id: Option<&ExecutionId>) -> bool;

    /// Takes events: those that are kept come in the order of their places and without gaps. Others may come from any
    /// thread, between them.
    fn notify(&self, events: &Arc<[EncodedEvent]>);

    /// Takes events that another server has recorded, in one order with those of this one. What is done once for each event,
    /// that server has done.
    fn notify_of_others(&self, _: &EventsOfOthers) {}

    /// The log has lost its last events, and goes on behind those that there are as another one.
    fn begin_anew(&self, _span: &Span) {}
}

impl Listener for Broadcast {
    fn hears(&self, kind: &Kind, execution_id: Option<&ExecutionId>) -> bool {
        self.is_heard(kind, execution_id)
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        let to = Recipients::EventSockets(Audience::Subscribers);
        self.publish(&Publish { to, items: Items::Events(Arc::clone(events)) });
    }

    fn notify_of_others(&self, events: &EventsOfOthers) {
        if self.has_event_sockets() {
            self.notify(events.all());
        }
    }

    fn begin_anew(&self, span: &Span) {
        let notice = Lost::BegunAnew.told(span).into();
        let anew = EventsBeginAnew { epoch: Arc::clone(&span.epoch), last_seq: span.last_seq, notice };
        self.events_begin_anew(&anew);
    }
}
