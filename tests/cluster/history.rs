//! What people saw of sessions and of events at several servers, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Value;
use crate::support::journal::{all, is_terminal, read, seq, streams};

/// An answer that somebody gave to a question.
#[derive(Clone, Debug)]
pub struct Given {
    pub request_id: String,
    pub value: Value,
    /// With which status it was answered for good.
    pub status: u16,
    pub reply: Value,
    /// Where and when it was sent, and what came of that.
    pub tries: Vec<String>,
}

/// All that somebody saw of a session, over all sockets that they needed.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    pub entries: Vec<String>,
    /// Where and when each was opened, and how it ended.
    pub sockets: Vec<String>,
}

/// What became of one session.
#[derive(Clone, Debug, Default)]
pub struct Played {
    pub task: &'static str,
    pub answers: Vec<Given>,
    pub watched: [Watched; 2],
}

/// All events that somebody heard, over all sockets that they needed.
#[derive(Clone, Debug, Default)]
pub struct Listened {
    pub epoch: String,
    /// The number of the last event before the first that was heard.
    pub after: u64,
    pub events: Vec<Value>,
    pub sockets: Vec<String>,
}

/// What all of them saw, and what the servers give at the end.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub played: BTreeMap<String, Played>,
    /// The sessions that were given for one key.
    pub starts: BTreeMap<String, BTreeSet<String>>,
    pub listened: Vec<Listened>,
    /// Of each session, as each server gives it.
    pub journals: BTreeMap<String, Vec<Vec<String>>>,
    /// The journals that some server did not give, each with the reason.
    pub unread: Vec<String>,
    /// The log of events, as each server gives it.
    pub logs: Vec<Value>,
    /// What steps have done: the session, the step, and what came of it.
    pub effects: Vec<(String, usize, String)>,
}

impl History {
    /// What is wrong, each line with its session first where it is about one.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.unread.clone();
        for (key, sessions) in self.starts.iter().filter(|(_, sessions)| sessions.len() != 1) {
            faults.push(format!("the key {key} gave several sessions: {sessions:?}"));
        }
        for (id, played) in &self.played {
            let Some(given) = self.journals.get(id) else {
                faults.push(format!("{id}: its journal is not there"));
                continue;
            };
            let Some(journal) = given.iter().max_by_key(|journal| journal.len()) else { continue };
            if given.iter().any(|other| other != journal) {
                let lengths: Vec<usize> = given.iter().map(Vec::len).collect();
                faults.push(format!("{id}: not every server gives the same journal: {lengths:?} entries"));
            }
            let about = journal_faults(played.task, journal).into_iter();
            let about = about.chain(played.watched.iter().flat_map(|seen| watched_faults(seen, journal)));
            let about = about.chain(answer_faults(&played.answers, journal));
            let about = about.chain(self.effect_faults(id, journal));
            faults.extend(about.map(|fault| format!("{id}: {fault}")));
        }
        faults.extend(self.event_faults());
        faults
    }

    /// What is wrong with the steps of a session: what was done is told once, and done again only where that was in doubt.
    fn effect_faults(&self, id: &str, journal: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        let lines = streams(journal);
        let in_doubt = all(journal, "recovered", "steps_in_doubt");
        let of_session: Vec<_> = self.effects.iter().filter(|(session, ..)| session == id).collect();
        for step in of_session.iter().map(|(_, step, _)| *step).collect::<BTreeSet<_>>() {
            let did: Vec<_> = of_session.iter().filter(|(_, of, _)| *of == step).map(|(.., came)| came).collect();
            let name = format!("s{step}");
            let doubts = in_doubt.iter().filter(|steps| steps.to_string().contains(&name)).count();
            if did.len() > 1 + doubts {
                faults.push(format!("step {name} was done {} times, and in doubt {doubts} times", did.len()));
            }
            let told: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix(&format!("{name}="))).collect();
            if told.len() != 1 || !did.iter().any(|came| *came == told[0]) {
                faults.push(format!("step {name} gave {did:?}, and was told as {told:?}"));
            }
        }
        faults
    }

    /// What is wrong with the events: each is heard once, in order, and is in the log of every server.
    fn event_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(log) = self.logs.first() else { return faults };
        if self.logs.iter().any(|other| other["events"] != log["events"]) {
            faults.push("not every server gives the same events".to_owned());
        }
        let kept: Vec<&Value> = log["events"].as_array().into_iter().flatten().collect();
        for Listened { epoch, after, events, sockets } in &self.listened {
            if log["epoch"] != *epoch {
                faults.push(format!("the epoch became {}, though nothing was lost", log["epoch"]));
                continue;
            }
            let numbers: Vec<u64> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
            if let Some(at) = numbers.iter().zip(after + 1..).position(|(number, due)| *number != due) {
                let around = &numbers[at.saturating_sub(2)..numbers.len().min(at + 3)];
                faults.push(format!("events came as {around:?}; the sockets: {sockets:?}"));
            }
            let missing = kept.iter().filter(|event| event["seq"].as_u64() > numbers.last().copied()).count();
            if missing > 0 {
                faults.push(format!("{missing} events at the end were not heard; the sockets: {sockets:?}"));
            }
            let by_number: BTreeMap<u64, &Value> =
                kept.iter().filter_map(|event| Some((event["seq"].as_u64()?, *event))).collect();
            let other = events.iter().find(|event| {
                event["seq"].as_u64().is_none_or(|number| by_number.get(&number).is_none_or(|kept| kept != event))
            });
            faults.extend(other.map(|event| format!("an event was heard that is another in the log: {event}")));
        }
        for id in self.played.keys() {
            let about = kept.iter().filter(|event| event["execution_id"] == **id);
            let kinds: Vec<&str> = about.filter_map(|event| event["type"].as_str()).collect();
            let of = |words: &[&str]| kinds.iter().filter(|kind| words.contains(kind)).count();
            let ends = ["execution.completed", "execution.failed"];
            if of(&["execution.started"]) != 1 || of(&ends) != 1 {
                faults.push(format!("{id}: its events are {kinds:?}"));
            }
        }
        faults
    }
}

