/** What an operator sees of the connections. */

export type EventPriority = "low" | "normal" | "high" | "critical";

/** One connection. */
export interface ConnectionRow {
  /** What the client is called; the connection's id where it has no name. */
  client_id: string;
  connection_id: string;
  /** The kind of socket. */
  kind: string;
  address: string | null;
  /** Seconds since the epoch. */
  connected_at: number | null;
  /** Seconds since something was last heard of it. */
  silent_seconds: number | null;
  subscriptions: string[];
  /** What it leaves out of what it asked for; only what is set. */
  filter: Record<string, unknown>;
  /** Whether it gets what is kept from the log, because it reads slowly. */
  is_behind: boolean;
  messages_received: number;
  messages_sent: number;
  bytes_received: number;
  bytes_sent: number;
  queued_bytes: number;
  /** How long bytes have waited while none left. */
  lag_seconds: number;
  dropped: number;
}

/** A page of the connections, and what is known of all of them. */
export interface ConnectionPage {
  connections: ConnectionRow[];
  next_cursor: string | null;
  /** Sockets that are told events. */
  active: number;
  subscription_counts: Record<string, number>;
  /** All sockets, by kind. */
  all_sockets: Record<string, number>;
  uptime_seconds: number | null;
}

/** An event for many. */
export interface Broadcast {
  /** `custom.…` or `system.…`. */
  type: string;
  data: Record<string, unknown>;
  priority?: EventPriority;
}

export interface Health {
  status: string;
  active_connections: number;
  total_messages_sent: number;
  uptime_seconds: number;
  last_cleanup: string | null;
}
