//! What the supervisor hears, but for the reports of executors.

use std::sync::Arc;

use actix::{Addr, Message};
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::domain::id::{ConnectionId, Slot};
use crate::hub::{Messages, Shard, Topic, TopicKey};
use crate::store::Fence;
use crate::workflow::client::{LiveOptions, Starter};
use crate::workflow::definition::Definition;
use crate::workflow::elsewhere::relay::PublishedThere;
use crate::workflow::executor::messages::{EndReply, Reply};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

/// Make a workflow live, or let one that is paused run.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StartLive {
    /// The workflow.
    pub definition: Definition,
    /// How it runs.
    pub options: LiveOptions,
    /// Who wants it.
    pub starter: Starter,
    /// How it stands then.
    pub reply: Reply<Status>,
}

/// End a live workflow.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StopLive {
    /// The workflow.
    pub key: WorkflowKey,
    /// Who wants it, where they said.
    pub author: Option<String>,
    /// How it stood at its end.
    pub reply: EndReply,
}

/// Do one iteration.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StepLive {
    /// The workflow.
    pub definition: Definition,
    /// Who wants it.
    pub starter: Starter,
    /// How it stands then.
    pub reply: Reply<Status>,
}

/// Describe how a workflow stands.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DescribeLive {
    /// The workflow.
    pub key: WorkflowKey,
    /// How it stands; nothing where it is not live.
    pub reply: EndReply,
}

/// List which workflows are live.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ListLive {
    /// Which.
    pub reply: Reply<Vec<WorkflowKey>>,
}

/// A definition was saved.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DefinitionSaved {
    /// As it is now.
    pub definition: Definition,
}

/// A definition was removed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DefinitionRemoved {
    /// As it was.
    pub definition: Definition,
    /// Who did it, where they said.
    pub author: Option<String>,
}

/// Let a connection watch one workflow, or all.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Watch {
    /// The connection.
    pub connection: ConnectionId,
    /// Its shard.
    pub shard: Addr<Shard>,
    /// What it watches.
    pub topic: Topic,
    /// The last place in what is sent of that workflow that it has.
    pub since: Option<u64>,
    /// How the workflow stands; sent where it is not live and what was missed is not known.
    pub standing: Option<(WorkflowKey, Box<Status>)>,
}

/// A connection has gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Unwatch {
    /// The connection.
    pub connection: ConnectionId,
}

/// Take up some of the live workflows that a restart brings back.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TakeUp {
    /// Which.
    pub workflows: Vec<WorkflowKey>,
}

/// Let all workflows go: the server goes down.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LetAllGo;

// ---- Where there are several servers.

/// Somebody watches workflows at this server.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Watched {
    /// The server.
    pub member: Fence,
}

/// Another server has published this about a workflow.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Published {
    /// Which server.
    pub from: Fence,
    /// About which workflow, and what.
    pub notice: Arc<PublishedThere>,
    /// The messages, a line each.
    pub text: Bytes,
}

/// Which workflow it is and up to which place the messages reach, where it is live; and what somebody lacks, where that
/// is known.
pub(crate) type Seen = (Option<(WorkflowKey, u64)>, Option<Messages>);

/// Say what somebody at another server lacks of a workflow who has all up to the place `since`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LookAt {
    /// The workflow.
    pub topic: TopicKey,
    /// The place.
    pub since: Option<u64>,
    /// What they lack.
    pub reply: oneshot::Sender<Seen>,
}

/// These slots have another owner, or what it published may have been lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct OwnersChanged {
    /// Which.
    pub slots: Vec<Slot>,
}

/// Let the live workflows of these slots go: they are another server's, or are to be. Once this is answered, the store knows all that
/// their next owner needs.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LetGoOfWorkflows {
    /// Which.
    pub slots: Vec<Slot>,
}
