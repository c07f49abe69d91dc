//! From byte offsets to lines and columns.

use crate::document::Place;

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<u32>,
    /// The line found last: offsets mostly come in order.
    last: usize,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts =
            std::iter::once(0).chain(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect();
        Self { starts, last: 0 }
    }

    /// The place of a byte offset, lines and columns from 1.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let within = |line: usize| {
            self.starts.get(line).is_some_and(|&start| start <= offset)
                && self.starts.get(line + 1).is_none_or(|&next| offset < next)
        };
        let line = if within(self.last) {
            self.last
        } else if within(self.last + 1) {
            self.last + 1
        } else {
            self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
        };
        self.last = line;
        let start = self.starts.get(line).copied().unwrap_or(0);
        Place { line: u32::try_from(line + 1).unwrap_or(u32::MAX), column: offset - start + 1, page: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
