//! Reads what stands in one cell: a figure, a mark for zero, a symbol that belongs to a neighbour, or text.

use super::{Currency, Figure, NumberStyle, Unit};

/// What stands in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Empty,
    Text,
    NotAvailable,
    Figure(Figure),
    Symbol(Symbol),
}

/// A piece of a figure that its table prints in a cell of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// Belongs to the figure after it: a currency, an opening bracket.
    Before,
    /// Belongs to the figure before it: a closing bracket, a percent sign.
    After,
}

const CURRENCIES: &[(&str, Currency)] = &[
    ("us$", Currency::Dollar),
    ("usd", Currency::Dollar),
    ("a$", Currency::Dollar),
    ("c$", Currency::Dollar),
    ("s$", Currency::Dollar),
    ("nz$", Currency::Dollar),
    ("hk$", Currency::Dollar),
    ("r$", Currency::Other),
    ("$", Currency::Dollar),
    ("eur", Currency::Euro),
    ("€", Currency::Euro),
    ("gbp", Currency::Pound),
    ("£", Currency::Pound),
    ("rmb", Currency::Yen),
    ("cny", Currency::Yen),
    ("jpy", Currency::Yen),
    ("¥", Currency::Yen),
    ("￥", Currency::Yen),
    ("chf", Currency::Other),
    ("dkk", Currency::Other),
    ("sek", Currency::Other),
    ("nok", Currency::Other),
    ("kr.", Currency::Other),
    ("kr", Currency::Other),
    ("inr", Currency::Other),
    ("rs.", Currency::Other),
    ("rs", Currency::Other),
    ("₹", Currency::Other),
    ("aud", Currency::Dollar),
    ("cad", Currency::Dollar),
    ("sgd", Currency::Dollar),
    ("rm", Currency::Other),
    ("zar", Currency::Other),
    ("₩", Currency::Other),
    ("₽", Currency::Other),
    ("zł", Currency::Other),
];

const ABSENT: &[&str] = &[
    "n/a",
    "n.a.",
    "n.a",
    "na",
    "nm",
    "n/m",
    "n.m.",
    "n.m",
    "nmf",
    "not applicable",
    "*",
    "**",
    "†",
    "k.a.",
    "n.v.t.",
];

const ZEROS: &[&str] =
    &["-", "–", "—", "−", "--", "---", "–-", "...", "…", ". . .", "nil", "zero", "―", "‒", "-.-", "..", "- -", "— —"];

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{200b}' | '\u{feff}' | '\u{ad}')
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    (head.eq_ignore_ascii_case(prefix)).then(|| text.get(prefix.len()..)).flatten()
}

fn strip_currency(text: &str) -> Option<(&str, Currency)> {
    let first = text.chars().next()?;
    if first.is_ascii_digit() {
        return None;
    }
    CURRENCIES.iter().find_map(|&(name, currency)| {
        let rest = strip_prefix_ignoring_case(text, name)?;
        // "Rsomething" is a word: a currency made of letters ends where they end.
        let letters = name.ends_with(|c: char| c.is_alphabetic());
        (!letters || !rest.starts_with(|c: char| c.is_alphabetic())).then_some((rest, currency))
    })
}

/// What stands in a cell whose text is `text`.
pub(crate) fn read_cell(text: &str, style: NumberStyle) -> Content {
    let text = text.trim_matches(is_blank);
    if text.is_empty() {
        return Content::Empty;
    }
    // Nothing that is read as a figure or a mark is longer than this.
    if text.len() > 64 {
        return Content::Text;
    }
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return read_mark(text);
    }
    read_digits(text, style).map_or(Content::Text, Content::Figure)
}

fn read_mark(text: &str) -> Content {
    let lower = text.to_lowercase();
    if ABSENT.contains(&lower.as_str()) {
        return Content::NotAvailable;
    }
    if matches!(lower.as_str(), ")" | "%" | ")%" | "%)" | ") %" | "% )" | "]" | "pp" | "bps" | "pts" | "x") {
        return Content::Symbol(Symbol::After);
    }
    if matches!(lower.as_str(), "(" | "[" | "$(" | "$ (" | "€(" | "£(") {
        return Content::Symbol(Symbol::Before);
    }
    let (rest, currency) = strip_currency(&lower).unwrap_or((lower.as_str(), Currency::None));
    let rest = rest.trim_matches(is_blank);
    if rest.is_empty() {
        return Content::Symbol(Symbol::Before);
    }
    let percent = rest.ends_with('%');
    let mark = rest.trim_end_matches('%').trim_matches(is_blank);
    let mark = mark.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(mark);
    if ZEROS.contains(&mark) {
        let unit = if percent { Unit::Percent } else { Unit::Plain };
        return Content::Figure(Figure { unit, currency, mark: true, ..Figure::new(0, 0) });
    }
    Content::Text
}

