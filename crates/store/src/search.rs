//! How sessions are found by words: what of a session is searched, and how text becomes words.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::query::Query;
use super::{Error, ListSessions, SessionKey, Store, Summary};
use callboard_domain::entry::{Entry, Stamped};
use callboard_domain::status::Status;

/// The most bytes of a word; the rest of a longer one is not searched.
const LONGEST: usize = 64;

/// The most different words of one session.
const MOST: usize = 2000;

/// The most bytes of one text that are looked at.
const LOOKED_AT: usize = 16 * 1024;

/// The lengths of the groups of an id, which a dash follows.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// The words that a text looks for: what stands between anything that is neither a letter nor a digit, without regard to
/// case, accents and how a letter is composed. An id is one word, as is the beginning of one from its first dash on.
pub fn words(text: &str) -> impl Iterator<Item = String> + use<> {
    let pieces = pieces(text);
    let mut words = Vec::new();
    let mut rest = pieces.as_slice();
    while let [(piece, _), others @ ..] = rest {
        match id_at(rest) {
            Some(many) => {
                words.push(joined(rest, many));
                rest = rest.get(many..).unwrap_or_default();
            }
            None => {
                words.extend(Some(fold(piece)).filter(|word| !word.is_empty()));
                rest = others;
            }
        }
    }
    words.into_iter()
}

/// The words by which a text is found: those of [`words`], and what an id in it consists of.
pub(crate) fn words_within(text: &str) -> impl Iterator<Item = String> + '_ {
    let pieces = pieces(text);
    let ids: Vec<String> = (0..pieces.len())
        .filter_map(|at| pieces.get(at..))
        .filter_map(|rest| Some(joined(rest, id_at(rest)?)))
        .collect();
    pieces.into_iter().map(|(piece, _)| fold(piece)).filter(|word| !word.is_empty()).chain(ids)
}

/// What stands between anything that is neither a letter nor a digit, and whether a dash follows.
fn pieces(text: &str) -> Vec<(&str, bool)> {
    let text = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or(text);
    // An accent that stands by itself belongs to its letter.
    let is_between = |character: char| !character.is_alphanumeric() && !is_combining_mark(character);
    text.split_inclusive(is_between).map(|piece| (piece.trim_end_matches(is_between), piece.ends_with('-'))).collect()
}

