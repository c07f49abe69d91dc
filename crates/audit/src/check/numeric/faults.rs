//! Broken readings of one table, and the cell that each is best blamed on.

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;

use super::grid::Grid;
use crate::finding::shorten;
use crate::table::Table;
use crate::{Document, Finding, Location, Severity};

/// Broken readings of one table that are looked at for a common cause.
const MOST: usize = 400;

/// A reading that holds elsewhere and not here: the signed cells ought to add up to the target.
pub(super) struct Fault {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    /// Row and column of the table.
    pub(super) target: (usize, usize),
    pub(super) addends: Vec<(usize, usize, i8)>,
    /// The addend whose lost sign explains the difference, where one does.
    pub(super) lost_sign: Option<(usize, usize, i8)>,
    /// Target minus sum, and how much rounding explains, in units of `10^-scale`.
    pub(super) difference: i64,
    pub(super) slack: i64,
    pub(super) scale: u8,
    pub(super) message: String,
    pub(super) proof: String,
}

/// What is found in one table.
pub(super) struct Faults<'t> {
    pub(super) document: &'t Document,
    pub(super) table: &'t Table,
    faults: Vec<Fault>,
    /// Most findings that are kept: as many infos, and as many others, so that infos hide none of them.
    most: u64,
    infos: u64,
    others: u64,
    /// Findings beyond these.
    dropped: u64,
    findings: Vec<Finding>,
    proven: HashSet<(u32, u32)>,
}

