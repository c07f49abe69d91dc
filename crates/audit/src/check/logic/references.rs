//! References to notes, tables, figures, sections, items and pages that the document does not have.
//!
//! A kind of place counts only when the document numbers it from 1 without a hole, and other references to it are alive.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::LazyLock;

use regex::Regex;

use super::around;
use crate::check::{Report, location_in};
use crate::{BlockKind, Document, Finding, Location, Severity};

/// Places of a kind that must be numbered before one can be missing.
const PROOFS: usize = 3;
/// References that are remembered.
const MOST: usize = 100_000;
/// The highest number that a place can have: beyond it are years and paragraphs of laws.
const HIGHEST: u32 = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Note,
    Table,
    Figure,
    Section,
    Chapter,
    Appendix,
    Item,
    Page,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().trim_end_matches('.') {
            "note" | "notes" => Kind::Note,
            "table" | "tables" => Kind::Table,
            "figure" | "figures" | "fig" | "chart" | "exhibit" => Kind::Figure,
            "section" | "sections" => Kind::Section,
            "chapter" | "chapters" => Kind::Chapter,
            "appendix" | "appendices" | "annex" => Kind::Appendix,
            "item" | "items" => Kind::Item,
            "page" | "pages" => Kind::Page,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Table => "table",
            Kind::Figure => "figure",
            Kind::Section => "section",
            Kind::Chapter => "chapter",
            Kind::Appendix => "appendix",
            Kind::Item => "item",
            Kind::Page => "page",
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static ANCHOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) ^ [\s*\#\[(]* (?P<kind> notes? | table | figure | fig\. | chart | section | chapter | appendix | annex | item ) \s+
          (?P<id> [0-9]{1,3} (?: \.[0-9]{1,3} )* [a-z]? | [A-Z] ) (?-u:\b)
          (?P<title> \s* [-–—:.)\]|]? \s* \S* )",
    )
    .expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s*#]*\(?(?P<id>[0-9]{1,3}(?:\.[0-9]{1,3})*)[.)]?\)?\s+\p{Lu}").expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) (?-u:\b) (?P<kind> notes? | tables? | figures? | fig\. | sections? | chapters? | appendix | items? | pages? ) \s+
          (?P<ids> [0-9]{1,3} (?: \.[0-9]{1,3} )* (?-u:\b) (?: \s* (?: , | and | to | or | & | - | – ) \s* [0-9]{1,3} (?: \.[0-9]{1,3} )* (?-u:\b) )* )",
    )
    .expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static LAST_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?-u:\b)(act|acts|code|regulation|regulations|rule|rules|law|laws|directive|ifrs|ias|ifric|asc|asu|frs|fasb|sfas|iasb|gaap|companies|agreement|indenture|plan|contract|lease|treaty|statute|u\.s\.c|usc|irc|standard|standards|isa|article|bylaws|charter|guidance|prospectus|filing|circular|topic|subtopic|paragraph|sox|10-q|8-k)(?-u:\b)").expect("a valid pattern")
});

/// A reference in the text.
struct Reference<'d> {
    kind: Kind,
    number: u32,
    id: &'d str,
    explicit: bool,
    location: Location,
    evidence: &'d str,
}

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    links(document, report)?;
    let mut anchors: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let mut numbered: BTreeSet<String> = BTreeSet::new();
    let mut references: Vec<Reference<'_>> = Vec::new();
    for block in document.blocks() {
        match block.kind {
            BlockKind::Table(index) => {
                // A caption may stand in the table's own first rows.
                for row in document.tables().get(index).into_iter().flat_map(|table| table.rows.iter().take(2)) {
                    anchor(document.text(row.label), false, &mut anchors, &mut numbered);
                }
            }
            BlockKind::Heading(_) => anchor(document.text(block.text), true, &mut anchors, &mut numbered),
            BlockKind::Paragraph | BlockKind::Item { .. } => {
                let text = document.text(block.text);
                // A paragraph that begins "Note 4 – Leases" heads what follows; one that begins "Note 4 shows" does not.
                let short = text.len() <= 120;
                for line in text.lines().take(40).filter(|_| short || text.contains('\n')) {
                    if line.len() <= 120 {
                        anchor(line, short, &mut anchors, &mut numbered);
                    }
                }
                collect(block, text, &mut references);
            }
        }
    }
    for kind in [Kind::Note, Kind::Section] {
        // "4. Leases" is a note among notes, and a section among sections.
        let named = anchors.entry(kind).or_default();
        if named.len() < PROOFS {
            named.extend(numbered.iter().cloned());
        }
    }
    let pages = document.pages();
    if pages >= 3 {
        anchors.insert(Kind::Page, (1..=pages).map(|page| page.to_string()).collect());
    }
    judge(&anchors, references, report)
}

