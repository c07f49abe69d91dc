/** The sessions that ran a workflow, newest first, kept up to date while they are looked at. */

import { useCallback, useEffect, useRef, useState } from "react";
import { CallboardError, type SessionRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { onWorkflowEvent } from "../runtime";

const PAGE = 30;
const MOST = 600;
const AGAIN_MS = 8000;
const HIDDEN_MS = 30_000;

export interface RunList {
  /** Null before the first answer. */
  rows: readonly SessionRow[] | null;
  more: boolean;
  error: string | null;
  refresh: () => void;
  loadMore: () => void;
}

export function useRuns(workflow: string): RunList {
  const client = useCallboard();
  const [rows, setRows] = useState<readonly SessionRow[] | null>(null);
  const [more, setMore] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [limit, setLimit] = useState(PAGE);
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const page = await client.list({ task: "workflow", labels: { workflow }, limit }, gone.signal);
        setRows(page.sessions);
        setMore(Boolean(page.next_cursor) && limit < MOST);
        setError(null);
      } catch (failed) {
        if (gone.signal.aborted) return;
        setError(failed instanceof CallboardError ? failed.message : String(failed));
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void load(), document.hidden ? HIDDEN_MS : AGAIN_MS);
    };
    ask.current = () => void load();
    const forget = onWorkflowEvent(({ event }) => {
      if (event === "execution_started" || event === "execution_completed" || event === "execution_failed") void load();
    });
    void load();
    return () => {
      forget();
      gone.abort();
      clearTimeout(timer);
    };
  }, [client, workflow, limit]);
  return { rows, more, error, refresh: useCallback(() => ask.current(), []), loadMore: useCallback(() => setLimit((now) => Math.min(MOST, now + PAGE)), []) };
}
