//! HTML and XHTML as a stream of tags: no tree is built, so depth costs nothing.

mod facts;
mod grid;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use self::facts::OpenFact;
use self::grid::Grid;
use super::lines::Lines;
use super::positioned::Positioned;
use crate::Error;
use crate::document::{Builder, Place};

/// Tables within tables beyond this depth are read as text of the outer one.
const NESTED_TABLES: usize = 32;

/// Reads HTML whose first line is `first_line` of the source.
pub(super) fn read(source: &str, first_line: u32, builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut reader = Reader {
        lines: Lines::of(source),
        first_line,
        at: 0,
        tag: Tag::default(),
        attribute: Vec::new(),
        text: String::new(),
        text_at: 0,
        heading: 0,
        lists: Vec::new(),
        item: false,
        silent: 0,
        style: false,
        tables: Vec::new(),
        facts: Vec::new(),
        link: None,
        positioned: Positioned::default(),
        failed: None,
        xml: source.trim_start().starts_with("<?xml"),
        builder,
    };
    // In XML a script is no place of its own rules, and an empty element ends where it begins.
    let switches = !reader.xml;
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| -> Option<()> {
        if let Err(error) = reader.event(event, span.start) {
            reader.failed = Some(error);
            // A token from the callback ends the loop below.
            return Some(());
        }
        None
    });
    emitter.naively_switch_states(switches);
    // A string cannot fail to be read, and a token means that the reader has failed.
    let _stopped = Tokenizer::new_with_emitter(source, emitter).next();
    if let Some(error) = reader.failed {
        return Err(error);
    }
    reader.end()
}

/// The start tag that is being read.
#[derive(Default)]
struct Tag {
    name: Vec<u8>,
    attributes: Vec<(Attribute, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Colspan,
    Rowspan,
    Id,
    Href,
    Class,
    Name,
    ContextRef,
    UnitRef,
    Scale,
    Sign,
    Decimals,
    Format,
    Nil,
}

impl Attribute {
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"colspan" => Attribute::Colspan,
            b"rowspan" => Attribute::Rowspan,
            b"id" => Attribute::Id,
            b"href" => Attribute::Href,
            b"class" => Attribute::Class,
            b"name" => Attribute::Name,
            b"contextref" => Attribute::ContextRef,
            b"unitref" => Attribute::UnitRef,
            b"scale" => Attribute::Scale,
            b"sign" => Attribute::Sign,
            b"decimals" => Attribute::Decimals,
            b"format" => Attribute::Format,
            b"xsi:nil" => Attribute::Nil,
            _ => return None,
        })
    }
}

impl Tag {
    fn get(&self, attribute: Attribute) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| *name == attribute).map(|(_, value)| value.as_str())
    }
}

