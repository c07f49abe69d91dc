//! `disclosure_completeness`: what a checklist asks for, and where the document has it.

mod checklist;

use std::ops::ControlFlow;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Report;
use crate::{Block, BlockKind, Document, Error, Finding, Location, Severity};
pub use checklist::{Checklist, ChecklistItem, Place};

/// How good a place an item is found in; a heading says more than a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Text,
    Label,
    Heading,
}

#[derive(Debug, Clone)]
struct Hit {
    rank: Rank,
    location: Location,
    evidence: String,
}

/// What a phrase is for: the item, and which of its lists.
#[derive(Debug, Clone, Copy)]
struct Use {
    item: usize,
    list: List,
    group: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Any,
    All,
    When,
    NotApplicable,
}

/// What was found for one item.
#[derive(Debug, Clone, Default)]
struct Found {
    any: Option<Hit>,
    all: Vec<Option<Hit>>,
    when: Option<Hit>,
    not_applicable: Option<Hit>,
}

pub(super) fn run(document: &Document, checklist: &Checklist, report: &mut Report<'_>) -> ControlFlow<()> {
    let items = &checklist.items;
    report.progress(0, items.len())?;
    let found = match search(document, checklist) {
        Ok(found) => found,
        Err(error) => {
            let location = Location { line: 1, ..Location::default() };
            return report.finding(Finding::new(
                Severity::Info,
                "disclosure.checklist",
                error.to_string(),
                location,
                &checklist.title,
            ));
        }
    };
    let is_there = |item: &ChecklistItem, found: &Found| {
        (item.any.is_empty() || found.any.is_some()) && found.all.iter().all(Option::is_some)
    };
    let asked = |item: &ChecklistItem, found: &Found| item.when.is_empty() || found.when.is_some();
    let required = items.iter().zip(&found).filter(|(item, _)| item.when.is_empty());
    let (mut present, mut all) = (0_usize, 0_usize);
    for (item, found) in required {
        all += 1;
        present += usize::from(is_there(item, found) || found.not_applicable.is_some());
    }
    let share = present * 100 >= all * usize::from(checklist.applies_from);
    if !share {
        let location = Location { line: 1, ..Location::default() };
        let message = format!(
            "the document does not look like what \"{}\" is for: it has {present} of {all} items",
            checklist.title
        );
        let finding = Finding::new(Severity::Info, "disclosure.not_applicable", message, location, &checklist.title);
        return report.finding(
            finding.proof(format!("at least {} % of the items make the checklist apply", checklist.applies_from)),
        );
    }
    for (done, (item, found)) in items.iter().zip(&found).enumerate() {
        one(item, found, is_there(item, found), asked(item, found), (present, all), report)?;
        report.progress(done + 1, items.len())?;
    }
    ControlFlow::Continue(())
}

fn one(
    item: &ChecklistItem,
    found: &Found,
    there: bool,
    asked: bool,
    (present, all): (usize, usize),
    report: &mut Report<'_>,
) -> ControlFlow<()> {
    let best = found.any.as_ref().or_else(|| found.all.iter().flatten().next());
    if let (true, Some(hit)) = (there, best) {
        report.summary.proven += 1;
        let finding = Finding::new(
            Severity::Info,
            "disclosure.found",
            format!("{}: found", item.title),
            hit.location,
            &hit.evidence,
        );
        return report.finding(finding.proof(format!("item {} of the checklist", item.id)));
    }
    if let Some(hit) = &found.not_applicable {
        let finding = Finding::new(
            Severity::Info,
            "disclosure.not_applicable",
            format!("{}: said not to apply", item.title),
            hit.location,
            &hit.evidence,
        );
        return report.finding(finding.proof(format!("item {} of the checklist", item.id)));
    }
    if !asked {
        return ControlFlow::Continue(());
    }
    let wanted =
        item.any.iter().chain(&item.all).take(4).map(|phrase| format!("\"{phrase}\"")).collect::<Vec<_>>().join(", ");
    let location = found.when.as_ref().map_or(Location { line: 1, ..Location::default() }, |hit| hit.location);
    let evidence = found.when.as_ref().map_or("", |hit| &hit.evidence);
    let finding =
        Finding::new(item.severity, "disclosure.missing", format!("{}: not found", item.title), location, evidence);
    let proof = format!("item {} of the checklist, which applies: {present} of {all} items are there", item.id);
    report.finding(finding.values(format!("one of {wanted}"), "nothing").proof(proof))
}

