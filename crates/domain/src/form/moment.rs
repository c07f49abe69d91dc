//! Days and moments, as people and browsers write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde_json::Value;

use crate::request::Field;

/// A day of the calendar, `YYYY-MM-DD`.
pub(super) fn date(field: &Field, text: Option<&str>) -> Result<Value, String> {
    let (text, day) = text
        .and_then(|text| Some((text, day(text)?)))
        .ok_or("must be a day of the calendar, written like 2026-01-31")?;
    within(field, text, &day, day_of)
}

/// A moment: RFC 3339, or the local time `YYYY-MM-DDTHH:MM[:SS]` that browsers send.
///
/// It is handed on as it was written. A local time is compared with a limit as if both were in one time zone; beside a
/// moment that has an offset, it counts as UTC.
pub(super) fn datetime(field: &Field, text: Option<&str>) -> Result<Value, String> {
    let (text, moment) = text
        .and_then(|text| Some((text, moment(text)?)))
        .ok_or("must be a date and time, written like 2026-01-31T13:45 or 2026-01-31T13:45:00Z")?;
    within(field, text, &moment, moment_of)
}

/// The day that a limit names.
pub(super) fn day_of(limit: &Value) -> Option<NaiveDate> {
    limit.as_str().and_then(day)
}

/// The moment that a limit names.
pub(super) fn moment_of(limit: &Value) -> Option<NaiveDateTime> {
    limit.as_str().and_then(moment)
}

fn day(text: &str) -> Option<NaiveDate> {
    // Only the shape is asked here: the parser would take signs and missing zeros as well.
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| shape)?;
    // There is no year 0; browsers refuse it, too.
    (!text.starts_with("0000")).then_some(day)
}

/// With chrono and not jiff, which reads a leap second as the one before.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(['T', 't'])?;
    day(date)?;
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.naive_utc()).filter(may_leap);
    }
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !time.split('.').next()?.split(':').all(digits) {
        return None;
    }
    let local = format!("{date}T{time}");
    let moment = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&local, format).ok());
    // Whether a local time is the end of a month in UTC is not known.
    moment.filter(|moment| !is_leap(moment))
}

/// Whether it is a second that only leap seconds have; it counts on the nanoseconds of the one before.
fn is_leap(moment: &NaiveDateTime) -> bool {
    moment.nanosecond() >= 1_000_000_000
}

/// Leap seconds end a month in UTC, and are nowhere else (RFC 3339, section 5.7).
fn may_leap(utc: &NaiveDateTime) -> bool {
    let ends_month = || utc.date().succ_opt().is_some_and(|next| next.day() == 1);
    !is_leap(utc) || (utc.hour(), utc.minute()) == (23, 59) && ends_month()
}

fn within<T: PartialOrd>(field: &Field, text: &str, value: &T, read: fn(&Value) -> Option<T>) -> Result<Value, String> {
    let beyond = |limit: &Option<Value>, wrong: fn(&T, &T) -> bool| {
        let limit = limit.as_ref()?;
        read(limit).filter(|limit| wrong(value, limit))?;
        limit.as_str().map(str::to_owned)
    };
    if let Some(min) = beyond(&field.min, T::lt) {
        return Err(format!("must not be before {min}"));
    }
    if let Some(max) = beyond(&field.max, T::gt) {
        return Err(format!("must not be after {max}"));
    }
    Ok(Value::from(text))
}

#[cfg(test)]
mod tests {
    use crate::form::fit::cases;
    use serde_json::{Value, json};

    fn all(kind: &str, good: &[&str], bad: &[Value], message: &str) {
        let good: Vec<_> = good.iter().map(|text| (json!(text), Ok(json!(text.trim())))).collect();
        let bad: Vec<_> = bad.iter().map(|value| (value.clone(), Err(message))).collect();
        cases(json!({"type": kind}), &good);
        cases(json!({"type": kind}), &bad);
    }

    #[test]
    fn dates() {
        let bad = [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-05",
            "+026-01-05",
            "20260105",
            "05.01.2026",
            "0000-01-01",
            "2026-01-05T00:00",
            "today",
            "2026-01-0５",
            "12026-01-05",
        ];
        let bad: Vec<Value> = bad.into_iter().map(Value::from).chain([json!(20260105), json!({})]).collect();
        let message = "must be a day of the calendar, written like 2026-01-31";
        all("date", &["2026-01-31", "2024-02-29", " 0001-01-01 ", "9999-12-31"], &bad, message);
    }

    #[test]
    fn datetimes() {
        let bad = [
            "2026-01-31",
            "2026-01-31T25:00",
            "2026-01-31T13:60",
            "2026-02-30T10:00",
            "2026-01-31 13:45",
            "2026-01-31T1:45",
            "2026-01-31T13",
            "2026-01-31T13:45Z",
            "2026-01-31T13:45:00+25:00",
            "T",
            "13:45",
            "2026-01-31T+3:45",
            "2026-01-31T13:45:",
            "2026-01-31T13:45:60Z",
            "2026-12-31T23:59:60",
            "2026-12-31T23:59:60+01:00",
            "2026-12-30T23:59:60Z",
            "2026-12-31T23:59:61Z",
            "2026-12-31T22:59:60Z",
            "0000-01-01T00:00",
            "12026-01-01T00:00",
        ];
        let bad: Vec<Value> = bad.into_iter().map(Value::from).chain([json!(1_700_000_000), json!([])]).collect();
        let good = [
            "2026-01-31T13:45",
            "2026-01-31T13:45:30",
            "2026-01-31T13:45:30.5",
            "2026-01-31T13:45:30Z",
            "2026-01-31T13:45:30.123456+02:00",
            "2026-01-31t13:45:30z",
            "2016-12-31T23:59:60Z",
            "2017-01-01T05:29:60.25+05:30",
            "2026-06-30T23:59:60Z",
            "2026-01-31T13:45:30.123456789012345678-00:00",
            " 2026-01-31T00:00 ",
        ];
        let message = "must be a date and time, written like 2026-01-31T13:45 or 2026-01-31T13:45:00Z";
        all("datetime", &good, &bad, message);
    }

    #[test]
    fn limits_belong_to_the_range() {
        cases(
            json!({"type": "date", "min": "2026-01-10", "max": "2026-01-20"}),
            &[
                (json!("2026-01-10"), Ok(json!("2026-01-10"))),
                (json!("2026-01-20"), Ok(json!("2026-01-20"))),
                (json!("2026-01-09"), Err("must not be before 2026-01-10")),
                (json!("2026-01-21"), Err("must not be after 2026-01-20")),
            ],
        );
        cases(
            json!({"type": "datetime", "min": "2026-01-10T12:00:00Z"}),
            &[
                (json!("2026-01-10T13:30:00+01:00"), Ok(json!("2026-01-10T13:30:00+01:00"))),
                (json!("2026-01-10T12:30:00+01:00"), Err("must not be before 2026-01-10T12:00:00Z")),
                (json!("2026-01-10T11:59"), Err("must not be before 2026-01-10T12:00:00Z")),
            ],
        );
    }
}
