//! Markdown: CommonMark with tables, and HTML within it.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::html;
use super::lines::Lines;
use crate::Error;
use crate::document::{Builder, Place};
use crate::table::RawTable;

/// Bytes that are parsed at a time, or a little more.
const CHUNK: usize = 128 << 10;

pub(super) fn read(source: &str, builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut reader = Reader {
        builder,
        source,
        lines: Lines::of(source),
        text: String::new(),
        text_at: 0,
        heading: 0,
        lists: Vec::new(),
        item_begins: false,
        table: None,
        column: 0,
        link: None,
        html: None,
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    for (base, chunk) in chunks(source) {
        for (event, range) in Parser::new_ext(chunk, options).into_offset_iter() {
            reader.event(event, range.start + base..range.end + base)?;
        }
    }
    reader.flush_paragraph()
}

/// The parser keeps all blocks of what it is given, so it is given a part at a time: parts end before a paragraph or
/// heading that nothing above can reach into.
fn chunks(source: &str) -> Vec<(usize, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut at, mut blank, mut fenced, mut comments) = (0, 0, false, false, 0_i64);
    for line in source.split_inclusive('\n') {
        let text = line.trim_start();
        let begins = line.starts_with(|c: char| c.is_alphabetic() || c == '#');
        if blank && begins && !fenced && comments <= 0 && at - start >= CHUNK {
            chunks.push((start, source.get(start..at).unwrap_or_default()));
            (start, comments) = (at, 0);
        }
        fenced ^= text.starts_with("```") || text.starts_with("~~~");
        if text.contains('<') || text.contains("-->") {
            let opened = ["<!--", "<pre", "<script", "<style", "<table"]
                .iter()
                .map(|tag| text.matches(tag).count())
                .sum::<usize>();
            let closed = ["-->", "</pre", "</script", "</style", "</table"]
                .iter()
                .map(|tag| text.matches(tag).count())
                .sum::<usize>();
            comments += i64::try_from(opened).unwrap_or(0) - i64::try_from(closed).unwrap_or(0);
        }
        blank = text.is_empty();
        at += line.len();
    }
    chunks.push((start, source.get(start..).unwrap_or_default()));
    chunks
}

