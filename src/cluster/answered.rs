//! What a member has been asked lately: so that a question that comes again is not done again.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::store::Fence;

/// For how long an answer is known; whoever asks repeats a question far more often than that.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// The most questions that are known, and bytes of answers.
const MOST: usize = 65_536;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A question: who has asked it, and their number for it.
pub(super) type Asked = (Fence, u64);

/// What is known of a question that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new, and counts as being answered from here on.
    New,
    /// It is being answered.
    UnderWay,
    /// It was answered so.
    Answered(Bytes),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Answered {
    questions: HashMap<Asked, Option<Bytes>>,
    /// In the order in which they were answered.
    order: VecDeque<(Instant, Asked)>,
    bytes: usize,
}

impl Answered {
    /// A question has come.
    pub(super) fn ask(&mut self, asked: Asked) -> Known {
        match self.questions.get(&asked) {
            Some(Some(answer)) => Known::Answered(answer.clone()),
            Some(None) => Known::UnderWay,
            None => {
                self.questions.insert(asked, None);
                Known::New
            }
        }
    }

    /// It is answered so, at this moment.
    pub(super) fn answer(&mut self, asked: Asked, answer: Bytes, now: Instant) {
        self.bytes += answer.len();
        self.questions.insert(asked, Some(answer));
        self.order.push_back((now, asked));
        self.forget(now);
    }

    /// It was not answered: it is new where it comes again.
    pub(super) fn leave(&mut self, asked: Asked) {
        self.questions.remove(&asked);
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, asked)) = self.order.front().copied()
            && (now.duration_since(at) > KNOWN_FOR || self.order.len() > MOST || self.bytes > MOST_BYTES)
        {
            self.order.pop_front();
            if let Some(Some(answer)) = self.questions.remove(&asked) {
                self.bytes -= answer.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_comes_again_gets_the_first_answer() {
        let (mut answered, now) = (Answered::default(), Instant::now());
        let (one, other) = ((Fence::random(), 1), (Fence::random(), 1));
        assert_eq!(answered.ask(one), Known::New);
        assert_eq!(answered.ask(one), Known::UnderWay);
        assert_eq!(answered.ask(other), Known::New);
        answered.answer(one, Bytes::from_static(b"yes"), now);
        assert_eq!(answered.ask(one), Known::Answered(Bytes::from_static(b"yes")));
        answered.leave(other);
        assert_eq!(answered.ask(other), Known::New);
    }

    #[test]
    fn answers_are_forgotten_after_a_time_and_beyond_a_number() {
        let (mut answered, begin) = (Answered::default(), Instant::now());
        let fence = Fence::random();
        answered.ask((fence, 0));
        answered.answer((fence, 0), Bytes::from_static(b"first"), begin);
        answered.ask((fence, 1));
        answered.answer((fence, 1), Bytes::from_static(b"second"), begin + KNOWN_FOR + Duration::from_secs(1));
        assert_eq!(answered.ask((fence, 0)), Known::New);
        answered.leave((fence, 0));
        for id in 2..2 + MOST as u64 {
            answered.ask((fence, id));
            answered.answer((fence, id), Bytes::from_static(b"x"), begin + KNOWN_FOR + Duration::from_secs(1));
        }
        assert_eq!((answered.ask((fence, 1)), answered.bytes), (Known::New, MOST));
    }
}
