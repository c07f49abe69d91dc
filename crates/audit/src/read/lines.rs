//! From byte offsets to lines and columns.

use crate::document::Place;

/// Where the lines of a text begin.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
    /// The place found last: offsets mostly come in order, and a line may be the whole text.
    last: Found,
}

#[derive(Clone, Copy, Default)]
struct Found {
    line: usize,
    offset: usize,
    /// How many characters of the line stand before.
    characters: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts =
            std::iter::once(0).chain(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect();
        Self { text, starts, last: Found::default() }
    }

    /// The place of a byte offset, lines and columns from 1.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        let at = u32::try_from(offset).unwrap_or(u32::MAX);
        let within = |line: usize| {
            self.starts.get(line).is_some_and(|&start| start <= at)
                && self.starts.get(line + 1).is_none_or(|&next| at < next)
        };
        let last = self.last;
        let line = if within(last.line) {
            last.line
        } else if within(last.line + 1) {
            last.line + 1
        } else {
            self.starts.partition_point(|&start| start <= at).saturating_sub(1)
        };
        let start = self.starts.get(line).copied().unwrap_or(0) as usize;
        let (from, before) =
            if line == last.line && last.offset <= offset { (last.offset, last.characters) } else { (start, 0) };
        let characters = before + characters(self.text.as_bytes().get(from..offset).unwrap_or_default());
        self.last = Found { line, offset: offset.max(from), characters };
        let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(characters), page: 0 }
    }
}

/// How many characters begin in these bytes of a text.
pub(super) fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let text = "é – 5\nü7";
        let mut lines = Lines::of(text);
        let mut at = |what: &str| {
            let place = lines.place(text.find(what).unwrap());
            (place.line, place.column)
        };
        assert_eq!([at("5"), at("–"), at("7"), at("ü"), at("é")], [(1, 5), (1, 3), (2, 2), (2, 1), (1, 1)]);
    }

    #[test]
    fn offsets_become_lines_and_columns_in_any_order() {
        let mut lines = Lines::of("ab\nc\n\nd");
        let mut at = |offset| {
            let place = lines.place(offset);
            (place.line, place.column)
        };
        assert_eq!([at(0), at(1), at(3), at(6), at(5), at(0)], [(1, 1), (1, 2), (2, 1), (4, 1), (3, 1), (1, 1)]);
    }
}
