//! What operators ask and do about the connections of all servers.

use std::sync::Arc;

use super::Admin;
use crate::cluster::Cluster;
use crate::http::error::Problem;
use crate::hub::elsewhere::{BroadcastThere, ConnectionsThere, DisconnectThere, SendThere, SentEvent, SweepThere};
use crate::hub::messages::{
    BroadcastEvent, ConnectionDetails, DescribeConnections, DisconnectClient, RemoveStale, SendToClient, Sent,
};

impl Admin {
    /// What is known of each connection.
    ///
    /// # Errors
    /// Where the server goes down.
    pub(super) async fn connections(&self) -> Result<Vec<ConnectionDetails>, Problem> {
        let mut all = self.ask(DescribeConnections).await?;
        let Some(cluster) = &self.cluster else { return Ok(all) };
        let view = cluster.view();
        let name = |fence| view.member(fence).map(|member| Arc::clone(&member.id));
        all.iter_mut().for_each(|one| one.member = name(view.me));
        for (fence, theirs) in cluster.ask_others(&ConnectionsThere {}).await {
            let member = name(fence);
            all.extend(theirs.into_iter().map(|one| ConnectionDetails { member: member.clone(), ..one }));
        }
        Ok(all)
    }

    /// Closes the connection of a client; gives whether there is one.
    ///
    /// # Errors
    /// Where the server goes down.
    pub(super) async fn disconnect(&self, client_id: &str) -> Result<bool, Problem> {
        if self.ask(DisconnectClient { client_id: client_id.into() }).await? {
            return Ok(true);
        }
        let Some(cluster) = &self.cluster else { return Ok(false) };
        let answers = cluster.ask_others(&DisconnectThere { client_id: client_id.to_owned() }).await;
        Ok(answers.into_iter().any(|(_, is_there)| is_there))
    }

    /// Closes whoever was not heard for too long; gives how many.
    ///
    /// # Errors
    /// Where the server goes down.
    pub(super) async fn remove_stale(&self) -> Result<usize, Problem> {
        let here = self.ask(RemoveStale).await?;
        let Some(cluster) = &self.cluster else { return Ok(here) };
        let there = cluster.ask_others(&SweepThere {}).await;
        Ok(here + there.into_iter().map(|(_, count)| count).sum::<usize>())
    }

    /// Sends one client an event.
    ///
    /// # Errors
    /// Where the server goes down.
    pub(super) async fn send(&self, send: SendToClient) -> Result<Sent, Problem> {
        let asked = self.cluster.as_ref().zip(SentEvent::of(&send.event));
        let client_id = send.client_id.to_string();
        let sent = self.ask(send).await?;
        let Some((cluster, event)) = asked.filter(|_| sent == Sent::Unknown) else { return Ok(sent) };
        let answers = cluster.ask_others(&SendThere { client_id, event }).await;
        Ok(answers.into_iter().map(|(_, sent)| sent).find(|sent| *sent != Sent::Unknown).unwrap_or(sent))
    }

    /// Sends an event to an audience; gives to how many it was sent.
    ///
    /// # Errors
    /// Where the server goes down.
    pub(super) async fn broadcast(&self, broadcast: BroadcastEvent) -> Result<usize, Problem> {
        let asked = self.cluster.as_ref().zip(SentEvent::of(&broadcast.event));
        let audience = broadcast.audience.clone();
        let there = async move {
            match asked {
                Some((cluster, event)) => Cluster::ask_others(cluster, &BroadcastThere { event, audience }).await,
                None => Vec::new(),
            }
        };
        let (here, there) = futures::future::join(self.ask(broadcast), there).await;
        Ok(here? + there.into_iter().map(|(_, count)| count).sum::<usize>())
    }
}
