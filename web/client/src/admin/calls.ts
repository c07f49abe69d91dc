/** The calls of an operator over HTTP. */

import { json, type Transport } from "../http.js";
import { readConnection, readPage } from "./read.js";
import type { Cluster } from "../wire/wire.js";
import type { Broadcast, ConnectionPage, ConnectionRow, Health } from "./types.js";

const BASE = "/api/v1/websocket";

/** What an operator can do. Every call throws `CallboardError`. */
export interface AdminCalls {
  /** A page of the connections that are told events, the oldest first; with `all`, of every kind. */
  connections(page?: { limit?: number; cursor?: string; all?: boolean }, signal?: AbortSignal): Promise<ConnectionPage>;
  /** All about one; `unknown_client` where it has gone. */
  connection(clientId: string, signal?: AbortSignal): Promise<ConnectionRow>;
  /** Tells an event to every connection, or to those that asked for this subscription; gives to how many it was told. */
  broadcast(event: Broadcast, subscription?: string): Promise<number>;
  /** Closes a connection with 4509: it does not come back by itself. */
  disconnect(clientId: string): Promise<void>;
  /** Closes those that were not heard for longer than the heartbeat allows; gives how many. */
  removeStale(): Promise<number>;
  /** The servers that are one; none where there is one server with a store of its own. */
  cluster(signal?: AbortSignal): Promise<Cluster>;
  /** How the sockets stand. */
  health(signal?: AbortSignal): Promise<Health>;
}

interface Answer {
  data?: unknown;
}

/** The calls over a way to the server. */
export function adminCalls(transport: Transport): AdminCalls {
  const client = (id: string): string => `${BASE}/connections/${encodeURIComponent(id)}`;
  return {
    async connections({ limit, cursor, all } = {}, signal) {
      const query = new URLSearchParams();
      if (limit !== undefined) query.set("limit", String(limit));
      if (cursor) query.set("cursor", cursor);
      if (all) query.set("all", "true");
      const text = query.toString();
      const { data } = await json<Answer>(transport, `${BASE}/connections${text && `?${text}`}`, { signal });
      return readPage(data);
    },
    connection: async (id, signal) => readConnection((await json<Answer>(transport, client(id), { signal })).data),
    async broadcast(event, subscription) {
      const path = `${BASE}/broadcast${subscription ? `/${encodeURIComponent(subscription)}` : ""}`;
      const { data } = await json<Answer>(transport, path, { method: "POST", body: event });
      return numberIn(data, "delivered_to");
    },
    disconnect: async (id) => void (await json(transport, `${BASE}/disconnect/${encodeURIComponent(id)}`, { method: "POST", body: {} })),
    removeStale: async () => numberIn((await json<Answer>(transport, `${BASE}/connections`, { method: "DELETE" })).data, "removed"),
    cluster: (signal) => json(transport, "/api/v1/cluster", { signal }),
    health: (signal) => json(transport, `${BASE}/health`, { signal }),
  };
}

function numberIn(data: unknown, name: string): number {
  const found = (data as Record<string, unknown> | null | undefined)?.[name];
  return typeof found === "number" ? found : 0;
}
