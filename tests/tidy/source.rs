//! One source file as the rules see it: its text, and its code without comments, literals and tests.

/// One file of `src/`, or an example of one.
pub(crate) struct Source {
    /// From the project's folder, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and literals, line for line, up to a test module at its end.
    pub(crate) code: String,
}

pub(crate) type Findings = Vec<String>;

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let blank = without_comments_and_literals(&text);
        let code = blank[..start_of_tests(&blank)].to_owned();
        Self { path: path.into(), text, code }
    }

    pub(crate) fn finding(&self, line: usize, rule: &str) -> String {
        format!("{}:{line}: {rule}", self.path)
    }

    /// The top-level module that the file belongs to.
    pub(crate) fn module(&self) -> &str {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
    }

    /// A finding for each place in the code where one of these words stands.
    pub(crate) fn words(&self, words: &[&str], rule: &str) -> Findings {
        let found = |line: &str| words.iter().any(|word| has_word(line, word));
        let hits = self.code.lines().enumerate().filter(|(_, line)| found(line));
        hits.map(|(at, _)| self.finding(at + 1, rule)).collect()
    }
}

/// Where the first test module begins that stands in the file itself; the end where there is none.
fn start_of_tests(code: &str) -> usize {
    let starts = code.match_indices("#[cfg(test)]\n").map(|(at, _)| at);
    let mut blocks = starts.filter(|at| {
        let item = code[*at..].lines().find(|line| !line.starts_with("#["));
        item.is_some_and(|line| line.starts_with("mod ") && line.trim_end().ends_with('{'))
    });
    blocks.next().unwrap_or(code.len())
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !(before.is_some_and(is_word) || after.is_some_and(is_word) && word.ends_with(is_word))
    })
}

/// The text with each character of a comment or literal replaced by a space; line ends stay.
fn without_comments_and_literals(text: &str) -> String {
    let blank = |part: &str| part.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect::<String>();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = code.chars().next_back().is_some_and(is_word);
        let length = if in_word { None } else { raw_string(rest) }
            .or_else(|| comment(rest))
            .or_else(|| (first == '"').then(|| quoted(rest, '"')))
            .or_else(|| character(rest));
        let (part, skipped) = length.map_or((first.len_utf8(), false), |length| (length, true));
        code.push_str(&if skipped { blank(&rest[..part]) } else { first.to_string() });
        rest = &rest[part..];
    }
    code
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = if rest.starts_with("/*") || rest.starts_with("*/") { 2 } else { rest.chars().next()?.len_utf8() };
        depth = if rest.starts_with("/*") { depth + 1 } else { depth - usize::from(rest.starts_with("*/")) };
        at += step;
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

fn raw_string(text: &str) -> Option<usize> {
    let after = ["br", "cr", "r"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - body.len();
    Some(body.find(&close).map_or(text.len(), |at| start + at + close.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal, but not a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inner = text.strip_prefix('\'')?.chars();
    match (inner.next()?, inner.next()?) {
        ('\\', _) | (_, '\'') => Some(quoted(text, '\'')),
        _ => None,
    }
}