fn anchor(text: &str, heads: bool, anchors: &mut BTreeMap<Kind, BTreeSet<String>>, numbered: &mut BTreeSet<String>) {
    if let Some(found) = ANCHOR.captures(text) {
        let (Some(kind), Some(id), Some(title)) = (found.name("kind"), found.name("id"), found.name("title")) else {
            return;
        };
        // "Table 3 shows that": a sentence, no caption.
        let title = title.as_str().trim_start();
        let sentence = title.starts_with(|c: char| c.is_lowercase());
        if let (Some(kind), false) = (Kind::of(kind.as_str()), sentence) {
            let whole = id.as_str().to_ascii_lowercase();
            let number = whole.trim_end_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
            let set = anchors.entry(kind).or_default();
            set.insert(whole);
            if !number.is_empty() {
                set.insert(number);
            }
        }
        return;
    }
    if heads
        && let Some(id) = NUMBERED.captures(text).and_then(|found| found.name("id").map(|id| id.as_str().to_owned()))
    {
        numbered.insert(id);
    }
}

fn collect<'d>(block: &crate::Block, text: &'d str, references: &mut Vec<Reference<'d>>) {
    for found in REFERENCE.captures_iter(text) {
        if references.len() >= MOST {
            return;
        }
        let (Some(whole), Some(kind), Some(ids)) = (found.get(0), found.name("kind"), found.name("ids")) else {
            continue;
        };
        let Some(kind) = Kind::of(kind.as_str()) else { continue };
        if whole.start() == 0 || is_elsewhere(text, whole.start(), whole.end()) {
            continue;
        }
        let before = text.get(..whole.start()).unwrap_or_default().trim_end().to_lowercase();
        // "See note 2 and note 9": what a sentence begins with goes for all that it names.
        let sentence = before.rsplit(['.', '\n', ';']).next().unwrap_or_default();
        let listed = ["see ", "refer to ", "described in "].iter().any(|word| sentence.contains(word))
            && before.ends_with("and");
        let explicit = listed
            || [
                "see",
                "see also",
                "refer to",
                "described in",
                "disclosed in",
                "shown in",
                "set out in",
                "in",
                "presented in",
                "to",
                "discussed in",
                "(see",
                "(note",
                "(",
            ]
            .iter()
            .any(|word| before.ends_with(word));
        let location = location_in(block, text, whole.start());
        let evidence = around(text, whole.start(), whole.end());
        let room = MOST - references.len();
        for id in ids.as_str().split(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|id| !id.is_empty()).take(room)
        {
            let id = id.trim_matches('.');
            let Some(number) = id.split('.').next().and_then(|number| number.parse().ok()) else { continue };
            if (1..=HIGHEST).contains(&number) {
                references.push(Reference { kind, number, id, explicit, location, evidence });
            }
        }
    }
}

