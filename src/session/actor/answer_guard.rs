//! Tells a repeated answer, as a double click sends it, from an answer to the next question.

use std::time::Duration;

use actix::clock::Instant;

use crate::domain::request::Answer;
use crate::session::messages::Winner;

/// The answer that was accepted last, for as long as the same again is taken for a repetition.
#[derive(Debug, Default)]
pub(crate) struct AnswerGuard {
    last: Option<Box<Accepted>>,
}

#[derive(Debug)]
struct Accepted {
    answer: Answer,
    winner: Winner,
    until: Instant,
}

impl AnswerGuard {
    /// Remembers an answer that was accepted at `now`, for `window`.
    pub(crate) fn accept(&mut self, answer: Answer, winner: Winner, now: Instant, window: Duration) {
        self.last = (!window.is_zero()).then(|| Box::new(Accepted { answer, winner, until: now + window }));
    }

    /// Whether it may still meet a repetition.
    pub(crate) fn is_active(&self, now: Instant) -> bool {
        self.last.as_ref().is_some_and(|last| now < last.until)
    }

    /// The answer that `answer`, which names no question, repeats.
    pub(crate) fn repeated(&self, answer: &Answer, now: Instant) -> Option<&Winner> {
        let last = self.last.as_ref().filter(|last| now < last.until && last.answer == *answer)?;
        Some(&last.winner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_answer_within_the_window_is_a_repetition() {
        let (now, window) = (Instant::now(), Duration::from_millis(500));
        let winner = Winner {
            by: "me".into(),
            value: Some(true),
            values: None,
            timed_out: false,
            withdrawn: false,
            answers: Vec::new(),
        };
        let mut guard = AnswerGuard::default();
        assert!(!guard.is_active(now));
        guard.accept(Answer::Confirm(true), winner.clone(), now, window);
        let at = |millis| now + Duration::from_millis(millis);
        assert_eq!(guard.repeated(&Answer::Confirm(true), at(499)), Some(&winner));
        assert_eq!(guard.repeated(&Answer::Confirm(true), at(500)), None);
        assert_eq!(guard.repeated(&Answer::Confirm(false), at(1)), None);
        assert_eq!(guard.repeated(&Answer::Retry(true), at(1)), None);
        assert!(guard.is_active(at(499)) && !guard.is_active(at(500)));
        guard.accept(Answer::Confirm(true), winner, now, Duration::ZERO);
        assert!(!guard.is_active(now));
    }
}
