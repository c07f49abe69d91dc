/** The call that gives the numbers of the past. */

import { json, type Transport } from "../http.js";
import { readHistory } from "./read.js";
import type { Snapshot } from "./types.js";

/** What can be asked about the server's numbers. Every call throws `CallboardError`. */
export interface MetricsCalls {
  /** The snapshots of the last so many seconds, oldest first, as far back as the server keeps them. */
  history(seconds: number, signal?: AbortSignal): Promise<Snapshot[]>;
}

/** The calls over a way to the server. */
export function metricsCalls(transport: Transport): MetricsCalls {
  return {
    history: async (seconds, signal) => readHistory(await json(transport, `/api/v1/metrics/history?seconds=${Math.ceil(seconds)}`, { signal })),
  };
}
