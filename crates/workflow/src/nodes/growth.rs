//! What keeps a template from filling the memory: the engine counts steps, but one step may double a text.
//!
//! A text can only grow without end where what has grown is named and used again. So what names values may join few
//! texts, and what names a whole piece of output is refused.

/// Most joinings (`~`, `+`, `*`) in all tags together that name values; each of them may double a text.
const MOST_IN_NAMES: usize = 6;

/// Most joinings in any one tag.
const MOST_IN_TAG: usize = 32;

/// Why a template that can be parsed may grow too much, where it may.
pub(super) fn grows_too_much(source: &str) -> Option<String> {
    let mut rest = source;
    let mut in_names = 0;
    while let Some(from) = rest.find('{') {
        rest = rest.get(from..)?;
        let (tag, after) = if let Some(comment) = rest.strip_prefix("{#") {
            rest = comment.split_once("#}").map_or("", |(_, after)| after);
            continue;
        } else if let Some(inner) = rest.strip_prefix("{%") {
            if let Some(raw) = after_word(inner, "raw") {
                rest = after_raw(raw);
                continue;
            }
            Tag::read(inner, "%}")
        } else if let Some(inner) = rest.strip_prefix("{{") {
            Tag::read(inner, "}}")
        } else {
            rest = rest.get(1..)?;
            continue;
        };
        rest = after;
        if tag.joins > MOST_IN_TAG {
            return Some(format!("a tag joins more than {MOST_IN_TAG} values with ~, + or *"));
        }
        match tag.word {
            "filter" => return Some("there are no filter blocks: use the filter on a value".to_owned()),
            "set" if !tag.assigns => return Some("there are no set blocks: use set name = value".to_owned()),
            "for" if tag.recursive => return Some("there are no recursive loops".to_owned()),
            "set" | "with" | "for" => in_names += tag.joins,
            _ => {}
        }
        if in_names > MOST_IN_NAMES {
            return Some(format!("set, with and for together join more than {MOST_IN_NAMES} values with ~, + or *"));
        }
    }
    None
}

/// What counts in a tag.
struct Tag<'a> {
    word: &'a str,
    joins: usize,
    assigns: bool,
    recursive: bool,
}

impl<'a> Tag<'a> {
    /// Reads a tag to its end as the engine does: neither within quotes nor within brackets. Gives what follows, too.
    fn read(inner: &'a str, end: &str) -> (Self, &'a str) {
        let start = inner.trim_start_matches(['-', '+']).trim_start();
        let word = start.split(|character: char| !character.is_alphanumeric() && character != '_').next();
        let mut tag = Tag { word: word.unwrap_or_default(), joins: 0, assigns: false, recursive: false };
        let (mut depth, mut quote, mut escaped) = (0, None, false);
        for (at, character) in inner.char_indices() {
            let rest = inner.get(at..).unwrap_or_default();
            if let Some(mark) = quote {
                match character {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    _ if character == mark => quote = None,
                    _ => {}
                }
                continue;
            }
            if depth == 0 && rest.starts_with(end) {
                return (tag, rest.get(end.len()..).unwrap_or_default());
            }
            match character {
                '"' | '\'' => quote = Some(character),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                '~' | '+' | '*' => tag.joins += 1,
                '=' if depth == 0 => tag.assigns = true,
                'r' if rest.starts_with("recursive") => tag.recursive = true,
                _ => {}
            }
        }
        (tag, "")
    }
}

/// What follows a tag of this one word.
fn after_word<'a>(inner: &'a str, word: &str) -> Option<&'a str> {
    let blanks = |character: char| character.is_ascii_whitespace();
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start_matches(blanks);
    let rest = inner.strip_prefix(word)?.trim_start_matches(blanks);
    rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}")
}

/// What follows the end of a raw block.
fn after_raw(raw: &str) -> &str {
    let mut rest = raw;
    while let Some((_, inner)) = rest.split_once("{%") {
        if let Some(after) = after_word(inner, "endraw") {
            return after;
        }
        rest = inner;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_grow_without_end_is_refused() {
        let doubling = "{% set x = x ~ x %}".repeat(MOST_IN_NAMES + 1);
        let hidden = format!("{{{{ '}}}}' ~ \"\\\"%}}\" }}}}{{% raw %}}{{{{ ' {{% endraw %}}{doubling}{{{{ ' }}}}");
        let refused = [
            doubling.clone(),
            hidden,
            format!("{{# ' #}}{doubling}"),
            format!("{{{{ {{'a': {{}}}} }}}}{doubling}"),
            "{%- for x in [x ~ x] %}".repeat(MOST_IN_NAMES + 1),
            "{% set x %}{{ x }}{{ x }}{% endset %}".to_owned(),
            "{% filter upper %}x{% endfilter %}".to_owned(),
            "{% for x in y recursive %}{{ loop(x) }}{% endfor %}".to_owned(),
            format!("{{{{ x{} }}}}", " ~ x".repeat(MOST_IN_TAG + 1)),
        ];
        for source in refused {
            assert!(grows_too_much(&source).is_some(), "{source}");
        }
    }

    #[test]
    fn what_people_write_is_not() {
        let fine = [
            "",
            "{",
            "1 + 1 ~ 2 * {",
            "{% set name = first ~ ' ' ~ last %}{{ name }}",
            "{% for line in lines %}{{ line.price * line.count + 1 }}\n{% endfor %}",
            "{% raw %}{% set x %}{% endraw %}{# {% filter %} #}",
            "{{ '{% set x %}' }}",
        ];
        for source in fine {
            assert_eq!(grows_too_much(source), None, "{source}");
        }
    }
}
