//! Hides secrets in text that is kept or shown.
//!
//! A secret is found as it is and in the forms that programs write it in: escaped in JSON, in an address, and in base64
//! wherever it begins there. One of fewer than four bytes is not looked for: it would be found everywhere.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem;
use std::ops::Bound;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// What stands where a secret was.
pub const MASK: &str = "***";

/// The fewest bytes of a secret that is looked for.
const SHORTEST: usize = 4;

/// The fewest bytes of a form of a secret, and of a line of one with several: shorter ones stand for other things, too.
const SHORTEST_FORM: usize = 8;

/// Most bytes of a secret that are looked for; of a longer one it is the beginning.
const LONGEST: usize = 4096;

/// Finds secrets, and puts a [`MASK`] in their place.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// All forms of all secrets, in order.
    forms: BTreeSet<Vec<u8>>,
    /// None where there is nothing to hide.
    finder: Option<AhoCorasick>,
    /// Bytes of the longest form.
    longest: usize,
}

impl Mask {
    /// Hides these secrets.
    #[must_use]
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self::default().with(secrets)
    }

    /// Hides these as well.
    #[must_use]
    pub fn with<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) -> Self {
        let mut forms = self.forms.clone();
        secrets.into_iter().for_each(|secret| forms.extend(forms_of(secret.as_ref())));
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        // Only forms of many megabytes do not fit into a finder.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms).ok();
        Self { finder: finder.filter(|_| longest > 0), longest, forms }
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.finder {
            Some(finder) if finder.is_match(text) => {
                let mut masked = String::with_capacity(text.len());
                finder.replace_all_with(text, &mut masked, |_, _, masked| {
                    masked.push_str(MASK);
                    true
                });
                Cow::Owned(masked)
            }
            Some(_) | None => Cow::Borrowed(text),
        }
    }

    /// Takes secrets out of a text.
    pub fn clean(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    /// Takes secrets out of a value: out of its texts, its keys, and the numbers that are one. Gives whether there were
    /// any.
    pub fn clean_value(&self, value: &mut Value) -> bool {
        if self.finder.is_none() {
            return false;
        }
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => {
                let is_secret = self.forms.contains(number.to_string().as_bytes());
                if is_secret {
                    *value = Value::from(MASK);
                }
                is_secret
            }
            Value::String(text) => match self.text(text) {
                Cow::Owned(masked) => {
                    *text = masked;
                    true
                }
                Cow::Borrowed(_) => false,
            },
            // All of them are cleaned, so that the search must not end with the first one.
            Value::Array(items) => items.iter_mut().filter_map(|item| self.clean_value(item).then_some(())).count() > 0,
            Value::Object(members) => self.clean_members(members),
        }
    }

    /// Takes secrets out of the members of an object. Gives whether there were any.
    pub fn clean_members(&self, members: &mut Map<String, Value>) -> bool {
        let any = members.values_mut().filter_map(|value| self.clean_value(value).then_some(())).count() > 0;
        if !members.keys().any(|key| matches!(self.text(key), Cow::Owned(_))) {
            return any;
        }
        let cleaned = mem::take(members).into_iter().map(|(key, value)| (self.text(&key).into_owned(), value));
        *members = cleaned.collect();
        true
    }

    /// How many bytes at the end of `text` may be the beginning of a secret.
    fn unsure(&self, text: &[u8]) -> usize {
        let most = self.longest.saturating_sub(1).min(text.len());
        let may_begin = |tail: &[u8]| {
            // The tail may be a form itself, and a longer one begin with it.
            let forms = self.forms.range::<[u8], _>((Bound::Excluded(tail), Bound::Unbounded));
            forms.take(1).any(|form| form.starts_with(tail))
        };
        let tails = (text.len() - most)..text.len();
        tails.into_iter().find(|at| may_begin(text.get(*at..).unwrap_or_default())).map_or(0, |at| text.len() - at)
    }
}

/// Masks output that comes in pieces: a secret is found also where two pieces have a part of it each.
#[derive(Debug, Default)]
pub struct Masking {
    /// What may be the beginning of a secret.
    held: Vec<u8>,
}

impl Masking {
    /// Takes the next piece in, and gives what can be shown.
    pub fn push<'a>(&mut self, mask: &Mask, piece: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(finder) = &mask.finder else {
            if self.held.is_empty() {
                return Cow::Borrowed(piece);
            }
            self.held.extend_from_slice(piece);
            return Cow::Owned(mem::take(&mut self.held));
        };
        self.held.extend_from_slice(piece);
        let text = mem::take(&mut self.held);
        let sure = text.len() - mask.unsure(&text);
        let mut shown = Vec::with_capacity(text.len());
        let mut at = 0;
        for found in finder.find_iter(&text).take_while(|found| found.start() < sure) {
            shown.extend_from_slice(text.get(at..found.start()).unwrap_or_default());
            shown.extend_from_slice(MASK.as_bytes());
            at = found.end();
        }
        shown.extend_from_slice(text.get(at..sure).unwrap_or_default());
        self.held = text.get(at.max(sure)..).unwrap_or_default().to_vec();
        Cow::Owned(shown)
    }

    /// No further piece comes: gives the rest.
    pub fn close(&mut self, mask: &Mask) -> Vec<u8> {
        let rest = mem::take(&mut self.held);
        match &mask.finder {
            Some(finder) => finder.replace_all_bytes(&rest, &vec![MASK; finder.patterns_len()]),
            None => rest,
        }
    }
}

