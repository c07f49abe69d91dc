//! Characters that nobody sees: a text of nothing else says nothing, and an address with one is another address than it
//! seems to be.

/// Whether a text shows nothing: it is empty, or has only blanks and characters that nobody sees.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a character shows nothing by itself: blanks, controls, and what Unicode calls default-ignorable (joiners,
/// direction marks, variation selectors, fillers, tags), with the few that are drawn empty without being so called.
pub(super) fn is_invisible(char: char) -> bool {
    // Most texts are ASCII.
    if char.is_ascii() {
        return char.is_ascii_whitespace() || char.is_ascii_control();
    }
    char.is_whitespace() || char.is_control() || is_default_ignorable(char) || is_drawn_empty(char)
}

/// The property `Default_Ignorable_Code_Point` of Unicode.
fn is_default_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// The empty Braille pattern, the annotation marks, the empty note head and the Egyptian format controls.
fn is_drawn_empty(char: char) -> bool {
    matches!(char, '\u{2800}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D159}' | '\u{13430}'..='\u{1343F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn all_that_unicode_calls_ignorable_is_invisible() {
        let ignorable = Regex::new(r"\p{Default_Ignorable_Code_Point}").unwrap();
        for char in '\0'..=char::MAX {
            let expected = ignorable.is_match(char.encode_utf8(&mut [0; 4]));
            assert_eq!(is_default_ignorable(char), expected, "{:04X}", u32::from(char));
        }
    }

    #[test]
    fn what_can_be_read_is_not_blank() {
        for blank in [
            "",
            " \t\n",
            "\u{A0}\u{3000}",
            "\u{200B}",
            "\u{FEFF}\u{2066}\u{2069}",
            "\u{3164}",
            "\u{2800}",
            "\u{E0041}\u{FE0F}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in ["a", "\u{200B}0", "❤\u{FE0F}", "نمی\u{200C}خواهم", ".", "\u{301}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
