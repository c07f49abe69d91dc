//! The writing side of the engine: one script for each change, which checks the fence and makes it once.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Connection, RedisResult, ScriptInvocation};

use super::documents;
use super::link::{Failure, Link};
use super::membership::{self, Heart};
use super::place::Place;
use super::record::{damaged, head_text, key_text, owned, read_id, state_text};
use super::requests;
use super::scripts::{Script, Scripts, run};
use crate::document::Write;
use crate::engine::{Batch, BatchEvent, Engine, Outcome, Refusal, Standing, Written};
use crate::events::number;
use crate::fence::fenced;
use crate::types::label_text;
use crate::{Append, Change, ChangeError, Document, Error, Fence, Idempotency, Reason, SessionKey, Summary};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// Most bytes of a row's text, or a document's: a quarter of what the engine takes as one value.
pub(super) const MAX_TEXT_BYTES: usize = 128 << 20;

/// Most journal rows that one purge removes, but for a single session that has more: the engine does nothing else
/// meanwhile.
const PURGED_ROWS: usize = 10_000;

/// Most sessions of other members that a purge passes over.
const PASSED_OVER: usize = 10_000;

/// How long a change other than a commit, which is tried again by the writer, waits for an engine that comes back.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// The side that writes.
pub(crate) struct Redis {
    link: Link,
    place: Arc<Place>,
    member: Fence,
    /// The number of the last change other than a commit.
    change: u64,
    /// How many replicas must have a change before it is acknowledged.
    replicas: u32,
    heart: Option<Heart>,
}

/// What a script has answered that makes a change once.
struct Answer {
    /// `done`, or why it was not.
    word: String,
    /// What came of it.
    text: String,
}

impl Redis {
    /// Writes over `link` as this member.
    pub(super) fn new(link: Link, place: Arc<Place>, member: Fence, replicas: u32, heart: Heart) -> Self {
        Self { link, place, member, change: 0, replicas, heart: Some(heart) }
    }

    /// Runs a script that writes, and waits until enough replicas have what it wrote.
    fn write(&mut self, call: &ScriptInvocation<'_>) -> Result<Answer, Failure> {
        let (replicas, patience) = (self.replicas, self.link.timeout() / 2);
        let (word, text, reached) = self.link.call(|connection| {
            let (word, text): (String, String) = run(call, connection)?;
            let reached = if replicas == 0 { 0 } else { wait(connection, replicas, patience)? };
            Ok((word, text, reached))
        })?;
        if reached < replicas {
            return Err(self.too_few(reached));
        }
        Ok(Answer { word, text })
    }

    fn too_few(&self, reached: u32) -> Failure {
        let (address, wanted) = (self.link.address(), self.replicas);
        Failure::Passing(format!("{reached} of the {wanted} replicas of {address} that must have a commit have it"))
    }

    /// Makes a change other than a commit, and the same change where it is sent again because its answer was lost.
    fn make(
        &mut self,
        fence: Fence,
        script: fn(&Scripts) -> &Script,
        arguments: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<String, Error> {
        self.change += 1;
        let place = Arc::clone(&self.place);
        let mut call = place.script(script);
        call.arg(fence.to_string()).arg(self.change);
        arguments(&mut call);
        let until = Instant::now() + PATIENCE;
        loop {
            match self.write(&call) {
                Ok(Answer { word, text }) => return text_of(&word, text),
                Err(Failure::Passing(_)) if Instant::now() < until => std::thread::sleep(PAUSE),
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

/// What a script says of a change that it makes once.
fn text_of(word: &str, text: String) -> Result<String, Error> {
    match word {
        "done" => Ok(text),
        "overtaken" => Err(Error::Conflict(format!("it came after number {text}"))),
        _ => Err(fenced()),
    }
}

impl Engine for Redis {
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.commit);
        call.arg(batch.fence.to_string()).arg(batch.number).arg(batch.appends.len());
        for append in &batch.appends {
            add_append(&mut call, append)?;
        }
        let kept = || batch.events.iter().filter(|event| event.event.is_kept());
        call.arg(kept().count());
        for BatchEvent { append, event } in kept() {
            // Lua counts from 1; an event that no row causes has a cause that is never left out.
            let cause = append.map_or(0, |append| append + 1);
            call.arg(cause).arg(event.owner().as_str()).arg(event.json());
        }
        let Answer { word, text } = self.write(&call)?;
        if word == "fenced" {
            return Ok(Outcome::Fenced);
        }
        written(batch, &text_of(&word, text)?).map(Outcome::Written)
    }

    fn remove(&mut self, fence: Fence, key: SessionKey) -> Result<(), Error> {
        let answer = self.make(
            fence,
            |scripts| &scripts.remove,
            |call| {
                call.arg(key_text(key));
            },
        )?;
        match answer.as_str() {
            "removed" => Ok(()),
            "missing" => Err(Error::NotFound),
            "lives" => Err(Error::Conflict("the session has not ended".into())),
            _ => Err(fenced()),
        }
    }

    fn purge(&mut self, fence: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        let ids = self.make(
            fence,
            |scripts| &scripts.purge,
            |call| {
                call.arg(before.as_micros()).arg(limit).arg(PURGED_ROWS).arg(PASSED_OVER);
            },
        )?;
        ids.split_whitespace().map(read_id).collect()
    }

    fn change(
        &mut self,
        fence: Fence,
        writes: Vec<Write>,
        at: Timestamp,
    ) -> Result<Vec<Option<Document>>, ChangeError> {
        documents::check_sizes(&writes)?;
        let answer = self.make(fence, |scripts| &scripts.change, |call| documents::add(call, &writes, at))?;
        documents::changed(writes, &answer)
    }

    fn purge_events(&mut self, fence: Fence, before_seq: u64) -> Result<(), Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.purge_events);
        call.arg(fence.to_string()).arg(before_seq);
        let Answer { word, text } = self.write(&call)?;
        text_of(&word, text).map(drop)
    }

    fn standing(&mut self) -> Result<Standing, Error> {
        let place = Arc::clone(&self.place);
        if !membership::show_life(&mut self.link, &place, self.member)? {
            return Ok(Standing::Fenced);
        }
        if self.replicas > 0 {
            let (replicas, patience) = (self.replicas, self.link.timeout() / 2);
            let reached = self.link.call(|connection| wait(connection, replicas, patience))?;
            if reached < replicas {
                return Err(self.too_few(reached).into());
            }
        }
        Ok(Standing::Member)
    }

    fn close(&mut self) {
        let Some(heart) = self.heart.take() else { return };
        drop(heart);
        // The next member waits until this one is seen to be dead, where it cannot say that it goes.
        if let Err(failure) = membership::bury(&mut self.link, &self.place, self.member, None) {
            log::warn!("this server could not leave the cluster: {}", failure.reason());
        }
    }
}

/// Waits until that many replicas have what this connection wrote last, or the time is up; gives how many have it.
fn wait(connection: &mut Connection, replicas: u32, patience: Duration) -> RedisResult<u32> {
    let millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).max(1);
    redis::cmd("WAIT").arg(replicas).arg(millis).query(connection)
}