/// Whether the words around a reference say that it is to a law or another document.
fn is_elsewhere(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let words: Vec<&str> = before.split_whitespace().rev().take(3).collect();
    if words.iter().any(|word| LAST_WORDS.is_match(word)) {
        return true;
    }
    let after = text.get(end..).unwrap_or_default();
    // "Section 13(d)" and "Section 404a" are paragraphs of laws.
    if after.starts_with(['(', '-', '/']) || after.starts_with(|c: char| c.is_alphanumeric()) {
        return true;
    }
    let next: Vec<&str> = after.split_whitespace().take(9).collect();
    let phrase = next.join(" ").to_lowercase();
    let phrase = phrase.trim_start_matches([',', '"', '”', '“', '.', ')', ':']).trim_start();
    if let Some(of) = ["of ", "to ", "in ", "under ", "from "].iter().find_map(|word| phrase.strip_prefix(word)) {
        let own = [
            "this ",
            "these ",
            "the notes",
            "the financial",
            "the consolidated",
            "the accompanying",
            "the group financial",
            "the accounts",
            "our consolidated",
            "our financial",
            "notes to",
            "the report",
        ];
        let other_year = of.split(|c: char| !c.is_ascii_digit()).any(|word| word.len() == 4);
        return !own.iter().any(|own| of.starts_with(own))
            || other_year
            || of.contains("interim")
            || of.contains("prospectus");
    }
    LAST_WORDS.is_match(next.iter().take(3).copied().collect::<Vec<_>>().join(" ").as_str())
}

fn judge(
    anchors: &BTreeMap<Kind, BTreeSet<String>>,
    references: Vec<Reference<'_>>,
    report: &mut Report<'_>,
) -> ControlFlow<()> {
    for (kind, ids) in anchors {
        let numbers: BTreeSet<u32> = ids.iter().filter_map(|id| id.split('.').next()?.parse().ok()).collect();
        let highest = numbers.last().copied().unwrap_or(0);
        let complete =
            numbers.len() >= PROOFS && numbers.len() as u64 == u64::from(highest) && numbers.first() == Some(&1);
        let mine: Vec<&Reference<'_>> = references.iter().filter(|reference| reference.kind == *kind).collect();
        let alive = |reference: &Reference<'_>| {
            // A dotted number is looked for only where the document has dotted ones.
            let dotted = reference.id.contains('.') && ids.iter().any(|id| id.contains('.'));
            if dotted { ids.contains(reference.id) } else { numbers.contains(&reference.number) }
        };
        let living = mine.iter().filter(|reference| alive(reference)).count();
        let dead: Vec<&&Reference<'_>> = mine.iter().filter(|reference| !alive(reference)).collect();
        // Printed page numbers need not begin where the file does.
        let proven = complete && living >= 1 && dead.len() <= living + 1 && *kind != Kind::Page;
        for reference in dead.into_iter().take(200) {
            if !complete {
                continue;
            }
            let severity = match (proven, reference.explicit) {
                (true, true) => Severity::Error,
                (true, false) => Severity::Warning,
                (false, _) => Severity::Info,
            };
            let finding = Finding::new(
                severity,
                "logic.dead_reference",
                format!("there is no {} {}; the last is {highest}", kind.name(), reference.id),
                reference.location,
                reference.evidence,
            );
            let proof = format!(
                "the document numbers its {}s from 1 to {highest}, and {living} other references to them are right",
                kind.name()
            );
            report.finding(
                finding
                    .values(format!("{} 1 to {highest}", kind.name()), format!("{} {}", kind.name(), reference.id))
                    .proof(proof),
            )?;
        }
    }
    ControlFlow::Continue(())
}

/// Links within the document that lead nowhere, where nearly all others lead somewhere.
fn links(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let dead: Vec<_> =
        document.links().iter().filter(|link| !link.target.is_empty() && !document.has_anchor(&link.target)).collect();
    let living = document.links().len() - dead.len();
    let severity = if living >= PROOFS && dead.len() * 4 <= living { Severity::Error } else { Severity::Info };
    for link in dead.into_iter().take(50) {
        let text = document.text(link.text);
        let evidence = if text.is_empty() { format!("#{}", link.target) } else { text.to_owned() };
        let finding = Finding::new(
            severity,
            "logic.dead_link",
            format!("the link to #{} leads nowhere", link.target),
            Location::from(link.place),
            &evidence,
        );
        report.finding(finding.proof(format!("{living} other links within the document lead somewhere")))?;
    }
    ControlFlow::Continue(())
}