/// What is wrong with a journal by itself: one end that is last, no gap, each question asked once and answered once, and
/// each line once and in order.
fn journal_faults(task: &str, journal: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let entries: Vec<Value> = journal.iter().map(|text| read(text)).collect();
    let numbers: Vec<u64> = journal.iter().filter_map(|entry| seq(entry)).collect();
    if numbers != (1..=journal.len() as u64).collect::<Vec<_>>() {
        faults.push(format!("its journal has a gap or a double: {numbers:?}"));
    }
    let ends: Vec<usize> = (0..entries.len()).filter(|at| is_terminal(&entries[*at])).collect();
    if ends != entries.len().checked_sub(1).into_iter().collect::<Vec<_>>() {
        faults.push(format!("it has its ends at {ends:?} of {} entries", entries.len()));
    }
    let asked: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["type"] != "answered")
        .filter_map(|entry| entry["request_id"].as_str())
        .collect();
    if asked.iter().collect::<BTreeSet<_>>().len() != asked.len() {
        faults.push(format!("it asks something twice: {asked:?}"));
    }
    let answered: Vec<Value> = all(journal, "answered", "request_id");
    for question in &asked {
        let count = answered.iter().filter(|id| *id == question).count();
        if count != 1 {
            faults.push(format!("the question {question} has {count} answers"));
        }
    }
    let said: Vec<String> = streams(journal);
    let declined = all(journal, "answered", "value").contains(&Value::Bool(false));
    let expected: Option<Vec<String>> = match task {
        "approval" if declined => Some(Vec::new()),
        "approval" => Some((1..=5).map(|line| format!("Line {line}/5")).collect()),
        "simulate_streaming" => Some((1..=40).map(|step| format!("Step {step}/40 completed")).collect()),
        "long_running_task" => Some((1..=5).map(|step| format!("Processing email step {step}/5...")).collect()),
        _ => None,
    };
    let lines: Vec<String> = match expected {
        Some(_) => said.into_iter().filter(|line| ["Line", "Step", "Proc"].iter().any(|word| line.starts_with(word))),
        None => return faults,
    }
    .collect();
    if expected.is_some_and(|expected| expected != lines) {
        faults.push(format!("it says {lines:?}"));
    }
    faults
}

fn watched_faults(seen: &Watched, journal: &[String]) -> Option<String> {
    if seen.entries == journal {
        return None;
    }
    let numbers: Vec<u64> = seen.entries.iter().filter_map(|entry| seq(entry)).collect();
    let other = seen.entries.iter().zip(journal).find(|(seen, kept)| seen != kept);
    Some(format!(
        "a watcher saw {numbers:?} of {} entries, first other than in the journal: {other:?}; the sockets: {:?}",
        journal.len(),
        seen.sockets
    ))
}

