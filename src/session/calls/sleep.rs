//! `sleep`: a pause that a restart does not begin anew.
//!
//! Recorded is the moment of its end; a recorded one sleeps for what is left until then. It changes nothing else.

use std::time::Duration;

use super::{Call, CallId, RecordedCall};
use crate::domain::record::Internal;
use crate::domain::time::Timestamp;
use crate::session::state::Decision;
use crate::session::task::channel::NextCall;
use crate::session::task::context::TaskContext;
use crate::session::task::outstanding::Awaits;

impl TaskContext {
    /// Sleeps. After a restart it sleeps for what is left.
    pub async fn sleep(&self, duration: Duration) {
        let left = match self.channel.next(self.own_lane(), |call| matches!(call, RecordedCall::Slept(_)), "a pause") {
            NextCall::Recorded(_, RecordedCall::Slept(until)) => until.since(Timestamp::now()).min(duration),
            NextCall::Live(at) => {
                self.channel.send(at, Call::Sleep { until: Timestamp::now().plus(duration) });
                duration
            }
            NextCall::Recorded(..) | NextCall::Mismatch => std::future::pending().await,
        };
        let _waiting = self.waiting(Awaits::Time);
        if left.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(left).await;
        }
    }
}

pub(crate) fn decide(at: CallId, until: Timestamp) -> Decision {
    let mut decision = Decision::default();
    let record = Internal::SleepStarted { lane: at.lane_name(), ordinal: at.ordinal, until };
    decision.record_of(at, record);
    decision
}
