/** The runs of the workflow that is open, beside the canvas: choosing one paints it there. */

import type { ReactNode } from "react";
import { hasEnded, type Live, type SessionRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Icon } from "../../../../ui/Icon";
import { statusWords, StatusBadge } from "../../../../ui/Status";
import { ago, clock, count, moment, span, useNow } from "../../../../ui/time";
import { useEditor } from "../../editor";
import { useWorkflow } from "../runtime";
import { rateWords } from "../words";
import { chooseRun } from "./choose";
import { useRuns } from "./useRuns";
import "./runs.css";

export function Runs({ onClose }: { onClose: () => void }): ReactNode {
  const id = useEditor(({ workflow }) => (workflow.version === undefined ? undefined : workflow.id));
  return (
    <aside className="runs" aria-label="Runs">
      <header className="runs-head">
        <h2>Runs</h2>
        <button type="button" className="icon-button" aria-label="Close the runs" title="Close (v)" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </header>
      {id === undefined ? <p className="runs-none">Runs appear here once the workflow is saved and has run.</p> : <List id={id} />}
    </aside>
  );
}

function List({ id }: { id: string }): ReactNode {
  const client = useCallboard();
  const { rows, more, error, refresh, loadMore } = useRuns(id);
  const now = useNow(1000) + client.clockSkew;
  const hasLive = useWorkflow(({ live }) => isListed(live), false);
  const chosen = useWorkflow((state) => (state.showsRun ? (state.run?.sessionId ?? null) : null), null);
  return (
    <div className="runs-list">
      {error !== null && (
        <p className="notice" data-tone="bad" role="alert">
          <span className="grow">The runs could not be loaded. {error}</span>
          <button type="button" className="button small" onClick={refresh}>
            Try again
          </button>
        </p>
      )}
      <ul>
        <LiveRow />
        {rows?.map((row) => (
          <Row key={row.session_id} row={row} now={now} isChosen={row.session_id === chosen} />
        ))}
      </ul>
      {rows === null && error === null && <p className="runs-none">Loading the runs…</p>}
      {rows?.length === 0 && <p className="runs-none">{hasLive ? "It has not been run once yet." : "No runs yet. Press Run to start one."}</p>}
      {more && (
        <button type="button" className="button small" onClick={loadMore}>
          Show older runs
        </button>
      )}
    </div>
  );
}

function isListed({ state, count: iterations }: Live): boolean {
  return state !== "stopped" || iterations > 0;
}

/** The live workflow as one of its runs, also for as long as the page knows that it was: to go back to from another run. */
function LiveRow(): ReactNode {
  const live = useWorkflow((state) => state.live, null);
  const showsRun = useWorkflow((state) => state.showsRun, false);
  if (!live || !isListed(live)) return null;
  return (
    <li>
      <button type="button" className="run-row" aria-pressed={!showsRun} onClick={() => chooseRun(null)}>
        <span className="run-row-head">
          {live.state === "stopped" ? (
            <strong>Was live</strong>
          ) : (
            <span className="run-live" data-state={live.state}>
              <span className="run-live-dot" aria-hidden="true" />
              <strong>{{ running: "Live", parked: "Live, idle", paused: "Paused" }[live.state]}</strong>
            </span>
          )}
          {live.startedAt !== null && <span title={moment(live.startedAt)}>since {clock(live.startedAt)}</span>}
        </span>
        <span className="run-row-more">
          {count(live.count)} {live.count === 1 ? "iteration" : "iterations"}
          {live.state === "running" && live.rate !== null && ` · ${rateWords(live.rate)}`}
        </span>
      </button>
    </li>
  );
}

function Row({ row, now, isChosen }: { row: SessionRow; now: number; isChosen: boolean }): ReactNode {
  const { session_id: session, status, created_at: at, started_at: started, ended_at: ended } = row;
  const took = started === null ? null : (ended ?? now) - started;
  return (
    <li>
      <button type="button" className="run-row" aria-pressed={isChosen} aria-label={`Run of ${moment(at)}: ${statusWords(status)}`} onClick={() => chooseRun(session)}>
        <span className="run-row-head">
          <StatusBadge status={status} />
          <span title={moment(at)}>{now - at < 86_400 ? clock(at) : ago(now - at)}</span>
        </span>
        <span className="run-row-more">
          {took === null ? "not started yet" : `${hasEnded(status) ? "took" : "for"} ${span(took)}`} · {session.slice(0, 8)}
        </span>
      </button>
    </li>
  );
}
