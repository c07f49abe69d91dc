//! "The following three …": a number that announces a list, against the list.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::{Report, location_in};
use crate::{Block, BlockKind, Document, Finding, Severity};

/// Blocks in which a list is followed.
const FOLLOWED: usize = 400;

const NUMBERS: &[(&str, usize)] = &[
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
];

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?isx) (?-u:\b) (?P<before> [\p{L}-]+ \s+ )? (?P<number> two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[2-9]|1[0-9]|20 )
          \s+ (?P<noun> (?: [\p{L}’'-]+ \s+ ){0,5} [\p{L}’'-]+ ) \s* : ",
    )
    .expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static FOLLOWING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?isx) (?-u:\b) following \s+ (?P<number> two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[2-9]|1[0-9]|20 ) \s+ (?P<noun> [\p{L}’'-]+ (?: \s+ [\p{L}’'-]+ ){0,8} ) \s* [:.]").expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^|[\s;,:(])\(?(?P<mark>[ivx]{1,4}|[a-z]|[0-9]{1,2})\)\s").expect("a valid pattern")
});

/// What cannot be listed, or is listed elsewhere.
const UNCOUNTED: &[&str] = &[
    "year",
    "month",
    "day",
    "week",
    "time",
    "percent",
    "table",
    "page",
    "million",
    "billion",
    "thousand",
    "hour",
    "quarter",
    "paragraph",
    "minute",
    "column",
    "chart",
];
/// Words that make a number a bound or a part.
const BOUNDS: &[&str] = &[
    "least", "to", "than", "first", "last", "past", "about", "over", "of", "only", "another", "other", "these",
    "those", "most", "next", "previous", "all", "or", "note", "table", "section", "item", "level",
];

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let blocks = document.blocks();
    for (index, block) in blocks.iter().enumerate() {
        if !matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { .. }) {
            continue;
        }
        let text = document.text(block.text);
        if !text.contains(':') && !text.contains("following") {
            continue;
        }
        let Some(announced) = announced(text) else { continue };
        let rest = text.get(announced.end..).unwrap_or_default();
        let following = blocks.get(index + 1..).unwrap_or_default();
        let Some(listed) = listed(document, block, rest, following, announced.colon) else { continue };
        if listed.least <= announced.number && announced.number <= listed.most {
            continue;
        }
        let found = if listed.least == listed.most {
            listed.least.to_string()
        } else {
            format!("{} to {}", listed.least, listed.most)
        };
        let noun = announced.noun.trim();
        let evidence = text.get(announced.start..).unwrap_or_default();
        let finding = Finding::new(
            listed.severity,
            "logic.count_mismatch",
            format!("{} {noun} are announced, but {found} are listed", announced.number),
            location_in(block, text, announced.start),
            evidence,
        );
        report.finding(finding.values(announced.number.to_string(), found).proof(listed.proof))?;
    }
    ControlFlow::Continue(())
}

struct Announced<'t> {
    number: usize,
    noun: &'t str,
    start: usize,
    end: usize,
    colon: bool,
}

fn announced(text: &str) -> Option<Announced<'_>> {
    let found = FOLLOWING
        .captures(text)
        .map(|found| (found, true))
        .or_else(|| ANNOUNCED.captures(text).map(|found| (found, false)))?;
    let (found, following) = found;
    let whole = found.get(0)?;
    let noun = found.name("noun")?.as_str();
    let number = found.name("number")?;
    let lower = noun.to_lowercase();
    if UNCOUNTED.iter().any(|word| lower.split_whitespace().any(|noun| noun.trim_end_matches('s') == *word)) {
        return None;
    }
    // "of the two companies", "at least three": not a count of what follows.
    let before = found.name("before").map(|before| before.as_str().trim().to_lowercase()).unwrap_or_default();
    if !following && BOUNDS.contains(&before.as_str()) {
        return None;
    }
    let words = number.as_str().to_lowercase();
    let number =
        NUMBERS.iter().find(|(name, _)| *name == words).map(|&(_, number)| number).or_else(|| words.parse().ok())?;
    let colon = whole.as_str().ends_with(':');
    Some(Announced { number, noun, start: whole.start(), end: whole.end(), colon })
}

struct Listed {
    least: usize,
    most: usize,
    severity: Severity,
    proof: String,
}

