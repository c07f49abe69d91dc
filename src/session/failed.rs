//! A session that fails without being taken up, in the store of a server that does not run.

use super::happenings::Change as Happens;
use super::kind::TaskError;
use super::loaded::load;
use super::machine::{Command, Effect};
use crate::domain::burst::BurstBuilder;
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::domain::tail::TailLimits;
use crate::domain::time::Timestamp;
use crate::event::Draft;
use crate::store::{Append, Change, Error, Store};

/// Lets a session that has not ended fail, for this reason; one that is being cancelled is cancelled. Its row is handed to
/// the store when this returns.
///
/// # Errors
/// [`Error::NotFound`], and those of reading it back.
pub async fn fail(store: &Store, limits: TailLimits, id: SessionId, reason: String) -> Result<(), Error> {
    let mut loaded = load(store, id, limits).await?.ok_or(Error::NotFound)?;
    let machine = &mut loaded.machine;
    let before = machine.state();
    let now = Timestamp::now().max(before.since);
    let end = match before.status {
        Status::Cancelling => Command::CleanedUp,
        Status::Queued
        | Status::Running
        | Status::WaitingConfirmation
        | Status::WaitingInput
        | Status::WaitingRetry
        | Status::Completed
        | Status::Failed
        | Status::Cancelled => Command::Finish(Err(TaskError::Failed(reason))),
    };
    let mut builder = BurstBuilder::default();
    for effect in machine.apply(end, now) {
        match effect {
            Effect::Tell(entry, lane) => {
                let seq = machine.next_seq();
                builder.tell(&entry, lane.as_deref(), seq, now);
            }
            Effect::Note(record) => builder.note(&record),
            // There is nothing that runs, nor anybody who waits.
            Effect::Seal(..)
            | Effect::Resolve(..)
            | Effect::LeaveChild(..)
            | Effect::TakeSlot
            | Effect::FreeSlot
            | Effect::DropTask
            | Effect::CleanUp
            | Effect::Arm => {}
        }
    }
    if builder.is_empty() {
        return Ok(());
    }
    let after = machine.state();
    let happens = Happens { id, spec: &loaded.spec, before: Some(&before), after: &after, end: machine.end() };
    let append = Append {
        worker: 0,
        session: id,
        key: loaded.summary.key,
        row: loaded.next_row,
        last_seq: machine.last_seq(),
        body: builder.finish().body,
        change: Change::Update(Box::new(after.clone())),
    };
    let happenings = happens.all(None).into_iter();
    store.append_with(append, happenings.map(|happening| Draft::new(happening, now)).collect());
    Ok(())
}
