//! Plain text: columns are what two or more spaces, a tab or a bar keep apart.

use std::borrow::Cow;

use super::layout::{Chunk, Layout, Line};
use crate::Error;
use crate::document::{Builder, Place};

/// How far a tab reaches.
const TAB: u32 = 8;

pub(super) fn read(source: &str, builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut layout = Layout::default();
    for (index, text) in source.split('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        // A page break is a line of its own.
        let text = text.trim_end_matches(['\r', '\u{c}']);
        layout.line(Line { chunks: chunks(text, number) }, builder)?;
    }
    layout.end(builder)
}

fn chunks(text: &str, line: u32) -> Vec<Chunk<'_>> {
    let bars = text.bytes().filter(|&byte| byte == b'|').count() >= 2;
    let (mut column, mut from, mut from_column, mut spaces, mut end, mut end_column) = (0_u32, None, 0, 0_u32, 0, 0);
    // Bytes and columns at which each piece begins and ends.
    let mut pieces: Vec<(usize, usize, u32, u32)> = Vec::new();
    for (at, c) in text.char_indices() {
        let width = if c == '\t' { TAB - column % TAB } else { 1 };
        let separator = c == '\t' || (c == '|' && bars);
        if c == ' ' || separator {
            spaces += if separator { 2 } else { 1 };
        } else {
            if let (Some(start), true) = (from, spaces >= 2) {
                pieces.push((start, end, from_column, end_column));
                from = None;
            }
            if from.is_none() {
                (from, from_column) = (Some(at), column);
            }
            spaces = 0;
            (end, end_column) = (at + c.len_utf8(), column + 1);
        }
        column += width;
    }
    if let Some(start) = from {
        pieces.push((start, end, from_column, end_column));
    }
    let (mut characters, mut counted) = (0, 0);
    let chunk = |(from, end, start, stop): (usize, usize, u32, u32)| {
        let piece = text.get(from..end)?;
        // Rules and leaders are drawn, not said.
        let drawn =
            piece.len() > 2 && piece.chars().all(|c| "-=_+|*~.".contains(c)) && piece != "..." && piece != "---";
        // Pieces come in order.
        characters += super::lines::characters(text.as_bytes().get(counted..from)?);
        counted = from;
        let place = Place { line, column: u32::try_from(characters + 1).ok()?, page: 0 };
        (!drawn).then(|| Chunk { start, end: stop, place, text: Cow::Borrowed(strip_leaders(piece)) })
    };
    pieces.into_iter().filter_map(chunk).collect()
}

/// "Revenue ........" without its dots.
fn strip_leaders(text: &str) -> &str {
    let bare = text.trim_end_matches(['.', ' ', '_']);
    if text.len() - bare.len() >= 4 && !bare.is_empty() { bare } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spaces_tabs_and_bars_separate() {
        let texts = |line| chunks(line, 1).into_iter().map(|chunk| chunk.text.into_owned()).collect::<Vec<_>>();
        assert_eq!(texts("Net sales ......  1 234   5"), ["Net sales", "1 234", "5"]);
        assert_eq!(texts("a\tb"), ["a", "b"]);
        assert_eq!(texts("| a | b c |"), ["a", "b c"]);
        assert!(texts("------  =====").is_empty());
        assert_eq!(texts("x  ...  5"), ["x", "...", "5"]);
    }
}
