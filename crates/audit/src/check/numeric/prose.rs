//! Growth and amounts in sentences: against the sentence's own figures, and against the tables' rows of the same name.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rust_decimal::Decimal;

use super::base;
use super::text::{Direction, Lead, Quantity, direction, quantities, sentences};
use crate::check::years;
use crate::check::{Report, location_in};
use crate::figure::Interval;
use crate::table::{ColumnKind, RowKind, has_word, label_key};
use crate::{BlockKind, Document, Finding, Location, Severity};

/// Statements that must hold before one that does not is more than an info.
const PROOFS: usize = 3;
/// Words of a label that a sentence's subject may end with.
const LABEL_WORDS: usize = 7;
pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let rows = Rows::of(document);
    let mut own = Statements::new(report.limit);
    let mut named = Statements::new(report.limit);
    for block in document.blocks() {
        if !matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { .. }) {
            continue;
        }
        let text = document.text(block.text);
        // Most paragraphs have no figure at all.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        for (start, sentence) in sentences(text) {
            if !sentence.bytes().any(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let lead = sentence.len() - sentence.trim_start().len();
            let location = location_in(block, text, start + lead);
            read_sentence(sentence, location, &rows, &mut own, &mut named);
        }
    }
    own.report(Severity::Warning, report)?;
    named.report(Severity::Info, report)
}

/// Statements of one kind: how many hold, and what breaks.
struct Statements {
    holds: usize,
    broken: Vec<Finding>,
    /// Most of them that are kept, and how many there are beyond.
    most: u64,
    dropped: usize,
}

impl Statements {
    fn new(most: u64) -> Self {
        Self { holds: 0, broken: Vec::new(), most, dropped: 0 }
    }

    fn breaks(&mut self, finding: Finding) {
        if self.broken.len() as u64 >= self.most {
            self.dropped += 1;
        } else {
            self.broken.push(finding);
        }
    }

    /// Reports what broke, as an error where enough others hold, else as `unproven`.
    fn report(self, unproven: Severity, report: &mut Report<'_>) -> ControlFlow<()> {
        let broken = self.broken.len() + self.dropped;
        let proven = self.holds >= PROOFS && broken * 3 <= self.holds;
        report.summary.dropped += self.dropped as u64;
        report.summary.proven += if proven { self.holds as u64 } else { 0 };
        for mut finding in self.broken {
            finding.severity = if proven { Severity::Error } else { unproven.min(finding.severity) };
            let others = format!("{} other statements of this kind hold", self.holds);
            finding.proof = Some(finding.proof.map_or(others.clone(), |own| format!("{own}; {others}")));
            report.finding(finding)?;
        }
        ControlFlow::Continue(())
    }
}

fn read_sentence(sentence: &str, location: Location, rows: &Rows, own: &mut Statements, named: &mut Statements) {
    let Some((direction, verb_at)) = direction(sentence) else { return };
    // Places in it are those in the sentence.
    let lower = sentence.to_ascii_lowercase().replace('\n', " ");
    let found = quantities(sentence);
    let percents: Vec<&Quantity> = found.iter().filter(|quantity| quantity.percent).collect();
    let with = |lead: Lead| found.iter().filter(move |quantity| !quantity.percent && quantity.lead == lead);
    let (mut to, mut from) = (with(Lead::To), with(Lead::From));
    let ([percent], None) = (percents.as_slice(), percents.get(1)) else { return };
    let compared = (to.next(), from.next(), to.next(), from.next());
    if base::is_another(&lower, compared.1.map(|old| old.start)) {
        return;
    }
    match compared {
        (Some(new), Some(old), None, None) if new.amount == old.amount => {
            judge_own(sentence, location, direction, percent, new, old, own);
        }
        (_, None, None, None) if percent.start > verb_at => {
            judge_named(sentence, &lower, location, direction, verb_at, percent, rows, named);
        }
        _ => {}
    }
}

fn growth(new: Interval, old: Interval) -> Option<Interval> {
    if old.has_zero() || old.low.is_sign_negative() || new.low.is_sign_negative() {
        return None;
    }
    new.over(old)?.times(Decimal::ONE_HUNDRED)?.plus(-Decimal::ONE_HUNDRED)
}

/// What the percentage says, with the sign that the verb gives it.
fn signed(percent: &Quantity, direction: Direction) -> Interval {
    match direction {
        Direction::Up => percent.interval,
        Direction::Down => Interval { low: -percent.interval.high, high: -percent.interval.low },
    }
}

