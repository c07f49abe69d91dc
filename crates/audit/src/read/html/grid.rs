//! The grid of an HTML table: columns and rows that cells span.

use crate::Error;
use crate::document::{Builder, Place};
use crate::table::RawTable;

/// The widest span that is taken at its word, as browsers do.
const MOST_COLUMNS: u32 = 1_000;

struct OpenCell {
    text: String,
    place: Place,
    start: u32,
    span: u32,
}

/// A table that is being read.
pub(super) struct Grid {
    table: RawTable,
    /// For each column, how many more rows a cell from above reaches into.
    reaching: Vec<u32>,
    column: u32,
    cell: Option<OpenCell>,
}

impl Grid {
    pub(super) fn new(place: Place, caption: String) -> Self {
        let table = RawTable { place, caption, ..RawTable::default() };
        Self { table, reaching: Vec::new(), column: 0, cell: None }
    }

    pub(super) fn open_cell(&mut self) -> Option<&mut String> {
        self.cell.as_mut().map(|cell| &mut cell.text)
    }

    pub(super) fn begin_row(&mut self, line: u32, builder: &mut Builder<'_>) -> Result<(), Error> {
        self.end_cell(builder)?;
        if !self.table.rows.is_empty() {
            for rows in &mut self.reaching {
                *rows = rows.saturating_sub(1);
            }
        }
        self.table.begin_row(line);
        self.column = 0;
        Ok(())
    }

    pub(super) fn begin_cell(
        &mut self,
        place: Place,
        columns: u32,
        rows: u32,
        builder: &mut Builder<'_>,
    ) -> Result<(), Error> {
        if self.table.rows.is_empty() {
            self.begin_row(place.line, builder)?;
        }
        self.end_cell(builder)?;
        while self.reaching.get(self.column as usize).is_some_and(|&rows| rows > 0) {
            self.column += 1;
        }
        let span = columns.clamp(1, MOST_COLUMNS);
        let end = self.column.saturating_add(span);
        // Beyond this a row only repeats what its limit will refuse.
        if end > 100_000 {
            return Err(Error::TooLarge { what: "columns in a table", limit: 100_000 });
        }
        if rows > 1 {
            if self.reaching.len() < end as usize {
                self.reaching.resize(end as usize, 0);
            }
            for reach in self.reaching.iter_mut().take(end as usize).skip(self.column as usize) {
                // Counted down when the next row begins.
                *reach = rows;
            }
        }
        self.cell = Some(OpenCell { text: String::new(), place, start: self.column, span });
        self.column = end;
        Ok(())
    }

    pub(super) fn end_cell(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let Some(cell) = self.cell.take() else { return Ok(()) };
        if cell.text.trim().is_empty() {
            return Ok(());
        }
        // Within a cell a line break is a space.
        let text = cell.text.replace(['\n', '\r'], " ");
        let end = cell.start + cell.span;
        let kept = builder.cell(&text, cell.place.line, cell.place.column, cell.start, end)?;
        self.table.cells.push(kept);
        Ok(())
    }

    pub(super) fn end(mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        self.end_cell(builder)?;
        let place = self.table.place;
        builder.table(self.table, place)
    }
}
