/** The workflows that are stored, and the examples. */

import { useState, type ReactNode } from "react";
import { CallboardError, type LiveState, type WorkflowRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { May } from "../../../identity/may";
import { Link, ROOT } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { Dialog } from "../../../ui/Dialog";
import { Icon } from "../../../ui/Icon";
import { ago, moment, useNow } from "../../../ui/time";
import { Examples } from "./Examples";
import { who } from "./identity";
import { useStored, type Stored } from "./stored";
import "./runtime.css";

const pathOf = (id: string): string => `${ROOT}/workflows/${encodeURIComponent(id)}`;

/** `children` stand between what is stored and the examples. */
export function Gallery({ children }: { children?: ReactNode }): ReactNode {
  const stored = useStored();
  const isEmpty = stored.rows?.length === 0;
  return (
    <div className="gallery">
      <section aria-labelledby="gallery-stored">
        <h2 id="gallery-stored">Your workflows</h2>
        {stored.error !== null && (
          <p className="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <span className="grow">The workflows could not be loaded. {stored.error}</span>
            <button type="button" className="button small" onClick={stored.refresh}>
              Try again
            </button>
          </p>
        )}
        {stored.rows === null && stored.error === null && <p className="muted">Loading the workflows…</p>}
        {isEmpty && <p className="gallery-none">No workflows yet. Open an example below, or draw a new one: saving or running it keeps it here.</p>}
        {stored.rows !== null && stored.rows.length > 0 && <Rows stored={stored} rows={stored.rows} />}
      </section>
      {children}
      <Examples />
    </div>
  );
}

function Rows({ stored, rows }: { stored: Stored; rows: readonly WorkflowRow[] }): ReactNode {
  const now = useNow(30_000);
  const [removing, setRemoving] = useState<WorkflowRow | null>(null);
  return (
    <>
      <ul className="gallery-rows">
        {rows.map((row) => (
          <li key={row.id} className="gallery-row" data-live={row.is_running || undefined}>
            <Link to={pathOf(row.id)} className="gallery-open">
              <span className="gallery-name">{row.name || "Untitled"}</span>
              {row.is_running && <LiveMark state={stored.states[row.id]} />}
              {row.autostart && <span className="tag" title="Starts again after a server restart">restarts</span>}
              <span className="gallery-what">
                {row.node_count} {row.node_count === 1 ? "node" : "nodes"} · version {row.version} ·{" "}
                <span title={moment(row.updated_at)}>
                  changed {ago(now - row.updated_at)}
                  {row.author ? ` by ${who(row.author).replace(/^You$/, "you").replace(/^A /, "a ")}` : ""}
                </span>
              </span>
            </Link>
            <May scope="workflows:write">
              <button type="button" className="icon-button" aria-label={`Duplicate ${row.name}`} title="Duplicate" onClick={() => void stored.duplicate(row)}>
                <Icon name="copy" />
              </button>
              <button type="button" className="icon-button" aria-label={`Delete ${row.name}`} title="Delete" onClick={() => setRemoving(row)}>
                <Icon name="trash" />
              </button>
            </May>
          </li>
        ))}
      </ul>
      {stored.more && (
        <button type="button" className="button" onClick={stored.loadMore}>
          Show more
        </button>
      )}
      {removing && <Removing row={removing} onClose={() => setRemoving(null)} onRemoved={stored.refresh} />}
    </>
  );
}

const LIVE_WORDS = { running: "Live", parked: "Live, idle", paused: "Paused", stopped: "Live" } as const;

/** Until the server has said more exactly, it is only known to be live. */
function LiveMark({ state = "running" }: { state: LiveState | undefined }): ReactNode {
  return (
    <span className="run-live" data-state={state}>
      <span className="run-live-dot" aria-hidden="true" />
      {LIVE_WORDS[state]}
    </span>
  );
}

function Removing({ row, onClose, onRemoved }: { row: WorkflowRow; onClose: () => void; onRemoved: () => void }): ReactNode {
  const client = useCallboard();
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await client.workflows.remove(row.id);
      tell(`“${row.name}” was deleted.`, "good");
      onClose();
      onRemoved();
    } catch (failed) {
      setError(failed instanceof CallboardError ? failed.message : String(failed));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete “${row.name}”?`} onClose={onClose}>
      <p>
        It is deleted for everybody{row.is_running ? " and stops running" : ""}. The sessions of its runs are kept. To keep a copy, export it first.
      </p>
      {error && (
        <p className="notice" data-tone="bad" role="alert">
          {error}
        </p>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Keep
        </button>
        <button type="button" className="button danger" disabled={isBusy} onClick={() => void remove()}>
          <Icon name="trash" />
          {isBusy ? "Deleting…" : "Delete"}
        </button>
      </div>
    </Dialog>
  );
}
