//! Dates in text, those that no calendar has included.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

/// A date as it is written; `date` is `None` where no calendar has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) date: Option<NaiveDate>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    let month = "january|jan|february|feb|march|mar|april|apr|may|june|jun|july|jul|august|aug|september|sept|sep|october|oct|november|nov|december|dec\
                 |januar|februar|märz|marts|mai|maj|juni|juli|oktober|okt|dezember|dez|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre";
    Regex::new(&format!(
        r"(?ix)
        (?-u:\b) (?: (?P<m1>{month}) \.? \s+ (?P<d1>[0-9]{{1,2}}) (?:st|nd|rd|th)? ,? \s+ (?P<y1>(?:19|20)[0-9]{{2}})
        | (?P<d2>[0-9]{{1,2}}) (?:st|nd|rd|th)? \.? \s+ (?P<m2>{month}) \.? ,? \s+ (?P<y2>(?:19|20)[0-9]{{2}})
        | (?P<y3>(?:19|20)[0-9]{{2}}) - (?P<m3>[01][0-9]) - (?P<d3>[0-3][0-9])
        | (?P<d4>[0-3]?[0-9]) \. (?P<m4>[01]?[0-9]) \. (?P<y4>(?:19|20)[0-9]{{2}}) ) (?-u:\b)"
    ))
    .expect("a valid pattern")
});

/// All dates of a text, in order.
pub(super) fn dates(text: &str) -> Vec<Written> {
    // No date is without a year's digits.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    DATE.captures_iter(text)
        .filter_map(|found| {
            let whole = found.get(0)?;
            let number = |name: &str| found.name(name).and_then(|found| found.as_str().parse::<u32>().ok());
            let (year, month, day) = if let Some(month) = found.name("m1") {
                (number("y1")?, month_of(month.as_str())?, number("d1")?)
            } else if let Some(month) = found.name("m2") {
                (number("y2")?, month_of(month.as_str())?, number("d2")?)
            } else if found.name("y3").is_some() {
                (number("y3")?, number("m3")?, number("d3")?)
            } else {
                (number("y4")?, number("m4")?, number("d4")?)
            };
            // "13.25.2019" is no date at all, "31 November 2019" is one that does not exist.
            if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                return None;
            }
            let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
            Some(Written { date, start: whole.start(), end: whole.end() })
        })
        .collect()
}

fn month_of(name: &str) -> Option<u32> {
    let lower = name.to_lowercase();
    const STARTS: &[(&str, u32)] = &[
        ("jan", 1),
        ("feb", 2),
        ("fév", 2),
        ("mar", 3),
        ("mär", 3),
        ("apr", 4),
        ("avr", 4),
        ("may", 5),
        ("mai", 5),
        ("maj", 5),
        ("jun", 6),
        ("juin", 6),
        ("jul", 7),
        ("juil", 7),
        ("aug", 8),
        ("aoû", 8),
        ("sep", 9),
        ("oct", 10),
        ("okt", 10),
        ("nov", 11),
        ("dec", 12),
        ("dez", 12),
        ("déc", 12),
    ];
    STARTS.iter().find(|(start, _)| lower.starts_with(start)).map(|&(_, month)| month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_their_forms() {
        for text in [
            "December 31, 2019",
            "31 December 2019",
            "31st Dec. 2019",
            "2019-12-31",
            "31.12.2019",
            "31. Dezember 2019",
            "31 décembre 2019",
        ] {
            let found = dates(text);
            assert_eq!(found.first().and_then(|found| found.date), NaiveDate::from_ymd_opt(2019, 12, 31), "{text}");
        }
        assert_eq!(dates("November 31, 2019").first().map(|found| found.date), Some(None));
        assert!(dates("version 1.2.3, 45.99.2019").is_empty());
    }
}
