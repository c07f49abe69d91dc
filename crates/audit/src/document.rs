//! A document as the checks see it: blocks in reading order, tables, tagged figures, all with their places.

use std::collections::HashSet;

use crate::figure::NumberStyle;
use crate::table::{RawCell, RawTable, Table};
use crate::{Error, Limits, MediaType};

/// A piece of the document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    len: u32,
}

/// Where something stands; lines, columns and pages count from 1, and 0 means that the format has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Line of the source; of a page in a PDF; row of the sheet in a workbook.
    pub line: u32,
    /// Column of the source, in characters; 0 in a workbook, whose cells have numbers, and in a PDF.
    pub column: u32,
    /// Page of a PDF, sheet of a workbook.
    pub page: u32,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading and its level.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list; items of one list have its number.
    Item {
        /// Which list of the document, from 1.
        list: u32,
        /// How deep it is nested, from 1.
        depth: u8,
    },
    /// A table, by its index in [`Document::tables`].
    Table(usize),
}

/// A heading, paragraph, list item or table.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text, white space collapsed; empty for a table.
    pub text: Span,
    /// Where it begins.
    pub place: Place,
}

/// A figure tagged in inline XBRL.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The concept, such as `ifrs-full:Assets`.
    pub concept: String,
    /// Which period and entity, by the document's own context id.
    pub context: String,
    /// Which unit, by the document's own unit id.
    pub unit: String,
    /// The value, scaled and signed.
    pub value: rust_decimal::Decimal,
    /// Half of what the last reported digit is worth.
    pub margin: rust_decimal::Decimal,
    /// Its text as printed.
    pub text: Span,
    /// Where it stands.
    pub place: Place,
}

/// A link to another place of the same document.
#[derive(Debug, Clone)]
pub struct Link {
    /// The anchor that it names.
    pub target: String,
    /// Its text.
    pub text: Span,
    /// Where it stands.
    pub place: Place,
}

/// A document that has been read.
#[derive(Debug)]
pub struct Document {
    media_type: MediaType,
    text: String,
    blocks: Vec<Block>,
    tables: Vec<Table>,
    facts: Vec<Fact>,
    links: Vec<Link>,
    anchors: HashSet<String>,
    pages: u32,
}

impl Document {
    /// What it was read from.
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// Headings, paragraphs, list items and tables in reading order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// All tables in reading order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Figures tagged in inline XBRL.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Links within the document.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Whether a link within the document finds its target.
    pub fn has_anchor(&self, name: &str) -> bool {
        self.anchors.contains(name)
    }

    /// Pages of a PDF, sheets of a workbook; otherwise 0.
    pub fn pages(&self) -> u32 {
        self.pages
    }
}

/// Collects a document while it is read.
pub(crate) struct Builder<'a> {
    limits: &'a Limits,
    text: String,
    blocks: Vec<Block>,
    raw: Vec<RawTable>,
    pub(crate) facts: Vec<Fact>,
    links: Vec<Link>,
    anchors: HashSet<String>,
    cells: usize,
    lists: u32,
    pub(crate) pages: u32,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            text: String::new(),
            blocks: Vec::new(),
            raw: Vec::new(),
            facts: Vec::new(),
            links: Vec::new(),
            anchors: HashSet::new(),
            cells: 0,
            lists: 0,
            pages: 0,
        }
    }

    /// Keeps a text, its white space collapsed; line breaks stay.
    pub(crate) fn keep(&mut self, text: &str) -> Result<Span, Error> {
        let start = self.text.len();
        collapse_into(text, &mut self.text, self.limits.text_bytes);
        span_from(&self.text, start, self.limits)
    }

    fn block(&mut self, kind: BlockKind, text: &str, place: Place) -> Result<(), Error> {
        if self.blocks.len() >= self.limits.blocks {
            return Err(Error::TooLarge { what: "blocks", limit: self.limits.blocks as u64 });
        }
        let text = self.keep(text)?;
        if text.len > 0 {
            self.blocks.push(Block { kind, text, place });
        }
        Ok(())
    }

    pub(crate) fn heading(&mut self, level: u8, text: &str, place: Place) -> Result<(), Error> {
        self.block(BlockKind::Heading(level), text, place)
    }

    pub(crate) fn paragraph(&mut self, text: &str, place: Place) -> Result<(), Error> {
        self.block(BlockKind::Paragraph, text, place)
    }

    /// What a table that comes now is introduced by.
    pub(crate) fn caption(&self) -> String {
        let before = self.blocks.iter().rev().take(2).filter(|block| !matches!(block.kind, BlockKind::Table(_)));
        let texts: Vec<&str> =
            before.map(|block| span_text(&self.text, block.text)).filter(|text| text.len() < 400).collect();
        texts.join(" ")
    }

    pub(crate) fn new_list(&mut self) -> u32 {
        self.lists = self.lists.saturating_add(1);
        self.lists
    }

    pub(crate) fn item(&mut self, list: u32, depth: u8, text: &str, place: Place) -> Result<(), Error> {
        self.block(BlockKind::Item { list, depth }, text, place)
    }

    pub(crate) fn anchor(&mut self, name: &str) {
        if self.anchors.len() < self.limits.blocks {
            self.anchors.insert(name.to_owned());
        }
    }

    pub(crate) fn link(&mut self, target: &str, text: &str, place: Place) -> Result<(), Error> {
        if self.links.len() < self.limits.blocks {
            let text = self.keep(text)?;
            self.links.push(Link { target: target.to_owned(), text, place });
        }
        Ok(())
    }

    /// A cell of the table that is being read, its text kept.
    pub(crate) fn cell(&mut self, text: &str, line: u32, column: u32, start: u32, end: u32) -> Result<RawCell, Error> {
        self.cells += 1;
        if self.cells > self.limits.cells {
            return Err(Error::TooLarge { what: "cells", limit: self.limits.cells as u64 });
        }
        Ok(RawCell { text: self.keep(text)?, line, column, start, end })
    }

    pub(crate) fn table(&mut self, table: RawTable, place: Place) -> Result<(), Error> {
        if table.cells.is_empty() {
            return Ok(());
        }
        if self.blocks.len() >= self.limits.blocks {
            return Err(Error::TooLarge { what: "blocks", limit: self.limits.blocks as u64 });
        }
        self.blocks.push(Block { kind: BlockKind::Table(self.raw.len()), text: Span::default(), place });
        self.raw.push(table);
        Ok(())
    }

    /// Builds the tables, now that the whole document has shown how it writes numbers.
    pub(crate) fn finish(mut self, media_type: MediaType) -> Result<Document, Error> {
        let mut votes = Votes::default();
        for table in &self.raw {
            for cell in &table.cells {
                votes.add(span_text(&self.text, cell.text));
            }
        }
        let style = votes.winner();
        let mut tables = Vec::with_capacity(self.raw.len());
        let mut cells = 0;
        for (index, raw) in std::mem::take(&mut self.raw).into_iter().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let table = crate::table::build(raw, number, style, &mut self.text, self.limits)?;
            cells += table.cell_count();
            // Blank cells between others count too: a sparse sheet is no way around the limit.
            if cells > self.limits.cells {
                return Err(Error::TooLarge { what: "cells", limit: self.limits.cells as u64 });
            }
            tables.push(table);
        }
        self.text.shrink_to_fit();
        Ok(Document {
            media_type,
            text: self.text,
            blocks: self.blocks,
            tables,
            facts: self.facts,
            links: self.links,
            anchors: self.anchors,
            pages: self.pages,
        })
    }
}

