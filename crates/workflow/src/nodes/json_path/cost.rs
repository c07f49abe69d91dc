//! How many steps a JSON path takes on a document, at most: told before it is looked for, because it cannot be stopped.
//!
//! A filter is computed for each value that it looks at, and so is whatever is in it: filters within filters multiply.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value as Json;

/// What a document is like.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    /// How many values it has; a long text counts as several.
    values: f64,
    /// How deep it is nested.
    depth: f64,
}

/// Bytes of a text that take as long as one value.
const BYTES_A_VALUE: usize = 64;

/// How many steps it takes to compile a regular expression; that is done anew each time.
const PATTERN: f64 = 500.0;

/// How many steps each state of a regular expression takes, to compile it and to match it with the bytes of one value.
const STATE: f64 = 12.0;

/// The brackets of a path, or what stands outside of all.
#[derive(Clone, Copy)]
struct Level {
    is_filter: bool,
    /// How often what is in a filter is computed for one value that it looks at.
    times: f64,
    /// How often the same value may be found.
    copies: f64,
    /// What the filters within take for each time.
    within: f64,
    parentheses: usize,
}

impl Level {
    fn new() -> Self {
        Self { is_filter: false, times: 1.0, copies: 1.0, within: 0.0, parentheses: 0 }
    }

    fn steps(&self) -> f64 {
        self.times * self.copies * (1.0 + self.within)
    }
}

/// How many steps a path takes at most, whose regular expressions have so many states together.
pub(super) fn steps(path: &str, json: &Json, states: usize) -> f64 {
    let shape = shape(json, 1.0);
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::new();
    let mut rest = path.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' | '\'' => skip_text(&mut rest, character),
            '[' => outer.push(std::mem::replace(&mut level, Level::new())),
            ']' => {
                let inner = std::mem::replace(&mut level, outer.pop().unwrap_or(Level::new()));
                if inner.is_filter {
                    level.within += inner.steps();
                } else {
                    level.copies *= inner.copies;
                    level.within += inner.within;
                }
            }
            '?' => level.is_filter = true,
            '(' => level.parentheses += 1,
            ')' => level.parentheses = level.parentheses.saturating_sub(1),
            ',' if level.parentheses == 0 => level.copies += 1.0,
            '.' if rest.peek() == Some(&'.') => level.copies *= shape.depth,
            '@' => level.times = level.times.max(shape.depth),
            '$' if !outer.is_empty() => {
                // What a filter asks of the whole document is asked for each value.
                let asked = single(rest.clone(), json).map_or(shape.values, |found| self::shape(found, 1.0).values);
                level.times = level.times.max(asked);
            }
            _ if character.is_alphabetic() => {
                let mut word = String::from(character);
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                if matches!(word.as_str(), "match" | "search") && rest.peek() == Some(&'(') {
                    level.within += PATTERN + STATE * states as f64;
                }
            }
            _ => {}
        }
    }
    shape.values * level.steps()
}

/// How many filters of a path stand within one another at most.
pub(super) fn deepest_filter(path: &str) -> usize {
    let mut deepest = 0;
    // Of each open bracket, how many filters it stands in, itself not included.
    let mut outer = Vec::new();
    let (mut around, mut is_filter) = (0, false);
    let mut rest = path.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' | '\'' => skip_text(&mut rest, character),
            '[' => {
                outer.push((around, is_filter));
                (around, is_filter) = (around + usize::from(is_filter), false);
            }
            ']' => (around, is_filter) = outer.pop().unwrap_or_default(),
            '?' => {
                is_filter = true;
                deepest = deepest.max(around + 1);
            }
            _ => {}
        }
    }
    deepest
}

/// Whether all regular expressions of a path stand in it as texts, so that they can be looked at before; gives them.
pub(super) fn patterns(path: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for name in ["match", "search"] {
        for (at, _) in path.match_indices(name) {
            let Some(arguments) = path.get(at + name.len()..).and_then(|rest| rest.strip_prefix('(')) else { continue };
            found.push(second_text(arguments)?);
        }
    }
    Some(found)
}

