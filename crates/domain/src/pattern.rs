//! The one dialect of patterns, in forms and in the schemas of tasks: that of the crate `regex`, with `\d`, `\w`, `\s` and
//! `\b` being ASCII, as they are in HTML and JSON Schema. It has no look-around, and its time is linear in the text.

use std::cell::Cell;

use regex::{Regex, RegexBuilder};
use regex_automata::nfa::thompson::{Config, NFA, WhichCaptures};
use regex_automata::util::syntax;

/// Most bytes of a pattern.
const MAX_PATTERN: usize = 4096;

/// Most bytes of a compiled pattern: it is compiled for each answer, on a thread that serves sockets, too.
const MAX_COMPILED: usize = 1 << 20;

/// What all patterns of a form may cost together: states of a compiled pattern, times bytes of its text. A search cannot
/// be interrupted and takes up to 7 ns for each, so that all of them take a quarter of a second at most.
const MOST_COST: usize = 1 << 25;

/// The bytes of text that cost as much as compiling the pattern.
const COMPILING: usize = 64;

/// What a pattern costs that cannot be used.
const UNUSABLE: usize = 1 << 20;

/// How deep groups and repetitions may be nested.
const DEEPEST: u32 = 64;

/// A pattern that is looked for anywhere in a text.
///
/// # Errors
/// Why it cannot be used.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    compile_within(pattern, MAX_COMPILED)
}

/// The same, which may have so many bytes once it is compiled.
///
/// # Errors
/// Why it cannot be used.
pub fn compile_within(pattern: &str, bytes: usize) -> Result<Regex, String> {
    checked(pattern)?;
    build(&in_ascii(pattern), bytes)
}

/// A pattern that matches whole texts only.
///
/// # Errors
/// Why it cannot be used.
pub fn compile_whole(pattern: &str) -> Result<Regex, String> {
    checked(pattern)?;
    build(&format!(r"\A(?:{})\z", in_ascii(pattern)), MAX_COMPILED)
}

/// How many states a pattern has once it is compiled, as far as these bytes hold them: a search visits all of them for
/// each byte of a text, at most.
#[must_use]
pub fn states(pattern: &str, bytes: usize) -> Option<usize> {
    let config = Config::new().nfa_size_limit(Some(bytes)).which_captures(WhichCaptures::None);
    NFA::compiler().configure(config).build(pattern).ok().map(|nfa| nfa.states().len())
}

/// The same of a pattern that is read as [`compile`] reads it.
#[must_use]
pub fn states_in_ascii(pattern: &str, bytes: usize) -> Option<usize> {
    states(&in_ascii(pattern), bytes)
}

/// What the patterns of a form may still cost.
#[derive(Debug)]
pub struct Allowance {
    left: Cell<usize>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: Cell::new(MOST_COST) }
    }
}

impl Allowance {
    /// Whether a pattern matches the whole of a text.
    ///
    /// # Errors
    /// Why it cannot be used, or not for a text of this length.
    pub fn matches(&self, pattern: &str, text: &str) -> Result<bool, String> {
        if self.left.get() == 0 {
            return Err(too_costly());
        }
        let compiled = compile_whole(pattern);
        let states = compiled.as_ref().ok().and_then(|_| states_in_ascii(pattern, MAX_COMPILED));
        self.spend(states.map_or(UNUSABLE, |states| states.saturating_mul(text.len() + COMPILING)))?;
        Ok(compiled?.is_match(text))
    }

    fn spend(&self, cost: usize) -> Result<(), String> {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(too_costly)
    }
}

fn too_costly() -> String {
    "takes too long on texts of this length, with the form's other patterns".to_owned()
}

/// As it is written it must be right as well: "a)|(b" becomes so only by the parentheses around it.
fn checked(pattern: &str) -> Result<(), String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("is longer than {MAX_PATTERN} bytes"));
    }
    let limited = syntax::Config::new().nest_limit(DEEPEST);
    syntax::parse_with(pattern, &limited).map(|_| ()).map_err(|error| unreadable(&error.to_string()))
}

fn build(pattern: &str, bytes: usize) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(bytes).dfa_size_limit(bytes).nest_limit(DEEPEST).build();
    regex.map_err(|error| reason(&error))
}

fn reason(error: &regex::Error) -> String {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return "is too large once it is compiled".to_owned();
    }
    unreadable(&error.to_string())
}

fn unreadable(text: &str) -> String {
    // The other lines draw the place with spaces, which a single line of text cannot show.
    let last = text.lines().last().unwrap_or_default();
    format!("is no regular expression: {}", last.trim_start_matches("error: "))
}

