//! Finds tables and paragraphs in lines of text whose horizontal places are known: plain text, PDF, positioned HTML.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::Error;
use crate::document::{Builder, Place};
use crate::figure::{Content, NumberStyle, read_cell};
use crate::table::RawTable;

/// A run of text that a gap separates from its neighbours.
#[derive(Debug, Clone)]
pub(super) struct Chunk<'t> {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Where it stands; its column is 0 in a PDF, whose lines are only found.
    pub(super) place: Place,
    pub(super) text: Cow<'t, str>,
}

/// A line of chunks, from left to right; a blank one has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Line<'t> {
    pub(super) chunks: Vec<Chunk<'t>>,
}

impl Line<'_> {
    fn place(&self) -> Place {
        self.chunks.first().map_or(Place::default(), |chunk| chunk.place)
    }
}

/// How many lines that may belong to a table are kept until it is known.
const PENDING: usize = 12;
/// How many blank lines a table may have between two rows.
const GAP: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A label and figures, or several figures.
    Figures,
    /// Several chunks without figures.
    Columns,
    /// One chunk that may be a label.
    Label,
    /// One chunk of prose.
    Prose,
}

/// Collects lines into blocks.
#[derive(Default)]
pub(super) struct Layout<'t> {
    /// Lines of which it is not known yet whether a table goes on or begins with them.
    pending: VecDeque<(Line<'t>, Shape)>,
    table: Vec<Line<'t>>,
    figures: usize,
    paragraph: String,
    paragraph_at: Place,
    blanks: u32,
}

impl<'t> Layout<'t> {
    pub(super) fn line(&mut self, line: Line<'t>, builder: &mut Builder<'_>) -> Result<(), Error> {
        if line.chunks.is_empty() {
            self.blanks += 1;
            if self.table.is_empty() && self.pending.iter().all(|(_, shape)| *shape == Shape::Prose) {
                self.settle(builder)?;
                self.flush_paragraph(builder)?;
            } else if self.blanks > GAP {
                self.end(builder)?;
            }
            return Ok(());
        }
        self.blanks = 0;
        let shape = shape(&line);
        match shape {
            Shape::Figures => {
                if self.table.is_empty() {
                    self.begin_table(builder)?;
                } else {
                    self.table.extend(self.pending.drain(..).map(|(line, _)| line));
                }
                self.table.push(line);
                self.figures += 1;
            }
            Shape::Columns | Shape::Label => {
                self.pending.push_back((line, shape));
                if self.pending.len() > PENDING {
                    self.close_table(builder)?;
                    while self.pending.len() > PENDING {
                        self.shift(builder)?;
                    }
                }
            }
            Shape::Prose => {
                self.close_table(builder)?;
                self.settle(builder)?;
                self.prose(&line, builder)?;
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        self.close_table(builder)?;
        self.settle(builder)?;
        self.flush_paragraph(builder)
    }

    /// The pending lines with several chunks, and labels below the first of them, head the table that begins now.
    fn begin_table(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let first = self.pending.iter().position(|(_, shape)| *shape == Shape::Columns);
        let keep = first.map_or(self.pending.len().saturating_sub(2), |first| first.saturating_sub(1));
        for _ in 0..keep {
            self.shift(builder)?;
        }
        self.flush_paragraph(builder)?;
        self.table.extend(self.pending.drain(..).map(|(line, _)| line));
        Ok(())
    }

    fn close_table(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let lines = std::mem::take(&mut self.table);
        let figures = std::mem::take(&mut self.figures);
        if lines.is_empty() {
            return Ok(());
        }
        if figures < 2 {
            for line in &lines {
                self.prose(line, builder)?;
            }
            return Ok(());
        }
        self.flush_paragraph(builder)?;
        let place = lines.first().map_or(Place::default(), Line::place);
        let mut table = RawTable { place, caption: builder.caption(), ..RawTable::default() };
        for line in &lines {
            table.begin_row(line.place().line);
            for Chunk { start, end, place, text } in &line.chunks {
                let cell = builder.cell(text, place.line, place.column, *start, *end)?;
                table.cells.push(cell);
            }
        }
        builder.table(table, place)
    }

    fn settle(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        while !self.pending.is_empty() {
            self.shift(builder)?;
        }
        Ok(())
    }

    fn shift(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        match self.pending.pop_front() {
            Some((line, _)) => self.prose(&line, builder),
            None => Ok(()),
        }
    }

    fn prose(&mut self, line: &Line<'t>, builder: &mut Builder<'_>) -> Result<(), Error> {
        let place = line.place();
        let texts: Vec<&str> = line.chunks.iter().map(|chunk| &*chunk.text).collect();
        let text = texts.join(" ");
        if is_heading(&text) {
            self.flush_paragraph(builder)?;
            return builder.heading(2, &text, place);
        }
        if self.paragraph.is_empty() {
            self.paragraph_at = place;
        } else {
            self.paragraph.push('\n');
        }
        self.paragraph.push_str(&text);
        // No sentence is this long: a text without blank lines is cut for the checks' sake.
        if self.paragraph.len() > 20_000 {
            self.flush_paragraph(builder)?;
        }
        Ok(())
    }

    fn flush_paragraph(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let text = std::mem::take(&mut self.paragraph);
        if text.is_empty() { Ok(()) } else { builder.paragraph(&text, self.paragraph_at) }
    }
}

fn shape(line: &Line<'_>) -> Shape {
    let figure = |chunk: &Chunk<'_>| match read_cell(&chunk.text, NumberStyle::Unknown) {
        Content::Figure(figure) => !figure.looks_like_year(),
        Content::NotAvailable => true,
        Content::Empty | Content::Text | Content::Symbol(_) => false,
    };
    let figures = line.chunks.iter().filter(|chunk| figure(chunk)).count();
    match line.chunks.as_slice() {
        [one] => {
            let text = &one.text;
            let words = text.split_whitespace().count();
            let ends = text.ends_with(['.', ';']) && words > 4;
            if words <= 14 && text.len() <= 110 && !ends { Shape::Label } else { Shape::Prose }
        }
        // "3.  Segments" is a heading, "1  2" may be a row.
        [first, rest @ ..] if figures > 0 => {
            let later = rest.iter().any(figure);
            if later || (figure(first) && figures > 1) { Shape::Figures } else { Shape::Columns }
        }
        _ => Shape::Columns,
    }
}

/// "NOTE 4 – LEASES", "3.2 Segments", "Note 12. Revenue": lines that head what follows.
fn is_heading(text: &str) -> bool {
    if text.len() > 100 || text.ends_with(['.', ',', ';', ':']) {
        return false;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 3 {
        return false;
    }
    let upper = text.chars().filter(|c| c.is_uppercase()).count();
    let lower = text.to_lowercase();
    let named =
        ["note ", "section ", "item ", "part ", "chapter ", "appendix ", "schedule ", "annex "].iter().any(|word| {
            lower
                .strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || rest.len() < 60))
        });
    let numbered = text.split_once(' ').is_some_and(|(number, title)| {
        let digits = number.trim_end_matches('.');
        !digits.is_empty()
            && digits.len() <= 6
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && title.trim_start().starts_with(char::is_uppercase)
    });
    let words = text.split_whitespace().count();
    (named && words <= 14) || (numbered && words <= 12) || (upper == letters && words <= 12)
}
