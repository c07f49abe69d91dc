//! Which members want something: each says so again and again for as long as it does, and is forgotten soon after.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use tokio::sync::watch;

use crate::store::Fence;

/// How often a member says that it wants something.
pub(crate) const SAY_EVERY: Duration = Duration::from_secs(1);
/// For how long one wants something that was not heard of again.
const WANTS_FOR: Duration = Duration::from_secs(5);

/// Which members want something, as everybody here sees it who may send it.
pub(crate) type Wanted = watch::Receiver<Arc<[Fence]>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Attention {
    heard: HashMap<Fence, Instant>,
    wanted: watch::Sender<Arc<[Fence]>>,
}

impl Attention {
    /// Nobody wants anything yet.
    pub(crate) fn new() -> (Self, Wanted) {
        let (wanted, wants) = watch::channel(Arc::default());
        (Self { heard: HashMap::new(), wanted }, wants)
    }

    /// A member wants it, as was heard at this moment.
    pub(crate) fn hear(&mut self, member: Fence, now: Instant) {
        if self.heard.insert(member, now).is_none() {
            self.publish();
        }
    }

    /// Forgets those that were not heard of for too long.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        let before = self.heard.len();
        self.heard.retain(|_, heard| now.duration_since(*heard) < WANTS_FOR);
        if self.heard.len() != before {
            self.publish();
        }
    }

    fn publish(&self) {
        self.wanted.send_replace(self.heard.keys().copied().collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_heard_of_again_wants_nothing_any_more() {
        let (mut attention, wanted) = Attention::new();
        let (one, other, now) = (Fence::random(), Fence::random(), Instant::now());
        attention.hear(one, now);
        attention.hear(other, now);
        assert_eq!(wanted.borrow().len(), 2);
        attention.hear(one, now + SAY_EVERY);
        attention.forget_old(now + WANTS_FOR);
        assert_eq!(wanted.borrow()[..], [one]);
    }
}
