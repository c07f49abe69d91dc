//! The amounts of a table as whole numbers of one unit, so that sums are exact and fast.

use std::sync::LazyLock;

use crate::Document;
use crate::document::Span;
use crate::table::{ColumnKind, RowKind, Table, Words, is_total_label};

/// Amount columns that one grid holds; a wider table is looked at in parts.
pub(super) const WIDTH: usize = 64;
/// Decimals beyond these are no amounts.
const MOST_DECIMALS: u8 = 6;

/// An amount in units of `10^-scale`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) value: i64,
    /// The last printed digit is worth `10^power` units.
    pub(super) power: u8,
    /// The value ends in so many zeros: round figures match easily.
    pub(super) zeros: u8,
    /// Whether something is printed, a mark for zero included.
    pub(super) given: bool,
}

impl Entry {
    /// Twice how far rounding may have moved the value, in units.
    pub(super) fn slack(self) -> i64 {
        if self.given { 10_i64.pow(u32::from(self.power)) } else { 0 }
    }
}

/// What a row does in sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its label says that it adds up others.
    Total,
    /// Its label names what others come to: a profit, a closing balance.
    Result,
    /// It has amounts and no label, as subtotals often do.
    Unlabelled,
    /// It has amounts.
    Line,
    /// It repeats part of another line.
    Memo,
    /// It has none: a section or a heading.
    Break,
    /// Its figures are never added up.
    Rate,
}

/// Some amount columns of a table.
pub(super) struct Grid<'t> {
    pub(super) document: &'t Document,
    pub(super) table: &'t Table,
    /// Indices of the table's columns.
    pub(super) columns: Vec<usize>,
    pub(super) kinds: Vec<ColumnKind>,
    pub(super) roles: Vec<Role>,
    pub(super) scale: u8,
    less: Vec<bool>,
    entries: Vec<Entry>,
}

impl<'t> Grid<'t> {
    pub(super) fn of(document: &'t Document, table: &'t Table) -> Vec<Self> {
        let usable = |kind: ColumnKind| {
            matches!(
                kind,
                ColumnKind::Amount | ColumnKind::Change | ColumnKind::Share | ColumnKind::Cumulative | ColumnKind::Rate
            )
        };
        let indices: Vec<usize> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| usable(column.kind))
            .map(|(index, _)| index)
            .collect();
        let roles = roles(document, table);
        indices.chunks(WIDTH).filter_map(|columns| Self::part(document, table, columns, &roles)).collect()
    }

    fn part(document: &'t Document, table: &'t Table, columns: &[usize], roles: &[Role]) -> Option<Self> {
        let height = table.rows.len();
        let mut scale = 0;
        let mut decimals = vec![0; columns.len()];
        let mut figures = 0;
        for row in (0..height).filter(|&row| roles.get(row).is_some_and(|role| *role != Role::Break)) {
            for (column, decimals) in columns.iter().zip(&mut decimals) {
                if let Some(figure) = table.figure(row, *column) {
                    figures += 1;
                    *decimals = figure.decimals().min(MOST_DECIMALS).max(*decimals);
                    scale = scale.max(*decimals);
                }
            }
        }
        if figures < 3 {
            return None;
        }
        let mut entries = vec![Entry::default(); height * columns.len()];
        for row in (0..height).filter(|&row| roles.get(row).is_some_and(|role| *role != Role::Break)) {
            for ((position, column), decimals) in columns.iter().enumerate().zip(&decimals) {
                let Some(figure) = table.figure(row, *column) else { continue };
                let own = figure.decimals();
                // What is stored has the precision of its column; what is printed has its own.
                let precision = if figure.mark || table.stored { *decimals } else { own.min(MOST_DECIMALS) };
                let value = if own > MOST_DECIMALS {
                    figure.mantissa() / 10_i64.checked_pow(u32::from(own - MOST_DECIMALS))?
                } else {
                    figure.mantissa()
                };
                let up = u32::from(scale - own.min(scale));
                let Some(value) = value.checked_mul(10_i64.checked_pow(up)?) else { continue };
                // A sum of a million of these still fits.
                if value.unsigned_abs() < 1 << 42
                    && let Some(entry) = entries.get_mut(row * columns.len() + position)
                {
                    *entry = Entry { value, power: scale - precision.min(scale), zeros: zeros(value), given: true };
                }
            }
        }
        let kinds = columns.iter().filter_map(|&column| table.columns.get(column)).map(|column| column.kind).collect();
        let mut grid = Self {
            document,
            table,
            columns: columns.to_vec(),
            kinds,
            roles: roles.to_vec(),
            scale,
            less: Vec::new(),
            entries,
        };
        grid.less = (0..height).map(|row| grid.says_less(row)).collect();
        Some(grid)
    }

    /// "Less: …" with figures that do not have a minus themselves.
    fn says_less(&self, row: usize) -> bool {
        let label = self.table.rows.get(row).map(|row| self.document.text(row.label)).unwrap_or_default();
        let label = label.trim_start_matches(|c: char| !c.is_alphabetic());
        let word: String = label.chars().take(8).collect::<String>().to_lowercase();
        let less =
            ["less ", "less:", "less,", "minus ", "deduct", "abzügl"].iter().any(|start| word.starts_with(start));
        less && self.row(row).iter().filter(|entry| entry.value < 0).count() * 2
            <= self.row(row).iter().filter(|entry| entry.value != 0).count()
    }

    /// Whether a row says that it is to be taken off.
    pub(super) fn is_less(&self, row: usize) -> bool {
        self.less.get(row).copied().unwrap_or(false)
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn height(&self) -> usize {
        self.roles.len()
    }

    pub(super) fn row(&self, row: usize) -> &[Entry] {
        let start = row * self.width();
        self.entries.get(start..start + self.width()).unwrap_or_default()
    }

    pub(super) fn entry(&self, row: usize, column: usize) -> Entry {
        self.row(row).get(column).copied().unwrap_or_default()
    }

    pub(super) fn role(&self, row: usize) -> Role {
        self.roles.get(row).copied().unwrap_or(Role::Break)
    }

    pub(super) fn kind(&self, column: usize) -> ColumnKind {
        self.kinds.get(column).copied().unwrap_or(ColumnKind::Text)
    }
}