fn read_digits(text: &str, style: NumberStyle) -> Option<Figure> {
    let mut rest = text;
    let (mut negative, mut bracket, mut currency) = (false, false, Currency::None);
    loop {
        rest = rest.trim_start_matches(is_blank);
        let first = rest.chars().next()?;
        match first {
            '0'..='9' | '.' | ',' => break,
            '(' | '[' if !bracket => bracket = true,
            '-' | '−' | '–' | '—' | '‒' if !negative => negative = true,
            '+' | '~' => {}
            _ => {
                let (after, found) = strip_currency(rest)?;
                if currency != Currency::None {
                    return None;
                }
                (rest, currency) = (after, found);
                continue;
            }
        }
        rest = rest.get(first.len_utf8()..)?;
    }
    let body = read_body(rest, style)?;
    let mut figure = Figure { currency, grouped: body.grouped, ..Figure::new(body.mantissa, body.scale) };
    negative |= bracket;
    let mut open = bracket;
    rest = rest.get(body.len..)?.trim_start_matches(is_blank);
    while let Some(first) = rest.chars().next() {
        let lower_rest;
        rest = match first {
            ')' | ']' if open => {
                open = false;
                rest.get(1..)?
            }
            '%' => {
                figure.unit = Unit::Percent;
                rest.get(1..)?
            }
            '‰' => {
                figure.unit = Unit::Points;
                rest.get(first.len_utf8()..)?
            }
            '-' | '−' | '–' if !negative && rest.chars().count() == 1 => {
                negative = true;
                ""
            }
            '(' | '[' | '*' | '†' | '‡' | '#' | '^' | '¹' | '²' | '³' | '⁴' | '⁵' | '⁶' | '⁷' | '⁸' | '⁹' | '⁰' => {
                strip_footnote(rest)?
            }
            _ => {
                lower_rest = rest;
                strip_suffix_word(lower_rest, &mut figure)?
            }
        }
        .trim_start_matches(is_blank);
    }
    if negative {
        figure.mantissa = -figure.mantissa;
    }
    Some(figure)
}

/// `(1)`, `[a]`, `*`, `¹`: a reference to a footnote.
fn strip_footnote(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let close = match first {
        '(' => ')',
        '[' => ']',
        _ => return text.get(first.len_utf8()..),
    };
    let (inner, rest) = text.get(1..)?.split_once(close)?;
    let short = (1..=5).contains(&inner.len()) && inner.chars().all(|c| c.is_ascii_alphanumeric() || ", ".contains(c));
    (short && inner.bytes().filter(u8::is_ascii_digit).count() <= 3).then_some(rest)
}

/// A unit, a magnitude or a currency behind the digits.
fn strip_suffix_word<'a>(text: &'a str, figure: &mut Figure) -> Option<&'a str> {
    if let Some((rest, currency)) = strip_currency(text) {
        if figure.currency != Currency::None {
            return None;
        }
        figure.currency = currency;
        return Some(rest);
    }
    let end = text.find(|c: char| !(c.is_alphabetic() || c == '.')).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    match word.to_ascii_lowercase().as_str() {
        "bps" | "bp" | "pp" | "ppt" | "ppts" | "pts" | "p.p." | "pt" => figure.unit = Unit::Points,
        "x" | "times" => figure.unit = Unit::Times,
        "percent" => figure.unit = Unit::Percent,
        "basis" | "percentage" => {
            figure.unit = Unit::Points;
            return strip_prefix_ignoring_case(rest.trim_start(), "points");
        }
        _ => return None,
    }
    Some(rest)
}

struct Body {
    mantissa: i64,
    scale: u8,
    len: usize,
    grouped: bool,
}

