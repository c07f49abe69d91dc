//! Text that HTML puts at fixed places by classes, as converters from PDF write it: its lines are found again.

use std::borrow::Cow;
use std::collections::HashMap;

use super::layout::{Chunk, Layout, Line};
use crate::Error;
use crate::document::{Builder, Place};

/// Open elements beyond this depth are not positioned.
const DEPTH: usize = 256;
/// Rules that are remembered.
const RULES: usize = 100_000;

/// Tenths of a pixel, as classes set them.
#[derive(Debug, Clone, Copy, Default)]
struct Rule {
    left: Option<i32>,
    bottom: Option<i32>,
    width: Option<i32>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// Left and bottom edges on the page, and the right edge where it is known.
    x: i32,
    y: i32,
    right: Option<i32>,
    positioned: bool,
}

struct Piece {
    x: i32,
    y: i32,
    end: i32,
    /// Where its text begins in the source.
    place: Place,
    text: String,
}

/// Collects the texts of one page after another.
#[derive(Default)]
pub(super) struct Positioned {
    rules: HashMap<String, Rule>,
    open: Vec<Open>,
    /// Elements open beyond [`DEPTH`].
    deeper: usize,
    pieces: Vec<Piece>,
    page: u32,
}

impl Positioned {
    /// Takes the places of classes from a style sheet.
    pub(super) fn style(&mut self, sheet: &str) {
        for rule in sheet.split('}') {
            let Some((selector, body)) = rule.split_once('{') else { continue };
            let Some(class) = selector.trim().strip_prefix('.') else { continue };
            if class.len() > 12 || !class.bytes().all(|byte| byte.is_ascii_alphanumeric()) || self.rules.len() >= RULES
            {
                continue;
            }
            let mut found = Rule::default();
            for declaration in body.split(';').take(8) {
                let Some((property, value)) = declaration.split_once(':') else { continue };
                let value = tenths(value.trim());
                match property.trim() {
                    "left" => found.left = value,
                    "bottom" => found.bottom = value,
                    "width" => found.width = value,
                    _ => {}
                }
            }
            if found.left.is_some() || found.bottom.is_some() || found.width.is_some() {
                // Print styles come later and use other units: the first rule stays.
                self.rules.entry(class.to_owned()).or_insert(found);
            }
        }
    }

    /// Whether text that comes now has a place.
    pub(super) fn is_open(&self) -> bool {
        self.deeper == 0 && self.open.last().is_some_and(|open| open.positioned)
    }

    pub(super) fn begin(&mut self, classes: &str) {
        if self.rules.is_empty() {
            return;
        }
        if self.open.len() >= DEPTH {
            self.deeper += 1;
            return;
        }
        let mut set = Rule::default();
        for class in classes.split_ascii_whitespace() {
            if let Some(rule) = self.rules.get(class) {
                set.left = set.left.or(rule.left);
                set.bottom = set.bottom.or(rule.bottom);
                set.width = set.width.or(rule.width);
            }
        }
        let outer = self.open.last().copied().unwrap_or(Open { x: 0, y: 0, right: None, positioned: false });
        let open = match (set.left, set.bottom) {
            (Some(left), Some(bottom)) => {
                let x = outer.x.saturating_add(left);
                let right = set.width.map(|width| x.saturating_add(width)).or(outer.right);
                self.pieces.push(Piece {
                    x,
                    y: outer.y.saturating_add(bottom),
                    end: x,
                    place: Place::default(),
                    text: String::new(),
                });
                Open { x, y: outer.y.saturating_add(bottom), right, positioned: true }
            }
            _ => outer,
        };
        self.open.push(open);
    }

    /// Takes a text that begins at `place` of the source, its leading white space aside.
    pub(super) fn text(&mut self, text: &str, place: Place) {
        let Some(open) = self.open.last().copied() else { return };
        let Some(piece) = self.pieces.last_mut() else { return };
        // Text after an inner element's end belongs to the outer one's place.
        if (piece.x, piece.y) != (open.x, open.y) {
            if text.trim().is_empty() {
                return;
            }
            self.pieces.push(Piece { x: open.x, y: open.y, end: open.x, place, text: text.to_owned() });
            return;
        }
        if piece.text.is_empty() {
            piece.place = place;
            piece.text.push_str(text.trim_start());
        } else {
            piece.text.push_str(text);
        }
        // The page itself is no column.
        piece.end = open.right.filter(|right| right - open.x < 3_000).unwrap_or(open.x);
    }

    /// The end of an element; the end of the outermost one ends a page.
    pub(super) fn end(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        if self.rules.is_empty() {
            return Ok(());
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            return Ok(());
        }
        let closed = self.open.pop();
        let outside = self.open.last().is_none_or(|open| !open.positioned);
        if outside && closed.is_some_and(|closed| !closed.positioned) && !self.pieces.is_empty() {
            self.flush(builder)?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, builder: &mut Builder<'_>) -> Result<(), Error> {
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.retain(|piece| !piece.text.trim().is_empty());
        if pieces.is_empty() {
            return Ok(());
        }
        self.page += 1;
        builder.pages = self.page;
        pieces.sort_by_key(|piece| (-piece.y, piece.x));
        let mut layout = Layout::default();
        let mut rows: Vec<Vec<Piece>> = Vec::new();
        for piece in pieces {
            match rows.last_mut() {
                // Texts of one line may be set a little apart.
                Some(row) if row.first().is_some_and(|first| (first.y - piece.y).abs() <= 40) => row.push(piece),
                _ => rows.push(vec![piece]),
            }
        }
        let mut above: Option<i32> = None;
        for mut row in rows {
            let y = row.first().map_or(0, |piece| piece.y);
            if above.is_some_and(|above| above - y > 350) {
                layout.line(Line::default(), builder)?;
            }
            above = Some(y);
            row.sort_by_key(|piece| piece.x);
            let unsigned = |value: i32| u32::try_from(value.max(0)).unwrap_or(0);
            let chunks = row.iter().map(|piece| Chunk {
                start: unsigned(piece.x),
                end: unsigned(piece.end.max(piece.x + 1)),
                place: Place { page: self.page, ..piece.place },
                text: Cow::Borrowed(piece.text.trim()),
            });
            let chunks = chunks.map(|chunk| Chunk { text: Cow::Owned(chunk.text.into_owned()), ..chunk }).collect();
            layout.line(Line { chunks }, builder)?;
        }
        layout.end(builder)
    }
}

/// "12.34px" in tenths.
fn tenths(value: &str) -> Option<i32> {
    let number = value.strip_suffix("px").or_else(|| (value == "0").then_some("0"))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = whole.starts_with('-');
    let whole: i32 = whole.parse::<i32>().ok()?.checked_abs()?;
    let fraction = fraction.bytes().next().filter(u8::is_ascii_digit).map_or(0, |digit| i32::from(digit - b'0'));
    let value = whole.checked_mul(10)?.checked_add(fraction)?;
    (value < 1_000_000).then_some(if negative { -value } else { value })
}