/// One answer to each question wins, who gave it is told so, and nobody else is.
fn answer_faults(answers: &[Given], journal: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let answered: Vec<Value> = journal.iter().map(|text| read(text)).filter(|one| one["type"] == "answered").collect();
    for question in answers.iter().map(|given| &given.request_id).collect::<BTreeSet<_>>() {
        let given: Vec<&Given> = answers.iter().filter(|given| given.request_id == *question).collect();
        let won: Vec<&&Given> = given.iter().filter(|given| given.status == 200).collect();
        let entry = answered.iter().find(|entry| entry["request_id"] == *question);
        let winner = entry.map(|entry| if entry["values"].is_null() { &entry["value"] } else { &entry["values"] });
        let is_so = matches!((won.as_slice(), winner), ([one], Some(winner)) if one.value == *winner);
        if !is_so || given.iter().any(|given| !matches!(given.status, 200 | 409)) {
            faults.push(format!("the answers to {question} were {given:?}, and {winner:?} is in the journal"));
        }
    }
    faults
}

/// A history of one session in which all is well, and its journal.
fn sound() -> (History, Vec<String>) {
    let lines = [
        r#"{"type":"request_confirmation","request_id":"q","message":"?","seq":1}"#,
        r#"{"type":"answered","request_id":"q","by":"local","value":true,"seq":2}"#,
        r#"{"type":"stream","content":"Line 1/5","seq":3}"#,
        r#"{"type":"stream","content":"Line 2/5","seq":4}"#,
        r#"{"type":"stream","content":"Line 3/5","seq":5}"#,
        r#"{"type":"stream","content":"Line 4/5","seq":6}"#,
        r#"{"type":"stream","content":"Line 5/5","seq":7}"#,
        r#"{"type":"task_completed","values":{},"seq":8}"#,
    ];
    let journal: Vec<String> = lines.map(str::to_owned).to_vec();
    let event = |seq: u64, kind: &str| crate::support::json!({"seq": seq, "type": kind, "execution_id": "one"});
    let events = vec![event(1, "execution.started"), event(2, "execution.completed")];
    let given = |value: bool, status| Given {
        request_id: "q".into(),
        value: value.into(),
        status,
        reply: Value::Null,
        tries: Vec::new(),
    };
    let watched = || Watched { entries: journal.clone(), sockets: Vec::new() };
    let played = Played {
        task: "approval",
        answers: vec![given(true, 200), given(false, 409)],
        watched: [watched(), watched()],
    };
    let good = History {
        played: [("one".to_owned(), played)].into(),
        starts: [("key".to_owned(), ["one".to_owned()].into())].into(),
        listened: vec![Listened { epoch: "e".into(), after: 0, events: events.clone(), sockets: Vec::new() }],
        journals: [("one".to_owned(), vec![journal.clone(), journal.clone()])].into(),
        logs: vec![crate::support::json!({"epoch": "e", "events": events}); 2],
        ..History::default()
    };
    (good, journal)
}

#[test]
fn a_history_in_which_something_is_lost_or_doubled_is_red() {
    let (good, journal) = sound();
    assert_eq!(good.faults(), Vec::<String>::new());
    let changes: [fn(&mut History); 13] = [
        |history| history.unread.push("one: server 1 does not give its journal".into()),
        |history| assert!(history.starts.get_mut("key").unwrap().insert("two".into())),
        |history| drop(history.journals.get_mut("one").unwrap()[1].pop()),
        |history| drop(history.played.get_mut("one").unwrap().watched[0].entries.remove(3)),
        |history| history.played.get_mut("one").unwrap().answers[1].status = 200,
        |history| history.played.get_mut("one").unwrap().answers[0].status = 409,
        |history| history.played.get_mut("one").unwrap().answers[1].status = 404,
        |history| drop(history.listened[0].events.pop()),
        |history| drop(history.listened[0].events.remove(0)),
        |history| history.listened[0].events[1]["type"] = "other".into(),
        |history| history.listened[0].epoch = "f".into(),
        |history| drop(history.logs[1]["events"].as_array_mut().unwrap().pop()),
        |history| history.effects = vec![("one".into(), 0, "a".into()), ("one".into(), 0, "b".into())],
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut history = good.clone();
        change(&mut history);
        assert!(!history.faults().is_empty(), "change {at} is not seen");
    }
    for at in 0..journal.len() {
        let mut history = good.clone();
        for journal in history.journals.get_mut("one").unwrap() {
            drop(journal.remove(at));
        }
        for watched in &mut history.played.get_mut("one").unwrap().watched {
            drop(watched.entries.remove(at));
        }
        assert!(!history.faults().is_empty(), "entry {at} is lost everywhere");
    }
}