/// The digits and separators at the start of `text`.
fn read_body(text: &str, style: NumberStyle) -> Option<Body> {
    // A separator counts only when a digit follows; spaces and apostrophes only when exactly three do.
    let mut separators: [(char, usize); 12] = [(' ', 0); 12];
    let (mut count, mut len, mut digits) = (0, 0, 0_usize);
    let mut mantissa: i64 = 0;
    let chars = text.char_indices().peekable();
    for (at, c) in chars {
        if let Some(digit) = c.to_digit(10) {
            mantissa = mantissa.checked_mul(10)?.checked_add(i64::from(digit))?;
            digits += 1;
            len = at + 1;
            continue;
        }
        let separator = match c {
            '.' | ',' => c,
            '\'' | '’' => '\'',
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            _ => break,
        };
        let following = text.get(at + c.len_utf8()..)?.bytes().take(4).take_while(u8::is_ascii_digit).count();
        if following == 0 || (matches!(separator, ' ' | '\'') && following != 3) {
            break;
        }
        *separators.get_mut(count)? = (separator, digits);
        count += 1;
    }
    let separators = separators.get(..count)?;
    let head = text.get(..len)?;
    if separators.is_empty() {
        // "000" is the heading of a column in thousands, "007" an identifier.
        let plain = digits > 0 && (digits == 1 || !head.starts_with('0'));
        return plain.then_some(Body { mantissa, scale: 0, len, grouped: false });
    }
    let decimals = decimals_of(separators, digits, head.starts_with('0'), style)?;
    let scale = u8::try_from(decimals).ok().filter(|&scale| scale <= 18)?;
    Some(Body { mantissa, scale, len, grouped: separators.len() > 1 || decimals == 0 })
}

/// How many digits are decimals, by the separators and how many digits stand before each; `None` where they make no number.
fn decimals_of(separators: &[(char, usize)], digits: usize, zero: bool, style: NumberStyle) -> Option<usize> {
    let (&(last, last_at), earlier) = separators.split_last()?;
    let first_len = separators.first().map_or(digits, |&(_, at)| at);
    let tail = digits - last_at;
    if earlier.iter().any(|&(c, _)| c == last) {
        let one_kind = separators.iter().all(|&(c, _)| c == last);
        return (one_kind && groups_are_whole(separators, digits)).then_some(0);
    }
    if !earlier.is_empty() {
        let uniform = earlier.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        return (matches!(last, '.' | ',') && uniform && groups_are_whole(earlier, last_at)).then_some(tail);
    }
    match (last, style) {
        (' ' | '\'', _) => (1..=3).contains(&first_len).then_some(0),
        _ if first_len == 0 || tail != 3 || first_len > 3 || zero => {
            (last != ',' || style != NumberStyle::DotDecimal).then_some(tail)
        }
        (',', NumberStyle::CommaDecimal) | ('.', NumberStyle::DotDecimal | NumberStyle::Unknown) => Some(tail),
        _ => Some(0),
    }
}

/// Whether the separators cut off groups of three digits, or of two before the last as in India.
fn groups_are_whole(separators: &[(char, usize)], end: usize) -> bool {
    let ends = separators.iter().skip(1).map(|&(_, at)| at).chain([end]);
    let sizes: Vec<usize> = separators.iter().zip(ends).map(|(&(_, at), end)| end - at).collect();
    let first = separators.first().map_or(0, |&(_, at)| at);
    let (Some(&last), true) = (sizes.last(), (1..=3).contains(&first)) else { return false };
    let before = sizes.get(..sizes.len() - 1).unwrap_or_default();
    last == 3 && (before.iter().all(|&size| size == 3) || (first <= 2 && before.iter().all(|&size| size == 2)))
}

