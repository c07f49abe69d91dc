//! A session that fails without being resumed, in the store of a server that does not run.

use crate::domain::burst::BurstBuilder;
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::domain::tail::TailLimits;
use crate::domain::time::Timestamp;
use crate::event::UnnumberedEvent;
use crate::session::actor::events::RowChange;
use crate::session::load::load;
use crate::session::requests::RequestStep;
use crate::session::state::{Command, NewLine};
use crate::session::task::kind::TaskError;
use crate::store::{Append, Change, Error, Store};

/// Lets a session that has not ended fail, for this reason; one that is being cancelled is cancelled. Its row is handed to
/// the store when this returns.
///
/// # Errors
/// [`Error::NotFound`], and those of reading it back.
pub(crate) async fn fail(store: &Store, limits: TailLimits, id: SessionId, reason: String) -> Result<(), Error> {
    let mut loaded = load(store, id, limits).await?.ok_or(Error::NotFound)?;
    let state = &mut loaded.state;
    let before = state.row();
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
    // The effects are left out: there is nothing that runs, nor anybody who waits.
    let (mut requests, mut closed) = (Vec::new(), Vec::new());
    for line in state.decide(end, now).lines {
        if let NewLine::Entry(entry, _) = &line
            && let Some(RequestStep { change, event }) = RequestStep::of(id, &loaded.spec, state, entry, now)
        {
            requests.push(change);
            closed.push(event);
        }
        state.write(&line, now, &mut builder);
    }
    if builder.is_empty() {
        return Ok(());
    }
    let after = state.row();
    let change = RowChange { id, spec: &loaded.spec, before: Some(&before), after: &after, end: state.end() };
    let append = Append {
        worker: 0,
        session: id,
        key: loaded.summary.key,
        row: loaded.next_row,
        last_seq: state.last_seq(),
        body: builder.finish().body,
        change: Change::Update(Box::new(after.clone())),
        requests,
    };
    let new_events = change.all(closed).into_iter();
    let owner = loaded.summary.owner.clone();
    store
        .append_with(append, new_events.map(|new_event| UnnumberedEvent::new(new_event, owner.clone(), now)).collect());
    Ok(())
}
