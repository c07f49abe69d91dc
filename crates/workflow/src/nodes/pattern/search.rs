//! Searches of a text with a regular expression, none of which takes longer than it may.
//!
//! The library's own searches take linear time, which is minutes for a large expression on a long text, and cannot be
//! interrupted. So its automata are driven from here, byte by byte, with a look at the clock in between. What only a
//! search of the library finds is refused beforehand where it could take long.

use std::ops::Range;
use std::time::{Duration, Instant};

use regex_automata::dfa::onepass;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{BuildError, Config, NFA, WhichCaptures};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::node::NodeError;

/// Most bytes that a compiled expression takes.
const LARGEST_PROGRAM: usize = 1024 * 1024;

/// How long all searches of a text may take together.
const LONGEST: Duration = Duration::from_millis(500);

/// How many steps there are from one look at the clock to the next; a step takes some nanoseconds.
const BETWEEN_LOOKS: usize = 50_000;

/// Most steps of one search by the library itself, which cannot be interrupted.
const MOST_AT_ONCE: usize = 60_000_000;

/// Slots of groups that take as long to carry along as a state takes to visit.
const SLOTS_A_STATE: usize = 8;

/// A regular expression that is ready to search.
pub(super) struct Expression {
    pattern: String,
    /// Finds where a match ends.
    forward: DFA,
    /// Finds where a match begins, from its end.
    backward: DFA,
    /// Finds the groups of a match at once, where the expression allows that.
    one_pass: Option<onepass::DFA>,
    /// Finds everything, slowly.
    slow: PikeVM,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn compile(pattern: &str) -> Result<Self, NodeError> {
        let unreadable = |error: &dyn std::fmt::Display| format!("the regular expression cannot be read: {error}");
        let parsed = syntax::parse(pattern).map_err(|error| unreadable(&error))?;
        let limited = Config::new().nfa_size_limit(Some(LARGEST_PROGRAM));
        let nfa = |config: Config| {
            let built = NFA::compiler().configure(config).build_from_hir(&parsed);
            built.map_err(|error: BuildError| match error.size_limit() {
                Some(_) => "the regular expression is too large".to_owned(),
                None => unreadable(&error),
            })
        };
        let dfa = |nfa: NFA, kind: MatchKind| {
            let config = DFA::config().match_kind(kind).unicode_word_boundary(true);
            let config = config.cache_capacity(LARGEST_PROGRAM).skip_cache_capacity_check(true);
            DFA::builder().configure(config).build_from_nfa(nfa).map_err(|error| unreadable(&error))
        };
        let without_groups = limited.clone().which_captures(WhichCaptures::None);
        let forward = dfa(nfa(without_groups.clone())?, MatchKind::LeftmostFirst)?;
        let backward = dfa(nfa(without_groups.reverse(true))?, MatchKind::All)?;
        let all = nfa(limited)?;
        let small = onepass::Config::new().size_limit(Some(LARGEST_PROGRAM));
        let one_pass = onepass::Builder::new().configure(small).build_from_nfa(all.clone()).ok();
        let slow = PikeVM::new_from_nfa(all).map_err(|error| unreadable(&error))?;
        Ok(Self { pattern: pattern.to_owned(), forward, backward, one_pass, slow })
    }

    /// What it was compiled from.
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The names of its groups, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.slow.get_nfa().group_info().pattern_names(regex_automata::PatternID::ZERO).flatten()
    }

    /// Begins to search a text.
    pub(super) fn search<'a>(&'a self, text: &'a str) -> Search<'a> {
        let (forward, backward) = (self.forward.create_cache(), self.backward.create_cache());
        let pace = Pace { began: Instant::now(), steps: 0 };
        Search { expression: self, text, pace, forward, backward, slow: None, at: 0, last_end: None }
    }
}

/// How much time has been taken.
struct Pace {
    began: Instant,
    /// Since the clock was looked at.
    steps: usize,
}

impl Pace {
    fn take(&mut self, steps: usize) -> Result<(), NodeError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps < BETWEEN_LOOKS {
            return Ok(());
        }
        self.steps = 0;
        if self.began.elapsed() < LONGEST { Ok(()) } else { Err("looking for matches takes too long".into()) }
    }

    /// One byte further.
    fn next(&mut self, dfa: &DFA, cache: &mut Cache, state: LazyStateID, byte: u8) -> Result<LazyStateID, Stop> {
        let before = cache.memory_usage();
        let next = dfa.next_state(cache, state, byte).map_err(|_| Stop::NotByAutomaton)?;
        // A state that was not met before is made of up to all states of the expression.
        let is_known = cache.memory_usage() == before;
        self.take(if is_known { 1 } else { dfa.get_nfa().states().len() }).map_err(Stop::Failed)?;
        if next.is_quit() { Err(Stop::NotByAutomaton) } else { Ok(next) }
    }
}

