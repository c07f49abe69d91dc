//! Reads the query of an address and keeps everything that is wrong with it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::decode::fault;
use super::error::{Code, Problem};
use crate::session::messages::Fault;

/// What every list takes.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what is read in another way, which keeps all faults")]
pub(super) struct PageParams {
    /// At most that many, 50 where it is left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// The parameters of a query, and their faults.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    faults: Vec<Fault>,
}

impl<'a> Query<'a> {
    /// Splits a query and takes the escapes out of it.
    pub(super) fn of(query: &'a str) -> Self {
        Self { pairs: url::form_urlencoded::parse(query.as_bytes()).collect(), faults: Vec::new() }
    }

    /// All values of a parameter.
    pub(super) fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// The last value of a parameter that was given and is not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all(name).filter(|value| !value.is_empty()).last().map(str::to_owned)
    }

    /// A parameter that is a whole number in this range.
    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            Ok(_) => {
                self.fault(name, format!("must be from {} to {}", range.start(), range.end()), "out_of_range");
                None
            }
            Err(_) => {
                self.fault(name, "must be a whole number", "wrong_type");
                None
            }
        }
    }

    /// Keeps a fault of this parameter.
    pub(super) fn fault(&mut self, name: &str, msg: impl Into<String>, kind: &str) {
        self.faults.push(fault(&["query", name], msg, kind));
    }

    /// Everything that is wrong, in words: for those who are told so in another way than by an answer.
    pub(super) fn into_words(self) -> Vec<String> {
        self.faults
            .into_iter()
            .map(|fault| format!("the parameter {} {}", fault.loc.last().map_or("", String::as_str), fault.msg))
            .collect()
    }

    /// Says whether all was well.
    ///
    /// # Errors
    /// All faults.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::invalid(Code::InvalidQuery, self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_kept_until_the_end() {
        let mut query = Query::of("limit=0&since=x&status=a&status=b%2Cc&empty=");
        assert_eq!(query.number("limit", 1..=10), None);
        assert_eq!(query.number("since", 0..=u64::MAX), None);
        assert_eq!(query.number("empty", 0..=1), None);
        assert_eq!(query.all("status").collect::<Vec<_>>(), ["a", "b,c"]);
        let faults = query.finish().unwrap_err().errors;
        let locs: Vec<_> = faults.iter().map(|fault| (fault.loc.join("."), fault.kind.as_str())).collect();
        assert_eq!(locs, [("query.limit".into(), "out_of_range"), ("query.since".into(), "wrong_type")]);
    }

    #[test]
    fn the_last_of_several_counts() {
        let mut query = Query::of("since=1&since=18446744073709551615&other=1");
        assert_eq!(query.number("since", 0..=u64::MAX), Some(u64::MAX));
        assert!(query.finish().is_ok());
    }
}
