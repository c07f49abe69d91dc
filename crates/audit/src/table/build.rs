//! Builds the table model from cells as a reader found them.

use super::columns::Clusters;
use super::kinds::{self, Reading};
use super::{Cell, Column, ColumnKind, Row, RowKind, Table};
use crate::document::{Place, Span, Votes, append, span_text};
use crate::figure::{Content, NumberStyle, Symbol, read_cell};
use crate::{Error, Limits};

/// A cell as a reader found it: its text and the range it takes up from left to right, in any unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawCell {
    pub(crate) text: Span,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A row as a reader found it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRow {
    pub(crate) line: u32,
    /// Index of its first cell; it ends where the next row begins.
    pub(crate) first: usize,
}

/// A table as a reader found it.
#[derive(Debug, Default)]
pub(crate) struct RawTable {
    pub(crate) place: Place,
    pub(crate) rows: Vec<RawRow>,
    pub(crate) cells: Vec<RawCell>,
    /// Text before the table that may name its unit.
    pub(crate) caption: String,
    pub(crate) stored: bool,
}

impl RawTable {
    pub(crate) fn begin_row(&mut self, line: u32) {
        self.rows.push(RawRow { line, first: self.cells.len() });
    }

    fn cells_of(&self, row: usize) -> &[RawCell] {
        let first = self.rows.get(row).map_or(self.cells.len(), |row| row.first);
        let end = self.rows.get(row + 1).map_or(self.cells.len(), |next| next.first);
        self.cells.get(first..end).unwrap_or_default()
    }
}

/// A cell whose content is known and that has taken in the symbols beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) content: Content,
    pub(super) text: Span,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    pub(super) fn is_amount(&self) -> bool {
        matches!(&self.content, Content::Figure(figure) if !figure.looks_like_year())
    }

    fn is_year(&self) -> bool {
        matches!(&self.content, Content::Figure(figure) if figure.looks_like_year())
    }

    fn is_text(&self) -> bool {
        matches!(self.content, Content::Text | Content::Symbol(_))
    }
}

/// Builds a table. `style` is how the document writes numbers where the table itself does not show it.
pub(crate) fn build(
    raw: RawTable,
    number: u32,
    style: NumberStyle,
    text: &mut String,
    limits: &Limits,
) -> Result<Table, Error> {
    let mut votes = Votes::default();
    for cell in &raw.cells {
        votes.add(span_text(text, cell.text));
    }
    let style = match votes.winner() {
        NumberStyle::Unknown => style,
        known @ (NumberStyle::DotDecimal | NumberStyle::CommaDecimal) => known,
    };
    let (tokens, starts) = tokens_of(&raw, style, text, limits)?;
    let row_tokens = |row: usize| -> &[Token] {
        let from = starts.get(row).copied().unwrap_or(tokens.len());
        let to = starts.get(row + 1).copied().unwrap_or(tokens.len());
        tokens.get(from..to).unwrap_or_default()
    };
    let clusters = Clusters::of(&tokens, &starts);
    if clusters.len() > limits.columns {
        return Err(Error::TooLarge { what: "columns in a table", limit: limits.columns as u64 });
    }
    let width = clusters.len();
    if raw.rows.len().saturating_mul(width) > limits.cells {
        return Err(Error::TooLarge { what: "cells", limit: limits.cells as u64 });
    }

    let mut rows = Vec::with_capacity(raw.rows.len());
    let mut cells: Vec<Cell> = Vec::with_capacity(raw.rows.len() * width);
    let mut headings: Vec<Vec<HeadingPart>> = Vec::new();
    let mut seen_body = false;
    for (index, raw_row) in raw.rows.iter().enumerate() {
        let tokens = row_tokens(index);
        let reading = read_row(tokens, &clusters, text, seen_body, limits)?;
        if reading.kind == RowKind::Heading && !seen_body {
            headings.push(heading_parts(tokens, &clusters, &reading));
        }
        seen_body |= matches!(reading.kind, RowKind::Amount);
        let base = cells.len();
        let blank = Cell { content: Content::Empty, text: Span::default(), line: raw_row.line, column: 0, number: 0 };
        cells.resize(base + width, blank);
        for token in tokens {
            if let Some(cell) = clusters.column_of(token).and_then(|column| cells.get_mut(base + column))
                && cell.is_empty()
            {
                let Token { content, text, line, column, start, .. } = *token;
                *cell = Cell { content, text, line, column, number: start + 1 };
            }
        }
        rows.push(Row { label: reading.label, kind: reading.kind, section: None, line: raw_row.line });
    }

    let columns = columns_of(&headings, width, text, limits)?;
    let mut table = Table { number, place: raw.place, rows, columns, power: 0, stored: raw.stored, cells };
    kinds::classify(&mut table, &raw.caption, text);
    Ok(table)
}

/// What is in the cells, each row's symbols joined with the figures they belong to.
fn tokens_of(
    raw: &RawTable,
    style: NumberStyle,
    text: &mut String,
    limits: &Limits,
) -> Result<(Vec<Token>, Vec<usize>), Error> {
    let mut tokens: Vec<Token> = Vec::with_capacity(raw.cells.len());
    let mut starts = Vec::with_capacity(raw.rows.len());
    for row in 0..raw.rows.len() {
        let first = tokens.len();
        starts.push(first);
        for cell in raw.cells_of(row) {
            let content = read_cell(span_text(text, cell.text), style);
            if content == Content::Empty {
                continue;
            }
            let token = Token {
                content,
                text: cell.text,
                line: cell.line,
                column: cell.column,
                start: cell.start,
                end: cell.end.max(cell.start + 1),
            };
            let previous = if tokens.len() > first { tokens.last_mut() } else { None };
            let joined = match previous {
                Some(previous) => join(previous, &token, style, text, limits)?,
                None => false,
            };
            if !joined {
                tokens.push(token);
            }
        }
    }
    Ok((tokens, starts))
}

