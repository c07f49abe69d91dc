/** Who waits for people: how many sessions of each kind, and the question that has been open longest. */

import { useMemo } from "react";
import type { ListedRequest } from "@callboard/client";
import { useInbox } from "@callboard/client/react";

export interface Waiting {
  kinds: readonly { task: string; number: number }[];
  /** `since` is in seconds since the epoch, by the server's clock. */
  longest: { session: string; task: string; since: number } | null;
}

/** Made of the inbox, so that both say the same; null until all of it is here. */
export function useWaiting(): Waiting | null {
  const { requests, isComplete } = useInbox();
  return useMemo(() => (isComplete ? waitingOf(requests) : null), [requests, isComplete]);
}

export function waitingOf(requests: readonly Pick<ListedRequest, "session_id" | "task" | "asked_at">[]): Waiting {
  const kinds = new Map<string, Set<string>>();
  let longest: Waiting["longest"] = null;
  for (const { task, session_id: session, asked_at: since } of requests) {
    kinds.set(task, (kinds.get(task) ?? new Set()).add(session));
    if (!longest || since < longest.since) longest = { session, task, since };
  }
  const counted = [...kinds].map(([task, sessions]) => ({ task, number: sessions.size }));
  return { kinds: counted.sort((one, other) => other.number - one.number || one.task.localeCompare(other.task)), longest };
}
