//! The state against its journal, and against the rules of a session's life.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use serde_json::json;

use super::transitions::{self, Transition};
use super::*;
use crate::auth::policy::NotAsked;
use crate::auth::{CredentialId, Grant, Principal, PrincipalKind, Scope};
use crate::domain::burst::{Burst, BurstBuilder};
use crate::domain::owner::Owner;
use crate::domain::record::Internal;
use crate::domain::request::{Answer, Field, FieldType};
use crate::session::calls::CallId;
use crate::session::messages::{Answered, Refused};
use crate::session::task::kind::TaskError;
use crate::session::task::recorded_calls::RecordedCalls;
use crate::store::Idempotency;

/// What may happen next, in the order of its numbers.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Task(Made),
    Answer { at: usize, value: bool, by: u8 },
    TimeOut(usize),
    ChildEnds { at: usize, is_left: bool },
    Finish(u8),
    Cancel(Cleanup),
    CleanedUp,
    Grant,
    Restart,
    Watch(Patience),
}

/// A call that the task makes, or takes back.
#[derive(Clone, Debug)]
pub(super) enum Made {
    Stream,
    Step,
    Sleep,
    Confirm(Option<u8>),
    /// It requires so many answers.
    ConfirmBySeveral(u32),
    Ask(Option<u8>),
    AskBadly,
    Retry,
    Child,
    Leave(usize),
}

pub(super) fn events() -> impl Strategy<Value = Vec<(Event, bool, u8)>> {
    let timeout = prop::option::of(1..50u8);
    let made = prop_oneof![
        6 => Just(Made::Stream),
        2 => Just(Made::Step),
        1 => Just(Made::Sleep),
        3 => timeout.clone().prop_map(Made::Confirm),
        2 => (1..4u32).prop_map(Made::ConfirmBySeveral),
        3 => timeout.prop_map(Made::Ask),
        1 => Just(Made::AskBadly),
        2 => Just(Made::Retry),
        3 => Just(Made::Child),
        2 => (0..3usize).prop_map(Made::Leave),
    ];
    let until = (0..9i64).prop_map(|at| Patience::Until(Timestamp::from_micros(at)));
    let event = prop_oneof![
        22 => made.prop_map(Event::Task),
        8 => (0..3usize, any::<bool>(), 0..4u8).prop_map(|(at, value, by)| Event::Answer { at, value, by }),
        2 => (0..3usize).prop_map(Event::TimeOut),
        4 => (0..3usize, any::<bool>()).prop_map(|(at, is_left)| Event::ChildEnds { at, is_left }),
        1 => (0..3u8).prop_map(Event::Finish),
        1 => prop_oneof![Just(Cleanup::Nothing), Just(Cleanup::Pending)].prop_map(Event::Cancel),
        1 => Just(Event::CleanedUp),
        3 => Just(Event::Grant),
        1 => Just(Event::Restart),
        1 => prop_oneof![Just(Patience::Watched), until].prop_map(Event::Watch),
    ];
    prop::collection::vec((event, any::<bool>(), 0..9u8), 1..40)
}

/// A session with its journal, as an actor would have it.
pub(super) struct Rig {
    pub(super) state: SessionState,
    builder: BurstBuilder,
    pub(super) now: Timestamp,
    ordinal: u32,
    /// Whether a permit is at hand when one is wanted.
    pub(super) permits: bool,
    holds_permit: bool,
    /// The children that the task waits for.
    awaited: HashSet<CallId>,
    written: Vec<Entry>,
    /// What has led from which status to which.
    pub(super) transitions: BTreeSet<Transition>,
}

impl Rig {
    pub(super) fn new() -> Self {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        Self {
            state: SessionState::new(now),
            builder: BurstBuilder::default(),
            now,
            ordinal: 0,
            permits: true,
            holds_permit: false,
            awaited: HashSet::new(),
            written: Vec::new(),
            transitions: BTreeSet::new(),
        }
    }

    fn call(&mut self) -> CallId {
        self.ordinal += 1;
        CallId { lane: None, ordinal: self.ordinal - 1 }
    }

    pub(super) fn apply(&mut self, command: Command) {
        let what = transitions::word(&command);
        let decision = self.state.decide(command, self.now);
        self.carry_out(what, decision);
    }

    pub(super) fn take_permit(&mut self) {
        if self.holds_permit || self.permits {
            self.grant();
        } else {
            self.apply(Command::PermitDenied);
        }
    }