impl<'t> Faults<'t> {
    pub(super) fn new(document: &'t Document, table: &'t Table, most: u64) -> Self {
        Self {
            document,
            table,
            faults: Vec::new(),
            most,
            infos: 0,
            others: 0,
            dropped: 0,
            findings: Vec::new(),
            proven: HashSet::new(),
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MOST {
            self.faults.push(fault);
        }
    }

    pub(super) fn finding(&mut self, finding: Finding) {
        let kept = if finding.severity == Severity::Info { &mut self.infos } else { &mut self.others };
        if *kept >= self.most {
            self.dropped += 1;
            return;
        }
        *kept += 1;
        self.findings.push(finding);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A figure of the table that a reading proves.
    pub(super) fn prove(&mut self, row: usize, column: usize) {
        if let (Ok(row), Ok(column)) = (u32::try_from(row), u32::try_from(column)) {
            self.proven.insert((row, column));
        }
    }

    pub(super) fn prove_in(&mut self, grid: &Grid<'_>, row: usize, column: usize) {
        if let Some(&column) = grid.columns.get(column) {
            self.prove(row, column);
        }
    }

    pub(super) fn proven(&self) -> u64 {
        self.proven.len() as u64
    }

    pub(super) fn figures(&self) -> u64 {
        let width = self.table.columns.len();
        let rows = 0..self.table.rows.len();
        rows.flat_map(|row| (0..width).map(move |column| (row, column)))
            .filter(|&(row, column)| self.table.figure(row, column).is_some())
            .count() as u64
    }

    /// All findings, from the top. Faults that one wrong cell explains are one finding, at that cell.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        let blamed = blame(&self.faults);
        let mut merged: HashSet<usize> = HashSet::new();
        let mut findings = std::mem::take(&mut self.findings);
        for (cell, correction, members) in blamed {
            let Some(first) = members
                .iter()
                .filter_map(|&index| self.faults.get(index))
                .max_by_key(|fault| (fault.severity, fault.rule == "numeric.footing"))
            else {
                continue;
            };
            let others: Vec<String> =
                members.iter().filter_map(|&index| self.faults.get(index)).map(|fault| fault.message.clone()).collect();
            let actual = self.table.figure(cell.0, cell.1).map_or(Decimal::ZERO, |figure| figure.value());
            let expected = actual + Decimal::new(correction, u32::from(first.scale));
            let message =
                format!("{} breaks {} sums at once: {}", self.cell_name(cell), members.len(), others.join("; "));
            findings.push(self.finding_at(first, cell, expected, actual, message));
            merged.extend(members);
        }
        let single = self.faults.iter().enumerate().filter(|(index, _)| !merged.contains(index));
        for (_, fault) in single {
            let difference = Decimal::new(fault.difference, u32::from(fault.scale));
            let (cell, correction, message) = match fault.lost_sign {
                Some((row, column, sign)) => {
                    let message = format!("{} has lost its sign: {}", self.cell_name((row, column)), fault.message);
                    ((row, column), difference * Decimal::from(sign), message)
                }
                None => (fault.target, -difference, fault.message.clone()),
            };
            let actual = self.table.figure(cell.0, cell.1).map_or(Decimal::ZERO, |figure| figure.value());
            findings.push(self.finding_at(fault, cell, actual + correction, actual, message));
        }
        findings.sort_by_key(|finding| (finding.location.line, finding.location.column));
        findings
    }

    fn finding_at(
        &self,
        fault: &Fault,
        cell: (usize, usize),
        expected: Decimal,
        actual: Decimal,
        message: String,
    ) -> Finding {
        let printed = self.table.cell(cell.0, cell.1).map(|cell| self.document.text(cell.text)).unwrap_or_default();
        let evidence = format!("{}: {}", self.cell_name(cell), if printed.is_empty() { "(blank)" } else { printed });
        Finding::new(fault.severity, fault.rule, shorten(&message, 600), self.location(cell.0, cell.1), &evidence)
            .values(expected.to_string(), actual.to_string())
            .proof(fault.proof.clone())
    }

    pub(super) fn location(&self, row: usize, column: usize) -> Location {
        location(self.table, row, column)
    }

    pub(super) fn row_name(&self, row: usize) -> String {
        row_name(self.document, self.table, row)
    }

    pub(super) fn column_name(&self, column: usize) -> String {
        column_name(self.document, self.table, column)
    }

    fn cell_name(&self, (row, column): (usize, usize)) -> String {
        format!("{}, {}", self.row_name(row), self.column_name(column))
    }
}

pub(super) fn location(table: &Table, row: usize, column: usize) -> Location {
    let cell = table.cell(row, column);
    let line =
        cell.map(|cell| cell.line).or_else(|| table.rows.get(row).map(|row| row.line)).unwrap_or(table.place.line);
    Location {
        line: line.max(1),
        column: cell.map(|cell| cell.column).filter(|&column| column > 0),
        cell: cell.filter(|_| table.stored).map(|cell| cell.number).filter(|&number| number > 0),
        page: Some(table.place.page).filter(|&page| page > 0),
        table: Some(table.number),
        row: u32::try_from(row + 1).ok(),
    }
}

pub(super) fn row_name(document: &Document, table: &Table, row: usize) -> String {
    let label = table.rows.get(row).map(|row| document.text(row.label)).unwrap_or_default();
    if label.is_empty() { format!("row {}", row + 1) } else { format!("\"{}\"", shorten(label, 60)) }
}

pub(super) fn column_name(document: &Document, table: &Table, column: usize) -> String {
    let heading = table.columns.get(column).map(|column| document.text(column.heading)).unwrap_or_default();
    if heading.is_empty() { format!("column {}", column + 1) } else { format!("\"{}\"", shorten(heading, 60)) }
}

type Blame = ((usize, usize), i64, Vec<usize>);

/// Cells whose correction would heal at least two faults, the best first.
fn blame(faults: &[Fault]) -> Vec<Blame> {
    if faults.len() < 2 || faults.iter().map(|fault| fault.addends.len()).sum::<usize>() > 200_000 {
        return Vec::new();
    }
    let mut by_cell: HashMap<(usize, usize), Vec<(usize, i64)>> = HashMap::new();
    for (index, fault) in faults.iter().enumerate() {
        by_cell.entry(fault.target).or_default().push((index, -fault.difference));
        for &(row, column, sign) in &fault.addends {
            by_cell.entry((row, column)).or_default().push((index, i64::from(sign) * fault.difference));
        }
    }
    let mut candidates: Vec<Blame> = by_cell
        .into_iter()
        .filter_map(|(cell, votes)| {
            let (first, correction) = *votes.first()?;
            let slack = faults.get(first)?.slack;
            let agreeing = votes.iter().filter(|&&(index, vote)| {
                faults.get(index).is_some_and(|fault| (vote - correction).abs() <= slack.max(fault.slack))
            });
            let members: Vec<usize> = agreeing.map(|&(index, _)| index).collect();
            (members.len() >= 2).then_some((cell, correction, members))
        })
        .collect();
    candidates.sort_by_key(|(cell, _, members)| (std::cmp::Reverse(members.len()), *cell));
    let mut taken = HashSet::new();
    candidates.retain_mut(|(_, _, members)| {
        members.retain(|index| !taken.contains(index));
        let kept = members.len() >= 2;
        if kept {
            taken.extend(members.iter().copied());
        }
        kept
    });
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, MediaType};

    #[test]
    fn findings_beyond_the_most_are_counted_and_infos_hide_no_others() {
        let text = "| a | b |\n|---|---|\n| c | 1 |\n| d | 2 |\n";
        let document = Document::read(text.as_bytes(), MediaType::Markdown, &Limits::default()).unwrap();
        let mut faults = Faults::new(&document, document.tables().first().unwrap(), 2);
        for severity in [Severity::Info, Severity::Info, Severity::Info, Severity::Error, Severity::Warning] {
            faults.finding(Finding::new(severity, "numeric.growth", String::new(), Location::default(), ""));
        }
        assert_eq!(faults.dropped(), 1);
        assert_eq!(faults.into_findings().len(), 4);
    }
}