fn judge_own(
    sentence: &str,
    location: Location,
    direction: Direction,
    percent: &Quantity,
    new: &Quantity,
    old: &Quantity,
    own: &mut Statements,
) {
    let Some(range) = growth(new.interval, old.interval) else { return };
    let said = signed(percent, direction);
    if said.meets(range) {
        own.holds += 1;
        return;
    }
    // Half of what is printed is cut off instead of rounded.
    let half = Decimal::new(5, u32::from(percent.decimals) + 1);
    if said.widened(half).meets(range) {
        return;
    }
    let exact = ((range.low + range.high) / Decimal::TWO).round_dp(u32::from(percent.decimals));
    let shown = if direction == Direction::Up { percent.value } else { -percent.value };
    let message = format!(
        "from {} to {} is a change of {exact} %, not {}",
        old.value.normalize(),
        new.value.normalize(),
        shown.normalize()
    );
    let finding = Finding::new(Severity::Error, "numeric.growth_in_prose", message, location, sentence.trim());
    own.breaks(
        finding.values(exact.to_string(), shown.to_string()).proof("the sentence gives both figures and their growth"),
    );
}

#[expect(clippy::too_many_arguments, reason = "the parts of one sentence")]
fn judge_named(
    sentence: &str,
    lower: &str,
    location: Location,
    direction: Direction,
    verb_at: usize,
    percent: &Quantity,
    rows: &Rows,
    named: &mut Statements,
) {
    // A sentence about another period than the table's newest is not about its newest columns.
    if ["quarter", "month", "half", "since", "week", "cumulative", "average"].iter().any(|word| has_word(lower, word)) {
        return;
    }
    let Some(subject) = sentence.get(..verb_at) else { return };
    let Some((label, row)) = rows.find(subject) else { return };
    let years = years::years(lower);
    if years.iter().any(|year| *year != row.year && *year != row.year - 1) {
        return;
    }
    let Some(range) = growth(row.new, row.old) else { return };
    let said = signed(percent, direction);
    if said.meets(range) {
        named.holds += 1;
        return;
    }
    let exact = ((range.low + range.high) / Decimal::TWO).round_dp(u32::from(percent.decimals));
    let shown = if direction == Direction::Up { percent.value } else { -percent.value };
    let message = format!("\"{label}\" changed by {exact} % in table {}, not by {}", row.table, shown.normalize());
    let finding = Finding::new(Severity::Error, "numeric.growth_in_prose", message, location, sentence.trim());
    named.breaks(finding.values(exact.to_string(), shown.to_string()));
}

/// The newest and the year before of one row.
#[derive(Debug, Clone, Copy)]
struct Newest {
    table: u32,
    year: i32,
    new: Interval,
    old: Interval,
}

/// Rows of tables by label, where one label means one pair of figures.
struct Rows {
    by_label: HashMap<String, Option<Newest>>,
}

impl Rows {
    fn of(document: &Document) -> Self {
        let mut by_label: HashMap<String, Option<Newest>> = HashMap::new();
        for table in document.tables() {
            let mut years: Vec<(i32, usize)> = Vec::new();
            for (index, column) in table.columns.iter().enumerate() {
                let found = years::years(document.text(column.heading));
                if let ([year], ColumnKind::Amount) = (found.as_slice(), column.kind) {
                    years.push((*year, index));
                }
            }
            years.sort_unstable_by_key(|&(year, column)| (std::cmp::Reverse(year), column));
            // Two columns of one year are two things.
            let ([(year, new), (before, old), ..], true) =
                (years.as_slice(), years.windows(2).all(|pair| matches!(pair, [a, b] if a.0 != b.0)))
            else {
                continue;
            };
            if *before != year - 1 {
                continue;
            }
            for (index, row) in table.rows.iter().enumerate().filter(|(_, row)| row.kind == RowKind::Amount) {
                let (Some(new), Some(old)) = (table.figure(index, *new), table.figure(index, *old)) else { continue };
                let key = label_key(document.text(row.label));
                if key.len() < 4 || key.split(' ').count() > LABEL_WORDS {
                    continue;
                }
                let newest = Newest { table: table.number, year: *year, new: new.interval(), old: old.interval() };
                by_label
                    .entry(key)
                    .and_modify(|known| {
                        let same =
                            known.is_some_and(|known| growth(known.new, known.old) == growth(newest.new, newest.old));
                        if !same {
                            *known = None;
                        }
                    })
                    .or_insert(Some(newest));
            }
        }
        Self { by_label }
    }

    /// The row whose label the subject is, articles aside; a longer subject is about something else.
    fn find(&self, subject: &str) -> Option<(String, Newest)> {
        let key = label_key(subject);
        let key = ["our ", "the ", "group ", "total "].iter().fold(key.as_str(), |key, article| {
            if self.by_label.contains_key(key) { key } else { key.strip_prefix(article).unwrap_or(key) }
        });
        let key = key
            .strip_suffix(" also")
            .or_else(|| key.strip_suffix(" has"))
            .or_else(|| key.strip_suffix(" have"))
            .unwrap_or(key);
        self.by_label.get(key).copied().flatten().map(|newest| (key.to_owned(), newest))
    }
}
