/** The server's own numbers at one moment, in the words of the wire; what is not known is null. */

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** How often something happened a second, since the snapshot before. */
export interface Rates {
  messages_in: number;
  messages_out: number;
  bytes_in: number;
  bytes_out: number;
  sessions_started: number;
  sessions_ended: number;
  events: number;
  ticks: number;
}

/** In milliseconds, over the last minute. */
export interface Latencies {
  start_to_done: Percentiles;
  commit: Percentiles;
  human_wait: Percentiles;
  queue_wait: Percentiles;
  loop_lag: Percentiles;
  tick: Percentiles;
}

/** The sessions of a task kind since the server's start. */
export interface KindCounts {
  started: number;
  completed: number;
  failed: number;
  cancelled: number;
}

/** A live workflow. */
export interface WorkflowNumbers {
  id: string;
  /** Iterations a second. */
  rate: number;
  tick_p50_us: number | null;
  tick_p99_us: number | null;
  slowest: { node: string; ms: number }[];
}

/** What the models of agents have used since the server's start. */
export interface ModelNumbers {
  turns: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost: number;
  /** Calls that a model's server refused for now (429). */
  rate_limited: number;
  tool_calls: number;
}

/** One of several servers. */
export interface MemberNumbers {
  member: string;
  /** Its present membership: another one each time that it joins, and its counters begin anew then. */
  incarnation: string;
  connections: number | null;
  /** Messages to clients in a second. */
  messages_out: number | null;
  rss_bytes: number | null;
  cpu_seconds: number | null;
}

/** The numbers of a server; of several, those of all together. */
export interface Snapshot {
  /** Seconds since the epoch, by the server's clock. */
  time: number;
  /** Sessions that have not ended, by status. */
  sessions: Record<string, number>;
  /** Open connections, by kind of socket. */
  connections: Record<string, number>;
  rates: Rates;
  latency_ms: Latencies;
  kinds: Record<string, KindCounts>;
  /** The live workflows that had iterations lately. */
  workflows: WorkflowNumbers[];
  /** Messages left out because a client did not read, since the server's start. */
  drops: number | null;
  /** Connections that have gone, by reason, since the server's start. */
  closes: Record<string, number>;
  rss_bytes: number | null;
  /** Since the server's start. */
  cpu_seconds: number | null;
  store: { commits_per_second: number | null; rows_per_commit: number | null; unwritten_rows: number | null };
  /** Null where the server does not say. */
  models: ModelNumbers | null;
  /** The servers that these numbers are of, where there are several. */
  members: MemberNumbers[];
}
