//! Whether a sentence measures growth against another figure than the earlier one that it names.

use std::sync::LazyLock;

use regex::Regex;

use super::growth::ADJUSTED;
use crate::table::{begins_word, has_word};

/// Sentences that compare other things than the figures they name.
const UNCLEAR: &[&str] = &[
    "respectively",
    "would",
    "expected",
    "expect",
    "forecast",
    "guidance",
    "if",
    "per annum",
    "p.a",
    "annually",
    "partially",
    "partly",
    "primarily attributable",
    "range",
    "between",
    "offset",
    "on average",
];

/// What follows "a year" where that is when, and not how often.
const WHEN: &[&str] =
    &["-", " ago", " earlier", " before", " prior", " previously", " back", " on year", " over year", " later"];

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Rates of several periods. "Average revenue rose 5%" is none: the average has to be the percentage's.
static RATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b compound (?:ed|ing)? \b
        | \b averag (?:e|ed|es|ing)
            (?: \s (?: annual | annually | yearly | quarterly | monthly | growth | rate | increase | decrease | rise | decline
                | change | of | by | about | around | approximately | nearly | almost | roughly | over | some ) )*
            \s \d [\d.,]* \s? (?: % | per\s?cent )
        | \b average \s (?: annual | yearly | quarterly | monthly ) \b",
    )
});

/// "12% a year"; what follows decides.
static EACH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:a|an|per|each|every)\s(?:single\s)?(?:year|quarter|month|week)\b"));

/// The period right before.
static PERIOD_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b sequential
        | \b (?: prior | previous | preceding | linked ) [\s-] (?: fiscal \s )? (?: quarter | month | week | half | three \s months | six \s months )
        | \b (?: quarter | month | week | half ) s? \s (?: before | ago | earlier ) \b
        | \b (?: quarter | month | week ) [\s-] (?: on | over | to ) [\s-] (?: quarter | month | week ) \b
        | \b (?: qoq | q-o-q | q/q | mom | m-o-m | m/m ) \b",
    )
});

/// A comparison with a period that has a name, such as "from the first quarter"; what follows it decides.
static NAMED_PERIOD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b (?: from | over | on | versus | vs\.? | than | against | since | (?: compared | relative | comparison ) \s (?: with | to ) ) \s (?: in \s )? (?: the \s )?
        (?: (?: first | second | third | fourth | last | 1st | 2nd | 3rd | 4th ) \s (?: fiscal \s )? (?: quarter | half | month | week )
            | q[1-4] | h[12]
            | january | february | march | april | june | july | august | september | october | november | december
        ) \b",
    )
});

/// What makes the name of a period another comparison or none: a year, a day, or where a span ends.
static QUALIFIED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) ^ ,? \s (?: (?: of | in | a | the ) \s )* (?: fiscal \s )?
            (?: (?: 19 | 20 ) \d\d | (?: last | prior | previous | preceding ) [\s-] year | year ) \b
        | ^ \s (?: \d{1,2} | through | until
            | to \s (?: january | february | march | april | may | june | july | august | september | october | november | december )
        ) \b",
    )
});

/// The same period of the year before.
static YEAR_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b years? \s (?: ago | earlier | before ) \b
        | \b (?: last | prior | previous | preceding ) [\s-] (?: fiscal \s )? year
        | \b year [\s-] (?: on | over | to ) [\s-] year \b
        | \b (?: yoy | y-o-y | y/y ) \b
        | \b (?: same | corresponding ) \s (?: quarter | period | month | week | half )",
    )
});

/// Whether the growth in a sentence, in lower case and with plain spaces, may be on another base than the earlier
/// figure, which stands at `old`.
pub(super) fn is_another(lower: &str, old: Option<usize>) -> bool {
    UNCLEAR.iter().any(|word| has_word(lower, word))
        || ADJUSTED.iter().any(|stem| is_adjusted(lower, stem))
        || RATE.is_match(lower)
        || EACH.find_iter(lower).any(|each| {
            let rest = lower.get(each.end()..).unwrap_or_default();
            !WHEN.iter().any(|when| rest.starts_with(when))
        })
        || compares_twice(lower, old)
}

/// Short words are abbreviations; of the others any form counts, as in "organically".
fn is_adjusted(lower: &str, stem: &str) -> bool {
    if stem.len() <= 4 { has_word(lower, stem) } else { begins_word(lower, stem) }
}

/// Growth over the period before is not that over a year, and says nothing of a figure whose period is another one.
fn compares_twice(lower: &str, old: Option<usize>) -> bool {
    let named = NAMED_PERIOD
        .find_iter(lower)
        .filter(|named| !lower.get(named.end()..).is_some_and(|rest| QUALIFIED.is_match(rest)))
        .map(|named| named.start());
    let Some(first) = PERIOD_BEFORE.find_iter(lower).map(|found| found.start()).chain(named).min() else {
        return false;
    };
    // "to 560 million from 500 million in the prior quarter": it is the earlier figure's own period.
    let is_of_old = old.is_some_and(|old| first > old);
    !is_of_old || YEAR_BEFORE.is_match(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_another_in(sentence: &str) -> bool {
        is_another(sentence, sentence.find("$4"))
    }

    #[test]
    fn growth_over_another_period_or_of_other_figures_is_on_another_base() {
        for sentence in [
            "up 12% from the prior quarter to $560, compared with $430 a year ago",
            "up 12% on the previous month to $560, against $430 a year earlier",
            "up 12% from the first quarter to $560, compared with $430 a year ago",
            "up 12% over march to $560, compared with $430 last year",
            "up 12% quarter-on-quarter to $560 from $430",
            "up 12% sequentially to $560, compared with $430 in the same quarter of last year",
            "up 30% year-on-year to $560, from $430 in the prior quarter",
            "grew organically by 12% to $560 from $430",
            "grew by 12% in local currencies to $560 from $430",
            "up by an average of 12% a year to $560 from $430 in 2019",
            "up by an average 12 percent to $560 from $430 in 2019",
            "up 12% per annum to $560 from $430",
            "up 12% a year over the last decade to $560 from $430",
            "up 12% each year to $560 from $430",
            "up at a compounded rate of 12% to $560 from $430",
            "up at an annualized rate of 12% to $560 from $430",
        ] {
            assert!(is_another_in(sentence), "{sentence}");
        }
    }

    #[test]
    fn growth_over_the_earlier_figure_is_on_its_base() {
        for sentence in [
            "up 12% to $560 from $430",
            "up 12% to $560 compared with $430 a year before",
            "up 12% from a year ago to $560, compared with $430 in the same quarter of last year",
            "up 12% year-on-year to $560 from $430 in the prior year",
            "up 12% to $560 from $430 in the prior quarter",
            "up 12% in the first quarter to $560 from $430 a year ago",
            "up 12% over the first quarter of 2023 to $560 from $430",
            "average revenue per user increased 12% to $560 from $430",
            "in the three months to march up 12% to $560 from $430",
            "in the quarter ended on march 31, up 12% to $560 from $430",
            "certain costs rose 12% to $560 from $430",
        ] {
            assert!(!is_another_in(sentence), "{sentence}");
        }
    }
}