    fn grant(&mut self) {
        self.holds_permit = true;
        self.apply(Command::PermitGranted { awaited_children: self.awaited.len() });
    }

    fn carry_out(&mut self, what: &'static str, decision: Decision) {
        let before = self.state.status();
        let sealed = decision.seal.map(|(request_id, _)| Internal::Sealed { request_id, values: "sealed".into() });
        for line in sealed.map(|record| NewLine::Record(record, None)).into_iter().chain(decision.lines) {
            self.state.write(&line, self.now, &mut self.builder);
            if let NewLine::Entry(entry, _) = line {
                self.written.push(entry);
            }
        }
        self.transitions.insert((before.as_str(), what, self.state.status().as_str()));
        for effect in decision.effects {
            match effect {
                Effect::TakePermit => self.take_permit(),
                Effect::ReleasePermit => self.holds_permit = false,
                Effect::LeaveChild(call, _) => drop(self.awaited.remove(&call)),
                Effect::Hide(_)
                | Effect::Resolve(..)
                | Effect::Withhold(..)
                | Effect::ResolveWithheld
                | Effect::SetTimers
                | Effect::DropTask
                | Effect::CleanUp => {}
            }
        }
    }

    pub(super) fn happen(&mut self, event: Event) {
        let status = self.state.status();
        let works = !status.is_terminal() && status != Status::Cancelling;
        match event {
            Event::Task(made) if works => self.make(made),
            Event::Answer { at, value, by } => self.answer(at, value, by),
            Event::TimeOut(at) => {
                if let Some(id) = self.state.open().get(at).map(|request| request.id) {
                    self.apply(Command::TimeOut(id));
                }
            }
            Event::ChildEnds { at, is_left } => self.child_ends(at, is_left && works),
            Event::Finish(how) if !status.is_terminal() => self.apply(Command::Finish(match how {
                0 => Ok(json!({"x": 1})),
                1 => Err(TaskError::failed("f")),
                _ => Err(TaskError::Cancelled("c".into())),
            })),
            Event::Cancel(cleanup) => self.apply(Command::Cancel { reason: "r".into(), cleanup }),
            Event::CleanedUp if status == Status::Cancelling => self.apply(Command::CleanedUp),
            // One may come late: to a session that has left the queue.
            Event::Grant if !self.holds_permit && !status.is_terminal() => self.grant(),
            Event::Restart if works && status != Status::Queued => {
                self.holds_permit = false;
                self.awaited.clear();
                self.apply(Command::Recover { cause: "x".into(), steps_in_doubt: Vec::new() });
            }
            Event::Watch(patience) if works => {
                let record = NewLine::Record(Internal::Patience { until: patience.into() }, None);
                self.state.write(&record, self.now, &mut self.builder);
            }
            Event::Task(_) | Event::Finish(_) | Event::CleanedUp | Event::Grant | Event::Restart | Event::Watch(_) => {}
        }
    }

    /// Makes a call of the task.
    fn make(&mut self, made: Made) {
        let at = self.call();
        let id = RequestId::random();
        let seconds = |timeout: Option<u8>| timeout.map(f64::from);
        let command = match made {
            Made::Stream => Command::Say { at, entry: Entry::Stream { content: "x".into() } },
            Made::Step => {
                self.apply(Command::BeginStep { at: at.clone(), name: "step".into(), repeatable: true });
                Command::EndStep { at, outcome: Ok(json!(1)), sealed: None }
            }
            Made::Sleep => Command::Sleep { at, until: self.now },
            Made::Confirm(timeout) => {
                let default = timeout.map(|timeout| timeout % 2 == 0);
                let question = Confirmation { timeout: seconds(timeout), default, ..Confirmation::new("?") };
                Command::Confirm { at, id, question }
            }
            Made::ConfirmBySeveral(answers) => {
                Command::Confirm { at, id, question: Confirmation::new("?").requiring(answers) }
            }
            Made::Ask(timeout) => {
                let is_secret = timeout.is_some_and(|timeout| timeout % 2 == 1);
                let field_type = if is_secret { FieldType::Secret } else { FieldType::String };
                let mut form = Form::from(vec![Field::new("a", field_type, "")]);
                form.timeout = seconds(timeout);
                Command::Ask { at, id, form }
            }
            Made::AskBadly => {
                let form = Form::from(vec![Field::new("", FieldType::String, "")]);
                Command::Ask { at, id, form }
            }
            Made::Retry => Command::OfferRetry { at, id, error: "no".into(), context: Context::default() },
            Made::Child => {
                self.apply(Command::StartChild { at: at.clone(), name: "child".into() });
                self.awaited.insert(at);
                return;
            }
            Made::Leave(open) => {
                self.ordinal -= 1;
                let Some(at) = self.state.open().get(open).map(|request| request.call.clone()) else { return };
                Command::Withdraw { at, awaited_children: self.awaited.len() }
            }
        };
        self.apply(command);
    }

