/** What runs the workflow, and how that goes: the right part of the bar above the canvas. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useSelected } from "@callboard/client/react";
import type { SessionStore } from "@callboard/client";
import { useMay } from "../../../identity/may";
import { useCommands } from "../../../shell/commands";
import { Link, ROOT } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { Icon } from "../../../ui/Icon";
import { clock, moment } from "../../../ui/time";
import { useEditor } from "../editor";
import { cancelRun, goLive, runOnce, step, stop } from "./actions";
import { useValidation } from "./faults";
import { nodeOfLane } from "./lanes";
import { readOptions, useLiveForm } from "./live";
import { LiveMenu } from "./LiveMenu";
import { LiveStatus } from "./LiveStatus";
import { chooseRun } from "./runs/choose";
import { useIsLive, useRuntime, useWorkflow, type Busy } from "./runtime";
import { useWatch } from "./watch";
import "./runtime.css";

const BUSY: Record<Exclude<Busy, null>, string> = {
  saving: "Saving…",
  "starting a run": "Starting the run…",
  "going live": "Going live…",
  stopping: "Stopping…",
  stepping: "Running one iteration…",
};

export function RunControls(): ReactNode {
  useWatch();
  useValidation();
  const busy = useRuntime((runtime) => runtime.busy);
  const refusal = useRuntime((runtime) => runtime.refusal);
  const runSession = useRuntime((runtime) => runtime.runSession);
  const isEmpty = useEditor(({ workflow }) => workflow.nodes.length === 0);
  const isVolatile = useIsVolatile();
  const isLive = useIsLive();
  const isPaused = useWorkflow((state) => state.live.state === "paused", false);
  const isRunning = useWorkflow((state) => state.run?.state === "running" && !state.isChosen, false);
  const showsRun = useWorkflow((state) => state.showsRun, false);
  const [isOpen, setOpen] = useState(false);
  const cannot = busy !== null || isEmpty;
  const start = (): void => {
    if (cannot) return;
    const read = readOptions(useLiveForm.getState());
    if ("options" in read) void goLive(read.options).then(() => setOpen(false));
    else setOpen(true);
  };
  useCommands(
    [
      { id: "wf-run", title: "Run once", group: "Workflow", keys: "ctrl+enter", words: "execute start session", scope: "workflows:run", run: () => cannot || void runOnce() },
      { id: "wf-live", title: isLive && !isPaused ? "Stop the live workflow" : "Go live", group: "Workflow", keys: "ctrl+l", words: "start continuous executor loop", scope: "workflows:live", run: () => (isLive && !isPaused ? void stop() : start()) },
      { id: "wf-step", title: "Run one step", group: "Workflow", keys: "ctrl+.", words: "iteration tick pause", scope: "workflows:live", run: () => cannot || void step() },
      { id: "wf-cancel", title: "Cancel the run", group: "Workflow", scope: "sessions:cancel", run: () => void cancelRun() },
    ],
    `workflow ${isLive} ${isPaused}`,
  );
  const mayRun = useMay("workflows:run");
  const mayGoLive = useMay("workflows:live");
  const once = !mayRun ? null : isRunning ? (
    <button type="button" className="button danger" onClick={() => void cancelRun()} title="Cancel this run">
      <Icon name="ban" />
      <span>Cancel run</span>
    </button>
  ) : (
    <button type="button" className={isVolatile ? "button" : "button primary"} disabled={cannot} onClick={() => void runOnce()} title="Run once, as a session (Ctrl+Enter)">
      <Icon name="play" />
      <span>{isVolatile ? "Run once" : "Run"}</span>
    </button>
  );
  const live =
    !mayGoLive ? null : isLive && !isPaused ? (
      <button type="button" className="button danger" disabled={busy !== null} onClick={() => void stop()} title="Stop the live workflow (Ctrl+L)">
        <Icon name="stop" />
        <span>Stop</span>
      </button>
    ) : (
      <button type="button" className={isVolatile ? "button primary" : "button"} disabled={cannot} onClick={start} title="Keep it running and react to changes (Ctrl+L)">
        <Icon name="retry" />
        <span>{isPaused ? "Resume" : "Go live"}</span>
      </button>
    );
  return (
    <div className="run-controls" role="group" aria-label="Run">
      <div className="run-status" role="status">
        {busy !== null ? <span className="muted">{BUSY[busy]}</span> : refusal !== null ? <Refused words={refusal} /> : runSession && showsRun ? <RunLine store={runSession} /> : <LiveStatus />}
      </div>
      <div className="run-buttons">
        {isVolatile ? live : once}
        <span className="run-live-buttons">
          {isVolatile ? once : live}
          {mayGoLive && isPaused && (
            <button type="button" className="button danger" disabled={busy !== null} onClick={() => void stop()} title="Stop the live workflow">
              <Icon name="stop" />
              <span>Stop</span>
            </button>
          )}
          {mayGoLive && (!isLive || isPaused) && (
            <button type="button" className="icon-button" disabled={cannot} onClick={() => void step()} aria-label="Step" title="Run one iteration, then pause (Ctrl+.)">
              <Icon name="step" />
            </button>
          )}
          {mayGoLive && !isLive && (
            <button type="button" className="icon-button" aria-expanded={isOpen} aria-haspopup="dialog" aria-label="Live settings" title="Live settings: interval and limits" onClick={() => setOpen(!isOpen)}>
              <Icon name="clock" />
            </button>
          )}
        </span>
      </div>
      {isOpen && !isLive && <LiveMenu onClose={() => setOpen(false)} onStart={start} />}
    </div>
  );
}

/** Whether a node of it runs by itself, such as a clock: then it is made to be live. */
function useIsVolatile(): boolean {
  return useEditor(({ workflow, catalogue }) => {
    const volatile = new Set(catalogue?.nodes.filter((one) => one.volatile).map(({ type }) => type));
    return workflow.nodes.some(({ type }) => volatile.has(type));
  });
}

