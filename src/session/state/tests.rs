//! The state against its journal, and against the rules of a session's life.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::burst::{Burst, BurstBuilder};
use crate::domain::request::{Answer, Field, FieldType};
use crate::session::calls::CallId;
use crate::session::messages::{Answered, Refused};
use crate::session::task::kind::TaskError;
use crate::session::task::recorded_calls::RecordedCalls;
use crate::store::Idempotency;

/// What may happen next, in the order of its numbers.
#[derive(Clone, Debug)]
enum Event {
    Stream,
    Confirm(Option<u8>),
    Ask(Option<u8>),
    Retry,
    Answer { at: usize, value: bool },
    TimeOut(usize),
    Child,
    ChildEnds { at: usize, is_left: bool },
    Finish(u8),
    Cancel(Cleanup),
    CleanedUp,
    Grant,
}

fn events() -> impl Strategy<Value = Vec<(Event, bool, u8)>> {
    let timeout = prop::option::of(1..50u8);
    let event = prop_oneof![
        6 => Just(Event::Stream),
        3 => timeout.clone().prop_map(Event::Confirm),
        3 => timeout.prop_map(Event::Ask),
        2 => Just(Event::Retry),
        8 => (0..3usize, any::<bool>()).prop_map(|(at, value)| Event::Answer { at, value }),
        2 => (0..3usize).prop_map(Event::TimeOut),
        3 => Just(Event::Child),
        4 => (0..3usize, any::<bool>()).prop_map(|(at, is_left)| Event::ChildEnds { at, is_left }),
        1 => (0..3u8).prop_map(Event::Finish),
        1 => prop_oneof![Just(Cleanup::Nothing), Just(Cleanup::Pending)].prop_map(Event::Cancel),
        1 => Just(Event::CleanedUp),
        3 => Just(Event::Grant),
    ];
    prop::collection::vec((event, any::<bool>(), 0..9u8), 1..40)
}

/// A state with the journal that its effects write, as an actor would.
struct Rig {
    state: SessionState,
    builder: BurstBuilder,
    now: Timestamp,
    ordinal: u32,
    /// Whether a permit is at hand when one is wanted.
    permits: bool,
    holds_permit: bool,
    told: Vec<Entry>,
}

impl Rig {
    fn new() -> Self {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        Self {
            state: SessionState::new(now),
            builder: BurstBuilder::default(),
            now,
            ordinal: 0,
            permits: true,
            holds_permit: false,
            told: Vec::new(),
        }
    }

    fn call(&mut self) -> CallId {
        self.ordinal += 1;
        CallId { lane: None, ordinal: self.ordinal - 1 }
    }

    fn apply(&mut self, command: Command) {
        let effects = self.state.apply(command, self.now);
        self.perform(effects);
    }

    fn take_permit(&mut self) {
        if self.holds_permit || self.permits {
            self.holds_permit = true;
            self.apply(Command::PermitGranted);
        } else {
            self.apply(Command::PermitDenied);
        }
    }