/// All phrases of the checklist in one pass over the document.
fn search(document: &Document, checklist: &Checklist) -> Result<Vec<Found>, Error> {
    let mut phrases: Vec<String> = Vec::new();
    let mut uses: Vec<Use> = Vec::new();
    for (index, item) in checklist.items.iter().enumerate() {
        let mut add = |list: List, source: &[String]| {
            for (group, phrase) in source.iter().enumerate() {
                phrases.push(phrase.clone());
                uses.push(Use { item: index, list, group });
            }
        };
        add(List::Any, &item.any);
        add(List::All, &item.all);
        add(List::When, &item.when);
        add(List::NotApplicable, &item.not_applicable);
    }
    let searcher = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(&phrases)
        .map_err(|error| Error::Checklist(error.to_string()))?;
    let mut found: Vec<Found> =
        checklist.items.iter().map(|item| Found { all: vec![None; item.all.len()], ..Found::default() }).collect();
    for block in document.blocks() {
        match block.kind {
            BlockKind::Table(index) => {
                let Some(table) = document.tables().get(index) else { continue };
                for row in &table.rows {
                    let location = Location {
                        line: row.line.max(1),
                        table: Some(table.number),
                        page: Some(table.place.page).filter(|&page| page > 0),
                        ..Location::default()
                    };
                    look(document.text(row.label), Rank::Label, location, &searcher, &uses, checklist, &mut found);
                }
            }
            BlockKind::Heading(_) => look_in(document, block, Rank::Heading, &searcher, &uses, checklist, &mut found),
            BlockKind::Paragraph | BlockKind::Item { .. } => {
                // Converters lose headings: a short paragraph without a full stop is one.
                let text = document.text(block.text);
                let heads = text.len() <= 120 && !text.ends_with('.');
                look_in(
                    document,
                    block,
                    if heads { Rank::Heading } else { Rank::Text },
                    &searcher,
                    &uses,
                    checklist,
                    &mut found,
                );
            }
        }
    }
    Ok(found)
}

fn look_in(
    document: &Document,
    block: &Block,
    rank: Rank,
    searcher: &AhoCorasick,
    uses: &[Use],
    checklist: &Checklist,
    found: &mut [Found],
) {
    let text = document.text(block.text);
    // A phrase may go over the end of a line.
    if text.contains('\n') {
        look(&text.replace('\n', " "), rank, block.place.into(), searcher, uses, checklist, found);
    } else {
        look(text, rank, block.place.into(), searcher, uses, checklist, found);
    }
}

fn look(
    text: &str,
    rank: Rank,
    location: Location,
    searcher: &AhoCorasick,
    uses: &[Use],
    checklist: &Checklist,
    found: &mut [Found],
) {
    for hit in searcher.find_overlapping_iter(text) {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let before = text.get(..hit.start()).and_then(|head| head.chars().next_back());
        let after = text.get(hit.end()..).and_then(|tail| tail.chars().next());
        // A plural is the same word.
        let plural =
            matches!(after, Some('s')) && text.get(hit.end() + 1..).is_some_and(|rest| edge(rest.chars().next()));
        if !edge(before) || !(edge(after) || plural) {
            continue;
        }
        let Some(place) = uses.get(hit.pattern().as_usize()) else { continue };
        let (Some(item), Some(found)) = (checklist.items.get(place.item), found.get_mut(place.item)) else { continue };
        if matches!(place.list, List::Any | List::All) && !item.place.allows(rank == Rank::Heading, rank == Rank::Label)
        {
            continue;
        }
        let slot = match place.list {
            List::Any => &mut found.any,
            List::All => match found.all.get_mut(place.group) {
                Some(slot) => slot,
                None => continue,
            },
            List::When => &mut found.when,
            List::NotApplicable => &mut found.not_applicable,
        };
        if slot.as_ref().is_none_or(|best| best.rank < rank) {
            let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let evidence = text.get(floor(hit.start().saturating_sub(80))..floor(hit.end() + 80)).unwrap_or_default();
            *slot = Some(Hit { rank, location, evidence: evidence.to_owned() });
        }
    }
}
