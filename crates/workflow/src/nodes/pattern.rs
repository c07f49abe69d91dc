//! Text: finding and replacing, with regular expressions that are compiled once.

mod search;

use std::sync::Arc;

use regex_automata::Span;
use regex_automata::util::captures::Captures;
use serde_json::{Map, Value as Json};

use self::search::Expression;
use super::bounded::Bounded;
use super::{Cx, Given, Next, Node, NodeError, stateful_checked};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};

/// Most matches that are told of one text.
const MOST_MATCHES: usize = 10_000;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "text", description);
    vec![
        stateful_checked::<Replace>(
            class("Replace", "Replaces every occurrence of a text by another one.")
                .input(Input::new("text", Type::Text, "The text."))
                .input(Input::new("search", Type::Text, "What is replaced."))
                .input(
                    Input::new("replacement", Type::Text, "What stands in its place; for a regex with $1 and $name.")
                        .or(""),
                )
                .input(Input::new("regex", Type::Boolean, "Whether it is a regular expression.").or(false))
                .output(Output::new("text", Type::Text, "The new text."))
                .output(Output::new("count", Type::Integer, "How many were replaced.")),
            |given| {
                let is_regex = given.constant(3).and_then(super::Value::as_bool);
                if is_regex == Some(true) { bad_pattern(given, 1) } else { Vec::new() }
            },
        ),
        stateful_checked::<RegexMatch>(
            class("RegexMatch", "Finds what a regular expression matches in a text.")
                .input(Input::new("text", Type::Text, "The text."))
                .input(Input::new("pattern", Type::Text, "The regular expression, as of Rust's regex crate.").code())
                .output(Output::new("matched", Type::Boolean, "Whether there is a match."))
                .output(Output::new(
                    "groups",
                    Type::List,
                    "The groups of the first match; null where one is not in it.",
                ))
                .output(Output::new("named", Type::Object, "The named groups of the first match."))
                .output(Output::new("matches", Type::List, "The texts that match, at most 10,000.")),
            |given| bad_pattern(given, 1),
        ),
    ]
}

fn bad_pattern(given: &Given<'_>, input: usize) -> Vec<(usize, String)> {
    let pattern = given.constant(input).and_then(super::Value::as_text);
    let error = pattern.and_then(|pattern| Expression::compile(pattern).err());
    error.map(|error| (input, error.to_string())).into_iter().collect()
}

/// The expression that was compiled last.
#[derive(Default)]
struct Compiled(Option<Expression>);

impl Compiled {
    fn of(&mut self, pattern: &str) -> Result<&Expression, NodeError> {
        let compiled = match self.0.take().filter(|compiled| compiled.pattern() == pattern) {
            Some(compiled) => compiled,
            None => Expression::compile(pattern)?,
        };
        Ok(self.0.insert(compiled))
    }
}

#[derive(Default)]
struct Replace {
    compiled: Compiled,
}

impl Node for Replace {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (text, search, replacement) = (cx.text(0)?, cx.text(1)?, cx.text(2)?);
        let (replaced, count) = if cx.boolean(3)? {
            replace_regex(text, self.compiled.of(search)?, replacement)?
        } else {
            replace_text(text, search, replacement)?
        };
        cx.set(0, replaced);
        cx.set(1, count);
        Ok(Next::Done)
    }
}

/// Replaces every occurrence; gives how many there were, too.
pub(super) fn replace_text(text: &str, search: &str, replacement: &str) -> Result<(String, i64), NodeError> {
    if search.is_empty() {
        return Err("there is nothing to search for: search is empty".into());
    }
    let (mut replaced, mut count, mut done) = (Bounded::default(), 0, 0);
    for (at, found) in text.match_indices(search) {
        replaced.push(text.get(done..at).unwrap_or_default())?;
        replaced.push(replacement)?;
        done = at + found.len();
        count += 1;
    }
    replaced.push(text.get(done..).unwrap_or_default())?;
    Ok((replaced.finish()?, count))
}

fn replace_regex(text: &str, expression: &Expression, replacement: &str) -> Result<(String, i64), NodeError> {
    let mut search = expression.search(text);
    let has_references = replacement.contains('$');
    let (mut replaced, mut count, mut done) = (Bounded::default(), 0, 0);
    while let Some(found) = search.next()? {
        replaced.push(text.get(done..found.start).unwrap_or_default())?;
        if has_references {
            replaced.push(&expand(text, &search.groups(&found)?, found.len(), replacement)?)?;
        } else {
            replaced.push(replacement)?;
        }
        done = found.end;
        count += 1;
    }
    replaced.push(text.get(done..).unwrap_or_default())?;
    Ok((replaced.finish()?, count))
}

/// The replacement with its groups, refused before it is made where it could become too large.
fn expand(text: &str, groups: &Captures, found: usize, replacement: &str) -> Result<String, NodeError> {
    let references = replacement.bytes().filter(|byte| *byte == b'$').count();
    if replacement.len().saturating_add(references.saturating_mul(found)) > super::bounded::LARGEST_TEXT {
        return Err("the replacement becomes too large".into());
    }
    Ok(groups.interpolate_string(text, replacement))
}

#[derive(Default)]
struct RegexMatch {
    compiled: Compiled,
}