    fn perform(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Tell(entry, lane) => {
                    let seq = self.state.next_seq();
                    self.builder.tell(&entry, lane.as_deref(), seq, self.now);
                    self.told.push(entry);
                }
                Effect::Note(record) => self.builder.note(&record),
                Effect::TakePermit => self.take_permit(),
                Effect::ReleasePermit => self.holds_permit = false,
                Effect::Seal(..)
                | Effect::Resolve(..)
                | Effect::LeaveChild(..)
                | Effect::DropTask
                | Effect::CleanUp
                | Effect::Arm => {}
            }
        }
    }

    fn happen(&mut self, event: Event) {
        // A task tells and asks only while it has not ended.
        let works = !self.state.status().is_terminal() && self.state.status() != Status::Cancelling;
        let seconds = |timeout: Option<u8>| timeout.map(f64::from);
        match event {
            Event::Stream if works => {
                let call = self.call();
                self.apply(Command::Tell(call, Entry::Stream { content: "x".into() }));
            }
            Event::Confirm(timeout) if works => {
                let call = self.call();
                let question = Confirmation {
                    message: "?".into(),
                    timeout: seconds(timeout),
                    default: timeout.map(|t| t % 2 == 0),
                };
                self.apply(Command::Confirm(call, RequestId::random(), question));
            }
            Event::Ask(timeout) if works => {
                let call = self.call();
                let mut form = Form::from(vec![Field::new("a", FieldType::String, "")]);
                form.timeout = seconds(timeout);
                self.apply(Command::Ask(call, RequestId::random(), form));
            }
            Event::Retry if works => {
                let call = self.call();
                self.apply(Command::OfferRetry(call, RequestId::random(), "no".into()));
            }
            Event::Answer { at, value } => self.answer(at, value),
            Event::TimeOut(at) => {
                if let Some(id) = self.state.open().get(at).map(|request| request.id) {
                    self.apply(Command::TimeOut(id));
                }
            }
            Event::Child if works => {
                let call = self.call();
                self.apply(Command::StartChild(call, "child".into()));
            }
            Event::ChildEnds { at, is_left } => self.child_ends(at, is_left && works),
            Event::Finish(how) if works => self.apply(Command::Finish(match how {
                0 => Ok(json!({"x": 1})),
                1 => Err(TaskError::failed("f")),
                _ => Err(TaskError::Cancelled("c".into())),
            })),
            Event::Cancel(cleanup) => self.apply(Command::Cancel { reason: "r".into(), cleanup }),
            Event::CleanedUp if self.state.status() == Status::Cancelling => self.apply(Command::CleanedUp),
            Event::Grant if self.state.status() == Status::Queued => {
                self.holds_permit = true;
                self.apply(Command::PermitGranted);
            }
            Event::Stream
            | Event::Confirm(_)
            | Event::Ask(_)
            | Event::Retry
            | Event::Child
            | Event::Finish(_)
            | Event::CleanedUp
            | Event::Grant => {}
        }
    }

    fn child_ends(&mut self, at: usize, is_left: bool) {
        let Some(call) = self.state.children.get(at).cloned() else { return };
        let ended = Command::ChildEnded(call.clone(), Ok(json!(1)));
        self.apply(if is_left { Command::Withdraw(call) } else { ended });
    }

    fn answer(&mut self, at: usize, value: bool) {
        let Some(request) = self.state.open().get(at) else { return };
        let id = request.id.to_string();
        let answer = match &request.question {
            Question::Confirmation => Answer::Confirm(value),
            Question::Retry => Answer::Retry(value),
            Question::Form(_) => Answer::Input(json!({"a": "b"}).as_object().cloned().unwrap()),
        };
        let (request_id, effects) = self.state.answer(Some(&id), answer, "me".into(), self.now).unwrap();
        self.perform(effects);
        if value {
            let idempotency = Idempotency { key: format!("confirm {id}"), digest: [7; 32] };
            self.state.accept_key(&idempotency, request_id);
            let answered = Answered { request_id, status: self.state.status() };
            let record = self.state.settle_reply(&idempotency.key, &answered).unwrap();
            self.builder.note(&record);
            let again = self.state.replied(&idempotency);
            assert_eq!(again, Ok(Some((request_id, Some(answered.status)))));
            let other = Idempotency { digest: [8; 32], ..idempotency };
            assert_eq!(self.state.replied(&other), Err(Refused::IdempotencyConflict));
        }
    }

    /// The state that the journal gives.
    fn folded(&mut self) -> SessionState {
        let body = std::mem::take(&mut self.builder).finish().body;
        let mut state = SessionState::new(Timestamp::from_micros(1_700_000_000_000_000));
        let mut recorded_calls = RecordedCalls::default();
        let (_, lines) = Burst::read(body).unwrap();
        for line in lines {
            let call = recorded_calls.push(&line);
            state.fold(&line, call);
        }
        state
    }
}

