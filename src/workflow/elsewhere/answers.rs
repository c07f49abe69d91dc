//! What comes of what other servers ask of live workflows here.

use std::sync::Arc;

use actix::Addr;
use bytes::Bytes;
use tokio::sync::oneshot;

use super::questions::{
    ApplyThere, DescribeThere, ListThere, LookThere, Looked, RemovedThere, SavedThere, StartThere, StepThere,
    StopThere, WatchedElsewhere,
};
use super::relay::{PublishedThere, sent};
use crate::cluster::{Cluster, Responders, Response};
use crate::domain::id::Slot;
use crate::workflow::client::Live;
use crate::workflow::executor::messages::Apply;
use crate::workflow::key::WorkflowKey;
use crate::workflow::refused::Refused;
use crate::workflow::supervisor::Supervisor;
use crate::workflow::supervisor::messages::{
    DefinitionRemoved, DefinitionSaved, DescribeLive, LookAt, Published, StartLive, StepLive, StopLive, Watched,
};

/// Has questions about live workflows answered by these.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a list, one question after the other")]
pub(crate) fn responders(responders: Responders, live: &Live, cluster: &Cluster) -> Responders {
    let here = Here { live: live.clone(), cluster: cluster.clone() };
    let (starts, stops, steps, describes) = (here.clone(), here.clone(), here.clone(), here.clone());
    let (applies, lists, saves, removes, looks) =
        (here.clone(), here.clone(), here.clone(), here.clone(), here.clone());
    let (published, watched) = (live.supervisor().clone(), live.supervisor().clone());
    responders
        .on(move |_, StartThere { definition, options, starter }: StartThere| {
            let here = starts.clone();
            let slot = WorkflowKey::of(&definition).slot();
            async move { here.ask(slot, |reply| StartLive { definition, options, starter, reply }).await }
        })
        .on(move |_, StopThere { key, author }: StopThere| {
            let here = stops.clone();
            async move { here.ask(key.slot(), |reply| StopLive { key, author, reply }).await }
        })
        .on(move |_, StepThere { definition, starter }: StepThere| {
            let here = steps.clone();
            let slot = WorkflowKey::of(&definition).slot();
            async move { here.ask(slot, |reply| StepLive { definition, starter, reply }).await }
        })
        .on(move |_, DescribeThere { key }: DescribeThere| {
            let here = describes.clone();
            async move { here.ask(key.slot(), |reply| DescribeLive { key, reply }).await }
        })
        .on(move |_, ApplyThere { key, update }: ApplyThere| {
            let applying = applies.is_owner(key.slot()).then(|| {
                let (reply, answer) = oneshot::channel();
                // At once, so that changes are made in the order in which they came.
                let sent = applies.live.route(&key).map(|route| route.executor.do_send(Apply { update, reply }));
                (sent, answer)
            });
            async move {
                match applying {
                    None => Response::NotHere,
                    Some((None, _)) => Response::Answer(Err(Refused::UnknownWorkflow)),
                    Some((Some(()), answer)) => answered(answer.await.unwrap_or(Err(Refused::UnknownWorkflow))),
                }
            }
        })
        .on(move |_, ListThere { having }: ListThere| {
            let here = lists.clone();
            async move { Response::Answer(here.live.routes_having(having.as_deref())) }
        })
        .on(move |_, SavedThere { definition }: SavedThere| {
            let is_owner = saves.is_owner(WorkflowKey::of(&definition).slot());
            if is_owner {
                saves.live.supervisor().do_send(DefinitionSaved { definition });
            }
            async move { if is_owner { Response::Answer(()) } else { Response::NotHere } }
        })
        .on(move |_, RemovedThere { definition, author }: RemovedThere| {
            let is_owner = removes.is_owner(WorkflowKey::of(&definition).slot());
            if is_owner {
                removes.live.supervisor().do_send(DefinitionRemoved { definition, author });
            }
            async move { if is_owner { Response::Answer(()) } else { Response::NotHere } }
        })
        .on(move |_, LookThere { topic, since }: LookThere| {
            let here = looks.clone();
            async move {
                if !here.is_owner(topic.slot()) {
                    return Response::NotHere;
                }
                let (reply, answer) = oneshot::channel();
                here.live.supervisor().do_send(LookAt { topic, since, reply });
                match answer.await {
                    Ok((live, messages)) => Response::Answer(Looked { live, messages: messages.map(sent) }),
                    Err(_) => Response::NotHere,
                }
            }
        })
        .on_notice(move |from, notice: PublishedThere, text: Bytes| {
            published.do_send(Published { from, notice: Arc::new(notice), text });
        })
        .on_notice(move |from, WatchedElsewhere, _| watched.do_send(Watched { member: from }))
}

/// The live workflows of this server.
#[derive(Clone)]
struct Here {
    live: Live,
    cluster: Cluster,
}

impl Here {
    fn is_owner(&self, slot: Slot) -> bool {
        self.cluster.view().is_mine(slot)
    }

    async fn ask<T, M>(
        &self,
        slot: Slot,
        message: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> M,
    ) -> Response<Result<T, Refused>>
    where
        M: actix::Message<Result = ()> + Send + 'static,
        Supervisor: actix::Handler<M>,
    {
        if !self.is_owner(slot) {
            return Response::NotHere;
        }
        let (reply, answer) = oneshot::channel();
        let supervisor: &Addr<Supervisor> = self.live.supervisor();
        supervisor.do_send(message(reply));
        answered(answer.await.unwrap_or(Err(Refused::ShuttingDown)))
    }
}

fn answered<T>(answer: Result<T, Refused>) -> Response<Result<T, Refused>> {
    match answer {
        // Whoever has the workflow next answers.
        Err(Refused::ShuttingDown) => Response::NotHere,
        answer => Response::Answer(answer),
    }
}
