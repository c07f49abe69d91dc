//! `[workflows]`: how large graphs may be, how many are live, and what their nodes may do.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How large graphs may be, how many are live, and what their nodes may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Most nodes of a graph.
    #[garde(range(min = 1, max = 1_000_000))]
    pub max_nodes: usize,
    /// Most nodes of a graph that becomes live with the naive executor, which runs all of them in each iteration.
    #[garde(range(min = 1, max = 1_000_000))]
    pub max_naive_nodes: usize,
    /// Most edges of a graph.
    #[garde(range(min = 1, max = 10_000_000))]
    pub max_edges: usize,
    /// Most bytes of one constant, as JSON.
    #[garde(range(min = 64))]
    pub max_constant_bytes: usize,
    /// Most bytes of a value that a node gives, as JSON; one that gives more fails.
    #[garde(range(min = 64))]
    pub max_value_bytes: usize,
    /// Most bytes of memory that the values of one run or live workflow take together; the node that goes beyond fails.
    #[garde(range(min = 65_536))]
    pub max_total_bytes: usize,
    /// Most bytes of the outputs of a run together, as JSON; a run that gives more fails.
    #[garde(range(min = 1024))]
    pub max_result_bytes: usize,
    /// Most computations at once, those of runs and of nodes that compute beside the loop; others wait their turn.
    #[garde(range(min = 1, max = 1024))]
    pub max_computing: usize,
    /// Most bytes of a value that is sent to those who watch; of a larger one they get the beginning.
    #[garde(range(min = 64))]
    pub max_told_bytes: usize,
    /// Most bytes of a node's output that the journal of a run keeps; of a larger one it keeps the beginning.
    #[garde(range(min = 64))]
    pub max_journal_value_bytes: usize,
    /// Most bytes of node states that a run writes to its journal; later states are left out. 0 writes none.
    #[garde(skip)]
    pub max_journal_state_bytes: usize,
    /// Largest body of a request that carries a graph, in bytes.
    #[garde(range(min = 1024))]
    pub max_body_bytes: usize,
    /// Most workflows that are live at once, each on a thread of its own.
    #[garde(range(min = 1, max = 10_000))]
    pub max_live: usize,
    /// Most nodes of one workflow that wait for something outside at once; others wait their turn.
    #[garde(range(min = 1, max = 100_000))]
    pub max_waiting: usize,
    /// Milliseconds between two iterations of a live workflow with a clock in it, where its start does not say.
    #[garde(range(max = 86_400_000))]
    pub interval_ms: u64,
    /// The least milliseconds between two iterations; 0 lets a live workflow take a whole core.
    #[garde(range(max = 86_400_000))]
    pub min_interval_ms: u64,
    /// Seconds that one node may take within the loop; past it the workflow goes on without that node.
    #[garde(range(min = 0.1, max = 3600.0))]
    pub node_timeout: f64,
    /// Seconds that work beside the loop may take, such as a request or computing; people have all the time they need.
    #[garde(range(min = 0.1, max = callboard_domain::time::LONGEST_SECONDS))]
    pub work_timeout: f64,
    /// Times a second that changes are sent to those who watch, at most.
    #[garde(range(min = 1, max = 1000))]
    pub flushes_per_second: u32,
    /// Operations of one script or expression, at most.
    #[garde(range(min = 100))]
    pub max_script_operations: u64,
    /// Most bytes of an answer to an HTTP request of a node.
    #[garde(range(min = 1024))]
    pub max_response_bytes: usize,
    /// Whether nodes may ask servers in private networks and on this machine; names in `allowed_hosts` always may.
    #[garde(skip)]
    pub allow_private_addresses: bool,
    /// Hosts that nodes may ask, such as `api.example` or `*.example`; empty allows all public ones.
    #[garde(skip)]
    pub allowed_hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_nodes: 20_000,
            max_naive_nodes: 1_000,
            max_edges: 100_000,
            max_constant_bytes: 262_144,
            max_value_bytes: 4_194_304,
            max_total_bytes: 67_108_864,
            max_result_bytes: 1_000_000,
            max_computing: 4,
            max_told_bytes: 16_384,
            max_journal_value_bytes: 2048,
            max_journal_state_bytes: 1_048_576,
            max_body_bytes: 8_388_608,
            max_live: 64,
            max_waiting: 256,
            interval_ms: 100,
            min_interval_ms: 1,
            node_timeout: 5.0,
            work_timeout: 60.0,
            flushes_per_second: 60,
            max_script_operations: 1_000_000,
            max_response_bytes: 1_048_576,
            allow_private_addresses: false,
            allowed_hosts: Vec::new(),
        }
    }
}