/// The same pattern with each short name of a class written out. A class may stand within another one, so that it does
/// not matter where the name is found.
fn in_ascii(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            written.push(letter);
            continue;
        }
        match letters.next() {
            Some('d') => written.push_str("[0-9]"),
            Some('D') => written.push_str("[^0-9]"),
            Some('w') => written.push_str("[0-9A-Za-z_]"),
            Some('W') => written.push_str("[^0-9A-Za-z_]"),
            Some('s') => written.push_str(r"[\t\n\x0B\x0C\r\x20]"),
            Some('S') => written.push_str(r"[^\t\n\x0B\x0C\r\x20]"),
            // `\b{start}` and its like have a name of their own.
            Some(edge @ ('b' | 'B')) if letters.peek() != Some(&'{') => {
                written.push_str(if edge == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            Some(other) => written.extend(['\\', other]),
            None => written.push('\\'),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_are_ascii() {
        for (pattern, text, expected) in [
            (r"\d+", "345", true),
            (r"\d+", "٣٤٥", false),
            (r"[\d]+", "٣٤٥", false),
            (r"[^\d]+", "٣٤٥", true),
            (r"\D+", "٣٤٥", true),
            (r"\w+", "a_1", true),
            (r"\w+", "é", false),
            (r"[\w-]+", "a-b", true),
            (r"[\w.]+", "é.", false),
            (r"\W", "é", true),
            (r"a\sb", "a b", true),
            (r"a\sb", "a\u{A0}b", false),
            (r"a\Sb", "a\u{A0}b", true),
            (r"\\d", r"\d", true),
            (r"\p{Greek}+", "δοκ", true),
            ("é", "é", true),
        ] {
            assert_eq!(compile_whole(pattern).unwrap().is_match(text), expected, "{pattern} {text}");
        }
        assert!(compile(r"a\b").unwrap().is_match("aé"));
        assert!(compile(r"a\B").unwrap().is_match("ab"));
        assert!(!compile("b$").unwrap().is_match("b\n"));
    }

    #[test]
    fn a_pattern_that_cannot_be_used_says_why() {
        for (pattern, reason) in [
            ("(", "is no regular expression: unclosed group"),
            ("a)|(b", "is no regular expression: unopened group"),
            ("(?x) a # note", "is no regular expression: unclosed group"),
            (
                r"(?=a)b",
                "is no regular expression: look-around, including look-ahead and look-behind, is not supported",
            ),
            (r"(a)\1", "is no regular expression: backreferences are not supported"),
            (r"\p{L}{2000}", "is too large once it is compiled"),
            (r"[\w-z]", "is no regular expression: invalid range boundary, must be a literal"),
        ] {
            assert_eq!(compile_whole(pattern).unwrap_err(), reason, "{pattern}");
        }
        assert_eq!(compile(&"a".repeat(5000)).unwrap_err(), "is longer than 4096 bytes");
        assert!(compile(&format!("{}a{}", "(".repeat(200), ")".repeat(200))).is_err());
        for pattern in ["", "[0-9]+", r"v?\d+\.\d+\.\d+", r"\w{1,64}", "(a)(b)", r"\)"] {
            assert!(compile_whole(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_form_stops_checking_where_its_patterns_cost_too_much() {
        let pattern = "(a?b?){500}c";
        assert_eq!(Allowance::default().matches(pattern, "abc"), Ok(true));
        let refused = Allowance::default().matches(pattern, &"ab".repeat(50_000)).unwrap_err();
        assert!(refused.starts_with("takes too long on texts of this length"), "{refused}");
        assert_eq!(Allowance::default().matches("[ab]*c", &"ab".repeat(50_000)), Ok(false));
        // Many together cost what one long one does, also where they are no patterns at all.
        for pattern in [pattern, r"\p{L}{2000}"] {
            let allowance = Allowance::default();
            let given = (0..1000).map(|_| allowance.matches(pattern, "ab")).filter(|given| *given == Err(too_costly()));
            assert!(given.count() > 700, "{pattern}");
            assert_eq!(allowance.matches("a", "a"), Err(too_costly()));
        }
    }

    proptest! {
        #[test]
        fn what_is_right_as_it_is_written_stays_so(pattern in r#"([ab.^$|*+?()\[\]-]|\\[dDwWsSbB.\\]){0,12}"#, text in "[ab0 é٣]{0,8}") {
            if build(&pattern, MAX_COMPILED).is_ok() {
                let ascii = compile(&pattern).map_err(TestCaseError::fail)?;
                if text.is_ascii() {
                    prop_assert_eq!(ascii.is_match(&text), build(&pattern, MAX_COMPILED).unwrap().is_match(&text));
                }
            }
        }
    }
}
