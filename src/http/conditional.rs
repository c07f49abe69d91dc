//! Conditional requests (RFC 9110, section 13): whether what a request builds on, or has, is what there is.
//!
//! Tags are actix's; its lists are not, as they split a tag at a comma within it and leave out what cannot be read, so that
//! a client would never hear of its mistake.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self, ETag, EntityTag, HeaderMap, HeaderName};

use super::decode::fault;
use super::error::{Code, Problem};
use crate::store::{self, Precondition};
use crate::workflow::client::Expected;

/// The entity tags of a header, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Listed(Vec<EntityTag>),
}

/// The conditions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// What a read whose conditions hold is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// What was asked for.
    Whole,
    /// That the client has it.
    NotModified,
}

impl Conditions {
    /// The conditions in these headers.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let (if_match, if_none_match) = (tags(headers, header::IF_MATCH), tags(headers, header::IF_NONE_MATCH));
        match (if_match, if_none_match) {
            (Ok(if_match), Ok(if_none_match)) => Ok(Self { if_match, if_none_match }),
            (Err(Unreadable), Ok(_)) => Err(unreadable(&["If-Match"])),
            (Ok(_), Err(Unreadable)) => Err(unreadable(&["If-None-Match"])),
            (Err(Unreadable), Err(Unreadable)) => Err(unreadable(&["If-Match", "If-None-Match"])),
        }
    }

    /// What a write may build on, where the present version is `current`; none where there are no conditions.
    ///
    /// # Errors
    /// Those of `current`, which is only asked where it matters, and 412 where the conditions do not hold.
    pub(super) async fn for_write(
        &self,
        current: impl Future<Output = Result<u64, Problem>>,
    ) -> Result<Option<Expected>, Problem> {
        if self.is_empty() { Ok(None) } else { self.check(Some(current.await?)) }
    }

    /// The same where there may be nothing at all (`None`), in whose stead something is to be made.
    ///
    /// What is returned is a version where the conditions name one: a change that comes in between breaks them.
    ///
    /// # Errors
    /// 412 where the conditions do not hold.
    pub(super) fn check(&self, current: Option<u64>) -> Result<Option<Expected>, Problem> {
        let tag = current.map(of_version);
        let holds = self.if_match.as_ref().is_none_or(|tags| tags.any_of(tag.as_ref(), EntityTag::strong_eq))
            && self.if_none_match.as_ref().is_none_or(|tags| !tags.any_of(tag.as_ref(), EntityTag::weak_eq));
        if !holds {
            return Err(failed(current));
        }
        let any = self.if_none_match.is_none() && self.if_match == Some(Tags::Any);
        Ok(match current {
            _ if self.is_empty() => None,
            Some(version) if !any => Some(Expected::Version(version)),
            Some(_) | None => Some(Expected::Any),
        })
    }

    /// What must be there for a document to be written, where `current` is there now.
    ///
    /// # Errors
    /// 412 where the conditions do not hold.
    pub(super) fn precondition(&self, current: Option<u64>) -> Result<Precondition, Problem> {
        Ok(match (self.check(current)?, current) {
            (None, _) | (Some(Expected::Any), Some(_)) => Precondition::Anything,
            (Some(Expected::Version(version)), _) => Precondition::Version(version),
            (Some(Expected::Any), None) => Precondition::Absent,
        })
    }

    fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }
}

/// What a read of this version is answered with.
///
/// # Errors
/// 412 where `If-Match` does not hold, 422 where it cannot be read.
pub(super) fn for_read(headers: &HeaderMap, version: u64) -> Result<Read, Problem> {
    let tag = of_version(version);
    match tags(headers, header::IF_MATCH) {
        Ok(None) => {}
        Ok(Some(tags)) if tags.any_of(Some(&tag), EntityTag::strong_eq) => {}
        Ok(Some(_)) => return Err(failed(Some(version))),
        Err(Unreadable) => return Err(unreadable(&["If-Match"])),
    }
    Ok(if client_has(headers, &tag) { Read::NotModified } else { Read::Whole })
}

/// Whether `If-None-Match` names what has this tag. A header that cannot be read names nothing.
pub(super) fn client_has(headers: &HeaderMap, tag: &EntityTag) -> bool {
    matches!(tags(headers, header::IF_NONE_MATCH), Ok(Some(tags)) if tags.any_of(Some(tag), EntityTag::weak_eq))
}

