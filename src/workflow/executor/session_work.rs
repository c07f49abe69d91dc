//! What nodes need of sessions, waited for on another thread than the loop's.

use std::sync::Arc;

use actix::Addr;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Executor;
use super::messages::{SessionStarted, WorkEnded};
use crate::workflow::host::{Host, SessionWork, What};
use crate::workflow::node::{NodeError, Reply};
use crate::workflow::plan::JobId;
use crate::workflow::value::Value;

/// Why a session is cancelled whose node does not wait for it any more.
pub(super) const NOT_NEEDED: &str = "the workflow does not wait for it any more";

/// The same where the workflow is gone.
pub(super) const REMOVED: &str = "the workflow was removed";

/// Who waits for what a session does.
pub(super) struct Asking {
    pub(super) host: Arc<dyn Host>,
    pub(super) executor: Addr<Executor>,
    pub(super) job: JobId,
    /// Why nobody waits for it any more.
    pub(super) left: oneshot::Receiver<&'static str>,
    /// The executor was given up.
    pub(super) given_up: CancellationToken,
}

/// Has a session do the work, and reports to the executor how it ended; cancels the session where it is not needed.
pub(super) async fn run(asking: Asking, work: SessionWork) {
    let Asking { host, executor, job, left, given_up } = asking;
    let what = work.what.clone();
    // A session that is being started is not left behind: whether it is needed is looked at only then.
    let session_id = match host.start(work).await {
        Ok(session_id) => session_id,
        Err(error) => return executor.do_send(WorkEnded { job, outcome: Err(error) }),
    };
    executor.do_send(SessionStarted { job, session_id });
    tokio::select! {
        outcome = host.outcome(session_id) => {
            let outcome = outcome.and_then(|value| reply(&what, value));
            executor.do_send(WorkEnded { job, outcome });
        }
        Ok(reason) = left => host.cancel(session_id, reason),
        () = given_up.cancelled() => host.cancel(session_id, NOT_NEEDED),
    }
}

/// What a session completed with, as the answer to what it was for.
fn reply(what: &What, value: Value) -> Result<Reply, NodeError> {
    match what {
        What::Confirm(_) => {
            value.as_bool().map(Reply::Confirmed).ok_or(NodeError::new("the answer is neither yes nor no"))
        }
        What::Ask(_) => {
            value.as_object().map(|values| Reply::Filled(values.clone())).ok_or(NodeError::new("the answer is no form"))
        }
        What::Task { .. } => Ok(Reply::Completed(value)),
    }
}
