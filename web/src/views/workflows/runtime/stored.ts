/** The list of stored workflows, asked for again while it is looked at. */

import { useCallback, useEffect, useRef, useState } from "react";
import { CallboardError, type WorkflowRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { tell } from "../../../shell/toasts";
import { useEditor } from "../editor";
import type { Workflow } from "../model";
import { copyOf } from "./copies";

const PAGE_SIZE = 50;
const MOST = 1000;
const AGAIN_MS = 5000;
const HIDDEN_MS = 20_000;

export interface Stored {
  /** Null before the first answer. */
  rows: readonly WorkflowRow[] | null;
  more: boolean;
  error: string | null;
  refresh: () => void;
  loadMore: () => void;
  /** Opens an unsaved copy. */
  duplicate: (row: WorkflowRow) => Promise<void>;
}

export function useStored(): Stored {
  const client = useCallboard();
  const [rows, setRows] = useState<readonly WorkflowRow[] | null>(null);
  const [more, setMore] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [limit, setLimit] = useState(PAGE_SIZE);
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const page = await client.workflows.list({ limit }, gone.signal);
        setRows([...page.workflows].sort((one, other) => Number(other.is_running) - Number(one.is_running) || other.updated_at - one.updated_at));
        setMore(Boolean(page.next_cursor) && limit < MOST);
        setError(null);
      } catch (failed) {
        if (gone.signal.aborted) return;
        setError(failed instanceof CallboardError ? failed.message : String(failed));
      }
      timer = setTimeout(() => void load(), document.hidden ? HIDDEN_MS : AGAIN_MS);
    };
    ask.current = () => void load();
    void load();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [client, limit]);
  const refresh = useCallback(() => ask.current(), []);
  const loadMore = useCallback(() => setLimit((now) => Math.min(MOST, now + PAGE_SIZE)), []);
  const duplicate = useCallback(
    async ({ id, name }: WorkflowRow) => {
      try {
        const workflow = (await client.workflows.get(id)) as Workflow;
        useEditor.getState().open({ ...copyOf(workflow), name: `${name} (copy)`, autostart: false });
      } catch (failed) {
        tell(`Not duplicated. ${failed instanceof CallboardError ? failed.message : String(failed)}`, "bad");
      }
    },
    [client],
  );
  return { rows, more, error, refresh, loadMore, duplicate };
}