fn zeros(mut value: i64) -> u8 {
    let mut zeros = 0;
    while value != 0 && value % 10 == 0 {
        value /= 10;
        zeros += 1;
    }
    // Zero itself is as fine as any.
    zeros
}

fn roles(document: &Document, table: &Table) -> Vec<Role> {
    let label = |span: Span| document.text(span);
    let mut memo_section = false;
    table
        .rows
        .iter()
        .map(|row| match row.kind {
            RowKind::Heading => {
                memo_section = false;
                Role::Break
            }
            RowKind::Section => {
                memo_section = is_memo(label(row.label));
                Role::Break
            }
            RowKind::Rate => Role::Rate,
            RowKind::Amount => {
                let text = label(row.label);
                if is_total_label(text) {
                    Role::Total
                } else if text.trim().is_empty() {
                    Role::Unlabelled
                } else if is_result(text) {
                    Role::Result
                } else if memo_section || is_memo(text) {
                    Role::Memo
                } else {
                    Role::Line
                }
            }
        })
        .collect()
}

static RESULTS: LazyLock<Words> = LazyLock::new(|| {
    Words::of(&[
        "gross profit",
        "gross margin",
        "operating income",
        "operating profit",
        "operating loss",
        "operating result",
        "income before",
        "profit before",
        "loss before",
        "earnings before",
        "net income",
        "net loss",
        "net profit",
        "net earnings",
        "profit for",
        "loss for",
        "profit after",
        "ebit",
        "ebitda",
        "net change",
        "net increase",
        "net decrease",
        "end of",
        "closing",
        "ending",
        "balance as",
        "balance at",
        "balances at",
        "balance,",
        "net carrying",
        "carrying amount",
        "carrying value",
        "net book",
        "net debt",
        "net assets",
        "net cash",
        "non-vested at",
        "unvested at",
        "outstanding at",
        "outstanding as",
        "comprehensive income",
        "at 31",
        "at december",
        "jahresüberschuss",
        "betriebsergebnis",
        "rohergebnis",
        "årets resultat",
        "resultat",
        "résultat",
        "endbestand",
        "result",
        "surplus",
        "deficit",
        "net position",
    ])
});

/// Whether a label names what other rows usually come to.
fn is_result(label: &str) -> bool {
    let label = label.to_lowercase();
    RESULTS.are_in(&label) || label.ends_with(", net")
}

/// "of which", "Includes …": what follows is part of a line above.
fn is_memo(label: &str) -> bool {
    let label = label.trim_start_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    [
        "of which",
        "includes",
        "including",
        "thereof",
        "davon",
        "dont",
        "incl.",
        "memo",
        "whereof",
        "heraf",
        "varav",
        "di cui",
    ]
    .iter()
    .any(|word| label.starts_with(word))
}