/// Puts the tag of a version into an answer.
pub(super) fn tagged(mut answer: HttpResponseBuilder, version: u64) -> HttpResponseBuilder {
    answer.insert_header(ETag(of_version(version)));
    answer
}

fn of_version(version: u64) -> EntityTag {
    EntityTag::new_strong(version.to_string())
}

/// What a store's refusal of a conditional write is: somebody was faster after the conditions were checked.
pub(super) fn outdated(error: store::Error) -> Problem {
    match error {
        store::Error::Outdated { version } => failed(Some(version)),
        other @ (store::Error::NotFound
        | store::Error::Conflict(_)
        | store::Error::Unusable(_)
        | store::Error::Unavailable(_)) => other.into(),
    }
}

fn unreadable(names: &[&str]) -> Problem {
    let msg = "must be *, or tags such as \"3\" or \"3\", \"4\"";
    let faults = names.iter().map(|name| fault(&["header", name], msg, "invalid_value"));
    Problem::invalid(Code::InvalidHeader, faults.collect())
}

fn failed(current: Option<u64>) -> Problem {
    let text = match current {
        Some(_) => Code::PreconditionFailed.text(),
        None => "There is nothing that If-Match could match.",
    };
    Problem { current_version: current, ..Problem::new(Code::PreconditionFailed, text) }
}

impl Tags {
    /// Whether what is there now is named: for `If-Match` by a strong comparison (section 13.1.1), for `If-None-Match` by a
    /// weak one (section 13.1.2).
    fn any_of(&self, current: Option<&EntityTag>, is_equal: impl Fn(&EntityTag, &EntityTag) -> bool) -> bool {
        let Some(current) = current else { return false };
        match self {
            Tags::Any => true,
            Tags::Listed(tags) => tags.iter().any(|tag| is_equal(tag, current)),
        }
    }
}

/// A header that cannot be read.
#[derive(Debug, PartialEq, Eq)]
struct Unreadable;

/// The tags of a header, whose lines count as one list; none where it was not sent.
fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Unreadable> {
    let mut found = Vec::new();
    let (mut has_any, mut is_sent) = (false, false);
    for line in headers.get_all(name) {
        is_sent = true;
        let mut rest = line.as_bytes().trim_ascii();
        loop {
            // A list may have empty places (section 5.6.1).
            while let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
            }
            if rest.is_empty() {
                break;
            }
            let after = match rest.strip_prefix(b"*") {
                Some(after) => {
                    has_any = true;
                    after
                }
                None => {
                    let (tag, after) = tag(rest).ok_or(Unreadable)?;
                    found.push(tag);
                    after
                }
            };
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(b",") {
                return Err(Unreadable);
            }
        }
    }
    match (is_sent, has_any, found.is_empty()) {
        (false, ..) => Ok(None),
        (true, true, true) => Ok(Some(Tags::Any)),
        (true, false, false) => Ok(Some(Tags::Listed(found))),
        // Nothing at all, or `*` among tags.
        (true, ..) => Err(Unreadable),
    }
}

