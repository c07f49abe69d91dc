//! How deep a text or a value may nest, decided before anything that recurses reads it.
//!
//! Parsers recurse, and so does whatever walks, compares or drops what they build. None of that is ever deeper than the
//! tokens that can stand above one another: brackets, and within one pair of them the prefixes, postfixes and operators
//! of one item. [`Gauge`] counts just these, whatever the language, so that no form of nesting can be forgotten.

use serde_json::Value;

/// How deep JSON may nest that comes from outside or that a task makes. What it is then put into may nest 27 levels more,
/// because `serde_json` reads no more than 127.
pub const DEEPEST_JSON: usize = 100;

/// It nests deeper than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is nested more than {limit} deep")]
pub struct TooDeep {
    /// How deep it may nest.
    pub limit: usize,
}

impl TooDeep {
    /// It is JSON, and nests more than [`DEEPEST_JSON`] deep.
    pub const JSON: Self = Self { limit: DEEPEST_JSON };
}

/// Counts how deep the tokens of a text can nest at most.
#[derive(Debug)]
pub struct Gauge {
    limit: usize,
    level: Level,
    outer: Vec<Level>,
}

/// The tokens within one pair of brackets.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// How deep the opening bracket stands.
    above: usize,
    /// The tokens of the present item; each may stand above all others.
    links: usize,
    /// How deep the deepest brackets within the present item are.
    deepest: usize,
    /// How deep the items before the present one are.
    before: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.before.max(self.links + self.deepest)
    }
}

impl Gauge {
    /// A gauge for one text.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, level: Level::default(), outer: Vec::new() }
    }

    /// An opening bracket, or the beginning of a block.
    ///
    /// # Errors
    /// Where the text nests too deep.
    pub fn open(&mut self) -> Result<(), TooDeep> {
        let above = self.level.above + self.level.links + 1;
        self.outer.push(std::mem::replace(&mut self.level, Level { above, ..Level::default() }));
        self.check()
    }

    /// A closing bracket, or the end of a block; one that closes nothing does nothing.
    ///
    /// # Errors
    /// Where the text nests too deep.
    pub fn close(&mut self) -> Result<(), TooDeep> {
        if let Some(outer) = self.outer.pop() {
            let depth = self.level.depth();
            self.level = outer;
            self.level.deepest = self.level.deepest.max(depth);
        }
        // Brackets may follow brackets, as in calls of what calls give.
        self.link()
    }

    /// A token that may stand above or below others of its item.
    ///
    /// # Errors
    /// Where the text nests too deep.
    pub fn link(&mut self) -> Result<(), TooDeep> {
        self.level.links += 1;
        self.check()
    }

    /// What stands between two items, neither of which can be within the other.
    pub fn separate(&mut self) {
        self.level = Level { above: self.level.above, before: self.level.depth(), ..Level::default() };
    }

    fn check(&self) -> Result<(), TooDeep> {
        if self.level.above + self.level.depth() > self.limit { Err(TooDeep { limit: self.limit }) } else { Ok(()) }
    }
}

/// Checks a text whose tokens are words, quoted texts and single signs, as those of JSON paths are.
///
/// # Errors
/// Where it nests too deep.
pub fn check_text(text: &str, limit: usize) -> Result<(), TooDeep> {
    let mut gauge = Gauge::new(limit);
    let mut characters = text.chars().peekable();
    let in_word = |character: &char| character.is_alphanumeric() || *character == '_';
    while let Some(character) = characters.next() {
        match character {
            '(' | '[' | '{' => gauge.open()?,
            ')' | ']' | '}' => gauge.close()?,
            ',' => gauge.separate(),
            '"' | '\'' => {
                while let Some(inner) = characters.next().filter(|inner| *inner != character) {
                    if inner == '\\' {
                        characters.next();
                    }
                }
                gauge.link()?;
            }
            _ if character.is_whitespace() => {}
            _ => {
                if in_word(&character) {
                    while characters.next_if(in_word).is_some() {}
                }
                gauge.link()?;
            }
        }
    }
    Ok(())
}

/// Whether JSON is nested at most so deep. It looks no deeper than that.
#[must_use]
pub fn fits(json: &Value, levels: usize) -> bool {
    match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| fits(item, levels - 1)),
    }
}

/// Gives JSON back that nests at most [`DEEPEST_JSON`] deep.
///
/// # Errors
/// Where it nests deeper.
pub fn checked(json: Value) -> Result<Value, TooDeep> {
    if fits(&json, DEEPEST_JSON) { Ok(json) } else { Err(TooDeep::JSON) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn tokens_of_one_item_and_brackets_nest() {
        for (text, depth) in [
            ("", 0),
            ("a", 1),
            ("- - a", 3),
            ("a.b.c", 5),
            ("a + b", 3),
            ("((a))", 3),
            ("(a)(b)(c)", 4),
            ("f(-a, b)", 4),
            ("[a, b, c, d]", 2),
            ("a, b.c, d", 3),
            (r#""a ( \" (" 'b " (' "#, 2),
        ] {
            assert_eq!(check_text(text, depth), Ok(()), "{text}");
            if depth > 0 {
                assert_eq!(check_text(text, depth - 1), Err(TooDeep { limit: depth - 1 }), "{text}");
            }
        }
    }

    #[test]
    fn json_has_an_end() {
        let deep = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([{"a": inner}]));
        assert!(fits(&deep(4), 8) && !fits(&deep(4), 7));
    }

    proptest! {
        #[test]
        fn a_text_is_no_deeper_than_it_has_tokens(text in "[-a.()\\[\\],' ]{0,60}") {
            prop_assert!(check_text(&text, 2 * text.len()).is_ok());
        }

        #[test]
        fn what_stands_beside_a_deep_text_does_not_hide_it(before in "[a,]{0,9}", after in "[a,]{0,9}", deep in 2usize..40) {
            let text = format!("{before}{}a{}{after}", "(".repeat(deep), ")".repeat(deep));
            prop_assert!(check_text(&text, deep).is_err());
        }
    }
}
