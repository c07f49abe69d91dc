//! One table model for all formats: figures in rows and columns, what each row and column holds, and where it stands.

mod build;
mod columns;
mod kinds;
mod words;

use crate::document::{Place, Span};
use crate::figure::{Content, Figure};

pub(crate) use build::{RawCell, RawTable, build};
pub(crate) use kinds::is_total_label;
pub(crate) use words::{Words, begins_word, has_word, label_key};

/// What the figures of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Amounts that may be added up.
    Amount,
    /// Percentages of something else in the table.
    Share,
    /// Changes in percent or in points.
    Change,
    /// Averages, prices, rates, per-share figures: never added up.
    Rate,
    /// Running totals.
    Cumulative,
    /// Numbers of notes, codes, years: no figures.
    Reference,
    /// Text.
    Text,
}

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// Headings of columns.
    Heading,
    /// A label without figures, over the rows below it.
    Section,
    /// Amounts.
    Amount,
    /// Percentages, averages, rates, per-share figures.
    Rate,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its headings, from the top, joined.
    pub heading: Span,
    /// What its figures are.
    pub kind: ColumnKind,
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its label.
    pub label: Span,
    /// What it holds.
    pub kind: RowKind,
    /// The index of the nearest section row above, if any.
    pub section: Option<u32>,
    /// Where it begins.
    pub line: u32,
}

/// A cell of a table.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub(crate) content: Content,
    /// Its text as printed, with the symbols that stand in cells of their own.
    pub text: Span,
    /// Line of the source.
    pub line: u32,
    /// Column of the source, in characters; 0 where the format has none.
    pub column: u32,
    /// Which one of its row it is, from 1, where the format counts cells; else how far it is from the left. 0 where it is blank.
    pub number: u32,
}

impl Cell {
    /// The figure in it.
    pub fn figure(&self) -> Option<&Figure> {
        match &self.content {
            Content::Figure(figure) => Some(figure),
            Content::Empty | Content::Text | Content::NotAvailable | Content::Symbol(_) => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content == Content::Empty
    }
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Which table of the document, from 1.
    pub number: u32,
    /// Where it begins.
    pub place: Place,
    /// Rows in order, headings included.
    pub rows: Vec<Row>,
    /// Columns in order, without the labels.
    pub columns: Vec<Column>,
    /// Tens that all amounts are to be multiplied by: 6 for a table in millions.
    pub power: u8,
    /// Whether figures are stored values rather than rounded prints of them.
    pub stored: bool,
    cells: Vec<Cell>,
}

impl Table {
    /// The cell of a row and column, both from 0.
    pub fn cell(&self, row: usize, column: usize) -> Option<&Cell> {
        if column >= self.columns.len() {
            return None;
        }
        self.cells.get(row * self.columns.len() + column)
    }

    /// The figure of a row and column.
    pub fn figure(&self, row: usize, column: usize) -> Option<&Figure> {
        self.cell(row, column)?.figure()
    }

    /// How many cells there are.
    pub fn cell_count(&self) -> usize {
        self.cells.len()
    }
}
