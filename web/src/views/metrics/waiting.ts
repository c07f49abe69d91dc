/** Which sessions wait for people: how many of each kind, and which has waited longest. */

import { useEffect, useState } from "react";
import type { Client, SessionRow } from "@callboard/client";

export interface Waiting {
  kinds: readonly { task: string; number: number }[];
  longest: { session: string; task: string; seconds: number } | null;
  /** Whether there are more than were looked at. */
  isPartial: boolean;
}

const MOST = 1000;
const AGAIN_MS = 10_000;
const HIDDEN_MS = 60_000;

/** Asked for now and then while the view is there; null before the first answer. */
export function useWaiting(client: Client): Waiting | null {
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const { sessions, next_cursor: more } = await client.list({ status: ["waiting"], limit: MOST }, gone.signal);
        setWaiting(waitingOf(sessions, Boolean(more)));
      } catch {
        // What the page says of the connection says this, too; the numbers stand as they were.
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void load(), document.hidden ? HIDDEN_MS : AGAIN_MS);
    };
    void load();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [client]);
  return waiting;
}

export function waitingOf(sessions: readonly SessionRow[], isPartial: boolean): Waiting {
  const kinds = new Map<string, number>();
  let longest: Waiting["longest"] = null;
  for (const { task, session_id: session, times } of sessions) {
    kinds.set(task, (kinds.get(task) ?? 0) + 1);
    if (!longest || times.waiting > longest.seconds) longest = { session, task, seconds: times.waiting };
  }
  return { kinds: [...kinds].map(([task, number]) => ({ task, number })).sort((one, other) => other.number - one.number || one.task.localeCompare(other.task)), longest, isPartial };
}
