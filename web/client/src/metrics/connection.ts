/**
 * The connection to the server's numbers: a snapshot comes every second. It comes back by itself where the close code
 * says that it may; what was missed in between is in the history.
 */

import { Line, openAt, type Environment } from "../line.js";
import type { Connection } from "../types.js";
import { readSnapshot } from "./read.js";
import type { Snapshot } from "./types.js";

const PATH = "/api/v1/websocket/ws/metrics";

/** What a watcher of the numbers wants. */
export interface MetricsOptions {
  /** What you call yourself; the server shows it among its connections. */
  clientId?: string;
  onSnapshot?: (snapshot: Snapshot) => void;
  onConnection?: (connection: Connection) => void;
}

export class MetricsConnection {
  #line: Line;

  constructor(environment: Environment, { clientId, onSnapshot, onConnection }: MetricsOptions = {}) {
    const query = new URLSearchParams(clientId ? { client_id: clientId } : {});
    this.#line = new Line(
      {
        // Snapshots come every second.
        isChatty: true,
        open: (hear) => openAt(environment, PATH, query, hear),
        ping: () => ({ action: "ping" }),
        message: (message) => {
          const snapshot = snapshotIn(message);
          if (snapshot) onSnapshot?.(snapshot);
        },
        stands: (connection) => onConnection?.(connection),
      },
      environment,
    );
    this.#line.begin();
  }

  /** How the connection stands. */
  get connection(): Connection {
    return this.#line.state;
  }

  /** Connects at once, where it waits or had stopped. */
  reconnect(): void {
    this.#line.reconnect();
  }

  /** Leaves for good; nothing is told any more. */
  close(): void {
    this.#line.close();
  }
}

function snapshotIn(message: { type?: unknown; timestamp?: unknown; data?: unknown }): Snapshot | null {
  if (message.type !== "system.health_check") return null;
  const data = message.data !== null && typeof message.data === "object" ? message.data : {};
  // The event around it says when, for a snapshot that does not say so itself.
  return readSnapshot({ time: message.timestamp, ...data });
}
