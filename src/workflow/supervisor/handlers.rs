//! What the supervisor does when somebody wants something.

use std::sync::Arc;

use actix::{ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};

use super::messages::{
    DefinitionRemoved, DefinitionSaved, DescribeLive, LetAllGo, ListLive, StartLive, StepLive, StopLive, TakeUp,
    Unwatch, Watch,
};
use super::{Beginning, Supervisor};
use crate::auth::quotas::Thing;
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;
use crate::hub::{Announced, Items, Join, Messages, Shard, Topic};
use crate::store::{Precondition, Store};
use crate::workflow::client::LiveOptions;
use crate::workflow::definition::Definition;
use crate::workflow::definitions::Definitions;
use crate::workflow::executor::messages::{Admit, Describe, Halt, Inputs, Resume, Revise, Step};
use crate::workflow::executor::spec::Asked;
use crate::workflow::kept::{Kept, LIVE};
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::board::status_messages;
use crate::workflow::live::event::{Change, WorkflowEvent};
use crate::workflow::live::past::Past;
use crate::workflow::messages::{Event, Status};
use crate::workflow::refused::Refused;

impl Handler<StartLive> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: StartLive, ctx: &mut Self::Context) {
        let StartLive { definition, options, starter, reply } = message;
        let author = starter.author();
        match self.live.get(&WorkflowKey::of(&definition)) {
            Some(entry) if entry.spec.borrow().is_paused => entry.executor.do_send(Resume { options, author, reply }),
            Some(_) | None => {
                let (inputs, asked, reply) = (Inputs::new(), Asked::nothing(), Some(reply));
                let (is_paused, share) = (false, starter.share(&self.shared.quotas));
                self.begin(Beginning { definition, options, inputs, asked, is_paused, author, reply, share }, ctx);
            }
        }
    }
}

impl Handler<StopLive> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: StopLive, _: &mut Self::Context) {
        let StopLive { key, author, reply } = message;
        match self.live.get(&key) {
            Some(entry) => {
                let by = author.as_ref().map(|author| format!(" by {author}")).unwrap_or_default();
                let (reason, reply) = (format!("stopped{by}"), Some(reply));
                entry.executor.do_send(Halt { reason, author, removed: None, reply });
            }
            None => {
                let _ = reply.send(Ok(None));
            }
        }
    }
}

impl Handler<StepLive> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: StepLive, ctx: &mut Self::Context) {
        let StepLive { definition, starter, reply } = message;
        let key = WorkflowKey::of(&definition);
        match self.live.get(&key) {
            Some(entry) => entry.executor.do_send(Step { reply }),
            None => {
                let (options, inputs, asked) = (LiveOptions::default(), Inputs::new(), Asked::nothing());
                let (start, started) = tokio::sync::oneshot::channel();
                let (is_paused, reply_to) = (true, Some(start));
                let (author, share) = (starter.author(), starter.share(&self.shared.quotas));
                let beginning =
                    Beginning { definition, options, inputs, asked, is_paused, author, reply: reply_to, share };
                self.begin(beginning, ctx);
                let started = async move { started.await.unwrap_or(Err(Refused::ShuttingDown)) }.into_actor(self);
                ctx.spawn(started.map(move |started, supervisor, _| match (started, supervisor.live.get(&key)) {
                    (Ok(_), Some(entry)) => entry.executor.do_send(Step { reply }),
                    (started, _) => {
                        let _ = reply.send(started);
                    }
                }));
            }
        }
    }
}

impl Handler<DescribeLive> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: DescribeLive, _: &mut Self::Context) {
        let DescribeLive { key, reply } = message;
        let Some(entry) = self.live.get(&key) else {
            let _ = reply.send(Ok(None));
            return;
        };
        let (describe, described) = tokio::sync::oneshot::channel();
        entry.executor.do_send(Describe { reply: describe });
        actix::spawn(async move {
            // An executor that goes before it answers is not live.
            let _ = reply.send(described.await.map_or(Ok(None), |status| status.map(Some)));
        });
    }
}

impl Handler<ListLive> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: ListLive, _: &mut Self::Context) {
        let mut keys: Vec<WorkflowKey> = self.live.keys().cloned().collect();
        keys.sort_unstable();
        let _ = message.reply.send(Ok(keys));
    }
}

impl Handler<DefinitionSaved> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: DefinitionSaved, _: &mut Self::Context) {
        let definition = message.definition;
        let mut updated = updated(Change::Saved, definition.author.clone());
        updated.node_count = definition.graph.nodes.len();
        updated.version = Some(definition.version);
        let key = WorkflowKey::of(&definition);
        match self.live.get(&key) {
            // The executor publishes it with what it goes on with, or why it does not.
            Some(entry) => entry.executor.do_send(Revise { definition }),
            None => self.happened(&key, updated),
        }
    }
}