function Refused({ words }: { words: string }): ReactNode {
  return (
    <span className="run-refused">
      <Icon name="alert" />
      <span>{words}</span>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => useRuntime.setState({ refusal: null })}>
        <Icon name="cross" />
      </button>
    </span>
  );
}

const RUN = { running: "Running", completed: "Run completed", failed: "Run failed" } as const;

/** The run that is shown on the canvas: how far it is, and the way to its session. */
function RunLine({ store }: { store: SessionStore }): ReactNode {
  const run = useWorkflow((state) => state.run, null);
  const isChosen = useWorkflow((state) => state.isChosen, false);
  const isLive = useIsLive();
  const progress = useSelected(store, (state) => state.progress);
  const requests = useSelected(store, (state) => state.requests);
  const isQueued = useSelected(store, (state) => state.status === "queued");
  const isGone = useSelected(store, (state) => state.connection.code === 4504);
  const began = useSelected(store, (state) => state.entries[0]?.timestamp ?? null);
  useNotices(store);
  if (!run || run.sessionId !== store.id) return null;
  const isRunning = run.state === "running";
  const asker = nodeOfLane(requests[0]?.lane ?? null);
  const asks = `Waiting for ${requests.length === 1 ? "an answer" : `${requests.length} answers`}`;
  const words = isGone ? "This run is no longer stored" : isRunning && isQueued ? "Run queued" : RUN[run.state];
  return (
    <div className="run-line" data-state={isGone ? "failed" : run.state}>
      {isRunning && asker !== null ? (
        <button type="button" className="run-link" title="Go to the node that asks" onClick={() => useEditor.getState().focusNode(asker)}>
          {asks}
        </button>
      ) : (
        <span title={run.reason ?? undefined}>{words}</span>
      )}
      {isRunning && !isGone && progress && progress.total > 0 && (
        <>
          <progress value={progress.done} max={progress.total} aria-label="Nodes that have run" />
          <span className="run-figures">
            {progress.done}/{progress.total}
          </span>
        </>
      )}
      {began !== null && !isRunning && (
        <span className="muted" title={moment(began)}>
          {clock(began).slice(0, 5)}
        </span>
      )}
      {!isGone && (
        <Link to={`${ROOT}/tasks/${run.sessionId}`} title="Output, questions and journal of this run">
          Open session
        </Link>
      )}
      {isChosen && (
        <button type="button" className="run-link" onClick={() => chooseRun(null)}>
          {isLive ? "Back to live" : "Latest run"}
        </button>
      )}
    </div>
  );
}

function useNotices(store: SessionStore): void {
  const notices = useSelected(store, (state) => state.notices);
  const last = useRef(0);
  useEffect(() => {
    for (const { number, text, tone } of notices) if (number > last.current) tell(text, tone);
    last.current = notices.at(-1)?.number ?? last.current;
  }, [notices]);
}