/// The list that follows: in the same sentence, as the next blocks, or as marked lines.
fn listed(document: &Document, block: &Block, rest: &str, following: &[Block], colon: bool) -> Option<Listed> {
    let text = rest.trim();
    if !text.is_empty() {
        return if colon { inline(text) } else { None };
    }
    let first = following.first()?;
    match (first.kind, block.kind) {
        (BlockKind::Item { list, depth }, before) => {
            if let BlockKind::Item { list: own, .. } = before
                && own == list
            {
                return None;
            }
            let mut count = 0;
            for block in following.iter().take(FOLLOWED) {
                match block.kind {
                    BlockKind::Item { list: other, .. } if other == list => count += 1,
                    BlockKind::Item { depth: other, .. } if other <= depth => break,
                    BlockKind::Heading(_) => break,
                    BlockKind::Item { .. } | BlockKind::Paragraph | BlockKind::Table(_) => {}
                }
            }
            // A list of one is a list that the format cut up.
            (count >= 2).then(|| Listed {
                least: count,
                most: count,
                severity: Severity::Error,
                proof: format!("the list below has {count} items"),
            })
        }
        (BlockKind::Paragraph, _) => marked_lines(document, following),
        (BlockKind::Heading(_) | BlockKind::Table(_), _) => None,
    }
}

/// Paragraphs or lines that begin with one and the same kind of mark.
fn marked_lines(document: &Document, following: &[Block]) -> Option<Listed> {
    let bullet = |line: &str| line.chars().next().filter(|c| "•●▪◦–—-*■·".contains(*c));
    let mut count = 0_usize;
    let mut mark = None;
    'blocks: for block in following.iter().take(FOLLOWED).take_while(|block| block.kind == BlockKind::Paragraph) {
        for line in document.text(block.text).lines() {
            let line = line.trim_start();
            let ordinal = count + 1;
            let numbered = ["{}.", "{})", "({})"].iter().any(|form| {
                let number = form.replace("{}", &ordinal.to_string());
                let letter = u8::try_from(ordinal)
                    .ok()
                    .filter(|&n| n <= 26)
                    .map(|n| form.replace("{}", &char::from(b'a' + n - 1).to_string()));
                line.starts_with(&number)
                    || (form.contains(')') && letter.is_some_and(|letter| line.starts_with(&letter)))
            });
            match (bullet(line), mark) {
                (Some(found), None | Some(Some(_))) if mark.is_none_or(|mark| mark == Some(found)) => {
                    mark = Some(Some(found));
                    count += 1;
                }
                (None, None | Some(None)) if numbered => {
                    mark = Some(None);
                    count += 1;
                }
                // The list ends with the first paragraph that has no mark.
                _ if count == 0 => break 'blocks,
                _ => {}
            }
        }
        let first = document.text(block.text).trim_start();
        if count > 0 && mark.is_some_and(|mark| mark.is_some()) && bullet(first).is_none() {
            break;
        }
    }
    (count >= 2).then(|| Listed {
        least: count,
        most: count,
        severity: Severity::Error,
        proof: format!("the marked lines below are {count}"),
    })
}

/// "(i) …, (ii) … and (iii) …" or "retail, wholesale and other".
fn inline(text: &str) -> Option<Listed> {
    let mut marks = 0_usize;
    for found in MARKER.captures_iter(text).take(60) {
        let Some(mark) = found.name("mark") else { continue };
        if is_ordinal(mark.as_str(), marks + 1) {
            marks += 1;
        } else if marks > 0 && is_ordinal(mark.as_str(), 1) {
            // The marks begin anew: another list.
            break;
        }
    }
    if marks >= 2 {
        return Some(Listed {
            least: marks,
            most: marks,
            severity: Severity::Error,
            proof: format!("the sentence marks {marks} items"),
        });
    }
    let sentence =
        text.strip_suffix('.').filter(|sentence| !sentence.contains(". ") && !sentence.contains([';', '(', ':']))?;
    // A list may have as many parts as the document has commas: none of them is kept.
    let parts = || sentence.split(',').map(str::trim);
    let (count, last) = (parts().count(), parts().next_back()?);
    let joined = last.strip_prefix("and ").is_none() && last.contains(" and ");
    let least = count + usize::from(joined);
    let ands = parts().map(|part| part.strip_prefix("and ").unwrap_or(part).matches(" and ").count()).sum::<usize>();
    let simple = parts().flat_map(|part| part.split(" and ")).all(|item| item.split_whitespace().count() <= 4);
    (simple && least >= 2).then(|| Listed {
        least: count,
        most: count + ands,
        severity: Severity::Warning,
        proof: format!("the sentence lists {least} items"),
    })
}

fn is_ordinal(mark: &str, number: usize) -> bool {
    const ROMAN: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    let letter =
        u8::try_from(number).ok().filter(|&n| (1..=26).contains(&n)).map(|n| char::from(b'a' + n - 1).to_string());
    mark == number.to_string()
        || ROMAN.get(number - 1).is_some_and(|roman| *roman == mark)
        || letter.as_deref() == Some(mark)
}
