/** The rows of the inbox. A question that somebody else has answered stays in its place for a moment and says so. */

import { useEffect, useMemo, useRef, useState } from "react";
import { byDeadline, type Closing, type Inbox, type ListedRequest } from "@callboard/client";

const LINGERS_MS = 4_000;
/** More than that at once is no news of single questions. */
const MOST = 50;

export interface InboxRow {
  request: ListedRequest;
  /** How it was closed, where it was. */
  closing: Closing | null;
}

interface Gone {
  request: ListedRequest;
  until: number;
}

/** `last` gives a question that was here, also after it has gone. */
export function useLingering({ requests, closed }: Inbox): { rows: readonly InboxRow[]; last: (id: string) => ListedRequest | undefined } {
  const before = useRef<ReadonlyMap<string, ListedRequest>>(new Map());
  const remembered = useRef(new Map<string, ListedRequest>());
  const gone = useRef(new Map<string, Gone>());
  const [tick, setTick] = useState(0);
  const open = useMemo(() => new Map(requests.map((request) => [request.request_id, request])), [requests]);
  if (before.current !== open) {
    const now = Date.now();
    for (const [id, request] of before.current) {
      if (open.has(id)) continue;
      remember(remembered.current, id, request);
      const closing = closed.get(id);
      if (closing && !closing.isOwn && gone.current.size < MOST) gone.current.set(id, { request, until: now + LINGERS_MS });
    }
    before.current = open;
  }
  useEffect(() => {
    if (gone.current.size === 0) return undefined;
    const next = Math.min(...[...gone.current.values()].map(({ until }) => until));
    const timer = setTimeout(() => {
      for (const [id, { until }] of gone.current) if (until <= Date.now()) gone.current.delete(id);
      setTick((now) => now + 1);
    }, Math.max(0, next - Date.now()) + 10);
    return () => clearTimeout(timer);
  }, [requests, tick]);
  const rows = useMemo(() => {
    const listed: InboxRow[] = requests.map((request) => ({ request, closing: null }));
    if (gone.current.size === 0) return listed;
    for (const [id, { request }] of gone.current) listed.push({ request, closing: closed.get(id) ?? null });
    return listed.sort((one, other) => byDeadline(one.request, other.request));
  }, [requests, closed, tick]);
  return { rows, last: (id) => open.get(id) ?? remembered.current.get(id) };
}

function remember(kept: Map<string, ListedRequest>, id: string, request: ListedRequest): void {
  kept.set(id, request);
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
}
