//! Terms and abbreviations that the document defines twice, each time as something else.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use regex::Regex;

use super::around;
use crate::check::{Report, location_in};
use crate::{BlockKind, Document, Finding, Location, Severity};

/// Terms that are remembered.
const MOST: usize = 10_000;
/// Bytes of a word that a term stands for; what is longer is no word.
const LONGEST_WORD: usize = 100;
/// Uses of an abbreviation beside its definitions that make it one of the document's own.
const USES: usize = 2;

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static ABBREVIATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\((?:the\s+)?["“”']?(?P<short>[A-Z][A-Z&]{1,6})s?["“”']?\)"#).expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static MEANS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"["“](?P<term>[A-Z][^"”“]{1,60})["”]\s+(?:means|is defined as|shall mean)\s+(?P<meaning>[^.;\n]{8,300})"#,
    )
    .expect("a valid pattern")
});

struct Definition {
    meaning: String,
    location: Location,
    evidence: String,
}

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut defined: HashMap<String, Vec<Definition>> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    for block in
        document.blocks().iter().filter(|block| matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { .. }))
    {
        let text = document.text(block.text);
        if !text.contains(['(', '"', '“']) {
            continue;
        }
        let mut add = |term: &str, meaning: String, start: usize, end: usize| {
            if order.len() >= MOST {
                return;
            }
            let list = defined.entry(term.to_owned()).or_insert_with(|| {
                order.push(term.to_owned());
                Vec::new()
            });
            if list.len() < 16 {
                list.push(Definition {
                    meaning,
                    location: location_in(block, text, start),
                    evidence: around(text, start, end).to_owned(),
                });
            }
        };
        for found in ABBREVIATED.captures_iter(text) {
            let (Some(whole), Some(short)) = (found.get(0), found.name("short")) else { continue };
            if let Some(meaning) = expansion(text.get(..whole.start()).unwrap_or_default(), short.as_str()) {
                add(short.as_str(), meaning, whole.start(), whole.end());
            }
        }
        for found in MEANS.captures_iter(text) {
            let (Some(whole), Some(term), Some(meaning)) = (found.get(0), found.name("term"), found.name("meaning"))
            else {
                continue;
            };
            add(term.as_str(), normal(meaning.as_str()), whole.start(), whole.end());
        }
    }
    for term in order {
        report_redefined(document, &term, defined.get(&term).map_or(&[], Vec::as_slice), report)?;
    }
    ControlFlow::Continue(())
}

fn report_redefined(
    document: &Document,
    term: &str,
    definitions: &[Definition],
    report: &mut Report<'_>,
) -> ControlFlow<()> {
    let Some(first) = definitions.first() else { return ControlFlow::Continue(()) };
    for other in definitions.iter().skip(1).filter(|other| !same(&first.meaning, &other.meaning)) {
        let uses = uses(document, term);
        let severity = if uses >= definitions.len() + USES { Severity::Warning } else { Severity::Info };
        let finding = Finding::new(
            severity,
            "logic.term_redefined",
            format!(
                "\"{term}\" is \"{}\" here and \"{}\" in line {}",
                other.meaning, first.meaning, first.location.line
            ),
            other.location,
            &other.evidence,
        );
        report.finding(
            finding
                .values(first.meaning.clone(), other.meaning.clone())
                .proof(format!("the document uses \"{term}\" {uses} times")),
        )?;
    }
    ControlFlow::Continue(())
}

fn uses(document: &Document, term: &str) -> usize {
    document.blocks().iter().map(|block| document.text(block.text).matches(term).count()).sum()
}

/// The words before an abbreviation whose initials it is.
fn expansion(before: &str, short: &str) -> Option<String> {
    let letters: Vec<char> = short.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_ascii_lowercase()).collect();
    let words = before.rsplit(|c: char| c.is_whitespace() || c == '-' || c == '/').filter(|word| !word.is_empty());
    let mut taken: Vec<&str> = Vec::new();
    let mut left = letters.len();
    for word in words.take(letters.len() * 2) {
        if word.len() > LONGEST_WORD {
            return None;
        }
        let initial = word.chars().find(|c| c.is_alphanumeric())?.to_lowercase().next()?;
        let small = matches!(word, "of" | "and" | "the" | "for" | "in" | "on" | "to" | "&" | "a");
        match letters.get(left.checked_sub(1)?) {
            Some(letter) if *letter == initial => left -= 1,
            _ if small => {}
            _ => return None,
        }
        taken.push(word);
        if left == 0 {
            taken.reverse();
            return Some(normal(&taken.join(" ")));
        }
    }
    None
}

fn normal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(str::to_lowercase)
        .filter(|word| !matches!(word.as_str(), "the" | "a" | "an" | "and" | "of"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same words, endings aside.
fn same(one: &str, two: &str) -> bool {
    let stem = |word: &str| word.chars().take(5).collect::<String>();
    one.split(' ').map(stem).eq(two.split(' ').map(stem)) || one.contains(two) || two.contains(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_stands_for_the_words_with_its_initials() {
        assert_eq!(
            expansion("the Securities and Exchange Commission ", "SEC").as_deref(),
            Some("securities exchange commission")
        );
        assert_eq!(expansion("return on capital employed ", "ROCE").as_deref(), Some("return on capital employed"));
        assert_eq!(expansion("earnings before tax ", "EBITDA"), None);
    }
}