struct Reader<'r, 'b> {
    builder: &'r mut Builder<'b>,
    source: &'r str,
    lines: Lines<'r>,
    text: String,
    text_at: usize,
    heading: u8,
    lists: Vec<u32>,
    /// Whether the next paragraph in a list is an item's first.
    item_begins: bool,
    table: Option<RawTable>,
    column: u32,
    link: Option<(String, usize)>,
    /// The HTML block that is being collected, and where it begins.
    html: Option<(String, usize)>,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Error> {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                if let Some((html, _)) = &mut self.html {
                    html.push_str(&text);
                } else {
                    self.text.push_str(&text);
                }
                Ok(())
            }
            Event::SoftBreak => {
                self.text.push('\n');
                Ok(())
            }
            Event::HardBreak => {
                self.text.push('\n');
                Ok(())
            }
            Event::Html(html) => {
                if let Some((collected, _)) = &mut self.html {
                    collected.push_str(&html);
                }
                Ok(())
            }
            Event::InlineHtml(tag) => {
                // A line break in a cell separates words; any other tag is decoration.
                if tag.starts_with("<br") {
                    self.text.push(' ');
                }
                Ok(())
            }
            Event::Rule => Ok(()),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => Ok(()),
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) -> Result<(), Error> {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush_paragraph()?;
                self.heading = level as u8;
                self.text_at = range.start;
            }
            Tag::Paragraph => {
                if self.text.is_empty() {
                    self.text_at = range.start;
                }
            }
            Tag::List(_) => {
                self.flush_paragraph()?;
                let list = self.builder.new_list();
                self.lists.push(list);
            }
            Tag::Item => {
                self.flush_paragraph()?;
                self.text_at = range.start;
                self.item_begins = true;
            }
            Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell => {
                self.start_in_table(&tag, range.start)?
            }
            Tag::HtmlBlock => {
                self.flush_paragraph()?;
                self.html = Some((String::new(), range.start));
            }
            Tag::Link { dest_url, .. } => {
                if let Some(target) = dest_url.strip_prefix('#').filter(|target| !target.is_empty()) {
                    self.link = Some((target.to_owned(), self.text.len()));
                }
            }
            Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => self.flush_paragraph()?,
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Image { .. } => {}
        }
        Ok(())
    }

    fn start_in_table(&mut self, tag: &Tag<'_>, at: usize) -> Result<(), Error> {
        if matches!(tag, Tag::Table(_)) {
            self.flush_paragraph()?;
            let caption = self.builder.caption();
            self.table = Some(RawTable { place: self.lines.place(at), caption, ..RawTable::default() });
        } else if matches!(tag, Tag::TableCell) {
            self.text.clear();
            self.text_at = at;
        } else if let Some(table) = &mut self.table {
            self.column = 0;
            table.begin_row(self.lines.place(at).line);
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) -> Result<(), Error> {
        match tag {
            TagEnd::Heading(_) => {
                let text = std::mem::take(&mut self.text);
                let place = self.lines.place(self.text_at);
                self.builder.anchor(&slug(&text));
                self.builder.heading(self.heading, &text, place)?;
            }
            TagEnd::Paragraph => {
                let source = self.source.get(range.clone()).unwrap_or_default();
                if source.trim_start().starts_with('|') && self.lists.is_empty() {
                    self.text.clear();
                    return self.pipes(source, range.start);
                }
                self.flush_paragraph()?;
            }
            TagEnd::Item => self.flush_paragraph()?,
            TagEnd::List(_) => {
                self.flush_paragraph()?;
                self.lists.pop();
            }
            TagEnd::TableCell => self.end_cell()?,
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    let place = table.place;
                    self.builder.table(table, place)?;
                }
            }
            TagEnd::HtmlBlock => {
                if let Some((html, at)) = self.html.take() {
                    let line = self.lines.place(at).line;
                    html::read(&html, line, self.builder)?;
                }
            }
            TagEnd::Link => {
                if let Some((target, from)) = self.link.take() {
                    let text = self.text.get(from..).unwrap_or_default().to_owned();
                    let place = self.lines.place(range.start);
                    self.builder.link(&target, &text, place)?;
                }
            }
            TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => self.flush_paragraph()?,
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Image => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Error> {
        let place = self.lines.place(self.text_at);
        let cell = self.builder.cell(&self.text, place.line, place.column, self.column, self.column + 1)?;
        self.text.clear();
        self.column += 1;
        if let Some(table) = &mut self.table {
            table.cells.push(cell);
        }
        Ok(())
    }

    fn flush_paragraph(&mut self) -> Result<(), Error> {
        if self.text.trim().is_empty() {
            self.text.clear();
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let place = self.lines.place(self.text_at);
        match self.lists.last() {
            Some(&list) if self.item_begins => {
                self.item_begins = false;
                let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
                self.builder.item(list, depth, &text, place)
            }
            _ => self.builder.paragraph(&text, place),
        }
    }

    /// Rows of pipes that CommonMark does not take for a table, as converters write them.
    fn pipes(&mut self, source: &str, at: usize) -> Result<(), Error> {
        let start: Place = self.lines.place(at);
        let mut table = RawTable { place: start, caption: self.builder.caption(), ..RawTable::default() };
        for row in rows_of_pipes(source) {
            let text = source.get(row.clone()).unwrap_or_default();
            if text.bytes().all(|byte| matches!(byte, b'|' | b':' | b'-') || byte.is_ascii_whitespace()) {
                continue;
            }
            table.begin_row(self.lines.place(at + row.start).line);
            let inner = text.strip_prefix('|').unwrap_or(text);
            let mut cell_at = at + row.start + (text.len() - inner.len());
            let inner = inner.strip_suffix('|').unwrap_or(inner);
            for (column, cell) in (0_u32..).zip(inner.split('|')) {
                let lead = cell.find(|c: char| !c.is_whitespace()).unwrap_or(0);
                let place = self.lines.place(cell_at + lead);
                // Within a cell a line break is a space.
                let text = cell.replace(['\n', '\r'], " ");
                let kept = self.builder.cell(&text, place.line, place.column, column, column + 1)?;
                table.cells.push(kept);
                cell_at += cell.len() + 1;
            }
        }
        self.builder.table(table, start)
    }
}

/// Where each row of pipes stands in `source`: a cell's text goes on in a line that does not begin with a pipe.
fn rows_of_pipes(source: &str) -> Vec<Range<usize>> {
    let mut rows: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        let (start, end) = (at + line.len() - line.trim_start().len(), at + line.trim_end().len());
        at += line.len();
        match rows.last_mut() {
            Some(row) if !line.trim_start().starts_with('|') => row.end = end,
            _ => rows.push(start..end),
        }
    }
    rows
}

/// The name that a heading has as an anchor, as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}