/// Joins a symbol and a figure that stand side by side; `previous` becomes both.
fn join(
    previous: &mut Token,
    token: &Token,
    style: NumberStyle,
    text: &mut String,
    limits: &Limits,
) -> Result<bool, Error> {
    let belongs = match (&previous.content, &token.content) {
        (Content::Symbol(Symbol::Before), Content::Figure(figure)) => !figure.looks_like_year(),
        (Content::Symbol(Symbol::Before), Content::Symbol(Symbol::Before)) => true,
        // "2019 | % | 2018 | %" is a row of headings.
        (Content::Figure(figure), Content::Symbol(Symbol::After)) => !figure.looks_like_year(),
        _ => false,
    };
    if !belongs {
        return Ok(false);
    }
    let joined = format!("{}{}", span_text(text, previous.text), span_text(text, token.text));
    let content = read_cell(&joined, style);
    if matches!(content, Content::Text | Content::Empty) {
        return Ok(false);
    }
    previous.text = append(text, &joined, limits)?;
    previous.content = content;
    previous.end = previous.end.max(token.end);
    Ok(true)
}

/// Whether a row heads columns, heads a section, or has figures; and its label.
fn read_row(
    tokens: &[Token],
    clusters: &Clusters,
    text: &mut String,
    seen_body: bool,
    limits: &Limits,
) -> Result<Reading, Error> {
    let first_figure = tokens.iter().position(|token| {
        matches!(token.content, Content::Figure(_) | Content::NotAvailable) && !clusters.is_reference(token)
    });
    let labels: Vec<&Token> =
        tokens.iter().take(first_figure.unwrap_or(tokens.len())).filter(|token| token.is_text()).take(4).collect();
    let amounts = tokens.iter().filter(|token| token.is_amount()).count();
    let years = tokens.iter().filter(|token| token.is_year()).count();
    let label = match labels.as_slice() {
        [] => Span::default(),
        [one] => one.text,
        several => {
            let joined: Vec<&str> = several.iter().map(|token| span_text(text, token.text)).collect();
            let joined = joined.join(" ");
            append(text, &joined, limits)?
        }
    };
    let label_text = span_text(text, label);
    let over_columns = tokens
        .iter()
        .filter(|token| token.is_text() && clusters.column_of(token).is_some_and(|column| clusters.is_numeric(column)))
        .count();
    let kind = if amounts > 0 {
        RowKind::Amount
    } else if years > 0 {
        if !seen_body || kinds::heads_periods(label_text) { RowKind::Heading } else { RowKind::Amount }
    } else if !seen_body || over_columns > 0 {
        let alone = tokens.len() == 1 && over_columns == 0 && labels.len() == 1;
        if seen_body || !alone { RowKind::Heading } else { RowKind::Section }
    } else if tokens.iter().any(|token| matches!(token.content, Content::NotAvailable)) {
        RowKind::Amount
    } else {
        RowKind::Section
    };
    Ok(Reading { kind, label })
}

/// A text in a heading row and the columns that it stands over.
type HeadingPart = (Span, std::ops::Range<usize>);

fn heading_parts(tokens: &[Token], clusters: &Clusters, reading: &Reading) -> Vec<HeadingPart> {
    tokens
        .iter()
        .map(|token| (token.text, clusters.covered(token)))
        .filter(|(text, columns)| !columns.is_empty() && (*text != reading.label || columns.end > 1))
        .collect()
}

/// The headings of each column, from the top, joined.
fn columns_of(
    headings: &[Vec<HeadingPart>],
    width: usize,
    text: &mut String,
    limits: &Limits,
) -> Result<Vec<Column>, Error> {
    let covers = |row: &[HeadingPart], column: usize| row.iter().any(|(_, columns)| columns.contains(&column));
    let first = headings.iter().flatten().map(|(_, columns)| columns.start).filter(|&column| column > 0).min();
    // Formats without spans leave the columns blank that a heading spans; they have headings of their own below.
    let spanned: Vec<Vec<HeadingPart>> = headings
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let below = headings.get(index + 1..).unwrap_or_default();
            let mut row = row.clone();
            // A heading that is broken over lines leaves blanks too, but not over the first column.
            if !first.is_none_or(|first| covers(&row, first)) {
                return row;
            }
            for part in 0..row.len() {
                let Some((_, columns)) = row.get(part) else { continue };
                let mut end = columns.end;
                while end < width && !covers(&row, end) && below.iter().any(|row| covers(row, end)) {
                    end += 1;
                }
                if let Some((_, columns)) = row.get_mut(part) {
                    columns.end = end;
                }
            }
            row
        })
        .collect();
    let mut columns = Vec::with_capacity(width);
    for column in 0..width {
        let parts = spanned.iter().take(12).flatten().filter(|(_, columns)| columns.contains(&column));
        let joined: Vec<&str> = parts.map(|(part, _)| span_text(text, *part)).take(16).collect();
        let joined = joined.join(" ");
        let heading = append(text, &joined, limits)?;
        columns.push(Column { heading, kind: ColumnKind::Text });
    }
    Ok(columns)
}