struct Reader<'r, 'b> {
    builder: &'r mut Builder<'b>,
    lines: Lines<'r>,
    first_line: u32,
    at: usize,
    tag: Tag,
    attribute: Vec<u8>,
    text: String,
    text_at: usize,
    heading: u8,
    lists: Vec<u32>,
    item: bool,
    /// How many open elements hide their text.
    silent: u32,
    style: bool,
    tables: Vec<Grid>,
    facts: Vec<OpenFact>,
    link: Option<(String, Place)>,
    positioned: Positioned,
    failed: Option<Error>,
    xml: bool,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: CallbackEvent<'_>, at: usize) -> Result<(), Error> {
        self.at = at;
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag.name.clear();
                self.tag.name.extend_from_slice(name);
                self.tag.attributes.clear();
                Ok(())
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute.clear();
                self.attribute.extend_from_slice(name);
                Ok(())
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some(attribute) = Attribute::of(&self.attribute) {
                    let value = String::from_utf8_lossy(value.get(..value.len().min(1_000)).unwrap_or_default());
                    self.tag.attributes.push((attribute, value.into_owned()));
                }
                Ok(())
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = std::mem::take(&mut self.tag);
                self.start(&tag)?;
                let foreign = tag.name.contains(&b':');
                if self_closing
                    && (self.xml
                        || foreign
                        || matches!(
                            tag.name.as_slice(),
                            b"div" | b"p" | b"span" | b"a" | b"td" | b"th" | b"tr" | b"table"
                        ))
                {
                    self.finish(&tag.name)?;
                }
                self.tag = tag;
                Ok(())
            }
            CallbackEvent::EndTag { name } => self.finish(name),
            CallbackEvent::String { value } => {
                self.string(&String::from_utf8_lossy(value));
                Ok(())
            }
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => Ok(()),
        }
    }

    fn place(&mut self, at: usize) -> Place {
        let place = self.lines.place(at);
        Place { line: place.line.saturating_add(self.first_line - 1), ..place }
    }

    fn string(&mut self, text: &str) {
        if self.style {
            self.positioned.style(text);
            return;
        }
        if let Some(fact) = self.facts.last_mut() {
            fact.text.push_str(text);
        }
        if self.silent > 0 {
            return;
        }
        if let Some(cell) = self.tables.last_mut().and_then(Grid::open_cell) {
            cell.push_str(text);
        } else if self.positioned.is_open() {
            let place = self.place(self.at + (text.len() - text.trim_start().len()));
            self.positioned.text(text, place);
        } else if self.tables.is_empty() || !text.trim().is_empty() {
            if self.text.trim().is_empty() {
                self.text.clear();
                self.text_at = self.at + (text.len() - text.trim_start().len());
            }
            // A line break in the source is only a space on the page.
            self.text.extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
        }
    }

    fn start(&mut self, tag: &Tag) -> Result<(), Error> {
        if let Some(id) = tag.get(Attribute::Id) {
            self.builder.anchor(id);
        }
        match tag.name.as_slice() {
            b"script" | b"template" | b"title" => self.silent += 1,
            b"ix:header" => {
                self.flush()?;
                self.silent += 1;
            }
            b"style" => self.style = true,
            b"ix:nonfraction" => {
                let place = self.place(self.at);
                self.facts.push(OpenFact::of(tag, place));
            }
            b"table" | b"tr" | b"td" | b"th" => self.start_in_table(tag)?,
            b"ul" | b"ol" if self.tables.is_empty() => {
                self.flush()?;
                let list = self.builder.new_list();
                self.lists.push(list);
            }
            b"li" => {
                self.flush()?;
                self.item = true;
            }
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush()?;
                self.heading = tag.name.get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
            }
            b"a" => {
                if let Some(name) = tag.get(Attribute::Name) {
                    self.builder.anchor(name);
                }
                if let Some(target) = tag.get(Attribute::Href).and_then(|href| href.strip_prefix('#')) {
                    let target = target.to_owned();
                    self.link = Some((target, self.place(self.at)));
                }
            }
            b"div" => {
                self.separate()?;
                self.positioned.begin(tag.get(Attribute::Class).unwrap_or_default());
            }
            b"br" | b"p" | b"hr" | b"section" | b"article" | b"blockquote" | b"pre" | b"dt" | b"dd" | b"header"
            | b"footer" | b"main" | b"body" => {
                self.separate()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn start_in_table(&mut self, tag: &Tag) -> Result<(), Error> {
        let place = self.place(self.at);
        match (tag.name.as_slice(), self.tables.last_mut()) {
            (b"table", _) => {
                self.flush()?;
                if self.tables.len() < NESTED_TABLES {
                    let caption = self.builder.caption();
                    self.tables.push(Grid::new(place, caption));
                }
                Ok(())
            }
            (b"tr", Some(grid)) => grid.begin_row(place.line, self.builder),
            (_, Some(grid)) => {
                let span = |attribute| tag.get(attribute).and_then(|text| text.trim().parse::<u32>().ok()).unwrap_or(1);
                grid.begin_cell(place, span(Attribute::Colspan), span(Attribute::Rowspan), self.builder)
            }
            (_, None) => Ok(()),
        }
    }

    fn finish(&mut self, name: &[u8]) -> Result<(), Error> {
        match name {
            b"script" | b"template" | b"title" | b"ix:header" => self.silent = self.silent.saturating_sub(1),
            b"style" => self.style = false,
            b"ix:nonfraction" => {
                if let Some(open) = self.facts.pop() {
                    // What the inner figure says belongs to the outer one too.
                    if let Some(outer) = self.facts.last_mut() {
                        outer.text.push_str(&open.text);
                    }
                    let kept = self.builder.keep(&open.text)?;
                    self.builder.facts.extend(open.close(kept));
                }
            }
            b"table" => {
                if let Some(grid) = self.tables.pop() {
                    grid.end(self.builder)?;
                }
            }
            b"tr" | b"td" | b"th" => {
                if let Some(grid) = self.tables.last_mut() {
                    grid.end_cell(self.builder)?;
                }
            }
            b"ul" | b"ol" if self.tables.is_empty() => {
                self.flush()?;
                self.lists.pop();
            }
            b"li" => {
                self.flush()?;
                self.item = false;
            }
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush()?;
                self.heading = 0;
            }
            b"a" => {
                if let Some((target, place)) = self.link.take() {
                    self.builder.link(&target, "", place)?;
                }
            }
            b"div" => {
                self.separate()?;
                self.positioned.end(self.builder)?;
            }
            b"p" | b"section" | b"article" | b"blockquote" | b"pre" | b"dt" | b"dd" | b"header" | b"footer"
            | b"main" | b"body" => {
                self.separate()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A new block: a space within a cell, else the end of a paragraph.
    fn separate(&mut self) -> Result<(), Error> {
        match self.tables.last_mut().and_then(Grid::open_cell) {
            Some(cell) => {
                cell.push(' ');
                Ok(())
            }
            None => self.flush(),
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.text.trim().is_empty() {
            self.text.clear();
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let place = self.place(self.text_at);
        match (self.heading, self.lists.last()) {
            (1.., _) => {
                self.builder.heading(self.heading, &text, place)?;
            }
            (0, Some(&list)) if self.item => {
                let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
                self.builder.item(list, depth, &text, place)?;
            }
            (0, _) => self.builder.paragraph(&text, place)?,
        }
        self.text = text;
        self.text.clear();
        Ok(())
    }

    /// The end of the document closes what is open.
    fn end(mut self) -> Result<(), Error> {
        self.flush()?;
        while let Some(grid) = self.tables.pop() {
            grid.end(self.builder)?;
        }
        self.positioned.flush(self.builder)
    }
}