/// The tag that a text begins with, and what comes after it (section 8.8.3).
fn tag(text: &[u8]) -> Option<(EntityTag, &[u8])> {
    let start = text.iter().position(|byte| *byte == b'"')?;
    let end = text.iter().skip(start + 1).position(|byte| *byte == b'"')?;
    let (tag, rest) = text.split_at_checked(start + end + 2)?;
    Some((String::from_utf8_lossy(tag).parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    fn conditions(lines: &[(&'static str, &str)]) -> Result<Conditions, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Conditions::of(&headers)
    }

    fn written(lines: &[(&'static str, &str)], current: Option<u64>) -> Result<Option<Expected>, u16> {
        conditions(lines).and_then(|it| it.check(current)).map_err(|problem| problem.code.status())
    }

    #[test]
    fn a_write_builds_on_what_if_match_names() {
        let (third, any) = (Ok(Some(Expected::Version(3))), Ok(Some(Expected::Any)));
        for (lines, expected) in [
            (vec!["\"3\""], third),
            (vec![" \"3\" "], third),
            (vec!["\"7\", \"3\""], third),
            (vec!["\"7\",\"3\""], third),
            (vec!["\"7\"", "\"3\""], third),
            (vec![", \"a,b\",,\"3\" ,"], third),
            (vec!["W/\"7\", \"3\""], third),
            (vec!["*"], any),
            (vec!["\"7\""], Err(412)),
            (vec!["W/\"3\""], Err(412)),
            (vec!["\"7,3\""], Err(412)),
            (vec!["\"03\""], Err(412)),
            (vec!["\"\""], Err(412)),
            (vec!["\"99999999999999999999\""], Err(412)),
            (vec!["3"], Err(422)),
            (vec!["\""], Err(422)),
            (vec![""], Err(422)),
            (vec![","], Err(422)),
            (vec!["w/\"3\""], Err(422)),
            (vec!["\"3\" \"4\""], Err(422)),
            (vec!["\"3\"x"], Err(422)),
            (vec!["*, \"3\""], Err(422)),
            (vec!["\"a b\""], Err(422)),
        ] {
            let lines: Vec<_> = lines.into_iter().map(|line| ("if-match", line)).collect();
            assert_eq!(written(&lines, Some(3)), expected, "{lines:?}");
        }
        assert_eq!(written(&[], Some(3)), Ok(None));
        assert_eq!(written(&[("if-match", "*")], None), Err(412));
    }

    #[test]
    fn a_write_is_refused_over_what_if_none_match_names() {
        for (line, current, expected) in [
            ("*", Some(3), Err(412)),
            ("*", None, Ok(Some(Expected::Any))),
            ("\"3\"", Some(3), Err(412)),
            ("W/\"3\"", Some(3), Err(412)),
            ("\"2\"", Some(3), Ok(Some(Expected::Version(3)))),
            ("2", Some(3), Err(422)),
        ] {
            assert_eq!(written(&[("if-none-match", line)], current), expected, "{line} {current:?}");
        }
        assert_eq!(written(&[("if-match", "*"), ("if-none-match", "\"3\"")], Some(3)), Err(412));
        assert_eq!(written(&[("if-match", "*"), ("if-none-match", "\"2\"")], Some(3)), Ok(Some(Expected::Version(3))));
    }

    #[test]
    fn a_read_gives_nothing_that_the_client_has() {
        let read = |lines: &[(&'static str, &'static str)]| {
            let headers =
                lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            for_read(&headers.collect(), 2).map_err(|problem| problem.code.status())
        };
        for (line, expected) in [
            ("\"2\"", Read::NotModified),
            ("\"1\", W/\"2\"", Read::NotModified),
            ("*", Read::NotModified),
            ("\"22\"", Read::Whole),
            ("\"1,2\"", Read::Whole),
            ("2", Read::Whole),
        ] {
            assert_eq!(read(&[("if-none-match", line)]), Ok(expected), "{line}");
        }
        assert_eq!(read(&[]), Ok(Read::Whole));
        assert_eq!(read(&[("if-match", "\"1\", \"2\"")]), Ok(Read::Whole));
        assert_eq!(read(&[("if-match", "\"1\"")]), Err(412));
        assert_eq!(read(&[("if-match", "1")]), Err(422));
    }

    #[test]
    fn the_current_version_is_reported_where_a_condition_fails() {
        let problem = conditions(&[("if-match", "\"1\"")]).unwrap().check(Some(4)).unwrap_err();
        assert_eq!((problem.code, problem.current_version), (Code::PreconditionFailed, Some(4)));
    }

    proptest! {
        #[test]
        fn any_tag_is_found_among_any_others(
            before in proptest::collection::vec("(W/)?\"[!#-~]{0,5}\"", 0..4),
            wanted in "[!#-~]{1,8}",
            after in proptest::collection::vec("(W/)?\"[!#-~]{0,5}\"", 0..4),
        ) {
            let quoted = format!("\"{wanted}\"");
            let list: Vec<_> = before.iter().chain([&quoted]).chain(&after).map(String::as_str).collect();
            let read = conditions(&[("if-match", &list.join(" , "))]).unwrap();
            prop_assert!(read.if_match.unwrap().any_of(Some(&EntityTag::new_strong(wanted)), EntityTag::strong_eq));
        }

        #[test]
        fn no_header_makes_it_fail(bytes: Vec<u8>) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(header::IF_MATCH, value);
            }
            let _ = Conditions::of(&headers).map(|it| it.check(Some(1)));
        }
    }
}
