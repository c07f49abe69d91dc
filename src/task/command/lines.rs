//! Output as lines: of a line without end only a bounded piece is kept.

use bytes::{Bytes, BytesMut};

/// Cuts what a command prints into lines.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// Most bytes of a line; a longer one comes in pieces.
    longest: usize,
    /// How much of the buffer is known to have no end of a line.
    searched: usize,
    /// Whether the buffer begins inside a line that was too long.
    inside: bool,
    closed: bool,
}

/// A line, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole line, without its end.
    Line(Bytes),
    /// The beginning of a line that is too long.
    Beginning(Bytes),
    /// A further piece of it.
    Continuation(Bytes),
}

impl Lines {
    /// No output yet, and the most bytes that a line may have.
    pub(super) fn new(longest: usize) -> Self {
        Self { buffer: BytesMut::new(), longest, searched: 0, inside: false, closed: false }
    }

    /// Takes output in.
    pub(super) fn push(&mut self, output: &[u8]) {
        self.buffer.extend_from_slice(output);
    }

    /// Says that no more output comes: the rest is a line.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether everything was taken out.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Takes the next line out, or a piece of one; `None` where its end has not come yet.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let within = self.buffer.len().min(self.longest + 1);
        let unsearched = self.buffer.get(self.searched..within).unwrap_or_default();
        if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
            let mut line = self.take(self.searched + at);
            let _end = self.take(1);
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            let inside = std::mem::take(&mut self.inside);
            return Some(if inside { Piece::Continuation(line) } else { Piece::Line(line) });
        }
        self.searched = within;
        if self.buffer.len() > self.longest {
            let piece = self.take(boundary(&self.buffer, self.longest));
            let inside = std::mem::replace(&mut self.inside, true);
            return Some(if inside { Piece::Continuation(piece) } else { Piece::Beginning(piece) });
        }
        if self.closed && !self.buffer.is_empty() {
            let rest = self.take(self.buffer.len());
            return Some(if self.inside { Piece::Continuation(rest) } else { Piece::Line(rest) });
        }
        None
    }

    fn take(&mut self, bytes: usize) -> Bytes {
        self.searched = 0;
        self.buffer.split_to(bytes).freeze()
    }
}

/// The last place up to `at` where no UTF-8 character is cut; `at` where there is none near.
fn boundary(bytes: &[u8], at: usize) -> usize {
    let begins = |place: &usize| bytes.get(*place).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000);
    (at.saturating_sub(3).max(1)..=at).rev().find(begins).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(longest: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(longest);
        let mut all = Vec::new();
        let mut drain = |lines: &mut Lines| {
            while let Some(piece) = lines.next() {
                let (mark, bytes) = match piece {
                    Piece::Line(bytes) => ('=', bytes),
                    Piece::Beginning(bytes) => ('<', bytes),
                    Piece::Continuation(bytes) => ('+', bytes),
                };
                all.push(format!("{mark}{}", String::from_utf8_lossy(&bytes)));
            }
        };
        for chunk in chunks {
            lines.push(chunk);
            drain(&mut lines);
        }
        lines.close();
        drain(&mut lines);
        all
    }

    #[test]
    fn a_line_ends_where_it_ends() {
        assert_eq!(all(9, &[b"a\nb", b"c\r\n\n", b"d\r"]), ["=a", "=bc", "=", "=d\r"]);
        assert!(all(9, &[]).is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_comes_in_pieces() {
        assert_eq!(all(3, &[b"abc\nabcdefg\nh"]), ["=abc", "<abc", "+def", "+g", "=h"]);
        assert_eq!(all(3, &[b"abcd"]), ["<abc", "+d"]);
        assert_eq!(all(3, &["aöö".as_bytes()]), ["<aö", "+ö"]);
        assert_eq!(all(4, &["aöö".as_bytes()]), ["<aö", "+ö"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_it_is_cut(
            text in "[ab\u{e9}\n]{0,60}", cut in 0usize..60, longest in 4usize..12,
        ) {
            let bytes = text.as_bytes();
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            let pieces = all(longest, &[left, right]);
            prop_assert_eq!(&pieces, &all(longest, &[bytes]));
            prop_assert!(pieces.iter().all(|piece| piece.len() <= longest + 1));
            let joined: String = pieces.iter().map(|piece| &piece[1..]).collect();
            prop_assert_eq!(joined, text.replace('\n', ""));
        }
    }
}