/// The forms that a secret is written in.
fn forms_of(secret: &str) -> BTreeSet<Vec<u8>> {
    let secret = secret.trim();
    let secret = secret.get(..secret.floor_char_boundary(LONGEST)).unwrap_or_default();
    let mut forms = BTreeSet::new();
    if secret.len() < SHORTEST {
        return forms;
    }
    // A key of several lines is shown line by line; what frames it is not secret.
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_FORM && !line.starts_with("-----"));
    forms.extend(lines.map(|line| line.as_bytes().to_vec()));
    forms.insert(secret.as_bytes().to_vec());
    let written = [json(secret), ascii_json(secret)].into_iter().chain(addresses(secret)).chain(base64(secret));
    forms.extend(written.filter(|form| form.len() >= SHORTEST_FORM).map(String::into_bytes));
    forms
}

fn json(secret: &str) -> String {
    let quoted = Value::from(secret).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// As languages write JSON that keep to ASCII.
fn ascii_json(secret: &str) -> String {
    let mut units = [0; 2];
    let escaped = json(secret);
    let chars = escaped.chars().map(|char| {
        if char.is_ascii() {
            return char.to_string();
        }
        char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    });
    chars.collect()
}

/// In a query, in a form, and as JavaScript's `encodeURIComponent` and RFC 3986 write it.
fn addresses(secret: &str) -> impl Iterator<Item = String> {
    let encoded = |plain: &str| -> String {
        let bytes = secret.bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        });
        bytes.collect()
    };
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [form, encoded("-_.~"), encoded("-_.!~*'()"), encoded("-_.~/")].into_iter()
}

/// In base64, by itself or in the middle of something: what three places of its beginning have in common.
fn base64(secret: &str) -> impl Iterator<Item = String> {
    let engines = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];
    (0..3).flat_map(move |before| {
        let text = [&[0_u8; 2][..before.min(2)], secret.as_bytes()].concat();
        engines
            .iter()
            .map(move |engine| {
                let encoded = engine.encode(&text);
                // Characters that also hold bits of what stands before and behind.
                let start = (before * 8).div_ceil(6);
                let end = text.len() * 8 / 6;
                encoded.get(start..end).unwrap_or_default().to_owned()
            })
            .collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_hidden_in_each_form() {
        let secret = "s\u{e9}cret \"p/w\" & more";
        let mask = Mask::new([secret]);
        for text in [
            secret.to_owned(),
            json!({"a": secret}).to_string(),
            r#"s\u00e9cret \"p/w\" & more"#.to_owned(),
            "https://a/?q=s%C3%A9cret+%22p%2Fw%22+%26+more".to_owned(),
            "s%C3%A9cret%20%22p%2Fw%22%20%26%20more".to_owned(),
            base64::engine::general_purpose::STANDARD.encode(secret),
        ] {
            let masked = mask.text(&text);
            assert!(masked.contains(MASK) && !masked.contains("cret") && !masked.contains("czOp"), "{masked}");
        }
        for before in ["", "u", "me", "ada"] {
            let basic = STANDARD_NO_PAD.encode(format!("{before}:{secret}:"));
            assert!(mask.text(&basic).contains(MASK), "{basic}");
        }
    }

    #[test]
    fn what_is_short_or_frames_a_key_is_left_alone() {
        let mask = Mask::new(["abc", "", "   "]);
        assert_eq!(mask.text("abc"), "abc");
        let mask = Mask::new(["-----BEGIN KEY-----\nMIIEvgIBADAN\n-----END KEY-----\n"]);
        assert_eq!(mask.text("-----BEGIN KEY-----\r\nMIIEvgIBADAN"), "-----BEGIN KEY-----\r\n***");
        assert_eq!(Mask::default().text("abcd"), "abcd");
    }

    #[test]
    fn values_lose_secrets_in_texts_keys_and_numbers() {
        let mask = Mask::new(["hunter2", "4821"]);
        let mut value = json!({"a": ["my hunter2!", 4821, 48210, true], "hunter2": null});
        assert!(mask.clean_value(&mut value));
        assert_eq!(value, json!({"a": ["my ***!", "***", 48210, true], "***": null}));
        assert!(!mask.clean_value(&mut value));
    }

    #[test]
    fn more_secrets_can_be_added() {
        let mask = Mask::new(["first-one"]).with(["second-one"]);
        assert_eq!(mask.text("first-one second-one"), "*** ***");
    }

    #[test]
    fn a_line_is_not_held_back_unless_a_secret_may_go_on() {
        let mask = Mask::new(["hunter2"]);
        let mut masking = Masking::default();
        assert_eq!(&*masking.push(&mask, b"a line\n"), b"a line\n");
        assert_eq!(&*masking.push(&mask, b"password: hunt"), b"password: ");
        assert_eq!(&*masking.push(&mask, b"er2\n"), b"***\n");
        assert_eq!(&*masking.push(&mask, b"hunt"), b"");
        assert_eq!(masking.close(&mask), b"hunt");
    }

    proptest! {
        #[test]
        fn pieces_are_masked_like_the_whole(
            text in "(ab|abcd|abcde|bcdef|x|\n){0,20}", cuts in prop::collection::vec(0..60usize, 0..5),
        ) {
            let mask = Mask::new(["abcd", "abcdeab", "bcdef"]);
            let mut masking = Masking::default();
            let mut shown = Vec::new();
            let mut at = 0;
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([text.len()]) {
                shown.extend_from_slice(&masking.push(&mask, &text.as_bytes()[at..cut]));
                at = cut;
            }
            shown.extend(masking.close(&mask));
            let shown = String::from_utf8(shown).unwrap();
            prop_assert_eq!(shown, mask.text(&text).into_owned());
        }

        #[test]
        fn no_secret_is_left(secret in "[a-z]{4,8}", around in "[a-z]{0,8}", value in ".{0,9}") {
            let mask = Mask::new([&secret]);
            let masked = mask.text(&format!("{around}{secret}{value}{secret}")).into_owned();
            prop_assert!(!masked.contains(&secret));
        }
    }
}
