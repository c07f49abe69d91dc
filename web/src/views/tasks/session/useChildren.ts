/** The sessions that a session has started. */

import { useEffect, useState } from "react";
import { hasEnded, type SessionRow, type SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";

const EVERY_MS = 5_000;
const MOST = 200;
const NONE: readonly SessionRow[] = [];

/** Oldest first. Asked for when the session changes, and from time to time while it or one of them is live. */
export function useChildren(store: SessionStore): readonly SessionRow[] {
  const client = useCallboard();
  const status = useSelected(store, (state) => state.status);
  const [children, setChildren] = useState(NONE);
  useEffect(() => {
    if (status === null) return undefined;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      let live = !hasEnded(status);
      if (!document.hidden) {
        try {
          const { sessions } = await client.list({ labels: { parent: store.id }, limit: MOST }, gone.signal);
          const found = sessions.sort((one, other) => one.created_at - other.created_at);
          setChildren((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
          live ||= found.some((child) => !hasEnded(child.status));
        } catch {
          // The connection to the session says what is wrong; what is known of the children stays.
        }
      }
      if (live && !gone.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [client, store, status]);
  return children;
}
