//! Reads a `.env` file: lines of `KEY=VALUE`, with comments and quotes.
//!
//! Nothing is substituted in a value: a `$` is a `$`, so a secret stands for itself.

use super::fault::Faults;

/// The variables in `text`, in its order. A line that is none is a fault; its text is not shown, it may be a secret.
pub(super) fn parse(text: &str, shown: &str, faults: &mut Faults) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match variable(line) {
            Ok(variable) => variables.push(variable),
            Err(reason) => faults.add(format!("{shown}:{}", index + 1), "", reason),
        }
    }
    variables
}

fn variable(line: &str) -> Result<(String, String), &'static str> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').ok_or("must be KEY=VALUE")?;
    let name = name.trim_end();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || !name.chars().all(fits) {
        return Err("must be KEY=VALUE, with a key of letters, digits and '_'");
    }
    Ok((name.to_owned(), unquoted(value.trim_start())?))
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    let (text, rest) = match value.chars().next() {
        Some('\'') => {
            let (text, rest) =
                value.get(1..).and_then(|inner| inner.split_once('\'')).ok_or("a quote is not closed")?;
            (text.to_owned(), rest)
        }
        Some('"') => double_quoted(value.get(1..).unwrap_or_default())?,
        _ => {
            let end = value.find(" #").unwrap_or(value.len());
            let bare = if value.starts_with('#') { "" } else { value.get(..end).unwrap_or(value) };
            return Ok(bare.trim_end().to_owned());
        }
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(text);
    }
    Err("there is something behind the closing quote")
}

/// The text up to the closing quote, and what follows it.
fn double_quoted(inner: &str) -> Result<(String, &str), &'static str> {
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((text, chars.as_str())),
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_shells_do() {
        for (line, value) in [
            ("K=v", "v"),
            ("export K=v", "v"),
            ("K = v w ", "v w"),
            ("K=v # why", "v"),
            ("K=v#w", "v#w"),
            ("K=", ""),
            ("K=# why", ""),
            ("K='a # $b \"' # why", "a # $b \""),
            (r#"K="a\n\"b\" # c""#, "a\n\"b\" # c"),
        ] {
            let mut faults = Faults::default();
            let variables = parse(line, ".env", &mut faults);
            assert_eq!(variables, [("K".to_owned(), value.to_owned())], "{line} {faults}");
            assert!(faults.is_empty(), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_no_variable_is_told_with_its_number_and_without_its_text() {
        let mut faults = Faults::default();
        let variables =
            parse("# x\nhunter2\nK='hunter2\nK=\"hunter2\\\nK=\"a\"hunter2\nA B=hunter2\n\nL=1", ".env", &mut faults);
        assert_eq!(variables, [("L".to_owned(), "1".to_owned())]);
        let sources: Vec<&str> = faults.iter().map(|fault| fault.source.as_str()).collect();
        assert_eq!(sources, [".env:2", ".env:3", ".env:4", ".env:5", ".env:6"]);
        assert!(!faults.to_string().contains("hunter2"));
    }
}
