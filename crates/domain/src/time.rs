//! Wall-clock moments, as they are stored and sent.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time that a setting may name, in seconds: a hundred years. Longer ones overflow clocks.
pub const LONGEST_SECONDS: f64 = 100.0 * 365.25 * 86_400.0;

/// How far the clock that moments go by is ahead of this machine's, in microseconds.
static CORRECTION: AtomicI64 = AtomicI64::new(0);

/// Has [`Timestamp::now`] go by a clock that is so many microseconds ahead of this machine's: several servers go by one.
pub fn set_right(micros: i64) {
    CORRECTION.store(micros, Ordering::Relaxed);
}

/// What [`set_right`] was called with last.
#[must_use]
pub fn correction() -> i64 {
    CORRECTION.load(Ordering::Relaxed)
}

/// A moment in microseconds since the Unix epoch; on the wire a number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "number"))]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest moment there is: "some time, not known yet".
    pub const NEVER: Timestamp = Timestamp(i64::MAX);

    /// This moment by the wall clock, which may jump.
    #[must_use]
    pub fn now() -> Self {
        let Self(here) = Self::by_this_machine();
        Self(here.saturating_add(correction()))
    }

    /// The same by the clock of this machine, whatever others say.
    #[must_use]
    pub fn by_this_machine() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    /// The moment that many microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The moment `after` this one; the last there is where that would overflow.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// The moment `before` this one.
    #[must_use]
    pub fn minus(self, before: Duration) -> Self {
        let micros = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// The time from `earlier` to this moment; zero where the clock went back.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339, of any offset.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        Some(Self(chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros()))
    }

    /// RFC 3339 with microseconds, in UTC.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        chrono::DateTime::from_timestamp_micros(self.0)
            .unwrap_or_default()
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Ok(Self((seconds * 1e6).round() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_seconds_on_the_wire_and_survives_them() {
        for micros in [0, 1, 1_700_000_000_123_456, 1_800_000_000_999_999] {
            let text = serde_json::to_string(&Timestamp::from_micros(micros)).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap().as_micros(), micros, "{text}");
        }
    }

    #[test]
    fn a_clock_that_went_back_gives_no_negative_time() {
        let now = Timestamp::from_micros(5);
        assert_eq!(now.since(Timestamp::from_micros(9)), Duration::ZERO);
    }
}
