//! A document as text for models, and where in it a quote stands.

use callboard_audit::table::Table;
use callboard_audit::{BlockKind, Document, Location, Place};

/// The fewest characters of a quote: less stands anywhere.
const SHORTEST: usize = 4;

/// A document as text for models.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// Its lines, with line breaks.
    text: String,
    /// The same in one line, without the marks of tables, and with single spaces.
    flat: String,
    /// Where each line begins in that, and stands in the document.
    starts: Vec<(usize, Location)>,
    /// Where each line ends in the text, without its line break.
    ends: Vec<usize>,
}

impl Transcript {
    /// That of a document: its source where that is text, else what was read of it.
    #[must_use]
    pub(crate) fn of(document: &Document, source: Option<&str>) -> Self {
        let mut transcript = Self { text: String::new(), flat: String::new(), starts: Vec::new(), ends: Vec::new() };
        match source {
            Some(source) => {
                for (number, line) in (1_u32..).zip(source.lines()) {
                    transcript.push(line, Location { line: number, ..Location::default() });
                }
            }
            None => {
                for block in document.blocks() {
                    match block.kind {
                        BlockKind::Table(at) => {
                            if let Some(table) = document.tables().get(at) {
                                transcript.push_table(document, table);
                            }
                        }
                        BlockKind::Heading(level) => {
                            let marks = "#".repeat(usize::from(level.clamp(1, 6)));
                            transcript.push(&format!("{marks} {}", document.text(block.text)), block.place.into());
                        }
                        BlockKind::Item { .. } => {
                            transcript.push(&format!("- {}", document.text(block.text)), block.place.into());
                        }
                        BlockKind::Paragraph => transcript.push(document.text(block.text), block.place.into()),
                    }
                }
            }
        }
        transcript
    }

    /// Its lines.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Each line, with where it stands in the document.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, Location)> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|end| end + 1));
        let texts = begins.zip(&self.ends).map(|(begin, end)| self.text.get(begin..*end).unwrap_or_default());
        texts.zip(self.starts.iter().map(|(_, location)| *location))
    }

    /// Where a quote stands, however its white space is broken; nothing where it does not.
    #[must_use]
    pub(crate) fn find(&self, quote: &str) -> Option<Location> {
        let mut wanted = String::new();
        flatten(quote, &mut wanted);
        if wanted.chars().count() < SHORTEST {
            return None;
        }
        let at = self.flat.find(&wanted)?;
        let line = self.starts.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        self.starts.get(line).map(|(_, location)| *location)
    }

    fn push(&mut self, line: &str, location: Location) {
        self.text.push_str(line);
        self.ends.push(self.text.len());
        self.text.push('\n');
        if !self.flat.is_empty() && !self.flat.ends_with(' ') {
            self.flat.push(' ');
        }
        self.starts.push((self.flat.len(), location));
        flatten(line, &mut self.flat);
    }

    fn push_table(&mut self, document: &Document, table: &Table) {
        let (page, number) = (table.place.page, table.number);
        for (at, row) in table.rows.iter().enumerate() {
            let columns = 0..table.columns.len();
            let cells = columns.filter_map(|column| table.cell(at, column)).map(|cell| document.text(cell.text));
            let line = format!("| {} |", cells.collect::<Vec<_>>().join(" | "));
            let location = Location::from(Place { line: row.line, column: 0, page });
            let row = u32::try_from(at + 1).ok();
            self.push(&line, Location { table: Some(number), row, ..location });
        }
    }
}

/// Appends a text with single spaces, and without the marks of tables.
fn flatten(text: &str, out: &mut String) {
    let words = text.split(|character: char| character.is_whitespace() || character == '|');
    for word in words.filter(|word| !word.is_empty()) {
        if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        out.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_audit::{Limits, MediaType};

    const HTML: &str = "<h1>Report</h1><p>Sales grew\nby 5%.</p>\n<table><tr><td>Retail</td><td>4,211</td></tr>\
                        <tr><td>Total</td><td>6,088</td></tr></table>";

    #[test]
    fn a_quote_is_found_however_its_space_is_broken() {
        let text = "# Report\n\nSales grew by 5%.\n\n| Retail | 4,211 |\n|---|---|\n| Total | 6,088 |\n";
        let document = Document::read(text.as_bytes(), MediaType::Markdown, &Limits::default()).unwrap();
        let transcript = Transcript::of(&document, Some(text));
        let line = |quote: &str| transcript.find(quote).map(|location| location.line);
        assert_eq!(line("Sales  grew\nby 5%"), Some(3));
        assert_eq!(line("Total | 6,088"), Some(7));
        assert_eq!(line("Total 6,088"), Some(7));
        assert_eq!(line("5%. | Retail"), Some(3));
        for quote in ["", "5%", "Sales fell", "total 6,088"] {
            assert_eq!(line(quote), None, "{quote:?}");
        }
    }

    #[test]
    fn what_has_no_lines_is_read_block_by_block() {
        let document = Document::read(HTML.as_bytes(), MediaType::Html, &Limits::default()).unwrap();
        let transcript = Transcript::of(&document, None);
        assert!(
            transcript.text().starts_with("# Report\nSales grew by 5%.\n| Retail | 4,211 |\n"),
            "{}",
            transcript.text()
        );
        let found = transcript.find("| Total | 6,088 |").unwrap();
        assert_eq!((found.table, found.row), (Some(1), Some(2)));
        let lines: Vec<(&str, Option<u32>)> = transcript.lines().map(|(text, at)| (text, at.row)).collect();
        assert_eq!(
            lines,
            [
                ("# Report", None),
                ("Sales grew by 5%.", None),
                ("| Retail | 4,211 |", Some(1)),
                ("| Total | 6,088 |", Some(2))
            ]
        );
    }
}
