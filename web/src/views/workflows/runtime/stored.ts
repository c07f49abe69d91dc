/** The list of stored workflows, asked for again while it is looked at. */

import { useCallback, useEffect, useRef, useState } from "react";
import { CallboardError, record, type LiveState, type WorkflowRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { tell } from "../../../shell/toasts";
import { useEditor } from "../editor";
import type { Workflow } from "../model";
import { copyOf } from "./copies";

const PAGE_SIZE = 50;
const MOST = 1000;
/** Each of so many is asked for how it goes; the list itself says only that it is live. */
const MOST_STATES = 12;
const AGAIN_MS = 5000;
const HIDDEN_MS = 20_000;

export interface Stored {
  /** Null before the first answer. */
  rows: readonly WorkflowRow[] | null;
  more: boolean;
  /** How those that are live go on, by id. */
  states: Readonly<Record<string, LiveState>>;
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
  const [states, setStates] = useState<Readonly<Record<string, LiveState>>>(record);
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
        const live = page.workflows.filter(({ is_running }) => is_running).slice(0, MOST_STATES);
        const told = await Promise.allSettled(live.map(({ id }) => client.workflows.status(id, gone.signal)));
        // What could not be asked is shown as live, as the list has it.
        setStates(record(told.flatMap((one) => (one.status === "fulfilled" ? [[one.value.workflow_id, one.value.state] as const] : []))));
      } catch (failed) {
        if (gone.signal.aborted) return;
        setError(failed instanceof CallboardError ? failed.message : String(failed));
      }
      if (gone.signal.aborted) return;
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
  return { rows, more, states, error, refresh, loadMore, duplicate };
}