impl Node for RegexMatch {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let expression = self.compiled.of(cx.text(1)?)?;
        let text = cx.text(0)?;
        let mut search = expression.search(text);
        let mut found = search.next()?;
        let first = found.as_ref().map(|found| search.groups(found)).transpose()?;
        let size: usize = first.iter().flat_map(Captures::iter).flatten().map(|group| group.len()).sum();
        if size > super::bounded::LARGEST_TEXT {
            return Err("the groups of the first match are too large together".into());
        }
        let matched = first.is_some();
        let read = |group: Option<Span>| group.and_then(|group| text.get(group.range())).map_or(Json::Null, Json::from);
        let groups: Vec<Json> = first.iter().flat_map(|groups| groups.iter().skip(1)).map(read).collect();
        let name = |name: &str| {
            let group = first.as_ref().and_then(|groups| groups.get_group_by_name(name));
            (name.to_owned(), read(group))
        };
        let named: Map<String, Json> = expression.names().map(name).collect();
        let mut matches: Vec<Json> = Vec::new();
        while let Some(one) = found.filter(|_| matches.len() < MOST_MATCHES) {
            matches.push(text.get(one).unwrap_or_default().into());
            found = search.next()?;
        }
        cx.set(0, matched);
        cx.set(1, Json::from(groups));
        cx.set(2, Json::from(named));
        cx.set(3, Json::from(matches));
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn texts_are_replaced() {
        let cases = [
            (json!({"text": "a.a", "search": ".", "replacement": "-"}), "a-a", 1),
            (json!({"text": "aaa", "search": "aa"}), "a", 1),
            (json!({"text": "$1", "search": "1", "replacement": "$0"}), "$$0", 1),
            (json!({"text": "b1 c2", "search": "([a-z])(\\d)", "replacement": "$2$1", "regex": true}), "1b 2c", 2),
            (json!({"text": "äb", "search": "", "replacement": "-", "regex": true}), "-ä-b-", 3),
        ];
        for (inputs, text, count) in cases {
            let expected = json!({"text": text, "count": count});
            assert_eq!(Rig::new("Replace", inputs.clone()).run(), Ok(expected), "{inputs}");
        }
    }

    #[test]
    fn an_expression_gives_its_groups_and_all_matches() {
        let inputs = json!({"text": "x=1, y=22", "pattern": "(?P<key>\\w)=(\\d+)(!)?"});
        let mut rig = Rig::new("RegexMatch", inputs);
        let expected = json!({
            "matched": true, "groups": ["x", "1", null], "named": {"key": "x"}, "matches": ["x=1", "y=22"],
        });
        assert_eq!(rig.run(), Ok(expected));
        rig.set("text", json!("none"));
        assert_eq!(rig.run(), Ok(json!({"matched": false, "groups": [], "named": {"key": null}, "matches": []})));
        rig.set("pattern", json!("n"));
        assert_eq!(rig.run().unwrap()["matches"], json!(["n", "n"]));
    }

    #[test]
    fn a_bad_expression_is_known_before_it_runs() {
        let faults = |class, inputs| Rig::new(class, inputs).faults();
        let found = faults("RegexMatch", json!({"text": "", "pattern": "("}));
        assert!(matches!(&found[..], [(1, text)] if text.contains("unclosed group")), "{found:?}");
        let huge = "(\\w{1000}){1000}";
        let expected = [(1, "the regular expression is too large".to_owned())];
        assert_eq!(faults("RegexMatch", json!({"text": "", "pattern": huge})), expected);
        assert_eq!(faults("Replace", json!({"text": "", "search": huge, "regex": true})), expected);
        assert_eq!(faults("Replace", json!({"text": "", "search": "("})), []);
    }

    #[test]
    fn what_cannot_be_replaced_says_why() {
        let mut nothing = Rig::new("Replace", json!({"text": "x", "search": ""}));
        assert_eq!(nothing.run(), Err("there is nothing to search for: search is empty".to_owned()));
        let text = "x".repeat(100_000);
        let mut grown = Rig::new("Replace", json!({"text": text, "search": "x", "replacement": "y".repeat(1000)}));
        assert_eq!(grown.run(), Err("the text becomes larger than 16777216 bytes".to_owned()));
        let whole = json!({"text": text, "search": ".*", "replacement": "$0".repeat(1000), "regex": true});
        assert_eq!(Rig::new("Replace", whole).run(), Err("the replacement becomes too large".to_owned()));
    }

    proptest! {
        #[test]
        fn no_expression_panics(pattern in "[a-c\\[\\](){}*+?|\\\\.^$0-9,]{0,12}|.{0,12}", text in ".{0,12}", with in ".{0,6}") {
            let _ = Rig::new("RegexMatch", json!({"text": text, "pattern": pattern})).run();
            let inputs = json!({"text": text, "search": pattern, "replacement": with, "regex": true});
            let _ = Rig::new("Replace", inputs).run();
        }

        #[test]
        fn replacing_does_what_the_standard_library_does(text in "[ab]{0,12}", search in "[ab]{1,3}", with in "[abc]{0,3}") {
            let inputs = json!({"text": text, "search": search, "replacement": with});
            let given = Rig::new("Replace", inputs).run().unwrap();
            prop_assert_eq!(given["text"].as_str().unwrap(), text.replace(&search, &with));
        }
    }
}