/// Adds what the script takes for a row.
fn add_append(call: &mut ScriptInvocation<'_>, append: &Append) -> Result<(), Error> {
    let word = match &append.change {
        _ if append.body.len() > MAX_TEXT_BYTES => "too_large",
        Change::None => "none",
        Change::Update(_) => "update",
        Change::Create(..) => "create",
    };
    let body: &[u8] = if word == "too_large" { &[] } else { &append.body };
    let mut row = Vec::with_capacity(body.len() + 21);
    // A vector takes all that is written to it.
    let _ = write!(row, "{} ", append.last_seq);
    row.extend_from_slice(body);
    call.arg(word).arg(key_text(append.key)).arg(append.session.slot().number()).arg(append.row).arg(row);
    match &append.change {
        _ if word == "too_large" => {}
        Change::None => {}
        Change::Update(state) => drop(call.arg(state_text(state))),
        Change::Create(summary, idempotency) => add_summary(call, summary, idempotency.as_ref())?,
    }
    if word != "too_large" {
        requests::add(call, &append.requests);
    }
    Ok(())
}

fn add_summary(
    call: &mut ScriptInvocation<'_>,
    summary: &Summary,
    idempotency: Option<&Idempotency>,
) -> Result<(), Error> {
    let field = idempotency.map(|idempotency| owned(&summary.owner, &idempotency.key));
    let execution = summary.execution_id.as_ref().map(|id| owned(&summary.owner, id.as_str()));
    call.arg(state_text(&summary.state))
        .arg(summary.id.to_string())
        .arg(summary.owner.as_str())
        .arg(&summary.task)
        .arg(field.as_deref().unwrap_or_default())
        .arg(idempotency.map(Idempotency::digest_text).unwrap_or_default())
        .arg(execution.as_deref().unwrap_or_default())
        .arg(head_text(summary, field.clone(), execution.clone())?)
        .arg(summary.labels.len());
    for label in &summary.labels {
        call.arg(label_text(label));
    }
    Ok(())
}

/// What came of a batch, by the number of the last event before it and the rows that were left out.
fn written(batch: &Batch, answer: &str) -> Result<Written, Error> {
    let (before, left_out) = answer.split_once('\n').ok_or_else(|| damaged("the answer to a commit"))?;
    let before: u64 = before.parse().map_err(|_| damaged("the number of the last event"))?;
    let mut refusals = Vec::new();
    for line in left_out.lines() {
        let (index, why) = line.split_once(' ').ok_or_else(|| damaged("the answer to a commit"))?;
        let index: usize = index.parse().map_err(|_| damaged("the answer to a commit"))?;
        let row = batch.appends.get(index).map_or(0, |append| append.row);
        refusals.push(Refusal { index, reason: reason(why, row) });
    }
    let is_left_out = |append: Option<usize>| {
        append.is_some_and(|append| refusals.binary_search_by_key(&append, |refusal| refusal.index).is_ok())
    };
    let caused = batch.events.iter().filter(|event| !is_left_out(event.append)).map(|event| &event.event);
    let events = number(caused, before);
    Ok(Written { refusals, events })
}

/// Why a row was left out, by the script's word for it.
fn reason(word: &str, row: u32) -> Reason {
    let why = match word.split_once(' ').unwrap_or((word, "")) {
        ("fenced", _) => return Reason::Fenced,
        ("row", next) => format!("the next row of the journal is {next}, not {row}"),
        ("present", _) => "the session is there already".into(),
        ("idempotency", _) => "the idempotency key was used already".into(),
        ("execution", _) => "another execution has this id".into(),
        ("too_large", _) => format!("a row has at most {MAX_TEXT_BYTES} bytes"),
        _ => "there is no such session".into(),
    };
    Reason::Conflict(why)
}
