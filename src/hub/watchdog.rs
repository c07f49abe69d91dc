//! Whether a connection is well, as a pure function of what is known of it and the time.

use std::time::Duration;

use actix::clock::Instant;

use super::close::CloseCode;
use crate::config::connections::Connections;
use crate::config::seconds;

/// How long a connection may be silent or stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Time between pings.
    pub heartbeat: Duration,
    /// Time that a peer may be silent.
    pub silence: Duration,
    /// Time that bytes may wait while none leaves.
    pub stall: Duration,
    /// Time that a peer has to answer a close.
    pub close: Duration,
}

impl Patience {
    /// What the settings say.
    #[must_use]
    pub fn new(settings: &Connections) -> Self {
        Self {
            heartbeat: seconds(settings.heartbeat_interval),
            silence: seconds(settings.heartbeat_interval + settings.heartbeat_grace),
            stall: seconds(settings.stall_timeout),
            close: seconds(settings.close_timeout),
        }
    }

    /// How often to look: often enough for the shortest of these times, and once a second at least.
    #[must_use]
    pub fn sweep(&self) -> Duration {
        let shortest = self.heartbeat.min(self.silence).min(self.stall).min(self.close);
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

/// What is known of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// When something was last heard of the peer; `None` for a peer that only listens.
    pub heard: Option<Instant>,
    /// Since when bytes wait and none has left; `None` where nothing waits.
    pub stuck: Option<Instant>,
    /// When to ping next.
    pub next_ping: Instant,
    /// Since when only its last words wait, or nothing, and the peer is to close.
    pub closing: Option<Instant>,
}

/// What to do about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is well.
    Nothing,
    /// Ask it whether it is there.
    Ping,
    /// Close it with the reason.
    Close(CloseCode),
    /// It had its time to close: cut the socket.
    Shut,
}

/// Judges a connection.
#[must_use]
pub fn judge(marks: &Marks, patience: &Patience, now: Instant) -> Verdict {
    let since = |moment: Instant| now.saturating_duration_since(moment);
    if let Some(closing) = marks.closing {
        return if since(closing) >= patience.close { Verdict::Shut } else { Verdict::Nothing };
    }
    if marks.stuck.is_some_and(|stuck| since(stuck) >= patience.stall) {
        return Verdict::Close(CloseCode::TooSlow);
    }
    if marks.heard.is_some_and(|heard| since(heard) >= patience.silence) {
        return Verdict::Close(CloseCode::NoHeartbeat);
    }
    if now >= marks.next_ping { Verdict::Ping } else { Verdict::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Patience = Patience {
        heartbeat: Duration::from_secs(30),
        silence: Duration::from_secs(40),
        stall: Duration::from_secs(20),
        close: Duration::from_secs(2),
    };

    fn verdict(heard: Option<u64>, stuck: Option<u64>, closing: Option<u64>, ping_due: bool) -> Verdict {
        let now = Instant::now() + Duration::from_secs(1000);
        let ago = |seconds: u64| now - Duration::from_secs(seconds);
        let next_ping = if ping_due { now } else { now + Duration::from_millis(1) };
        let marks = Marks { heard: heard.map(ago), stuck: stuck.map(ago), next_ping, closing: closing.map(ago) };
        judge(&marks, &PATIENCE, now)
    }

    #[test]
    fn each_patience_ends_when_it_says() {
        let cases = [
            (Some(0), None, None, false, Verdict::Nothing),
            (Some(39), Some(19), None, false, Verdict::Nothing),
            (Some(39), None, None, true, Verdict::Ping),
            (Some(40), None, None, true, Verdict::Close(CloseCode::NoHeartbeat)),
            (Some(0), Some(20), None, true, Verdict::Close(CloseCode::TooSlow)),
            (Some(999), Some(999), Some(1), true, Verdict::Nothing),
            (Some(0), None, Some(2), true, Verdict::Shut),
            (None, None, None, false, Verdict::Nothing),
            (None, None, None, true, Verdict::Ping),
        ];
        for (heard, stuck, closing, ping_due, expected) in cases {
            assert_eq!(verdict(heard, stuck, closing, ping_due), expected, "{heard:?} {stuck:?} {closing:?}");
        }
    }

    #[test]
    fn a_sweep_is_never_idle_for_long_nor_busy() {
        assert_eq!(PATIENCE.sweep(), Duration::from_millis(500));
        let hasty = Patience { close: Duration::from_millis(1), ..PATIENCE };
        assert_eq!(hasty.sweep(), Duration::from_millis(10));
        assert_eq!(seconds(f64::NAN), seconds(f64::INFINITY));
    }

    proptest! {
        #[test]
        fn who_is_being_closed_is_not_closed_again(heard in 0..99u64, stuck in 0..99u64, closing in 0..99u64) {
            prop_assert!(!matches!(verdict(Some(heard), Some(stuck), Some(closing), true), Verdict::Close(_) | Verdict::Ping));
        }
    }
}
