//! The end of what a command writes on its standard error.

/// The last bytes of an output.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    most: usize,
    cut: bool,
}

impl Tail {
    /// Nothing yet, and how many bytes are kept.
    #[must_use]
    pub(crate) fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, cut: false }
    }

    /// Takes output in.
    pub(crate) fn push(&mut self, output: &[u8]) {
        let skipped = output.len().saturating_sub(self.most);
        let output = output.get(skipped..).unwrap_or_default();
        let surplus = (self.bytes.len() + output.len()).saturating_sub(self.most).min(self.bytes.len());
        self.cut |= skipped + surplus > 0;
        self.bytes.drain(..surplus);
        self.bytes.extend_from_slice(output);
    }

    /// What is kept, without white space round it; what is no UTF-8 is replaced.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let mut kept = self.bytes.as_slice();
        if self.cut {
            // The first character may be cut; what is left of it would be shown as rubbish.
            let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
            kept = kept.iter().position(begins).and_then(|at| kept.get(at..)).unwrap_or_default();
        }
        let text = String::from_utf8_lossy(kept);
        let text = text.trim();
        if self.cut && !text.is_empty() { format!("…{text}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_end_is_kept() {
        let mut tail = Tail::new(4);
        assert_eq!(tail.text(), "");
        tail.push(b"ab\n");
        assert_eq!(tail.text(), "ab");
        tail.push(b"cd\n");
        assert_eq!(tail.text(), "…cd");
        tail.push("xéé".as_bytes());
        assert_eq!(tail.text(), "…éé");
        tail.push("a€b".as_bytes());
        assert_eq!(tail.text(), "…€b");
        tail.push("é€".as_bytes());
        assert_eq!(tail.text(), "…€");
    }

    proptest! {
        #[test]
        fn it_is_the_end_of_the_whole(chunks in prop::collection::vec("[a-z]{0,9}", 0..9)) {
            let mut tail = Tail::new(5);
            chunks.iter().for_each(|chunk| tail.push(chunk.as_bytes()));
            let whole = chunks.concat();
            let expected = match whole.len().checked_sub(6) {
                Some(_) => format!("…{}", &whole[whole.len() - 5..]),
                None => whole,
            };
            prop_assert_eq!(tail.text(), expected);
        }
    }
}
