//! The writing side of the engine: one script for each change, which checks the fence and makes it once.

use std::cmp::Ordering;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::ScriptInvocation;

use super::heart::Heart;
use super::link::{Failure, Link};
use super::lookout::Lookout;
use super::membership::{self, Company, Says};
use super::place::Place;
use super::record::{damaged, head_text, key_text, owned, read_id, state_text};
use super::replicas::Replicas;
use super::requests;
use super::scripts::{Script, Scripts, run};
use super::{documents, event_log, layout};
use crate::cluster::relay::{Log, Reached};
use crate::document::Write;
use crate::engine::{Batch, BatchEvent, Engine, Outcome, Refusal, Standing, Written};
use crate::events::number;
use crate::fence::fenced;
use crate::keys::Lane;
use crate::seal::Sealer;
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
    /// How many must have a change before it is acknowledged.
    replicas: Replicas,
    presence: Option<Presence>,
    /// What is known of the log of events, where others write to it, too: what was handed on, and what this member has
    /// written.
    log: Option<(Reached, Log)>,
}

/// What keeps this server a member.
pub(super) enum Presence {
    /// It is the only one, or only changes documents.
    Heart(Heart),
    /// It is one of several, and says this of itself. Its keys have this lane, and this seals what is secret.
    Lookout(Lookout, Says, Lane, Sealer),
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
    pub(super) fn new(
        link: Link,
        place: Arc<Place>,
        member: Fence,
        replicas: Replicas,
        presence: Presence,
        reached: Option<Reached>,
    ) -> Self {
        let log = reached.map(|reached| (reached, Log::default()));
        Self { link, place, member, change: 0, replicas, presence: Some(presence), log }
    }

    /// Where the cluster's data is.
    pub(super) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// Writes what no script does.
    pub(super) fn import(&mut self, pipe: &redis::Pipeline) -> Result<(), Error> {
        if pipe.is_empty() {
            return Ok(());
        }
        Ok(self.link.call(|connection| pipe.query(connection))?)
    }

    /// What is known of the log of events; nothing where nobody else writes to it.
    fn known_log(&mut self) -> Option<Log> {
        let (reached, own) = self.log.as_mut()?;
        let heard = *reached.borrow();
        match heard.generation.cmp(&own.generation) {
            Ordering::Greater => *own = heard,
            Ordering::Equal => own.last_seq = own.last_seq.max(heard.last_seq),
            Ordering::Less => {}
        }
        Some(*own)
    }

    /// Has the log of events begin anew, as the engine has lost some of what is known; gives whether this is a member.
    fn renew_log(&mut self, fence: Fence, known: Log) -> Result<bool, Error> {
        let place = Arc::clone(&self.place);
        let Some(renewed) = event_log::renew(&mut self.link, &place, fence, known)? else { return Ok(false) };
        if let Some((_, own)) = &mut self.log {
            *own = Log { generation: renewed.generation, last_seq: 0 };
        }
        Ok(true)
    }

    /// Has a batch written; `lost` where the log of events ends before what is known of it.
    fn send_batch(&mut self, batch: &Batch, known: Option<Log>) -> Result<Answer, Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.commit);
        call.arg(known.map(|log| log.generation.to_string()).unwrap_or_default());
        call.arg(known.map_or(0, |log| log.last_seq)).arg(if self.publishes_itself() { "here" } else { "later" });
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
        Ok(self.write(&call)?)
    }

    /// Publishes what was committed, where the script could not do it, as too few had it.
    fn announce(&mut self, fence: Fence, written: &Written) -> Result<(), Error> {
        let Some((_, log)) = &self.log else { return Ok(()) };
        if self.publishes_itself() || written.events.is_empty() {
            return Ok(());
        }
        let (channel, message) =
            (self.place.key("events"), event_log::announcement(log.generation, fence, &written.events));
        Ok(self.link.call(|connection| redis::cmd("PUBLISH").arg(&channel).arg(&message).exec(connection))?)
    }

    /// Whether the script of a commit publishes it: nobody has to have it before.
    fn publishes_itself(&self) -> bool {
        self.replicas == Replicas(0)
    }

    /// Runs a script that writes, and waits until enough replicas have what it wrote.
    fn write(&mut self, call: &ScriptInvocation<'_>) -> Result<Answer, Failure> {
        let (word, text): (String, String) =
            self.replicas.written(&mut self.link, |connection| run(call, connection))?;
        Ok(Answer { word, text })
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
        let mut known = self.known_log();
        let Answer { word, text } = loop {
            let answer = self.send_batch(batch, known)?;
            if answer.word != "lost" {
                break answer;
            }
            if !self.renew_log(batch.fence, known.unwrap_or_default())? {
                return Ok(Outcome::Fenced);
            }
            known = self.known_log();
        };
        if word == "fenced" {
            return Ok(Outcome::Fenced);
        }
        let written = written(batch, &text_of(&word, text)?)?;
        self.announce(batch.fence, &written)?;
        if let (Some((_, log)), Some(row)) = (&mut self.log, written.events.last()) {
            log.last_seq = row.last_seq.max(log.last_seq);
        }
        Ok(Outcome::Written(written))
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

    fn standing(&mut self, fence: Fence) -> Result<Standing, Error> {
        let place = Arc::clone(&self.place);
        if !membership::show_life(&mut self.link, &place, fence)? {
            return Ok(Standing::Fenced);
        }
        self.replicas.written(&mut self.link, |_| Ok(()))?;
        Ok(Standing::Member)
    }

    fn rejoin(&mut self) -> Result<(Fence, Lane), Error> {
        let Some(Presence::Lookout(lookout, says, lane, sealer)) = &mut self.presence else {
            return Err(Error::Unusable("a server that is the only member has nothing to join".into()));
        };
        let fence = Fence::random();
        let (link, wanted) = (&mut self.link, Some(*lane));
        // The engine may be another one, where nothing is.
        layout::check(link, &self.place, sealer)?;
        *lane = membership::join(link, &self.place, fence, says, Company::Beside, wanted, Instant::now())?;
        lookout.joined(fence);
        self.member = fence;
        Ok((fence, *lane))
    }

    fn close(&mut self) {
        let Some(Presence::Heart(heart)) = self.presence.take() else { return };
        drop(heart);
        // The next member waits until this one is seen to be dead, where it cannot say that it goes.
        if let Err(failure) = membership::bury(&mut self.link, &self.place, self.member, None) {
            log::warn!("this server could not leave the cluster: {}", failure.reason());
        }
    }
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
