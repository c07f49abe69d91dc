//! Figures in sentences: what is said of them by the word before.

use std::sync::LazyLock;

use regex::Regex;
use rust_decimal::Decimal;

use crate::figure::{Content, Interval, NumberStyle, read_cell};

/// Sentences longer than this are lists or tables that lost their form.
const LONGEST: usize = 800;

/// The word before a figure, as far as it says what the figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    To,
    From,
    By,
    Of,
    None,
}

/// A figure in a sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    pub(super) lead: Lead,
    pub(super) value: Decimal,
    pub(super) interval: Interval,
    pub(super) percent: bool,
    /// Whether a currency or a magnitude says that it is an amount.
    pub(super) amount: bool,
    pub(super) decimals: u8,
    /// Where it stands in the sentence.
    pub(super) start: usize,
}

/// Which way a sentence says that something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        (?: \b (?P<lead> to | from | by | of | with | than | against | was | were | at | totall?ed | reached )
            \s+ (?: (?: approximately | about | around | nearly | over | almost | roughly | a\ total\ of | some ) \s+ )? )?
        (?P<currency> (?: US | A | C | NZ | HK | S )? [$€£¥] \s? | \b (?: USD | EUR | GBP | DKK | SEK | NOK | CHF | RMB | INR | AUD | CAD ) \s? )?
        \b (?P<number> \d{1,3} (?: [,.\x20\u{a0}’'] \d{3} )+ (?: [.,] \d+ )? | \d+ (?: [.,] \d+ )? )
        \s? (?P<unit> % | per\ ?cent\b | percentage\ points?\b | basis\ points?\b | bps\b | pp\b
            | (?: million | billion | thousand | trillion | bn | mn | m | mio | mrd ) \b )?",
    )
    .expect("a valid pattern")
});

const UP: &[&str] = &[
    "increased",
    "increase",
    "rose",
    "grew",
    "growth",
    "up",
    "higher",
    "risen",
    "grown",
    "climbed",
    "improved",
    "gained",
    "advanced",
];
const DOWN: &[&str] = &[
    "decreased",
    "decrease",
    "fell",
    "declined",
    "decline",
    "down",
    "lower",
    "dropped",
    "reduced",
    "shrank",
    "fallen",
    "reduction",
];

/// The sentences of a text and where each begins.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < text.len() {
            let rest = text.get(from..)?;
            let start = from;
            let end = end_of_sentence(rest);
            from += end;
            let sentence = rest.get(..end)?;
            if !sentence.trim().is_empty() {
                return Some((start, sentence));
            }
        }
        None
    })
    .filter(|(_, sentence)| sentence.len() <= LONGEST)
}

/// A full stop ends a sentence where white space and no small letter follow; so do an empty line and a semicolon.
fn end_of_sentence(text: &str) -> usize {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            b'.' | b'!' | b'?' if next.is_ascii_whitespace() => {
                let after = text.get(at + 1..).map(str::trim_start).and_then(|rest| rest.chars().next());
                let before = text.get(..at).and_then(|head| head.rsplit([' ', '\n']).next()).unwrap_or_default();
                let abbreviation = matches!(
                    before,
                    "Inc" | "Ltd" | "Co" | "Corp" | "No" | "approx" | "vs" | "U.S" | "Mr" | "Ms" | "Dr" | "St" | "Rs"
                );
                if !abbreviation && after.is_none_or(|c| !c.is_lowercase()) {
                    return at + 1;
                }
            }
            b';' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The figures of a sentence in order; years and the numbers of things are left out.
pub(super) fn quantities(sentence: &str) -> Vec<Quantity> {
    QUANTITY.captures_iter(sentence).take(24).filter_map(|found| quantity(&found)).collect()
}

fn quantity(found: &regex::Captures<'_>) -> Option<Quantity> {
    let number = found.name("number")?;
    let unit = found.name("unit").map(|unit| unit.as_str().to_ascii_lowercase()).unwrap_or_default();
    let currency = found.name("currency").is_some();
    let Content::Figure(figure) = read_cell(number.as_str(), NumberStyle::Unknown) else { return None };
    let percent = unit == "%" || unit.starts_with("per cent") || unit == "percent";
    if unit.starts_with("percentage") || unit.starts_with("basis") || unit == "bps" || unit == "pp" {
        return None;
    }
    let power = match unit.as_str() {
        "thousand" => 3,
        "million" | "m" | "mn" | "mio" => 6,
        "billion" | "bn" | "mrd" => 9,
        "trillion" => 12,
        _ => 0,
    };
    let amount = currency || power > 0;
    if !percent && !amount && (figure.looks_like_year() || (figure.decimals() == 0 && figure.mantissa() < 100)) {
        return None;
    }
    let factor = Decimal::from(10_i64.checked_pow(power)?);
    let lead = match found.name("lead").map(|lead| lead.as_str().to_ascii_lowercase()).as_deref() {
        Some("to" | "was" | "were" | "at" | "totaled" | "totalled" | "reached") => Lead::To,
        Some("from" | "with" | "than" | "against") => Lead::From,
        Some("by") => Lead::By,
        Some("of") => Lead::Of,
        _ => Lead::None,
    };
    Some(Quantity {
        lead,
        value: figure.value().checked_mul(factor)?,
        interval: figure.interval().times(factor)?,
        percent,
        amount,
        decimals: figure.decimals(),
        start: found.get(0)?.start(),
    })
}

/// Which way the sentence says that its subject went, and where it says so; `None` when it says both or neither.
pub(super) fn direction(sentence: &str) -> Option<(Direction, usize)> {
    let mut found: Option<(Direction, usize)> = None;
    let base = sentence.as_ptr() as usize;
    for word in sentence.split(|c: char| !c.is_alphanumeric()) {
        let lower = word.to_ascii_lowercase();
        let direction = if UP.contains(&lower.as_str()) {
            Direction::Up
        } else if DOWN.contains(&lower.as_str()) {
            Direction::Down
        } else {
            continue;
        };
        match found {
            Some((first, _)) if first != direction => return None,
            Some(_) => {}
            None => found = Some((direction, word.as_ptr() as usize - base)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_full_stops_and_not_at_decimals() {
        let found: Vec<&str> =
            sentences("Sales rose 3.5 %. Costs fell; Profit is up. e.g. this").map(|(_, text)| text.trim()).collect();
        assert_eq!(found, ["Sales rose 3.5 %.", "Costs fell;", "Profit is up. e.g. this"]);
    }

    #[test]
    fn figures_know_the_word_before_them() {
        let found = quantities("Revenue increased 5.6% to $503.6 million in 2019 from $476.9 million in 2018.");
        let shown: Vec<String> = found
            .iter()
            .map(|quantity| format!("{:?} {} {}", quantity.lead, quantity.value.normalize(), quantity.percent))
            .collect();
        assert_eq!(shown, ["None 5.6 true", "To 503600000 false", "From 476900000 false"]);
    }

    #[test]
    fn a_sentence_that_goes_both_ways_has_no_direction() {
        assert_eq!(direction("Sales rose while costs fell").map(|(direction, _)| direction), None);
        assert_eq!(direction("Sales rose").map(|(direction, _)| direction), Some(Direction::Up));
    }
}
