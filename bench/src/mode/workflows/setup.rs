//! How long it takes to check a graph, to store it and to set it live, over HTTP.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::graph::{self, Head};
use crate::http::Client;
use crate::stats::Spread;

/// Nodes of the graphs, and how often each is set up.
pub const SIZES: [(usize, usize); 3] = [(10, 50), (1_000, 20), (10_000, 5)];

/// What came of one size.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Nodes of the graph.
    pub nodes: usize,
    /// Bytes of it, as JSON.
    pub bytes: usize,
    /// From the request to check it to the answer.
    pub validate: Spread,
    /// From the request to store it to the answer.
    pub store: Spread,
    /// From the request to set it live to the answer: it was set up then, and told how it stands.
    pub start: Spread,
}

/// Sets up chains of each size.
pub async fn measure(addr: SocketAddr) -> Result<Vec<Outcome>> {
    let client = &mut Client::new(addr);
    let mut outcomes = Vec::new();
    for (nodes, times) in SIZES {
        let mut outcome = Outcome { nodes, ..Outcome::default() };
        for time in 0..times {
            let id = format!("size-{nodes}-{time}");
            let text = graph::chain(&id, Head::Input, nodes - 1);
            outcome.bytes = text.len();
            let since = Instant::now();
            let answer = client.call("POST", "/workflows/validate", &text).await?.success()?;
            outcome.validate.add(since.elapsed());
            ensure!(!answer.contains("class_type"), "a graph that should have no faults has some: {answer:.200}");
            let since = Instant::now();
            graph::store(client, &text).await?;
            outcome.store.add(since.elapsed());
            let since = Instant::now();
            graph::start(client, &id, 100).await?;
            outcome.start.add(since.elapsed());
            graph::stop(client, &id).await?;
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
