/** The samples, kept up to date while the view is there. */

import { useEffect, useRef } from "react";
import { create } from "zustand";
import { CallboardError, type Client, type Connection } from "@callboard/client";
import { useLinks } from "../../shell/link";
import type { Range } from "./ranges";
import { withHistory, withLive, type Sample } from "./samples";

interface Numbers {
  samples: readonly Sample[];
  connection: Connection | null;
  /** Why there is no history; null where there is, or nothing is known yet. */
  historyError: string | null;
  /** Whether the history was asked for, and has come or was refused. */
  isAsked: boolean;
  retry: () => void;
}

const EMPTY: Numbers = { samples: [], connection: null, historyError: null, isAsked: false, retry: () => undefined };
export const useNumbers = create<Numbers>(() => EMPTY);

/** Watches the numbers. The history is asked for whenever the connection comes back: it has what was missed. */
export function useWatchedNumbers(client: Client, { seconds, step }: Range): void {
  const ask = useRef<() => void>(() => undefined);
  const range = useRef({ seconds, step });
  range.current = { seconds, step };
  // A longer range needs more of the past; what came live stays.
  useEffect(() => ask.current(), [seconds]);
  useEffect(() => {
    let gone = new AbortController();
    // The first history is asked for below, whether a socket opens or not.
    let wasLive = true;
    const retry = (): void => watched.reconnect();
    const load = async (): Promise<void> => {
      gone.abort();
      gone = new AbortController();
      const { signal } = gone;
      const { seconds: wanted, step: apart } = range.current;
      try {
        const history = await client.metrics.history(wanted, signal);
        if (!signal.aborted) useNumbers.setState(({ samples }) => ({ samples: withHistory(samples, history, apart), historyError: null, isAsked: true }));
      } catch (error) {
        if (!signal.aborted) useNumbers.setState({ historyError: error instanceof CallboardError ? error.message : String(error), isAsked: true });
      }
    };
    const watched = client.watchMetrics({
      onSnapshot: (snapshot) => useNumbers.setState(({ samples }) => ({ samples: withLive(samples, snapshot) })),
      onConnection: (connection) => {
        useNumbers.setState({ connection });
        const { phase, roundTrip, until, reason } = connection;
        useLinks.setState({ board: { phase, roundTrip, until, reason, retry } });
        const isLive = phase === "live" || phase === "stale";
        if (isLive && !wasLive) void load();
        if (phase !== "connecting") wasLive = isLive;
      },
    });
    useNumbers.setState({ connection: watched.connection, retry });
    // The history comes over HTTP, also where no socket can be opened.
    ask.current = () => void load();
    void load();
    return () => {
      ask.current = () => undefined;
      gone.abort();
      watched.close();
      useLinks.setState({ board: null });
      useNumbers.setState(EMPTY);
    };
  }, [client]);
}
