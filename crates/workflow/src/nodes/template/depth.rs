//! How deep a template may nest, by its tokens: the engine's parser, and whatever walks what it builds, recurse.

use minijinja::Error;
use minijinja::machinery::{Token, tokenize};

use callboard_domain::nesting::{Gauge, TooDeep};

/// How deep tags, and what stands within them, may nest together.
const DEEPEST: usize = 400;

/// How deep brackets and filters may nest in all tags together that name values: a name may be used to make the next.
const DEEPEST_NAMES: usize = 200;

/// Checks that a template does not nest too deep. What is no template is left to the parser, which sees no more of it.
pub(super) fn check(source: &str) -> Result<(), TooDeep> {
    let mut depth = Depth { gauge: Gauge::new(DEEPEST), blocks: Vec::new(), tag: Tag::default(), in_names: 0 };
    for token in tokenize(source, false, minijinja::syntax::SyntaxConfig::default()) {
        match token {
            Ok((token, _)) => depth.take(&token)?,
            Err(Error { .. }) => break,
        }
    }
    Ok(())
}

struct Depth {
    gauge: Gauge,
    /// The blocks that are open: how many levels each of them is, for every `elif` is within the one before.
    blocks: Vec<usize>,
    tag: Tag,
    in_names: usize,
}

/// The tag that is being read.
#[derive(Default)]
struct Tag {
    is_block: bool,
    tokens: usize,
    word: Word,
}

/// What a tag does to the blocks around it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Word {
    #[default]
    None,
    Opens,
    Names,
    OpensAndNames,
    Again,
    Closes,
}

impl Word {
    fn of(name: &str) -> Self {
        match name {
            "for" | "with" => Word::OpensAndNames,
            // A set block ends like others; where `set` has a value, the end that never comes costs one level.
            "set" => Word::Names,
            "elif" => Word::Again,
            name if name.starts_with("end") => Word::Closes,
            "else" | "do" => Word::None,
            _ => Word::Opens,
        }
    }
}

impl Depth {
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever is no bracket and separates nothing may nest")]
    fn take(&mut self, token: &Token<'_>) -> Result<(), TooDeep> {
        self.tag.tokens += 1;
        match token {
            Token::TemplateData(_) => self.gauge.separate(),
            Token::VariableStart | Token::BlockStart => {
                self.tag = Tag { is_block: matches!(token, Token::BlockStart), ..Tag::default() };
                self.gauge.separate();
                self.gauge.open()?;
            }
            Token::VariableEnd | Token::BlockEnd => {
                self.gauge.close()?;
                self.gauge.separate();
                self.end_tag()?;
            }
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.names()?;
                self.gauge.open()?;
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => self.gauge.close()?,
            Token::Comma | Token::Colon => self.gauge.separate(),
            Token::Ident(name) if self.tag.is_block && self.tag.tokens == 1 => self.tag.word = Word::of(name),
            Token::Pipe => {
                self.names()?;
                self.gauge.link()?;
            }
            _ => self.gauge.link()?,
        }
        Ok(())
    }

    fn names(&mut self) -> Result<(), TooDeep> {
        if matches!(self.tag.word, Word::Names | Word::OpensAndNames) {
            self.in_names += 1;
        }
        if self.in_names > DEEPEST_NAMES { Err(TooDeep { limit: DEEPEST_NAMES }) } else { Ok(()) }
    }

    fn end_tag(&mut self) -> Result<(), TooDeep> {
        match std::mem::take(&mut self.tag).word {
            Word::None | Word::Names => {}
            Word::Opens | Word::OpensAndNames => {
                self.gauge.open()?;
                self.blocks.push(1);
            }
            Word::Again => {
                if let Some(levels) = self.blocks.last_mut() {
                    self.gauge.open()?;
                    *levels += 1;
                }
            }
            Word::Closes => {
                for _ in 0..self.blocks.pop().unwrap_or(0) {
                    self.gauge.close()?;
                }
                self.gauge.separate();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_what_is_in_them_nest() {
        let many = |piece: &str| piece.repeat(DEEPEST + 1);
        for source in [
            format!("{{{{ {}1 }}}}", many("not ")),
            format!("{{{{ {}1 }}}}", many("-")),
            format!("{{{{ a{} }}}}", many(".a")),
            format!("{{{{ a{} }}}}", many("()")),
            format!("{{{{ a{} }}}}", many("[0]")),
            format!("{{{{ a{} }}}}", many("|upper")),
            format!("{{{{ a{} }}}}", many(" is defined")),
            format!("{{{{ {}1 }}}}", many("a if a else ")),
            format!("{{{{ a{} }}}}", many(" if a")),
            format!("{{{{ {} }}}}", many("[")),
            format!("{{{{ {} }}}}", many("{1:")),
            format!("{{% if a %}}{}", many("{% elif a %}")),
            many("{% if a %}"),
            many("{% for a in a %}"),
            many("{% with %}"),
            many("{% unknown %}"),
            "{% set a = [a] %}".repeat(DEEPEST_NAMES + 1),
            "{% set a = a|items %}".repeat(DEEPEST_NAMES + 1),
            "{% with a = [a] %}{% endwith %}".repeat(DEEPEST_NAMES + 1),
        ] {
            assert!(check(&source).is_err(), "{source:.40}");
        }
    }

    #[test]
    fn what_stands_one_after_the_other_does_not() {
        for source in [
            "{% if a %}{{ a.b|upper }}{% elif b %}x{% else %}{{ -a }}{% endif %}",
            "{% set a = b %}",
            "{% set a %}{{ b }}{% endset %}",
            "{% for a in b %}{{ a }}{% endfor %}",
            "text {{ f(a, [1, 2], {'a': b}) }}",
        ] {
            assert_eq!(check(&source.repeat(DEEPEST + 1)), Ok(()), "{source}");
        }
        let list = format!("{{{{ [{}1] }}}}", "a.b, ".repeat(DEEPEST));
        assert_eq!(check(&list), Ok(()));
    }
}
