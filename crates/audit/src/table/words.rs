//! Words in labels and headings, found whole.

use aho_corasick::AhoCorasick;

/// Whether `text` has `word` with no letter or digit on either side; both in lower case.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(word)) {
        let start = from + at;
        let end = start + word.len();
        let before = text.get(..start).and_then(|head| head.chars().next_back());
        let after = text.get(end..).and_then(|tail| tail.chars().next());
        let open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let edge_before = !word.starts_with(char::is_alphanumeric) || open(before);
        let edge_after = !word.ends_with(char::is_alphanumeric) || open(after);
        if edge_before && edge_after {
            return true;
        }
        from = start + word.chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether a word of `text` begins with `stem`; both in lower case.
pub(crate) fn begins_word(text: &str, stem: &str) -> bool {
    text.match_indices(stem).any(|(at, _)| !text.get(..at).is_some_and(|head| head.ends_with(char::is_alphanumeric)))
}

/// Many words looked for in one pass, as [`has_word`] does.
pub(crate) struct Words(AhoCorasick);

impl Words {
    #[expect(clippy::expect_used, reason = "constant lists, built by every test")]
    pub(crate) fn of(words: &[&str]) -> Self {
        Self(AhoCorasick::new(words).expect("a small automaton"))
    }

    /// Whether `text`, in lower case, has one of them.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.0.find_overlapping_iter(text).any(|found| {
            let word = text.get(found.start()..found.end()).unwrap_or_default();
            let before = text.get(..found.start()).and_then(|head| head.chars().next_back());
            let after = text.get(found.end()..).and_then(|tail| tail.chars().next());
            let open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            (!word.starts_with(char::is_alphanumeric) || open(before))
                && (!word.ends_with(char::is_alphanumeric) || open(after))
        })
    }
}

pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| has_word(text, word))
}

/// A label as it is compared: lower case, letters and digits only, footnote marks gone.
pub(crate) fn label_key(label: &str) -> String {
    let mut key = String::with_capacity(label.len());
    let mut depth = 0_u32;
    for c in label.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if c.is_alphanumeric() => key.extend(c.to_lowercase()),
            _ if !key.ends_with(' ') && !key.is_empty() => key.push(' '),
            _ => {}
        }
    }
    key.truncate(key.trim_end().len());
    // "intake1": a footnote mark that lost its superscript.
    let digits = key.chars().rev().take_while(char::is_ascii_digit).count();
    if digits == 1 && key.len() > 3 && !key.get(..key.len() - 1).is_some_and(|head| head.ends_with(' ')) {
        key.truncate(key.len() - 1);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole() {
        assert!(has_word("total net sales", "total"));
        assert!(!has_word("totally", "total"));
        assert!(has_word("margin (%)", "(%)"));
        assert!(!has_word("operate", "rate"));
    }

    #[test]
    fn labels_are_compared_without_footnotes() {
        assert_eq!(label_key("Order intake1"), "order intake");
        assert_eq!(label_key("Services(1)"), "services");
        assert_eq!(label_key("Total  net sales "), "total net sales");
        assert_eq!(label_key("Level 1"), "level 1");
    }
}