proptest! {
    /// A session that is read back stands where it stood, whatever happened to it.
    #[test]
    fn the_journal_gives_the_same_machine(events in events()) {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, seconds) in events {
            rig.now = rig.now.plus(std::time::Duration::from_secs(u64::from(seconds)));
            rig.permits = permits;
            rig.happen(event);
        }
        let folded = rig.folded();
        // Outcomes that wait for a permit are in the recorded_calls, not in the state.
        rig.state.withheld.clear();
        // The task waits for its children only once it has run again.
        rig.state.awaited_children = 0;
        prop_assert_eq!(rig.state, folded);
    }

    /// The terminal entry comes once, last, with the status of the same word before it.
    #[test]
    fn a_session_ends_once(events in events()) {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, _) in events {
            rig.permits = permits;
            rig.happen(event);
        }
        let terminal = |entry: &Entry| entry.class() == crate::domain::entry::Class::Terminal;
        let ends: Vec<usize> = rig.told.iter().enumerate().filter(|(_, entry)| terminal(entry)).map(|(at, _)| at).collect();
        if rig.state.status().is_terminal() {
            prop_assert_eq!(&ends, &[rig.told.len() - 1]);
            let before = rig.told.get(rig.told.len() - 2);
            let status = rig.state.status();
            let said = matches!(before, Some(Entry::Status { status: told, .. }) if *told == status);
            prop_assert!(said, "the status stands before the end");
            prop_assert!(!rig.holds_permit);
            prop_assert!(rig.state.open().is_empty() && !rig.state.has_children());
        } else {
            prop_assert!(ends.is_empty());
        }
    }

    /// Whoever shows a question learns that it is over, and whether its time was: once.
    #[test]
    fn every_question_of_a_session_that_has_ended_is_closed_once(events in events()) {
        use crate::domain::entry::Class;
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, _) in events {
            rig.permits = permits;
            rig.happen(event);
        }
        rig.apply(Command::Finish(Ok(json!(1))));
        rig.apply(Command::CleanedUp);
        prop_assert!(rig.state.status().is_terminal());
        let mut open = Vec::new();
        for entry in &rig.told {
            match entry.class() {
                Class::Request(id) => open.push(id),
                Class::Answer(id) => {
                    let at = open.iter().position(|open| *open == id);
                    prop_assert!(at.is_some(), "it was open");
                    open.remove(at.unwrap());
                }
                Class::Output | Class::State | Class::Terminal => {}
            }
            if let Entry::Answered { value, values, timed_out, withdrawn, .. } = entry {
                prop_assert!(!withdrawn || (!timed_out && value.is_none() && values.is_none()));
            }
        }
        prop_assert!(open.is_empty());
    }

    /// Waiting uses up no permit, and a question that is open is a state that is waiting.
    #[test]
    fn waiting_holds_no_slot(events in events()) {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, _) in events {
            rig.permits = permits;
            rig.happen(event);
            let status = rig.state.status();
            if status.is_waiting() {
                prop_assert!(!rig.holds_permit, "{status:?}");
            }
            if rig.state.awaited_children > 0 {
                prop_assert!(!rig.holds_permit, "{status:?}");
            } else if status == Status::Running {
                prop_assert!(rig.holds_permit);
            }
            if !rig.state.open().is_empty() && status != Status::Queued {
                prop_assert!(status.is_waiting(), "{status:?}");
            }
        }
    }
}

#[test]
fn an_answer_without_an_id_is_taken_only_where_one_question_is_open() {
    let mut rig = Rig::new();
    rig.take_permit();
    let now = rig.now;
    let yes = || Answer::Confirm(true);
    assert_eq!(rig.state.answer(None, yes(), "me".into(), now), Err(Refused::NoOpenRequest));
    rig.happen(Event::Confirm(None));
    rig.happen(Event::Confirm(None));
    assert_eq!(rig.state.answer(None, yes(), "me".into(), now), Err(Refused::AmbiguousRequest));
    let first = rig.state.open()[0].id.to_string();
    assert!(rig.state.answer(Some(&first), yes(), "me".into(), now).is_ok());
    assert!(
        matches!(rig.state.answer(Some(&first), yes(), "me".into(), now), Err(Refused::AlreadyAnswered { winner, .. }) if winner.by == "me")
    );
    assert!(rig.state.answer(None, yes(), "me".into(), now).is_ok());
    assert_eq!(rig.state.answer(Some("nonsense"), yes(), "me".into(), now), Err(Refused::NoOpenRequest));
}

#[test]
fn a_bad_value_leaves_the_question_open() {
    let mut rig = Rig::new();
    rig.take_permit();
    rig.happen(Event::Ask(None));
    let now = rig.now;
    let bad = Answer::Input(json!({"a": 3}).as_object().cloned().unwrap());
    let refused = rig.state.answer(None, bad, "me".into(), now);
    let Err(Refused::Rejected { errors, form, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].field, "a");
    let Entry::RequestUserInput { request_id, fields, .. } = *form else { panic!("{form:?}") };
    assert_eq!((request_id, &fields[0].value), (rig.state.open()[0].id, &Some(json!(3))));
    assert_eq!(rig.state.open().len(), 1);
}
