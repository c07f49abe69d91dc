//! The clock of several servers, which is that of their engine: so deadlines and the order of what is listed hold whichever
//! server has them. Where this machine's clock is right, nothing is changed.

use std::time::Duration;

use callboard_domain::time::{Timestamp, correction, set_right};

/// Clocks that are closer than that are the same.
const TOLERANCE: i64 = 1_000_000;

/// An answer that was longer on its way says too little about the engine's clock.
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// Takes in what the engine's clock showed, in microseconds, during a look that took so long and has just ended.
pub(super) fn compare(engine: i64, took: Duration) {
    if took > LONGEST_LOOK {
        return;
    }
    let here = Timestamp::by_this_machine().as_micros();
    if let Some(micros) = changed(correction(), engine.saturating_sub(here)) {
        set_right(micros);
        let seconds = Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
        match micros {
            0 => log::info!("this server's clock shows what that of Redis shows"),
            1.. => log::warn!(
                "this server's clock is {seconds:.0} s behind that of Redis, by which the servers go: set it right"
            ),
            ..0 => log::warn!(
                "this server's clock is {seconds:.0} s ahead of that of Redis, by which the servers go: set it right"
            ),
        }
    }
}

/// The correction that replaces the one of before, where the engine's clock is so far ahead.
fn changed(before: i64, ahead: i64) -> Option<i64> {
    let wanted = if ahead.abs() < TOLERANCE { 0 } else { ahead };
    (wanted != before && (wanted == 0 || wanted.abs_diff(before) >= TOLERANCE.unsigned_abs())).then_some(wanted)
}

#[test]
fn a_clock_is_corrected_where_it_is_far_off_and_then_left_alone() {
    const HOUR: i64 = 3_600_000_000;
    assert_eq!(changed(0, 900_000), None);
    assert_eq!(changed(0, HOUR), Some(HOUR));
    assert_eq!(changed(HOUR, HOUR + 300_000), None);
    assert_eq!(changed(HOUR, -HOUR), Some(-HOUR));
    assert_eq!(changed(-HOUR, -20_000), Some(0));
}
