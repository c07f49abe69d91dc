//! How long to wait before a call is tried again.

use std::time::{Duration, SystemTime};

use rand::Rng as _;

/// The longest pause before the first retry, unless the server asks for one; it doubles with each.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause that this client thinks of itself.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause before try `next` (2 is the first retry): anything up to twice as long each time, so that those that
/// failed together
/// do not come back together.
pub(crate) fn pause(next: u32) -> Duration {
    let most = FIRST.saturating_mul(1 << next.saturating_sub(2).min(10)).min(LONGEST);
    rand::rng().random_range(most / 2..=most)
}

/// What to add to a pause that the server asked for: everybody was asked for the same one.
pub(crate) fn jitter(asked: Duration) -> Duration {
    rand::rng().random_range(Duration::ZERO..=Duration::from_secs(1).max(asked / 4))
}

/// The pause that a `Retry-After` asks for, in seconds or until a date.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(value).ok()?;
    // A date that is over asks for no pause.
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |value| retry_after(value, now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "NaN", "1e999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn pauses_are_bounded(next in 2_u32..1000, asked in 0_u64..100_000) {
            prop_assert!(pause(next) <= LONGEST && pause(next) >= FIRST / 2);
            let asked = Duration::from_secs(asked);
            prop_assert!(jitter(asked) <= Duration::from_secs(1).max(asked / 4));
        }
    }
}
