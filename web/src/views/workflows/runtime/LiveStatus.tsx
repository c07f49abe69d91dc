/** How the live workflow goes: its state in words, iterations, rate, and the connection where that is what is wrong. */

import type { ReactNode } from "react";
import type { Live } from "@callboard/client";
import { count } from "../../../ui/time";
import { useEditor } from "../editor";
import { who } from "./identity";
import { useRuntime, useWorkflow } from "./runtime";
import { rateWords } from "./words";

export function LiveStatus(): ReactNode {
  const store = useRuntime((runtime) => runtime.store);
  const live = useWorkflow((state) => state.live, null);
  const connection = useWorkflow((state) => state.connection, null);
  const hasRun = useWorkflow((state) => state.run !== null, false);
  const version = useEditor(({ workflow }) => workflow.version);
  if (!store || !live || !connection) return <span className="muted">Not saved yet. Running saves it.</span>;
  if (connection.phase === "stopped") return <span className="run-refused">{connection.reason}</span>;
  if (connection.phase === "reconnecting" || (connection.phase === "connecting" && connection.reason !== "")) {
    return <span className="run-refused">{connection.reason} What is shown may be outdated.</span>;
  }
  if (live.state === "stopped") {
    if (live.pauseReason) return <span className="run-refused">Paused until somebody starts it: {live.pauseReason}</span>;
    if (live.reason || live.count > 0) return <Stopped live={live} />;
    return hasRun ? null : <span className="muted">Not run yet</span>;
  }
  const { state } = live;
  const older = version !== undefined && live.version !== null && live.version < version;
  return (
    <span className="run-live" data-state={state}>
      <span className="run-live-dot" aria-hidden="true" />
      <strong>{{ running: "Live", parked: "Live, idle", paused: "Paused" }[state]}</strong>
      <span className="run-count">
        {count(live.count)} {live.count === 1 ? "iteration" : "iterations"}
      </span>
      {state === "running" && live.rate !== null && <span>{rateWords(live.rate)}</span>}
      {live.maxIterations !== null && <span>of {count(live.maxIterations)}</span>}
      {older && <span>version {live.version}</span>}
      {live.reason && <span className="run-refused">{live.reason}</span>}
    </span>
  );
}

/** Long words end in dots: they are whole where the pointer rests. */
function Stopped({ live }: { live: Live }): ReactNode {
  const words = stoppedWords(live);
  return (
    <span className="muted" title={words}>
      {words}
    </span>
  );
}

function stoppedWords({ count: iterations, reason, author }: Live): string {
  const after = `after ${count(iterations)} ${iterations === 1 ? "iteration" : "iterations"}`;
  if (author) return `${who(author)} stopped it ${after}`;
  return reason ? `Stopped ${after}: ${reason}` : `Stopped ${after}`;
}