/// Of how many of these pieces an id consists that begins with the first, or the beginning of one.
fn id_at(pieces: &[(&str, bool)]) -> Option<usize> {
    let is_of = |piece: &str, length: usize| {
        (1..=length).contains(&piece.len()) && piece.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut many = 0;
    for (&(piece, is_dashed), length) in pieces.iter().zip(GROUPS) {
        if !is_of(piece, length) {
            break;
        }
        many += 1;
        if piece.len() < length || !is_dashed {
            break;
        }
    }
    let is_begun = pieces.first().is_some_and(|(first, _)| Some(&first.len()) == GROUPS.first());
    (many > 1 && is_begun).then_some(many)
}

/// The first so many pieces as one word.
fn joined(pieces: &[(&str, bool)], many: usize) -> String {
    pieces.iter().take(many).flat_map(|(piece, _)| piece.chars()).map(|digit| digit.to_ascii_lowercase()).collect()
}

fn fold(part: &str) -> String {
    if part.is_ascii() {
        return part.get(..LONGEST).unwrap_or(part).to_ascii_lowercase();
    }
    let letters = part.nfkd().filter(|character| character.is_alphanumeric());
    // By way of upper case, so that letters with several lower ones (ς, ß) become one, and there by way of lower (ẞ).
    let folded = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let mut word = String::with_capacity(part.len().min(LONGEST));
    for character in folded {
        if word.len() + character.len_utf8() > LONGEST {
            break;
        }
        word.push(character);
    }
    word
}

/// The words by which a session is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findable(BTreeSet<String>);

impl Findable {
    /// Those that were kept as [`Findable::text`].
    pub(super) fn read(text: &str) -> Self {
        Self(text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// All of them, with spaces between.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Adds what is known from the session's start on.
    pub(super) fn add_summary(&mut self, summary: &Summary) {
        self.add(&summary.task);
        self.add_words(words(&summary.id.to_string()));
        let labels = summary.labels.iter().flat_map(|(name, value)| [name.as_str(), value]);
        let others = summary.title.as_deref().into_iter().chain(labels);
        others.for_each(|text| self.add(text));
        if let Some(id) = &summary.execution_id {
            self.add(id.as_str());
        }
    }

    /// Adds what a row of its journal asks, and what went wrong.
    pub(super) fn add_row(&mut self, body: &[u8]) {
        for line in body.split(|byte| *byte == b'\n').filter(|line| is_searched(line)) {
            let Ok(Stamped { entry, .. }) = serde_json::from_slice(line) else { continue };
            let context = match entry {
                Entry::RequestConfirmation { message, context, .. } => {
                    self.add(&message);
                    context
                }
                Entry::RequestUserInput { message, fields, context, .. } => {
                    self.add(message.as_deref().unwrap_or_default());
                    fields.iter().for_each(|field| {
                        self.add(&field.name);
                        self.add(&field.description);
                    });
                    context
                }
                Entry::TaskFailed { error, context, .. } => {
                    self.add(&error);
                    context
                }
                Entry::Status { .. }
                | Entry::Stream { .. }
                | Entry::Progress { .. }
                | Entry::AnswerGiven { .. }
                | Entry::Answered { .. }
                | Entry::TaskCompleted { .. }
                | Entry::TaskCancelled { .. }
                | Entry::Recovered { .. }
                | Entry::Agent(_)
                | Entry::Custom(_) => continue,
            };
            self.add(context.and_then(|context| context.title).as_deref().unwrap_or_default());
        }
    }

    fn add(&mut self, text: &str) {
        self.add_words(words_within(text));
    }

    fn add_words(&mut self, words: impl Iterator<Item = String>) {
        for word in words {
            if self.0.len() >= MOST {
                return;
            }
            self.0.insert(word);
        }
    }

    /// Whether each of these begins one of its words.
    pub(super) fn has_all(&self, wanted: &[String]) -> bool {
        wanted.iter().all(|word| self.0.range(word.clone()..).next().is_some_and(|found| found.starts_with(word)))
    }
}

/// Whether a line of a journal is a question or an error.
pub(super) fn is_searched(line: &[u8]) -> bool {
    line.starts_with(br#"{"type":"request_"#) || line.starts_with(br#"{"type":"task_failed""#)
}

/// Sessions that were found by words, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The sessions.
    pub sessions: Vec<Summary>,
    /// Whether all were searched that could be among them.
    pub is_complete: bool,
    /// Where the search was broken off: older ones were not looked at.
    pub broken_off_at: Option<SessionKey>,
}

/// How many sessions there are, by status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those of each status that has any.
    pub by_status: Vec<(Status, u64)>,
    /// Whether all were counted.
    pub is_complete: bool,
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&mut self, status: Status, many: u64) {
        match self.by_status.iter_mut().find(|(of, _)| *of == status) {
            Some((_, count)) => *count += many,
            None => self.by_status.push((status, many)),
        }
    }

    /// In the order of the statuses.
    pub(super) fn sorted(mut self) -> Self {
        self.by_status.sort_by_key(|(status, _)| Status::ALL.iter().position(|other| other == status));
        self
    }
}

/// How many sessions a search looks at before it is broken off.
pub(super) const MOST_LOOKED_AT: usize = 10_000;

/// How many sessions are counted.
pub(super) const MOST_COUNTED: usize = 100_000;

impl Store {
    /// The sessions in which each of these words, folded as by [`words`], begins a word; newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn search(&self, words: Vec<String>, query: ListSessions) -> Result<Found, Error> {
        self.query(self.workers(), |reply| Query::Search(words, query, reply)).await
    }

    /// How many sessions there are of each status, whichever the query wants; its limit and place do not count. Where
    /// there are words, only those that are found by them.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, words: Vec<String>, query: ListSessions) -> Result<Counts, Error> {
        self.query(self.workers(), |reply| Query::Count(words, query, reply)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_domain::answerers::Answerers;
    use callboard_domain::burst::BurstBuilder;
    use callboard_domain::context::Context;
    use callboard_domain::id::RequestId;
    use callboard_domain::time::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        let split = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(
            split("Pay 120€: Köln_Straße STRAẞE Ὀδυσσεύς"),
            ["pay", "120", "koln", "strasse", "strasse", "οδυσσευσ"]
        );
        assert_eq!(split("I\u{307}stanbul İSTANBUL ﬁle"), ["istanbul", "istanbul", "file"]);
        assert_eq!(split(" -- \n"), [] as [&str; 0]);
        assert_eq!(split("\u{301} \u{301}x"), ["x"]);
        assert_eq!(split(&"x".repeat(100)), ["x".repeat(64)]);
    }

    #[test]
    fn an_id_is_found_by_its_beginning_and_what_looks_like_one_by_its_parts_as_well() {
        let split = |text: &str| words(text).collect::<Vec<_>>();
        let id = "78A233AF-12c0-4a01-8b6e-0123456789ab";
        let whole = "78a233af12c04a018b6e0123456789ab";
        assert_eq!(split(id), [whole]);
        assert_eq!(split(&format!("of {id}, x")), ["of", whole, "x"]);
        assert_eq!(split("78a233af-"), ["78a233af"]);
        assert_eq!(split("78a233af-1"), ["78a233af1"]);
        assert_eq!(split("78a233af-12c0-4a01-"), ["78a233af12c04a01"]);
        assert_eq!(split("78a233af-12c0x 1234567-8 a-b"), ["78a233af", "12c0x", "1234567", "8", "a", "b"]);
        let mut findable = Findable::default();
        findable.add_words(words(id));
        findable.add("invoice-20261130-0042");
        for q in [id, "78a2", "78a233af-12c0-4", "20261130", "0042", "20261130-00", "invoice-20261130-0042"] {
            assert!(findable.has_all(&split(q)), "{q}");
        }
        assert!(!findable.has_all(&split("12c0")) && !findable.has_all(&split("78a233af-13")));
    }

    proptest! {
        #[test]
        fn however_a_text_is_written_its_words_are_the_same(text in any::<String>()) {
            let of = |text: &str| words(text).collect::<Vec<_>>();
            let (composed, apart): (String, String) = (text.nfc().collect(), text.nfd().collect());
            prop_assert_eq!(of(&composed), of(&apart));
            let mut findable = Findable::default();
            findable.add(&text);
            prop_assert!(findable.has_all(&of(&text)));
            for word in of(&text) {
                prop_assert!(!word.is_empty() && word.len() <= LONGEST);
                prop_assert!(word.chars().all(char::is_alphanumeric));
                prop_assert_eq!(of(&word), [word.clone()]);
            }
        }
    }

    #[test]
    fn a_row_is_found_by_what_it_asks_and_by_what_went_wrong() {
        let mut journal = BurstBuilder::default();
        let entries = [
            Entry::Stream { content: "output".into() },
            Entry::RequestConfirmation {
                request_id: RequestId::random(),
                message: "Pay Ada?".into(),
                timeout: None,
                expires_at: None,
                default: None,
                context: Some(Box::new(Context { title: Some("Invoice".into()), ..Context::default() })),
                answerers: Answerers::default(),
            },
            Entry::TaskFailed {
                error: "no paper".into(),
                can_retry: false,
                attempt: 1,
                request_id: None,
                context: None,
            },
        ];
        for (seq, entry) in (1..).zip(&entries) {
            journal.append(entry, None, seq, Timestamp::from_micros(1));
        }
        let mut findable = Findable::default();
        findable.add_row(&journal.finish().body);
        assert_eq!(findable.text(), "ada invoice no paper pay");
        assert_eq!(Findable::read(&findable.text()), findable);
        let has = |words: &[&str]| findable.has_all(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(has(&["pap", "inv"]) && has(&[]) && has(&["no"]));
        assert!(!has(&["aper"]) && !has(&["pay", "bo"]) && !has(&["output"]));
    }
}
