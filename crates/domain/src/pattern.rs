//! The one dialect of patterns, in forms and in the schemas of tasks: that of the crate `regex`, with `\d`, `\w`, `\s` and
//! `\b` being ASCII, as they are in HTML and JSON Schema. It has no look-around, and its time is linear in the text.

use regex::{Regex, RegexBuilder};

/// Most bytes of a pattern.
const MAX_PATTERN: usize = 4096;

/// Most bytes of a compiled pattern: it is compiled for each answer, on a thread that serves sockets, too.
const MAX_COMPILED: usize = 4 << 20;

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

/// As it is written it must be right as well: "a)|(b" becomes so only by the parentheses around it.
fn checked(pattern: &str) -> Result<(), String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("is longer than {MAX_PATTERN} bytes"));
    }
    if pattern.contains([')', '\\', '#']) {
        build(pattern, MAX_COMPILED)?;
    }
    Ok(())
}

fn build(pattern: &str, bytes: usize) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(bytes).dfa_size_limit(bytes).nest_limit(DEEPEST).build();
    regex.map_err(|error| reason(&error))
}

fn reason(error: &regex::Error) -> String {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return "is too large once it is compiled".to_owned();
    }
    // The other lines draw the place with spaces, which a single line of text cannot show.
    let text = error.to_string();
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