    fn child_ends(&mut self, at: usize, is_left: bool) {
        let Some(call) = self.state.children.get(at).cloned() else { return };
        let at = call.clone();
        self.awaited.remove(&call);
        let awaited_children = self.awaited.len();
        let ended = Command::ChildEnded { at: call, result: Ok(json!(1)), awaited_children };
        self.apply(if is_left { Command::Withdraw { at, awaited_children } } else { ended });
    }

    fn answer(&mut self, at: usize, value: bool, by: u8) {
        let Some(request) = self.state.open().get(at) else { return };
        let (id, before) = (request.id.to_string(), request.given.clone());
        let required = request.answerers.required_answers;
        let by = Principal::new(PrincipalKind::Local).named(&format!("person {by}"));
        let answer = match &request.question {
            Question::Confirmation => Answer::Confirm(value),
            Question::Retry => Answer::Retry(value),
            Question::Form(_) => Answer::Input(json!({"a": "b"}).as_object().cloned().unwrap()),
        };
        let decided = self.state.decide_answer(Some(&id), answer, &by, &Owner::SERVER);
        let name = by.name().unwrap();
        let has_answered = before.iter().any(|given| given.by == name);
        if has_answered {
            let Err(Refused::AlreadyAnswered { winner, .. }) = decided else { panic!("{decided:?}") };
            assert_eq!((winner.by.as_str(), winner.value), (name, Some(true)));
            return;
        }
        let (request_id, decision) = decided.unwrap();
        self.carry_out("answer", decision);
        let is_open = self.state.open().iter().any(|request| request.id == request_id);
        let several = required.unwrap_or(1) as usize;
        assert_eq!(is_open, value && before.len() + 1 < several, "the first no decides, and the last yes");
        if let (Some(_), false, Some(winner)) = (required, is_open, self.state.winner(request_id)) {
            assert_eq!(winner.answers.len(), before.len() + 1);
            assert_eq!(winner.answers.last().map(|given| given.value), Some(value));
        }
        if value {
            let idempotency = Idempotency { key: format!("confirm {id}"), digest: [7; 32] };
            let answered = Answered { request_id, status: self.state.status() };
            let record = NewLine::Record(reply_record(idempotency.clone(), &answered), None);
            self.state.write(&record, self.now, &mut self.builder);
            assert_eq!(self.state.replied(&idempotency), Ok(Some(answered)));
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
            state.evolve(&JournalLine::read(&line, call.as_ref()));
        }
        state
    }
}

