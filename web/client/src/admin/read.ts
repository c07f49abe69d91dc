/** Reads the answers of the admin routes into one shape. */

import { momentOf } from "../metrics/read.js";
import type { ConnectionPage, ConnectionRow } from "./types.js";

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {});
const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const counts = (value: unknown): Record<string, number> => Object.fromEntries(Object.entries(fields(value)).filter(([, one]) => number(one) !== null)) as Record<string, number>;

/** A connection. */
export function readConnection(value: unknown): ConnectionRow {
  const of = fields(value);
  const filter = Object.entries(fields(of.filter)).filter(([, one]) => one !== null && one !== undefined);
  const text = (one: unknown): string => (typeof one === "string" ? one : "");
  return {
    client_id: text(of.client_id),
    connection_id: text(of.connection_id) || text(of.client_id),
    kind: text(of.kind) || "other",
    address: text(of.address) || null,
    connected_at: momentOf(of.connected_at),
    silent_seconds: number(of.silent_seconds),
    subscriptions: words(of.subscriptions),
    filter: Object.fromEntries(filter),
    is_behind: of.is_behind === true,
    messages_received: number(of.messages_received) ?? 0,
    messages_sent: number(of.messages_sent) ?? 0,
    bytes_received: number(of.bytes_received) ?? 0,
    bytes_sent: number(of.bytes_sent) ?? 0,
    queued_bytes: number(of.queued_bytes) ?? 0,
    lag_seconds: number(of.lag_seconds) ?? 0,
    dropped: number(of.dropped) ?? 0,
  };
}

/** A page of connections, from the `data` of the answer. */
export function readPage(value: unknown): ConnectionPage {
  const of = fields(value);
  const connections = (Array.isArray(of.connections) ? of.connections : []).map(readConnection).filter(({ client_id }) => client_id !== "");
  return {
    connections,
    next_cursor: typeof of.next_cursor === "string" ? of.next_cursor : null,
    active: number(of.active_connections) ?? connections.length,
    subscription_counts: counts(of.subscription_counts),
    all_sockets: counts(of.all_sockets),
    uptime_seconds: number(fields(of.uptime_statistics).uptime_seconds),
  };
}
