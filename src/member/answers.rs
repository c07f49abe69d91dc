//! What comes of what other servers ask of the connections and the numbers of this one.

use actix::Addr;

use crate::cluster::{Responders, Response};
use crate::hub::Hub;
use crate::hub::elsewhere::{BroadcastThere, ConnectionsThere, DisconnectThere, SendThere, SweepThere};
use crate::hub::messages::{BroadcastEvent, DescribeConnections, DisconnectClient, RemoveStale, SendToClient, Sent};
use crate::hub::numbers::AllNumbers;

/// Has questions about connections answered by this hub, and those about numbers from these.
#[must_use]
pub(crate) fn responders(responders: Responders, hub: &Addr<Hub>, numbers: &AllNumbers) -> Responders {
    let (lists, disconnects, sends, sweeps, broadcasts) =
        (hub.clone(), hub.clone(), hub.clone(), hub.clone(), hub.clone());
    numbers
        .answer(responders)
        .on(move |_, ConnectionsThere {}: ConnectionsThere| {
            let hub = lists.clone();
            async move { Response::Answer(hub.send(DescribeConnections).await.unwrap_or_default()) }
        })
        .on(move |_, DisconnectThere { client_id }: DisconnectThere| {
            let hub = disconnects.clone();
            let message = DisconnectClient { client_id: client_id.into() };
            async move { Response::Answer(hub.send(message).await.unwrap_or(false)) }
        })
        .on(move |_, SendThere { client_id, event }: SendThere| {
            let hub = sends.clone();
            let send = event.read().map(|event| SendToClient { client_id: client_id.into(), event });
            async move {
                let Some(send) = send else { return Response::Answer(Sent::Unknown) };
                Response::Answer(hub.send(send).await.unwrap_or(Sent::Unknown))
            }
        })
        .on(move |_, SweepThere {}: SweepThere| {
            let hub = sweeps.clone();
            async move { Response::Answer(hub.send(RemoveStale).await.unwrap_or(0)) }
        })
        .on(move |_, BroadcastThere { event, audience }: BroadcastThere| {
            let hub = broadcasts.clone();
            let broadcast = event.read().map(|event| BroadcastEvent { event, audience });
            async move {
                let Some(broadcast) = broadcast else { return Response::Answer(0) };
                Response::Answer(hub.send(broadcast).await.unwrap_or(0))
            }
        })
}