impl Handler<DefinitionRemoved> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: DefinitionRemoved, _: &mut Self::Context) {
        let DefinitionRemoved { definition, author } = message;
        let mut removed = updated(Change::Removed, author.clone());
        removed.node_count = definition.graph.nodes.len();
        removed.version = Some(definition.version);
        let key = WorkflowKey::of(&definition);
        match self.live.get(&key) {
            Some(entry) => {
                let reason = "the workflow was removed".to_owned();
                entry.executor.do_send(Halt { reason, author, removed: Some(removed), reply: None });
            }
            None => self.happened(&key, removed),
        }
    }
}

impl Supervisor {
    /// Lets a connection follow what is not live: who comes next gives positions behind all that were given away.
    pub(super) fn join(&self, shard: &Addr<Shard>, connection: ConnectionId, topic: Topic, messages: Messages) {
        let (items, position, announced) = (Items::Messages(Arc::new(messages)), 0, Announced::No);
        self.watchers.here().join(shard, Join { connection, topic, items, position, announced });
    }

    /// What somebody lacks of a workflow that is not live, who has all up to the place `since`.
    pub(super) fn missed(
        &mut self,
        topic: Topic,
        since: u64,
        standing: Option<(WorkflowKey, Box<Status>)>,
    ) -> Messages {
        let is_it = |past: &&Past| past.key().topic() == topic;
        if let Some(missed) = self.pasts.iter().find(is_it).and_then(|past| past.since(since)) {
            return missed;
        }
        let Some((key, standing)) = standing else { return Messages::default() };
        let last_seq = self.past(&key).last_seq();
        status_messages(Status { last_seq, gap: true, ..*standing }, Timestamp::now())
    }
}

fn updated(change: Change, author: Option<String>) -> WorkflowEvent {
    WorkflowEvent { change: Some(change), author, ..WorkflowEvent::new(Event::WorkflowUpdated, 0, Timestamp::now()) }
}

impl Handler<Watch> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Watch, ctx: &mut Self::Context) {
        let Some(message) = self.watch_elsewhere(message, ctx) else { return };
        let Watch { connection, shard, topic, since, standing } = message;
        if matches!(topic, Topic::Workflows | Topic::WorkflowsOf(_)) {
            self.join(&shard, connection, topic, Messages::default());
            for (_, entry) in self.live.iter().filter(|(key, _)| key.topics().contains(&topic)) {
                entry.executor.do_send(Admit { connection, shard: shard.clone(), since: None });
            }
            self.watching_all.insert(connection, (topic, shard));
            return;
        }
        if let Some(entry) = self.live.values().find(|entry| entry.topic == topic) {
            entry.executor.do_send(Admit { connection, shard, since });
            return;
        }
        let missed = since.map(|since| self.missed(topic, since, standing)).unwrap_or_default();
        self.join(&shard, connection, topic, missed);
    }
}

impl Handler<Unwatch> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Unwatch, _: &mut Self::Context) {
        self.watching_all.remove(&message.connection);
    }
}

impl Handler<LetAllGo> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: LetAllGo, _: &mut Self::Context) {
        self.let_all_go();
    }
}

impl Handler<TakeUp> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: TakeUp, ctx: &mut Self::Context) {
        let (store, definitions) = (self.store.clone(), self.definitions.clone());
        let found = async move { kept(&store, &definitions, message.workflows).await }.into_actor(self);
        ctx.spawn(found.map(|found, supervisor, ctx: &mut Context<Self>| match found {
            Ok(found) => {
                for (definition, Kept { options, inputs, asked, moves_by_steps, .. }) in found {
                    let owner = WorkflowKey::of(&definition).owner;
                    let share = Ok(supervisor.shared.quotas.take_again(Thing::LiveWorkflow, &owner));
                    let (is_paused, author, reply) = (moves_by_steps, None, None);
                    let beginning = Beginning { definition, options, inputs, asked, is_paused, author, reply, share };
                    supervisor.begin(beginning, ctx);
                }
            }
            Err(refused) => log::error!(refused:%; "the live workflows of before could not be read"),
        }));
    }
}

/// These workflows, with what is kept of them.
async fn kept(
    store: &Store,
    definitions: &Definitions,
    workflows: Vec<WorkflowKey>,
) -> Result<Vec<(Definition, Kept)>, Refused> {
    let mut found = Vec::new();
    for WorkflowKey { owner, id } in workflows {
        let Some(document) = store.document(&owner, LIVE, &id).await? else { continue };
        let kept: Kept = serde_json::from_str(&document.body).unwrap_or_default();
        match definitions.of(&owner).get(&id).await {
            Ok(definition) => found.push((definition, kept)),
            Err(Refused::UnknownWorkflow) => {
                log::info!(workflow_id:% = id; "a workflow that was live is not there any more");
                store.remove_document(&owner, LIVE, &id, Precondition::Anything).await?;
            }
            Err(refused) => log::error!(workflow_id:% = id, refused:%; "a workflow does not come back"),
        }
    }
    Ok(found)
}
