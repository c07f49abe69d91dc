//! What an executor hears, and what it reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Addr, Message};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::domain::id::{ConnectionId, SessionId};
use crate::hub::{Messages, Shard};
use crate::workflow::client::{InputUpdate, LiveOptions};
use crate::workflow::definition::Definition;
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::event::WorkflowEvent;
use crate::workflow::live::past::Past;
use crate::workflow::messages::{Applied, Status};
use crate::workflow::node::{NodeError, Reply as WorkReply};
use crate::workflow::plan::{JobId, Pulse};
use crate::workflow::refused::Refused;

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// Where the answer goes how a workflow stood at its end, where it was live.
pub(crate) type EndReply = Reply<Option<Status>>;

/// The inputs that were changed while live, by node and input.
pub(crate) type Inputs = BTreeMap<String, Map<String, Value>>;

/// Change an input before the next iteration.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Apply {
    /// Which, and to what.
    pub update: InputUpdate,
    /// Answered when it is applied; where the workflow comes back after a restart, once that is written.
    pub reply: Reply<Applied>,
}

/// Do one iteration.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Step {
    /// How it stands after it.
    pub reply: Reply<Status>,
}

/// Run on, where it is paused.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Resume {
    /// How it runs from now on.
    pub options: LiveOptions,
    /// Who wants it, where they said.
    pub author: Option<String>,
    /// Refused where it is not paused.
    pub reply: Reply<Status>,
}

/// Describe how it stands.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Describe {
    /// How it stands.
    pub reply: Reply<Status>,
}

/// Let a connection watch.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Admit {
    /// The connection.
    pub connection: ConnectionId,
    /// Its shard.
    pub shard: Addr<Shard>,
    /// The last place that it has; it is sent how everything stands where there is none.
    pub since: Option<u64>,
}

/// Say what somebody at another server lacks who has all up to this place; how everything stands where there is none.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Look {
    /// The place.
    pub since: Option<u64>,
    /// What they lack, and up to which place that reaches.
    pub reply: oneshot::Sender<(Messages, u64)>,
}

/// Go on with another version of the graph.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Revise {
    /// The version.
    pub definition: Definition,
}

/// End.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Halt {
    /// Why.
    pub reason: String,
    /// Who wants it, where they said.
    pub author: Option<String>,
    /// That its definition was removed, where it was.
    pub removed: Option<WorkflowEvent>,
    /// How it stood at its end.
    pub reply: Option<EndReply>,
}

/// End without a word, and leave what was asked of people as it is: the server goes down, or another one goes on.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LetGo {
    /// Who waits until the store knows all that another one needs.
    pub reply: Option<oneshot::Sender<()>>,
}

/// To itself: work that a node waits for has ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct WorkEnded {
    /// The work.
    pub job: JobId,
    /// How it ended.
    pub outcome: Result<WorkReply, NodeError>,
}

/// To itself: a session was started for a node.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionStarted {
    /// The work.
    pub job: JobId,
    /// The session.
    pub session_id: SessionId,
}

/// From an executor to whoever started it.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Report {
    /// The workflow.
    pub key: WorkflowKey,
    /// Which start of it.
    pub generation: u64,
    /// What there is to report.
    pub fact: Fact,
}

/// What an executor reports.
#[derive(Debug)]
pub(crate) enum Fact {
    /// It is set up, or goes on with another version.
    Ready {
        /// Which node runs at any moment.
        pulse: Arc<Pulse>,
        /// The ids of the nodes, by their place.
        ids: Arc<[String]>,
        /// Who waits for the start, with how it stands: answered once others can find it.
        waiting: Option<(Reply<Status>, Box<Status>)>,
    },
    /// It is not live any more.
    Ended {
        /// What is known of it from now on.
        past: Box<Past>,
    },
    /// It could not be set up.
    Unusable,
}