/// Why an automaton finds neither a match nor that there is none.
enum Stop {
    /// It does not have what it takes: Unicode's word boundaries, on a text that is not ASCII.
    NotByAutomaton,
    /// It is not worth going on.
    Failed(NodeError),
}

/// A search of a text, from match to match.
pub(super) struct Search<'a> {
    expression: &'a Expression,
    text: &'a str,
    pace: Pace,
    forward: Cache,
    backward: Cache,
    /// Once the automata have given up.
    slow: Option<pikevm::Cache>,
    at: usize,
    last_end: Option<usize>,
}

impl Search<'_> {
    /// The next match.
    ///
    /// # Errors
    /// Where looking for it takes too long.
    pub(super) fn next(&mut self) -> Result<Option<Range<usize>>, NodeError> {
        while self.at <= self.text.len() {
            let Some(found) = self.find()? else { break };
            let is_split = !self.text.is_char_boundary(found.start);
            if found.is_empty() && (is_split || self.last_end == Some(found.end)) {
                // An empty match neither divides a character nor touches the match before it.
                self.at = found.end + 1;
                while !self.text.is_char_boundary(self.at) && self.at < self.text.len() {
                    self.at += 1;
                }
                continue;
            }
            self.at = found.end;
            self.last_end = Some(found.end);
            return Ok(Some(found));
        }
        self.at = self.text.len() + 1;
        Ok(None)
    }

    /// The groups of a match.
    ///
    /// # Errors
    /// Where finding them could take too long.
    pub(super) fn groups(&mut self, found: &Range<usize>) -> Result<Captures, NodeError> {
        let Expression { one_pass, slow, .. } = self.expression;
        let info = slow.get_nfa().group_info();
        let mut captures = Captures::all(info.clone());
        let input = Input::new(self.text).range(found.clone()).anchored(Anchored::Yes);
        if let Some(one_pass) = one_pass {
            self.pace.take(found.len().saturating_add(info.slot_len()))?;
            one_pass.captures(&mut one_pass.create_cache(), input, &mut captures);
            return Ok(captures);
        }
        let each = slow.get_nfa().states().len().saturating_mul(1 + info.slot_len() / SLOTS_A_STATE);
        let steps = each.saturating_mul(found.len() + 1);
        if steps > MOST_AT_ONCE {
            let length = found.len();
            return Err(format!("the regular expression is too large to find the groups of {length} bytes").into());
        }
        self.pace.take(steps)?;
        slow.captures(self.slow.get_or_insert_with(|| slow.create_cache()), input, &mut captures);
        Ok(captures)
    }

    /// The first match from where the search is.
    fn find(&mut self) -> Result<Option<Range<usize>>, NodeError> {
        let end = match self.end() {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(None),
            Err(Stop::NotByAutomaton) => return self.slowly(),
            Err(Stop::Failed(error)) => return Err(error),
        };
        match self.start(end) {
            Ok(start) => Ok(Some(start..end)),
            Err(Stop::NotByAutomaton) => self.slowly(),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Where the first match ends.
    fn end(&mut self) -> Result<Option<usize>, Stop> {
        let (dfa, cache) = (&self.expression.forward, &mut self.forward);
        let input = Input::new(self.text).range(self.at..);
        let mut state = dfa.start_state_forward(cache, &input).map_err(|_| Stop::NotByAutomaton)?;
        let mut end = None;
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        for (at, byte) in (self.at..).zip(bytes) {
            state = self.pace.next(dfa, cache, state, *byte)?;
            // That there was a match is known one byte later.
            if state.is_match() {
                end = Some(at);
            } else if state.is_dead() {
                return Ok(end);
            }
        }
        let state = dfa.next_eoi_state(cache, state).map_err(|_| Stop::NotByAutomaton)?;
        Ok(if state.is_match() { Some(self.text.len()) } else { end })
    }

    /// Where the first match begins that ends there.
    fn start(&mut self, end: usize) -> Result<usize, Stop> {
        let (dfa, cache) = (&self.expression.backward, &mut self.backward);
        let input = Input::new(self.text).range(self.at..end).anchored(Anchored::Yes);
        let mut state = dfa.start_state_reverse(cache, &input).map_err(|_| Stop::NotByAutomaton)?;
        let mut start = end;
        let bytes = self.text.as_bytes().get(self.at..end).unwrap_or_default();
        for (at, byte) in (self.at..end).zip(bytes).rev() {
            state = self.pace.next(dfa, cache, state, *byte)?;
            if state.is_match() {
                start = at + 1;
            } else if state.is_dead() {
                return Ok(start);
            }
        }
        let before = self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        let state = match before {
            Some(byte) => self.pace.next(dfa, cache, state, *byte)?,
            None => dfa.next_eoi_state(cache, state).map_err(|_| Stop::NotByAutomaton)?,
        };
        Ok(if state.is_match() { self.at } else { start })
    }

    /// The first match, as the library finds it.
    fn slowly(&mut self) -> Result<Option<Range<usize>>, NodeError> {
        let slow = &self.expression.slow;
        let length = self.text.len().saturating_sub(self.at);
        let steps = slow.get_nfa().states().len().saturating_mul(length + 1);
        if steps > MOST_AT_ONCE {
            return Err(format!(
                "the regular expression is too large for {length} bytes that are not ASCII: \\b takes long on them, \
                 and (?-u:\\b) does not"
            )
            .into());
        }
        self.pace.take(steps)?;
        let cache = self.slow.get_or_insert_with(|| slow.create_cache());
        let found = slow.find_iter(cache, Input::new(self.text).range(self.at..)).next();
        Ok(found.map(|found| found.range()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(pattern: &str, text: &str) -> Result<Vec<Range<usize>>, NodeError> {
        let expression = Expression::compile(pattern)?;
        let mut search = expression.search(text);
        let mut all = Vec::new();
        while let Some(found) = search.next()? {
            all.push(found);
        }
        Ok(all)
    }

    #[test]
    fn a_single_search_is_stopped() {
        // A state of the automaton for nearly each byte, made of thousands of states of the expression.
        let text: String = (0..300_000_u64).map(|at| if (at * at / 7) % 3 == 0 { 'a' } else { 'b' }).collect();
        let began = Instant::now();
        let error = all("(?:a|b)*a(?:a|b){5000}c", &text).unwrap_err().to_string();
        assert_eq!(error, "looking for matches takes too long");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }

    #[test]
    fn what_cannot_be_stopped_is_refused_before_it_begins() {
        let error = all(r"\b(?:a|b)*a(?:a|b){2000}c", &"é".repeat(100_000)).unwrap_err().to_string();
        assert!(error.contains("too large for 200000 bytes that are not ASCII"), "{error}");
        let expression = Expression::compile(&format!("(?:{}b)*", "(a)|".repeat(100))).unwrap();
        let text = "a".repeat(20_000);
        let mut search = expression.search(&text);
        let found = search.next().unwrap().unwrap();
        let error = search.groups(&found).unwrap_err().to_string();
        assert_eq!(error, "the regular expression is too large to find the groups of 20000 bytes");
    }

    #[test]
    fn a_plain_expression_reads_a_long_text() {
        let text = "word ".repeat(20_000);
        assert_eq!(all(r"\w+", &text).unwrap().len(), 20_000);
        assert_eq!(all(r"(?-u:\b)word(?-u:\b)", &format!("{text}é")).unwrap().len(), 20_000);
    }

    proptest! {
        #[test]
        fn it_finds_what_the_library_finds(
            pattern in r#"([abé.^$|*+?()]|\\b|\\B|\[ab\]|\\w|\(\?:|\{1,2\}|\(\?m\)|\\d){0,10}"#,
            text in "[abé \n1]{0,12}",
        ) {
            let Ok(library) = regex::Regex::new(&pattern) else { return Ok(()) };
            let expected: Vec<Range<usize>> = library.find_iter(&text).map(|found| found.range()).collect();
            prop_assert_eq!(all(&pattern, &text).unwrap(), expected);
            let expression = Expression::compile(&pattern).unwrap();
            let mut search = expression.search(&text);
            for captures in library.captures_iter(&text) {
                let found = search.next().unwrap().unwrap();
                let groups = search.groups(&found).unwrap();
                for group in 0..library.captures_len() {
                    let expected = captures.get(group).map(|group| group.range());
                    prop_assert_eq!(groups.get_group(group).map(|group| group.range()), expected);
                }
            }
        }
    }
}
