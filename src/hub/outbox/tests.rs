//! The outbox against a naive model of it, and its rules one by one.

use super::*;
use proptest::prelude::*;

/// Lengths are in this unit, so that pieces and the limit both matter.
const UNIT: usize = 2048;
const LIMIT: usize = 100 * UNIT;

#[derive(Clone, Debug)]
enum Step {
    Control,
    Data(usize),
    Urgent(usize),
    Replay(usize),
    Seal,
    ClearData,
    Pop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Control),
        6 => (0..60usize).prop_map(Step::Data),
        3 => (0..60usize).prop_map(Step::Urgent),
        1 => (0..60usize).prop_map(Step::Replay),
        1 => Just(Step::Seal),
        1 => Just(Step::ClearData),
        6 => Just(Step::Pop),
    ];
    prop::collection::vec(step, 0..80)
}

/// The outbox by its definition: plain lists, everything counted afresh.
#[derive(Default)]
struct Naive {
    begun: Vec<u8>,
    control: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
    urgent: Vec<Vec<u8>>,
    /// How many of the first in the data came before or with the last replay.
    in_order: usize,
    /// How many bytes of replays wait: they all leave before anything that is counted.
    exempt: usize,
    last: Option<Vec<u8>>,
    sealed: bool,
}

impl Naive {
    fn bytes(&self) -> usize {
        self.begun.len()
            + self.data.iter().map(Vec::len).sum::<usize>()
            + self.urgent.iter().map(Vec::len).sum::<usize>()
    }

    fn counted(&self) -> usize {
        self.bytes().saturating_sub(self.exempt)
    }

    fn data(&mut self, bytes: Vec<u8>, is_urgent: bool) -> bool {
        if self.sealed || bytes.is_empty() {
            return true;
        }
        let is_first = self.data.is_empty() && self.urgent.is_empty() && self.begun.is_empty();
        let fits = self.counted() + bytes.len() <= LIMIT || is_first;
        if fits {
            if is_urgent { self.urgent.push(bytes) } else { self.data.push(bytes) }
        }
        fits
    }

    fn replay(&mut self, bytes: Vec<u8>) {
        if !self.sealed && !bytes.is_empty() {
            self.exempt += bytes.len();
            self.data.push(bytes);
            self.in_order = self.data.len();
        }
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        if self.begun.is_empty() {
            if !self.control.is_empty() {
                return Some(self.control.remove(0));
            }
            if self.in_order == 0 && !self.urgent.is_empty() {
                self.begun = self.urgent.remove(0);
            } else if !self.data.is_empty() {
                self.in_order = self.in_order.saturating_sub(1);
                self.begun = self.data.remove(0);
            } else {
                return self.last.take();
            }
        }
        let rest = self.begun.split_off(self.begun.len().min(PIECE));
        self.exempt = self.exempt.saturating_sub(self.begun.len());
        Some(std::mem::replace(&mut self.begun, rest))
    }
}

proptest! {
    #[test]
    fn it_is_what_its_definition_says(steps in steps()) {
        let mut outbox = Outbox::new(LIMIT);
        let mut naive = Naive::default();
        for (at, step) in steps.into_iter().enumerate() {
            let bytes = |len: usize| vec![at as u8; len * UNIT];
            match step {
                Step::Control => {
                    outbox.push_control(bytes(2).into());
                    if !naive.sealed {
                        naive.control.push(bytes(2));
                        let surplus = naive.control.len().saturating_sub(CONTROL_FRAMES);
                        naive.control.drain(..surplus);
                    }
                }
                Step::Data(len) => {
                    let taken = outbox.push(bytes(len).into()).is_ok();
                    prop_assert_eq!(taken, naive.data(bytes(len), false));
                }
                Step::Urgent(len) => {
                    let taken = outbox.push_both(bytes(len).into(), Bytes::new()).is_ok();
                    prop_assert_eq!(taken, naive.data(bytes(len), true));
                }
                Step::Replay(len) => {
                    outbox.push_replay(bytes(len).into());
                    naive.replay(bytes(len));
                }
                Step::Seal => {
                    outbox.seal(Some(bytes(3).into()));
                    if !naive.sealed {
                        naive.sealed = true;
                        naive.last = Some(bytes(3));
                    }
                }
                Step::ClearData => {
                    outbox.clear_data();
                    naive.data.clear();
                    naive.urgent.clear();
                    naive.in_order = 0;
                    naive.exempt = naive.exempt.min(naive.begun.len());
                }
                Step::Pop => prop_assert_eq!(outbox.pop().map(|b| b.to_vec()), naive.pop()),
            }
            prop_assert_eq!(outbox.data_bytes(), naive.bytes());
        }
        while let Some(bytes) = naive.pop() {
            prop_assert_eq!(outbox.pop().map(|b| b.to_vec()), Some(bytes));
        }
        prop_assert!(outbox.is_empty());
    }
}

#[test]
fn past_the_bound_data_is_refused_and_not_skipped() {
    let mut outbox = Outbox::new(10);
    assert_eq!(outbox.push(Bytes::from_static(b"123456")), Ok(()));
    assert_eq!(outbox.push(Bytes::from_static(b"78901")), Err(Full));
    assert_eq!(outbox.push(Bytes::from_static(b"7890")), Ok(()));
}

#[test]
fn a_replay_is_always_taken_and_takes_no_room_from_what_follows() {
    let mut outbox = Outbox::new(10);
    outbox.push_replay(Bytes::from(vec![b'r'; 100]));
    assert_eq!(outbox.push(Bytes::from_static(b"1234567890")), Ok(()));
    assert_eq!(outbox.push(Bytes::from_static(b"x")), Err(Full));
    assert_eq!(outbox.pop().map(|replay| replay.len()), Some(100));
    assert_eq!(outbox.push(Bytes::from_static(b"x")), Err(Full));
    outbox.pop();
    assert_eq!(outbox.push(Bytes::from_static(b"x")), Ok(()));
}

#[test]
fn control_never_queues_behind_data() {
    let mut outbox = Outbox::new(10);
    outbox.push(Bytes::from_static(b"data")).unwrap();
    outbox.seal(Some(Bytes::from_static(b"close")));
    outbox.push_control(Bytes::from_static(b"late"));
    assert_eq!(outbox.pop().as_deref(), Some(&b"data"[..]));
    assert_eq!(outbox.pop().as_deref(), Some(&b"close"[..]));
    assert_eq!(outbox.pop(), None);
}

#[test]
fn the_oldest_control_frame_gives_way() {
    let mut outbox = Outbox::new(10);
    for number in 0..10u8 {
        outbox.push_control(Bytes::from(vec![number]));
    }
    let left: Vec<u8> = std::iter::from_fn(|| outbox.pop()).map(|frame| frame[0]).collect();
    assert_eq!(left, [2, 3, 4, 5, 6, 7, 8, 9]);
}