pub(crate) fn span_text(text: &str, span: Span) -> &str {
    let start = span.start as usize;
    text.get(start..start + span.len as usize).unwrap_or_default()
}

/// Appends `piece` to `text` and gives its span.
pub(crate) fn append(text: &mut String, piece: &str, limits: &Limits) -> Result<Span, Error> {
    let start = text.len();
    if piece.len() > limits.text_bytes.saturating_sub(start) {
        return Err(too_much_text(limits.text_bytes));
    }
    text.push_str(piece);
    span_from(text, start, limits)
}

fn span_from(text: &str, start: usize, limits: &Limits) -> Result<Span, Error> {
    if text.len() > limits.text_bytes {
        return Err(too_much_text(limits.text_bytes));
    }
    let within = |number: usize| u32::try_from(number).map_err(|_| too_much_text(u32::MAX as usize));
    Ok(Span { start: within(start)?, len: within(text.len() - start)? })
}

fn too_much_text(limit: usize) -> Error {
    Error::TooLarge { what: "bytes of text", limit: limit as u64 }
}

/// How often each number style is proven, and how often it would turn what looks like thousands into decimals.
#[derive(Default)]
pub(crate) struct Votes {
    dot: u32,
    comma: u32,
    /// `1.234` and `1,234`.
    dot_thousands: u32,
    comma_thousands: u32,
}

impl Votes {
    pub(crate) fn add(&mut self, text: &str) {
        if text.len() > 40 {
            return;
        }
        let Some(last) = text.rfind([',', '.']) else { return };
        match crate::figure::vote(text) {
            NumberStyle::DotDecimal => self.dot += 1,
            NumberStyle::CommaDecimal => self.comma += 1,
            NumberStyle::Unknown => {
                let tail = text.get(last + 1..).unwrap_or_default();
                let thousands = tail.bytes().take_while(u8::is_ascii_digit).count() == 3;
                let comma = text.get(last..).is_some_and(|rest| rest.starts_with(','));
                self.comma_thousands += u32::from(thousands && comma);
                self.dot_thousands += u32::from(thousands && !comma);
            }
        }
    }

    /// A few numbers of notes such as "6,7" do not make all thousands decimals.
    pub(crate) fn winner(&self) -> NumberStyle {
        if self.dot > self.comma {
            let outvoted = self.dot * 3 < self.dot_thousands && self.comma > 0;
            if outvoted { NumberStyle::CommaDecimal } else { NumberStyle::DotDecimal }
        } else if self.comma > self.dot {
            if self.comma * 3 < self.comma_thousands { NumberStyle::DotDecimal } else { NumberStyle::CommaDecimal }
        } else {
            NumberStyle::Unknown
        }
    }
}

/// White space becomes one space, or one line break where it has some, so that a place in a paragraph keeps its line.
/// Soon after `most` bytes the rest is not copied: it will be refused.
fn collapse_into(text: &str, into: &mut String, most: usize) {
    let start = into.len();
    let (mut gap, mut lines) = (false, 0_usize);
    for c in text.chars() {
        if into.len() > most {
            return;
        }
        if c.is_whitespace() || c == '\0' {
            gap = true;
            lines += usize::from(c == '\n');
            continue;
        }
        if gap && into.len() > start {
            if lines == 0 {
                into.push(' ');
            }
            into.extend(std::iter::repeat_n('\n', lines.min(8)));
        }
        (gap, lines) = (false, 0);
        into.push(c);
    }
}
