//! The text of an answer: its charset is named by a byte order mark, else by its content type; else it is UTF-8.
//!
//! Labels mean what the WHATWG Encoding Standard says.

use encoding_rs::{Encoding, UTF_8};
use reqwest::header::HeaderValue;

use crate::workflow::node::NodeError;

/// The byte order marks of UTF-32, which nobody reads; the second one begins like UTF-16's.
const UTF_32: [&[u8]; 2] = [&[0, 0, 0xfe, 0xff], &[0xff, 0xfe, 0, 0]];

/// The text that these bytes are. Bytes that stand for nothing become U+FFFD.
pub(super) fn text(content_type: Option<&HeaderValue>, body: Vec<u8>) -> Result<String, NodeError> {
    if UTF_32.iter().any(|mark| body.starts_with(mark)) {
        return Err("the answer is UTF-32, which is not read".into());
    }
    if let Some((encoding, mark)) = Encoding::for_bom(&body) {
        let rest = body.get(mark..).unwrap_or_default();
        return Ok(encoding.decode_without_bom_handling(rest).0.into_owned());
    }
    let label = content_type
        .and_then(|value| charset(&value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>()));
    let encoding = match &label {
        Some(label) => Encoding::for_label_no_replacement(label.as_bytes()),
        None => Some(UTF_8),
    };
    match (encoding, label) {
        (Some(encoding), _) if encoding == UTF_8 => {
            Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
        }
        (Some(encoding), _) => Ok(encoding.decode_without_bom_handling(&body).0.into_owned()),
        (None, label) => {
            let label: String = label.unwrap_or_default().chars().take(40).collect();
            Err(format!("the answer has the charset {label:?}, which is not known").into())
        }
    }
}

/// The `charset` of a content type. A quoted value may have anything in it.
fn charset(content_type: &str) -> Option<String> {
    let mut rest = content_type.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        // A parameter without a value stands for nothing.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, next) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), next)
            }
        };
        if name.eq_ignore_ascii_case("charset") {
            return Some(value).filter(|value| !value.trim().is_empty());
        }
        rest = next;
    }
}

/// What stands before the closing quote, and what comes after it.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(content_type: &str, body: &[u8]) -> Result<String, String> {
        let header = HeaderValue::from_bytes(content_type.as_bytes()).unwrap();
        text(Some(&header), body.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_mark_decides_then_the_content_type() {
        let utf16 = |mark: &[u8], order: fn(u16) -> [u8; 2]| {
            [mark.to_vec(), "aß€".encode_utf16().flat_map(order).collect()].concat()
        };
        let cases: [(&str, Vec<u8>, &str); 13] = [
            ("text/plain", "aß€".into(), "aß€"),
            ("text/plain; charset=utf-8", "aß€".into(), "aß€"),
            ("text/plain; charset=utf-8", b"\xef\xbb\xbf{}".to_vec(), "{}"),
            ("text/plain; charset=ISO-8859-1", b"S\xe3o Tom\xe9".to_vec(), "São Tomé"),
            ("text/plain;CharSet=\"latin1\"", b"\xe9".to_vec(), "é"),
            ("text/plain; a=\"; charset=utf-8\"; charset=l\\atin1", b"\xe9".to_vec(), ""),
            ("text/plain; a=\"\\\"; charset=utf-8\"; charset=latin1", b"\xe9".to_vec(), "é"),
            ("text/plain; b; charset = \"lat\\in1\" ; x=y", b"\xe9".to_vec(), "é"),
            ("text/plain; charset=windows-1252", b"\x80".to_vec(), "€"),
            ("text/plain; charset=shift_jis", b"\x93\xfa\x96\x7b".to_vec(), "日本"),
            ("text/plain; charset=utf-16", utf16(b"\xff\xfe", u16::to_le_bytes), "aß€"),
            ("text/plain; charset=latin1", utf16(b"\xfe\xff", u16::to_be_bytes), "aß€"),
            ("text/plain; charset=utf-16be", utf16(b"", u16::to_be_bytes), "aß€"),
        ];
        for (content_type, body, expected) in cases {
            if expected.is_empty() {
                assert!(read(content_type, &body).unwrap_err().contains("not known"), "{content_type}");
            } else {
                assert_eq!(read(content_type, &body).as_deref(), Ok(expected), "{content_type}");
            }
        }
        assert_eq!(text(None, b"\xef\xbb\xbf\xc3\xa9".to_vec()), Ok("é".into()));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_no_other_text() {
        for label in ["klingon", "utf-7", "utf-32", "x\"y"] {
            let error = read(&format!("text/plain; charset={label}"), b"abc").unwrap_err();
            assert!(error.starts_with("the answer has the charset"), "{error}");
        }
        assert_eq!(read("text/plain", b"\xff\xfe\0\0a\0\0\0").unwrap_err(), "the answer is UTF-32, which is not read");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(content_type in "[ -~]{0,40}", body in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = read(&content_type, &body);
            let _ = read(&format!("text/plain;{content_type}; charset=latin1"), &body);
        }
    }
}
