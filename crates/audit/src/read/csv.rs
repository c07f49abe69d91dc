//! CSV: the delimiter is the one that the first lines agree on.

use crate::Error;
use crate::document::{Builder, Place};
use crate::table::RawTable;

pub(super) fn read(source: &str, builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(source))
        .from_reader(source.as_bytes());
    let mut sheet = Sheet::default();
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| Error::malformed("CSV", error))? {
        let line = record.position().map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
        let cells = (0_u32..).zip(record.iter());
        sheet.row(line, cells, 0, builder)?;
    }
    sheet.end(builder)
}

fn delimiter(source: &str) -> u8 {
    let sample: Vec<&str> = source.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
    let score = |delimiter: char| {
        let counts: Vec<usize> = sample.iter().map(|line| unquoted(line, delimiter)).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let agreeing = counts.iter().filter(|&&count| count == most && count > 0).count();
        (agreeing, most)
    };
    // A comma last wins a draw only against nothing: in "1.234,5;2" the semicolon separates.
    let candidates = [b';', b'\t', b'|', b','];
    let best = candidates.into_iter().max_by_key(|&byte| {
        let (agreeing, most) = score(char::from(byte));
        (agreeing, usize::from(byte != b','), most)
    });
    best.filter(|&byte| score(char::from(byte)).0 > 0).unwrap_or(b',')
}

fn unquoted(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|&c| {
            quoted ^= c == '"';
            c == delimiter && !quoted
        })
        .count()
}

/// Rows of a sheet, cut into tables where a blank row is followed by headings.
#[derive(Default)]
pub(super) struct Sheet {
    table: RawTable,
    blank: bool,
    title: String,
}

impl Sheet {
    pub(super) fn row<'t>(
        &mut self,
        line: u32,
        cells: impl Iterator<Item = (u32, &'t str)>,
        page: u32,
        builder: &mut Builder<'_>,
    ) -> Result<(), Error> {
        let cells: Vec<(u32, &str)> = cells.filter(|(_, text)| !text.trim().is_empty()).collect();
        if cells.is_empty() {
            self.blank = true;
            return Ok(());
        }
        let heads = !cells.iter().any(|(_, text)| {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            digits > 0 && digits * 2 >= text.len() && !(digits == 4 && text.trim().len() == 4)
        });
        if self.blank && heads && !self.table.rows.is_empty() {
            self.end(builder)?;
        }
        self.blank = false;
        if self.table.rows.is_empty() {
            let place = Place { line, column: 1, page };
            // A lone text before a table is its title, and is read as prose too.
            if let ([(_, text)], true) = (cells.as_slice(), heads) {
                self.title.push_str(text);
                self.title.push(' ');
                return builder.paragraph(text, place);
            }
            self.table =
                RawTable { place, caption: std::mem::take(&mut self.title), stored: true, ..RawTable::default() };
        }
        self.table.begin_row(line);
        for (column, text) in cells {
            let cell = builder.cell(text, line, column + 1, column, column + 1)?;
            self.table.cells.push(cell);
        }
        Ok(())
    }

    pub(super) fn end(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let table = std::mem::take(&mut self.table);
        let place = table.place;
        self.blank = false;
        builder.table(table, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_lines_agree_on() {
        assert_eq!(delimiter("a;b\n1.234,5;2,0\n"), b';');
        assert_eq!(delimiter("a,b\n\"1,234\",2\n"), b',');
        assert_eq!(delimiter("a\tb\n1\t2\n"), b'\t');
        assert_eq!(delimiter("plain"), b',');
    }
}
