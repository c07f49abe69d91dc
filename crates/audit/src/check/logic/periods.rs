//! Dates that no calendar has, periods that end before they begin, lists of dates with one out of place.

use std::ops::ControlFlow;

use chrono::NaiveDate;

use super::dates::{Written, dates};
use super::{around, location_of_row};
use crate::check::{Report, location_in};
use crate::table::{RowKind, Table};
use crate::{BlockKind, Document, Finding, Location, Severity};

/// Dates that a list must have before its order is proven.
const LISTED: usize = 5;

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    for block in document.blocks() {
        if let BlockKind::Table(index) = block.kind {
            if let Some(table) = document.tables().get(index) {
                in_table(document, table, report)?;
            }
            continue;
        }
        let text = document.text(block.text);
        let found = dates(text);
        in_text(text, &found, |offset| location_in(block, text, offset), report)?;
    }
    ControlFlow::Continue(())
}

fn in_text(
    text: &str,
    found: &[Written],
    location: impl Fn(usize) -> Location,
    report: &mut Report<'_>,
) -> ControlFlow<()> {
    for written in found.iter().filter(|written| written.date.is_none()) {
        let shown = text.get(written.start..written.end).unwrap_or_default();
        let finding = Finding::new(
            Severity::Error,
            "logic.impossible_date",
            format!("there is no {shown}"),
            location(written.start),
            around(text, written.start, written.end),
        );
        report.finding(finding.proof("the calendar"))?;
    }
    for pair in found.windows(2) {
        let [first, second] = pair else { continue };
        let (Some(start), Some(end)) = (first.date, second.date) else { continue };
        if !is_range(text, first, second) {
            continue;
        }
        let evidence = around(text, first.start, second.end);
        if end < start {
            let finding = Finding::new(
                Severity::Error,
                "logic.period_order",
                format!("the period ends on {end}, before it begins on {start}"),
                location(first.start),
                evidence,
            );
            report.finding(finding.proof("its own two dates"))?;
        } else if let Some(months) = months_before(text, first.start) {
            let days = (end - start).num_days() + 1;
            let said = i64::from(months) * 3044 / 100;
            if (days - said).abs() > 20 {
                let finding = Finding::new(
                    Severity::Error,
                    "logic.period_length",
                    format!("the period from {start} to {end} has {days} days, which are not {months} months"),
                    location(first.start),
                    evidence,
                );
                report.finding(
                    finding.values(format!("{months} months"), format!("{days} days")).proof("its own two dates"),
                )?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Whether the words around two dates make them the ends of one period.
fn is_range(text: &str, first: &Written, second: &Written) -> bool {
    let between = text.get(first.end..second.start).unwrap_or_default().trim().to_lowercase();
    let before = text.get(..first.start).unwrap_or_default();
    let word = before.trim_end().rsplit([' ', '\n']).next().unwrap_or_default().to_lowercase();
    match between.as_str() {
        "-" | "–" | "—" | "through" | "until" | "bis" | "thru" | "up to" => true,
        // "compared to", "from the rate at … to that at …": only "from … to" and a period's own name make one.
        "to" | "til" | "au" => matches!(
            word.as_str(),
            "from" | "period" | "periods" | "year" | "quarter" | "months" | "von" | "vom" | "fra" | "du" | "(from" | ""
        ),
        "and" => word == "between",
        _ => false,
    }
}

/// "for the nine months from": how many months the period is said to have.
fn months_before(text: &str, at: usize) -> Option<u32> {
    let before = text.get(..at)?;
    let words: Vec<&str> = before.split_whitespace().rev().take(5).collect();
    let position = words.iter().position(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-').to_lowercase();
        word == "months" || word == "month" || word.ends_with("-month")
    })?;
    let word = words.get(position)?.to_lowercase();
    let number = match word.strip_suffix("-month") {
        Some(number) => number.to_owned(),
        None => words.get(position + 1)?.to_lowercase(),
    };
    Some(match number.trim_matches(|c: char| !c.is_alphanumeric()) {
        "three" | "3" => 3,
        "six" | "6" => 6,
        "nine" | "9" => 9,
        "twelve" | "12" => 12,
        "eighteen" | "18" => 18,
        _ => return None,
    })
}

/// A row's date, or the two ends of its period.
#[derive(Debug, Clone, Copy)]
struct Dated {
    row: usize,
    start: NaiveDate,
    end: NaiveDate,
}

fn in_table(document: &Document, table: &Table, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut listed: Vec<Dated> = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        let label = document.text(row.label);
        if row.kind == RowKind::Section && !label.bytes().any(|byte| byte.is_ascii_digit()) {
            // A new section begins a new list.
            order(document, table, &std::mem::take(&mut listed), report)?;
            continue;
        }
        let found = dates(label);
        if found.is_empty() {
            continue;
        }
        let location = |_| location_of_row(table, index);
        in_text(label, &found, location, report)?;
        // Only where the dates are the label, not where they are mentioned in it.
        let covered: usize = found.iter().map(|written| written.end - written.start).sum();
        if covered + 12 < label.len() {
            continue;
        }
        if let (Some(first), Some(last)) =
            (found.first().and_then(|found| found.date), found.last().and_then(|found| found.date))
            && first <= last
            && found.len() <= 2
        {
            listed.push(Dated { row: index, start: first, end: last });
        }
    }
    order(document, table, &listed, report)
}

/// One date out of place in a list that is otherwise in order.
fn order(document: &Document, table: &Table, listed: &[Dated], report: &mut Report<'_>) -> ControlFlow<()> {
    if listed.len() < LISTED {
        return gaps(document, table, listed, report);
    }
    let rising = listed.windows(2).filter(|pair| matches!(pair, [a, b] if a.start < b.start)).count();
    let falling = listed.windows(2).filter(|pair| matches!(pair, [a, b] if a.start > b.start)).count();
    let up = rising >= falling;
    let in_order = |one: &Dated, two: &Dated| if up { one.start <= two.start } else { one.start >= two.start };
    let wrong: Vec<usize> = listed
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| matches!(pair, [a, b] if !in_order(a, b)))
        .map(|(at, _)| at)
        .collect();
    if let [at, rest @ ..] = wrong.as_slice() {
        // Taking one date out of the list must heal it: else the list begins anew, which is no fault.
        let heals = |out: usize| {
            let kept: Vec<&Dated> =
                listed.iter().enumerate().filter(|(index, _)| *index != out).map(|(_, dated)| dated).collect();
            kept.windows(2).all(|pair| matches!(pair, [a, b] if in_order(a, b)))
        };
        let out = [at + 1, *at].into_iter().find(|&out| heals(out));
        if let (Some(out), true) = (out, rest.len() <= 1)
            && let Some(dated) = listed.get(out)
        {
            let label = table.rows.get(dated.row).map(|row| document.text(row.label)).unwrap_or_default();
            let finding = Finding::new(
                Severity::Warning,
                "logic.date_order",
                format!("{} stands out of order in a list of {} dates", dated.start, listed.len()),
                location_of_row(table, dated.row),
                label,
            );
            report.finding(finding.proof(format!("the other {} dates are in order", listed.len() - 1)))?;
        }
        return ControlFlow::Continue(());
    }
    gaps(document, table, listed, report)
}

/// Periods that follow each other day by day, but for one.
fn gaps(document: &Document, table: &Table, listed: &[Dated], report: &mut Report<'_>) -> ControlFlow<()> {
    let follows = |pair: &[Dated]| matches!(pair, [a, b] if a.end.succ_opt() == Some(b.start));
    let joined = listed.windows(2).filter(|pair| follows(pair)).count();
    let periods = listed.iter().all(|dated| dated.start < dated.end);
    if !periods || joined < 3 || joined + 2 != listed.len() {
        return ControlFlow::Continue(());
    }
    for pair in listed.windows(2).filter(|pair| !follows(pair)) {
        let [first, second] = pair else { continue };
        let label = table.rows.get(second.row).map(|row| document.text(row.label)).unwrap_or_default();
        let finding = Finding::new(
            Severity::Warning,
            "logic.period_gap",
            format!("the period before ends on {}, this one begins on {}", first.end, second.start),
            location_of_row(table, second.row),
            label,
        );
        report.finding(finding.proof(format!("the other {joined} periods follow each other day by day")))?;
    }
    ControlFlow::Continue(())
}
