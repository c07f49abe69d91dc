//! Output as lines: of a line without end only a bounded piece is kept.
//!
//! A line ends with a line feed, carriage returns before it included, or with carriage returns alone: the next line then
//! overwrites it, as progress bars do.

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
    /// Whether the last line ended with a carriage return, and what came after that is not known yet.
    returned: bool,
    closed: bool,
}

/// A line, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole line, without its end.
    Line(Bytes),
    /// A whole line that is overwritten.
    Returned(Bytes),
    /// The line that came as overwritten is not: a line feed has come behind its carriage return.
    Settled,
    /// The beginning of a line that is too long.
    Beginning(Bytes),
    /// A further piece of it.
    Continuation(Bytes),
}

impl Piece {
    /// What it holds, where it holds something.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Piece::Line(text) | Piece::Returned(text) | Piece::Beginning(text) | Piece::Continuation(text) => {
                Some(text)
            }
            Piece::Settled => None,
        }
    }
}

impl Lines {
    /// No output yet, and the most bytes that a line may have.
    pub(super) fn new(longest: usize) -> Self {
        Self { buffer: BytesMut::new(), longest, searched: 0, inside: false, returned: false, closed: false }
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
        if self.returned
            && let Some(settled) = self.after_return()
        {
            return Some(settled);
        }
        let within = self.buffer.len().min(self.longest + 1);
        let unsearched = self.buffer.get(self.searched..within).unwrap_or_default();
        if let Some(at) = unsearched.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = self.take(self.searched + at);
            let returns = self.leading_returns();
            let is_fed = self.buffer.get(returns) == Some(&b'\n');
            self.returned = !is_fed && self.buffer.len() == returns;
            let _end = self.take(returns + usize::from(is_fed));
            return Some(match (std::mem::take(&mut self.inside), is_fed) {
                (true, _) => Piece::Continuation(line),
                (false, true) => Piece::Line(line),
                (false, false) => Piece::Returned(line),
            });
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

    /// Takes out what still belongs to the end of the last line.
    fn after_return(&mut self) -> Option<Piece> {
        let returns = self.leading_returns();
        let _end = self.take(returns);
        self.returned = self.buffer.is_empty();
        if self.buffer.first() != Some(&b'\n') {
            return None;
        }
        let _end = self.take(1);
        Some(Piece::Settled)
    }

    fn leading_returns(&self) -> usize {
        self.buffer.iter().take_while(|byte| **byte == b'\r').count()
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
                    Piece::Returned(bytes) => ('^', bytes),
                    Piece::Settled => ('!', Bytes::new()),
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
        assert_eq!(all(9, &[b"a\nb", b"c\r\n\n", b"d"]), ["=a", "=bc", "=", "=d"]);
        assert_eq!(all(9, &[b"a\r\r\nb"]), ["=a", "=b"]);
        assert!(all(9, &[]).is_empty());
    }

    #[test]
    fn a_carriage_return_ends_a_line_that_is_overwritten() {
        assert_eq!(all(9, &[b"\r10%", b"\r20%\r\r30%\n", b"a\r"]), ["^", "^10%", "^20%", "=30%", "^a"]);
        assert_eq!(all(3, &[b"abcde\rf"]), ["<abc", "+de", "=f"]);
    }

    #[test]
    fn a_line_feed_that_comes_later_makes_a_whole_line_of_it() {
        assert_eq!(all(9, &[b"a\r", b"\nb\r", b"c\n"]), ["^a", "!", "^b", "=c"]);
        assert_eq!(all(9, &[b"a\r", b"\r", b"\r\n\n"]), ["^a", "!", "="]);
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
