/** What can be done with several sessions at once, each time after a question that says how many. */

import { useState, type ReactNode } from "react";
import { CallboardError, hasEnded, type SessionRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { May } from "../../../identity/may";
import { Confirm } from "../../../ui/Confirm";
import { Icon } from "../../../ui/Icon";
import { refreshBoard } from "../board";

/** So many calls are under way at once. */
const AT_ONCE = 8;

export function Bulk({ picked, onDone }: { picked: readonly SessionRow[]; onDone: () => void }): ReactNode {
  const client = useCallboard();
  const [asking, setAsking] = useState<"cancel" | "remove" | null>(null);
  const live = picked.filter((row) => !hasEnded(row.status));
  const ended = picked.filter((row) => hasEnded(row.status));
  const act = async (what: "cancel" | "remove", stopped: AbortSignal): Promise<string> => {
    const ids = (what === "cancel" ? live : ended).map((row) => row.session_id);
    const { failures, left } = await each(ids, stopped, (id) => (what === "cancel" ? client.cancel(id) : client.remove(id)));
    onDone();
    refreshBoard();
    const word = what === "cancel" ? "cancelled" : "deleted";
    if (failures.length > 0) throw new CallboardError(`${failures.length} of ${sessions(ids.length)} could not be ${word}: ${failures[0]}`);
    return left > 0 ? `${ids.length - left} of ${sessions(ids.length)} ${word}; the others are as they were` : `${sessions(ids.length)} ${word}`;
  };
  return (
    <div className="bulk" role="group" aria-label="Selected sessions">
      <strong>{picked.length} selected</strong>
      <May scope="sessions:cancel">
        <button type="button" className="button small danger" disabled={live.length === 0} onClick={() => setAsking("cancel")}>
          <Icon name="ban" />
          Cancel {live.length}
        </button>
      </May>
      <May scope="sessions:delete">
        <button type="button" className="button small" disabled={ended.length === 0} onClick={() => setAsking("remove")}>
          <Icon name="trash" />
          Delete {ended.length}
        </button>
      </May>
      <button type="button" className="button small quiet" onClick={onDone}>
        Clear selection
      </button>
      {asking === "cancel" && (
        <Confirm title={`Cancel ${sessions(live.length)}?`} yes={`Cancel ${sessions(live.length)}`} busy="Cancelling…" no="Keep running" canStop act={(stopped) => act("cancel", stopped)} onClose={() => setAsking(null)}>
          <p>{live.length === 1 ? "Its task stops and cleans up." : "Their tasks stop and clean up."} This cannot be undone.</p>
        </Confirm>
      )}
      {asking === "remove" && (
        <Confirm title={`Delete ${sessions(ended.length)}?`} yes={`Delete ${sessions(ended.length)}`} busy="Deleting…" no="Keep" canStop act={(stopped) => act("remove", stopped)} onClose={() => setAsking(null)}>
          <p>{ended.length === 1 ? "Its journal and result are deleted." : "Their journals and results are deleted."} This cannot be undone.</p>
        </Confirm>
      )}
    </div>
  );
}

function sessions(number: number): string {
  return `${number} ${number === 1 ? "session" : "sessions"}`;
}

/** Calls for each id, some at a time, until it is stopped; gives what went wrong, and how many were left. */
async function each(ids: readonly string[], stopped: AbortSignal, call: (id: string) => Promise<unknown>): Promise<{ failures: string[]; left: number }> {
  const failures: string[] = [];
  const left = [...ids];
  const work = async (): Promise<void> => {
    while (!stopped.aborted) {
      const id = left.pop();
      if (id === undefined) return;
      await call(id).catch((error: unknown) => failures.push(error instanceof CallboardError ? error.message : String(error)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  return { failures, left: left.length };
}
