//! CSV: the delimiter is the one that the first lines agree on.

use crate::Error;
use crate::document::{Builder, Place};
use crate::table::RawTable;

pub(super) fn read(source: &str, builder: &mut Builder<'_>) -> Result<(), Error> {
    let delimiter = delimiter(source);
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(source.as_bytes());
    let mut sheet = Sheet::default();
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| Error::malformed("CSV", error))? {
        let (line, from) = record.position().map_or((0, 0), |position| (position.line(), position.byte()));
        let raw = usize::try_from(from).ok().and_then(|from| source.get(from..)).unwrap_or_default();
        // Blank lines before a record count as its own.
        let text = raw.trim_start_matches(['\r', '\n']);
        let blank = raw.get(..raw.len() - text.len()).unwrap_or_default().matches('\n').count() as u64;
        // The reader passes over them.
        sheet.blank |= blank > 0;
        let line = u32::try_from(line + blank).unwrap_or(u32::MAX);
        let places = places(text, delimiter);
        let fields = (0_u32..).zip(record.iter()).zip(places).map(|((cell, text), (below, column))| Field {
            cell,
            line: line.saturating_add(below),
            column,
            text,
        });
        sheet.row(line, fields, 0, builder)?;
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

/// Where the fields of a record begin, which a text begins with: how many lines below its first, and at which character of
/// that line.
fn places(text: &str, delimiter: u8) -> impl Iterator<Item = (u32, u32)> {
    let (mut below, mut column, mut is_quoted, mut begins) = (0_u32, 0_u32, false, true);
    let inner = text.chars().map_while(move |c| {
        column += 1;
        let place = std::mem::take(&mut begins).then_some((below, column));
        match c {
            '"' => is_quoted = !is_quoted,
            '\n' if !is_quoted => return place.map(Some),
            '\n' => (below, column) = (below + 1, 0),
            _ if c == char::from(delimiter) && !is_quoted => begins = true,
            _ => {}
        }
        Some(place)
    });
    // A field behind the last delimiter may be empty, and the text over.
    inner.flatten().chain(std::iter::repeat((0, 0)))
}

/// A field of a record, or a cell of a sheet.
pub(super) struct Field<'t> {
    /// Which one of its row, from 0.
    pub(super) cell: u32,
    pub(super) line: u32,
    /// The character of its line, from 1; 0 in a sheet, which has none.
    pub(super) column: u32,
    pub(super) text: &'t str,
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
        fields: impl Iterator<Item = Field<'t>>,
        page: u32,
        builder: &mut Builder<'_>,
    ) -> Result<(), Error> {
        let fields: Vec<Field<'_>> = fields.filter(|field| !field.text.trim().is_empty()).collect();
        let Some(first) = fields.first() else {
            self.blank = true;
            return Ok(());
        };
        let heads = !fields.iter().any(|Field { text, .. }| {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            digits > 0 && digits * 2 >= text.len() && !(digits == 4 && text.trim().len() == 4)
        });
        if self.blank && heads && !self.table.rows.is_empty() {
            self.end(builder)?;
        }
        self.blank = false;
        if self.table.rows.is_empty() {
            let place = Place { line, column: first.column.min(1), page };
            // A lone text before a table is its title, and is read as prose too.
            if let ([Field { text, .. }], true) = (fields.as_slice(), heads) {
                builder.paragraph(text, place)?;
                for word in text.split_whitespace() {
                    self.title.push_str(word);
                    self.title.push(' ');
                }
                return Ok(());
            }
            self.table =
                RawTable { place, caption: std::mem::take(&mut self.title), stored: true, ..RawTable::default() };
        }
        self.table.begin_row(line);
        for Field { cell, line, column, text } in fields {
            let cell = builder.cell(text, line, column, cell, cell + 1)?;
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
    fn each_field_is_at_a_character_of_a_line() {
        let of = |text: &str, fields| places(text, b',').take(fields).collect::<Vec<_>>();
        assert_eq!(of("é,\"1,5\",7\nx,y", 3), [(0, 1), (0, 3), (0, 9)]);
        assert_eq!(of("a,\"two\nlines, of é\",c", 3), [(0, 1), (0, 3), (1, 14)]);
        assert_eq!(of("a,,b", 3), [(0, 1), (0, 3), (0, 4)]);
        assert_eq!(of("a,", 2), [(0, 1), (0, 0)]);
        assert_eq!(of("a,\n", 2), [(0, 1), (0, 3)]);
    }

    #[test]
    fn the_delimiter_is_the_one_that_lines_agree_on() {
        assert_eq!(delimiter("a;b\n1.234,5;2,0\n"), b';');
        assert_eq!(delimiter("a,b\n\"1,234\",2\n"), b',');
        assert_eq!(delimiter("a\tb\n1\t2\n"), b'\t');
        assert_eq!(delimiter("plain"), b',');
    }
}
