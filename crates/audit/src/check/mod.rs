//! The checks, and how one is run: findings come as they are found, and the caller may stop at each.

mod disclosure;
mod logic;
mod numeric;
mod years;

use std::ops::ControlFlow;

pub use disclosure::{Checklist, ChecklistItem, Place};
use serde::{Deserialize, Serialize};

use crate::{Block, Document, Finding, Location, Severity};

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Figures that do not add up, do not grow as said, or differ between two places.
    NumericValidation,
    /// Periods, dates, references, counts and terms that contradict each other.
    LogicConsistency,
    /// What a checklist asks for and the document does not have.
    DisclosureCompleteness,
}

impl Check {
    /// All checks.
    pub const ALL: [Check; 3] = [Check::NumericValidation, Check::LogicConsistency, Check::DisclosureCompleteness];

    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Check::NumericValidation => "numeric_validation",
            Check::LogicConsistency => "logic_consistency",
            Check::DisclosureCompleteness => "disclosure_completeness",
        }
    }

    /// The check with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.id() == id)
    }
}

/// What happens while a check runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How far it is.
    Progress {
        /// Tables, blocks or items that are done.
        done: u64,
        /// All of them.
        total: u64,
    },
    /// Something was found.
    Finding(Finding),
}

/// How a check is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What `disclosure_completeness` asks for.
    pub checklist: Checklist,
    /// Findings of one check beyond this are counted, not reported.
    pub max_findings: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { checklist: Checklist::annual_report(), max_findings: 1_000 }
    }
}

/// What a check did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Figures in tables.
    pub cells: u64,
    /// Figures that a reading proves: it holds for them and in at least one other column or row.
    pub proven: u64,
    /// Errors reported.
    pub errors: u64,
    /// Warnings reported.
    pub warnings: u64,
    /// Other findings reported.
    pub infos: u64,
    /// Findings beyond [`Options::max_findings`].
    pub dropped: u64,
    /// Whether the caller stopped it.
    pub stopped: bool,
}

/// Runs a check. `on` hears of progress and findings in order; when it breaks, the check stops.
pub fn run(
    document: &Document,
    check: Check,
    options: &Options,
    on: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Summary {
    let mut report = Report { on, summary: Summary::default(), limit: options.max_findings };
    let flow = match check {
        Check::NumericValidation => numeric::run(document, &mut report),
        Check::LogicConsistency => logic::run(document, &mut report),
        Check::DisclosureCompleteness => disclosure::run(document, &options.checklist, &mut report),
    };
    report.summary.stopped = flow.is_break();
    report.summary
}

/// Runs a check and gives its findings at once.
pub fn findings(document: &Document, check: Check, options: &Options) -> (Vec<Finding>, Summary) {
    let mut found = Vec::new();
    let summary = run(document, check, options, &mut |event| {
        if let Event::Finding(finding) = event {
            found.push(finding);
        }
        ControlFlow::Continue(())
    });
    (found, summary)
}

/// Where a check reports to.
pub(crate) struct Report<'r> {
    on: &'r mut dyn FnMut(Event) -> ControlFlow<()>,
    pub(crate) summary: Summary,
    limit: u64,
}

impl Report<'_> {
    pub(crate) fn finding(&mut self, finding: Finding) -> ControlFlow<()> {
        let reported = self.summary.errors + self.summary.warnings + self.summary.infos;
        // Infos fill at most half, so that they never hide an error.
        let room = if finding.severity == Severity::Info { self.limit / 2 } else { self.limit };
        if reported >= room {
            self.summary.dropped += 1;
            return ControlFlow::Continue(());
        }
        match finding.severity {
            Severity::Error => self.summary.errors += 1,
            Severity::Warning => self.summary.warnings += 1,
            Severity::Info => self.summary.infos += 1,
        }
        (self.on)(Event::Finding(finding))
    }

    pub(crate) fn progress(&mut self, done: usize, total: usize) -> ControlFlow<()> {
        (self.on)(Event::Progress { done: done as u64, total: total as u64 })
    }
}

/// Where an offset of a block's text is. Its line breaks are those of the source, except where HTML puts text at fixed
/// places: a paragraph's rows are then found on the page, and only where the first one stands in the source is known.
fn location_in(block: &Block, text: &str, offset: usize) -> Location {
    let lines = text.get(..offset).unwrap_or_default().bytes().filter(|&byte| byte == b'\n').count();
    let mut location = Location::from(block.place);
    if lines == 0 {
        return location;
    }
    // Only such text has both a page and a column.
    let at_fixed_place = block.place.page > 0 && block.place.column > 0;
    if !at_fixed_place {
        location.line = location.line.saturating_add(u32::try_from(lines).unwrap_or(0));
    }
    location.column = None;
    location
}