proptest! {
    /// A session that is read back stands where it stood, whatever happened to it.
    #[test]
    fn live_decisions_and_their_journal_give_the_same_state(events in events()) {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, seconds) in events {
            rig.now = rig.now.plus(std::time::Duration::from_secs(u64::from(seconds)));
            rig.permits = permits;
            rig.happen(event);
        }
        let folded = rig.folded();
        prop_assert_eq!(&rig.state, &folded);
        let known = transitions::known();
        let unknown: Vec<_> = rig.transitions.difference(&known).collect();
        prop_assert!(unknown.is_empty(), "not in the table: {unknown:?}");
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
        let ends: Vec<usize> = rig.written.iter().enumerate().filter(|(_, entry)| terminal(entry)).map(|(at, _)| at).collect();
        if rig.state.status().is_terminal() {
            prop_assert_eq!(&ends, &[rig.written.len() - 1]);
            let before = rig.written.get(rig.written.len() - 2);
            let status = rig.state.status();
            let said = matches!(before, Some(Entry::Status { status: announced, .. }) if *announced == status);
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
        for entry in &rig.written {
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
    fn waiting_holds_no_permit(events in events()) {
        let mut rig = Rig::new();
        rig.take_permit();
        for (event, permits, _) in events {
            rig.permits = permits;
            rig.happen(event);
            let status = rig.state.status();
            if status.is_waiting() {
                prop_assert!(!rig.holds_permit, "{status:?}");
            }
            if !rig.awaited.is_empty() {
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

fn me() -> Principal {
    Principal::new(PrincipalKind::Local).named("me")
}

#[test]
fn whoever_started_a_session_may_not_answer_what_is_for_others() {
    let known = |owner: &str| {
        Principal::known(std::sync::Arc::new(Grant {
            owner: owner.parse().unwrap(),
            scopes: [Scope::SessionsAnswer].into_iter().collect(),
            groups: Vec::new(),
            expires_at: None,
            credential: CredentialId::Token("key".into()),
        }))
    };
    let mut rig = Rig::new();
    rig.take_permit();
    let (at, ada) = (rig.call(), "ada".parse().unwrap());
    let question = Confirmation::new("?").assigned_to(["bo".parse().unwrap()]).for_others();
    rig.apply(Command::Confirm { at, id: RequestId::random(), question });
    let answer = |rig: &Rig, by: &str| rig.state.decide_answer(None, Answer::Confirm(true), &known(by), &ada);
    assert_eq!(answer(&rig, "ada").unwrap_err(), Refused::NotAsked(NotAsked::OwnSession));
    assert_eq!(answer(&rig, "cy").unwrap_err(), Refused::NotAsked(NotAsked::PutToOthers));
    assert!(rig.state.asks(&known("bo")) && !rig.state.asks(&known("cy")) && !rig.state.has_asked(&known("bo")));
    let (_, decision) = answer(&rig, "bo").unwrap();
    rig.carry_out("answer", decision);
    assert!(!rig.state.asks(&known("bo")) && rig.state.has_asked(&known("bo")));
}

#[test]
fn a_question_that_cannot_be_put_like_that_fails_its_task() {
    for (form, question) in [(None, Some(Confirmation::new("?").requiring(0))), (Some(0), None)] {
        let mut rig = Rig::new();
        rig.take_permit();
        let (at, id) = (rig.call(), RequestId::random());
        let mut several = Form::from(vec![Field::new("a", FieldType::String, "")]);
        several.answerers.required_answers = form.map(|_| 2);
        rig.apply(match question {
            Some(question) => Command::Confirm { at, id, question },
            None => Command::Ask { at, id, form: several },
        });
        let Some(End::Failed(error)) = rig.state.end() else { panic!("{:?}", rig.state) };
        assert!(error.contains("required_answers"), "{error}");
    }
}

#[test]
fn an_answer_without_an_id_is_taken_only_where_one_question_is_open() {
    let mut rig = Rig::new();
    rig.take_permit();
    let answer = |rig: &mut Rig, request_id: Option<&str>| {
        let (request_id, decision) =
            rig.state.decide_answer(request_id, Answer::Confirm(true), &me(), &Owner::SERVER)?;
        rig.carry_out("answer", decision);
        Ok(request_id)
    };
    assert_eq!(answer(&mut rig, None), Err(Refused::NoOpenRequest));
    rig.happen(Event::Task(Made::Confirm(None)));
    rig.happen(Event::Task(Made::Confirm(None)));
    assert_eq!(answer(&mut rig, None), Err(Refused::AmbiguousRequest));
    let first = rig.state.open()[0].id.to_string();
    assert!(answer(&mut rig, Some(&first)).is_ok());
    let again = answer(&mut rig, Some(&first));
    assert!(matches!(again, Err(Refused::AlreadyAnswered { winner, .. }) if winner.by == "me"));
    assert!(answer(&mut rig, None).is_ok());
    assert_eq!(answer(&mut rig, Some("nonsense")), Err(Refused::NoOpenRequest));
}

#[test]
fn a_bad_value_leaves_the_question_open() {
    let mut rig = Rig::new();
    rig.take_permit();
    rig.happen(Event::Task(Made::Ask(None)));
    let bad = Answer::Input(json!({"a": 3}).as_object().cloned().unwrap());
    let refused = rig.state.decide_answer(None, bad, &me(), &Owner::SERVER);
    let Err(Refused::Rejected { errors, form, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].field, "a");
    let Entry::RequestUserInput { request_id, fields, .. } = *form else { panic!("{form:?}") };
    assert_eq!((request_id, &fields[0].value), (rig.state.open()[0].id, &Some(json!(3))));
    assert_eq!(rig.state.open().len(), 1);
}