/// Which style the digits in `text` prove, if any.
pub(crate) fn vote(text: &str) -> NumberStyle {
    // "December 31, 2019" and "Notes 6,7" prove nothing.
    if text.chars().any(char::is_alphabetic) {
        return NumberStyle::Unknown;
    }
    let text = text.trim_matches(|c: char| !c.is_ascii_digit());
    if text.len() > 32 || text.chars().any(|c| !c.is_ascii_digit() && !".,' \u{a0}\u{202f}’".contains(c)) {
        return NumberStyle::Unknown;
    }
    let (dots, commas) = (text.matches('.').count(), text.matches(',').count());
    let (Some(last), true) = (text.rfind(['.', ',']), dots + commas > 0) else { return NumberStyle::Unknown };
    let tail = text.len() - last - 1;
    if !text.get(last + 1..).is_some_and(|tail| tail.bytes().all(|byte| byte.is_ascii_digit())) {
        return NumberStyle::Unknown;
    }
    let last_is_comma = text.get(last..).is_some_and(|rest| rest.starts_with(','));
    match (dots, commas) {
        (1.., 1..) => {
            if last_is_comma {
                NumberStyle::CommaDecimal
            } else {
                NumberStyle::DotDecimal
            }
        }
        (2.., 0) if tail == 3 => NumberStyle::CommaDecimal,
        (0, 2..) if tail == 3 => NumberStyle::DotDecimal,
        (0, 1) if tail != 3 => NumberStyle::CommaDecimal,
        (1, 0) if tail != 3 => NumberStyle::DotDecimal,
        _ => NumberStyle::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(text: &str, style: NumberStyle) -> String {
        match read_cell(text, style) {
            Content::Figure(figure) => format!("{figure:?}"),
            other @ (Content::Empty | Content::Text | Content::NotAvailable | Content::Symbol(_)) => {
                format!("{other:?}")
            }
        }
    }

    #[test]
    fn figures_are_read_as_they_are_printed() {
        for (text, expected) in [
            ("1,234.5", "1234.5"),
            ("1.234,5", "1234.5"),
            ("1 234,5", "1234.5"),
            ("1'234.50", "1234.50"),
            ("1\u{a0}234\u{a0}567", "1234567"),
            ("12,34,567", "1234567"),
            ("(498.7)", "-498.7"),
            ("$(498.7)", "-498.7"),
            ("$ 1,597.6", "1597.6"),
            ("US$ 12", "12"),
            ("(0.5)%", "-0.5%"),
            ("(0.5%)", "-0.5%"),
            ("123-", "-123"),
            ("−5", "-5"),
            ("–5", "-5"),
            ("1,234(1)", "1234"),
            ("1,234 (a)", "1234"),
            ("1,234*", "1234"),
            ("12¹", "12"),
            ("—", "0"),
            ("$ —", "0"),
            ("—%", "0%"),
            ("...", "0"),
            ("nil", "0"),
            ("n/a", "NotAvailable"),
            (".5", "0.5"),
            ("€ 12", "12"),
            ("12 €", "12"),
            ("0,123", "0.123"),
            ("1,234", "1234"),
            ("1.234", "1.234"),
            ("(55", "-55"),
        ] {
            assert_eq!(figure(text, NumberStyle::Unknown), expected, "{text}");
        }
        assert_eq!(figure("1.234", NumberStyle::CommaDecimal), "1234");
        assert_eq!(figure("1,234", NumberStyle::CommaDecimal), "1.234");
    }

    #[test]
    fn what_only_looks_like_a_figure_is_text() {
        for text in [
            "US$000",
            "$'000",
            "10-K",
            "2-5 Years",
            "31.12.2019",
            "2019/20",
            "53 WEEKS",
            "007",
            "1.2.3",
            "3Q19",
            "99999999999999999999",
            "1,23,4",
            "12/31",
            "Note 5",
        ] {
            assert_eq!(figure(text, NumberStyle::Unknown), "Text", "{text}");
        }
    }

    #[test]
    fn pieces_of_figures_are_told_apart() {
        for (text, symbol) in [
            ("$", Symbol::Before),
            ("US$", Symbol::Before),
            ("(", Symbol::Before),
            (")", Symbol::After),
            ("%", Symbol::After),
            (")%", Symbol::After),
        ] {
            assert_eq!(read_cell(text, NumberStyle::Unknown), Content::Symbol(symbol), "{text}");
        }
    }

    #[test]
    fn a_style_is_voted_for_only_where_digits_prove_it() {
        assert_eq!(vote("1.234,5"), NumberStyle::CommaDecimal);
        assert_eq!(vote("1,234.5"), NumberStyle::DotDecimal);
        assert_eq!(vote("12,5"), NumberStyle::CommaDecimal);
        assert_eq!(vote("$1,234,567"), NumberStyle::DotDecimal);
        assert_eq!(vote("1.234"), NumberStyle::Unknown);
        assert_eq!(vote("31.12.2019"), NumberStyle::Unknown);
        assert_eq!(vote("December 31, 2019"), NumberStyle::Unknown);
        assert_eq!(vote("6, 7"), NumberStyle::Unknown);
    }
}