/// The text that is the second argument of a call.
fn second_text(arguments: &str) -> Option<String> {
    let mut rest = arguments.chars().peekable();
    let mut depth = 0_usize;
    while let Some(character) = rest.next() {
        match character {
            '"' | '\'' => skip_text(&mut rest, character),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                while rest.next_if(|next| next.is_whitespace()).is_some() {}
                let quote = rest.next().filter(|quote| matches!(quote, '"' | '\''))?;
                let mut text = String::new();
                while let Some(character) = rest.next().filter(|character| *character != quote) {
                    text.push(character);
                    if character == '\\' {
                        text.extend(rest.next());
                    }
                }
                // Nothing but the end of the call may follow, so that the text is all of the argument.
                while rest.next_if(|next| next.is_whitespace()).is_some() {}
                return rest.next().filter(|next| *next == ')').map(|_| text);
            }
            _ => {}
        }
    }
    None
}

fn skip_text(rest: &mut Peekable<Chars<'_>>, quote: char) {
    while let Some(character) = rest.next().filter(|character| *character != quote) {
        if character == '\\' {
            rest.next();
        }
    }
}

/// The one value that a query of nothing but names in dots finds; nothing where it may find others.
fn single<'a>(mut query: Peekable<Chars<'_>>, json: &'a Json) -> Option<&'a Json> {
    let mut found = json;
    loop {
        match query.peek() {
            Some('.') => {
                query.next();
                let mut name = String::new();
                while let Some(next) = query.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                found = if name.is_empty() { return None } else { found.get(&name).unwrap_or(&Json::Null) };
            }
            Some('[') => return None,
            _ => return Some(found),
        }
    }
}

fn shape(json: &Json, depth: f64) -> Shape {
    let whole = |sum: Shape, item: &Json| {
        let inner = shape(item, depth + 1.0);
        Shape { values: sum.values + inner.values, depth: sum.depth.max(inner.depth) }
    };
    let one = Shape { values: 1.0, depth };
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => one,
        Json::String(text) => Shape { values: 1.0 + (text.len() / BYTES_A_VALUE) as f64, depth },
        Json::Array(items) => items.iter().fold(one, whole),
        Json::Object(map) => map.values().fold(one, whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_within_filters_multiply() {
        let orders =
            json!({"orders": (0..1000).map(|id| json!({"id": id, "total": id})).collect::<Vec<_>>(), "min": 5});
        let steps = |path: &str| steps(path, &orders, 0);
        let values = 3003.0;
        assert_eq!(steps("$.orders[*].id"), values);
        assert_eq!(steps("$..id"), values * 4.0);
        assert_eq!(steps("$.orders[?@.total > 10].id"), values * 5.0);
        assert_eq!(steps("$.orders[?@.total > $.min].id"), values * 5.0);
        assert_eq!(steps("$.orders[0, 1, 'a,b'].id"), values * 3.0);
        assert!(steps("$.orders[?count($..*) > 1]") > values * values);
        assert!(steps("$.orders[?count($.orders[*]) > 1]") > values * values);
        assert!(steps("$[?count($[?count($[*]) > 1]) > 1]") > values * values * values);
        assert!(steps("$.orders[?$.orders == $.orders]") > values * 3_000.0);
    }

    #[test]
    fn filters_within_filters_are_counted() {
        for (path, filters) in [
            ("$.a[*]['?', \"[?[?\"]", 0),
            ("$[?@.a == 1, ?@.b == 2][?@.c]", 1),
            ("$[?@.a[?@.b] && @['?[?'][?@.c]]", 2),
            ("$[?count(@[?match(value($[0][?@]), 'a')]) > 1]", 3),
            ("]]]$[?@[?@", 2),
        ] {
            assert_eq!(deepest_filter(path), filters, "{path}");
        }
    }

    #[test]
    fn patterns_are_known_before_or_refused() {
        assert_eq!(patterns("$[?match(@.a, 'x.*')]"), Some(vec!["x.*".to_owned()]));
        assert_eq!(patterns("$[?search(@['a,'], \"\\\"\") && match(@, 'b')]").map(|all| all.len()), Some(2));
        assert_eq!(patterns("$.matches[0].match"), Some(vec![]));
        assert_eq!(patterns("$[?match(@.a, @.b)]"), None);
        assert_eq!(patterns("$[?match(@.a, $['b'])]"), None);
    }
}
