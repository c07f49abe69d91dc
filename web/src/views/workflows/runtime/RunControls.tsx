/** Run, Live, Step, Stop, the interval, and how it goes: the right part of the canvas's tool bar. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useSelected } from "@callboard/client/react";
import type { SessionStore } from "@callboard/client";
import { useCommands } from "../../../shell/commands";
import { Link, ROOT } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import { cancelRun, goLive, runOnce, step, stop } from "./actions";
import { useValidation } from "./faults";
import { nodeOfLane } from "./lanes";
import { readOptions, useLiveForm } from "./live";
import { LiveMenu } from "./LiveMenu";
import { LiveStatus } from "./LiveStatus";
import { useIsLive, useRuntime, useWorkflow, type Busy } from "./runtime";
import { useWatch } from "./watch";
import "./runtime.css";

const BUSY: Record<Exclude<Busy, null>, string> = {
  saving: "Waiting for the server to save it…",
  "starting a run": "Waiting for the server to start the run…",
  "going live": "Waiting for the server to make it live…",
  stopping: "Waiting for the loop to stop…",
  stepping: "Waiting for the iteration to end…",
};

export function RunControls(): ReactNode {
  useWatch();
  useValidation();
  const busy = useRuntime((runtime) => runtime.busy);
  const refusal = useRuntime((runtime) => runtime.refusal);
  const runSession = useRuntime((runtime) => runtime.runSession);
  const isEmpty = useEditor(({ workflow }) => workflow.nodes.length === 0);
  const isLive = useIsLive();
  const isPaused = useWorkflow((state) => state.live.state === "paused", false);
  const isRunning = useWorkflow((state) => state.run?.state === "running", false);
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
      { id: "wf-run", title: "Run once", group: "Workflow", keys: "ctrl+enter", words: "execute start session", run: () => cannot || void runOnce() },
      { id: "wf-live", title: isLive && !isPaused ? "Stop the live workflow" : "Start it live", group: "Workflow", keys: "ctrl+l", words: "continuous executor loop", run: () => (isLive && !isPaused ? void stop() : start()) },
      { id: "wf-step", title: "Do one step", group: "Workflow", keys: "ctrl+.", words: "iteration tick pause", run: () => cannot || void step() },
      { id: "wf-cancel", title: "Cancel the run", group: "Workflow", run: () => void cancelRun() },
    ],
    `workflow ${isLive} ${isPaused}`,
  );
  return (
    <div className="run-controls" role="group" aria-label="Running">
      <div className="run-buttons">
        {isRunning ? (
          <button type="button" className="button danger" onClick={() => void cancelRun()} title="Cancel the run once">
            <Icon name="ban" />
            <span>Cancel</span>
          </button>
        ) : (
          <button type="button" className="button primary" disabled={cannot} onClick={() => void runOnce()} title="Run once, as a session (Ctrl+Enter)">
            <Icon name="play" />
            <span>Run</span>
          </button>
        )}
        <span className="run-live-buttons">
          {isLive && !isPaused ? (
            <button type="button" className="button danger" disabled={busy !== null} onClick={() => void stop()} title="Stop the live workflow (Ctrl+L)">
              <Icon name="stop" />
              <span>Stop</span>
            </button>
          ) : (
            <button type="button" className="button" disabled={cannot} onClick={start} title="Keep it running and follow changes (Ctrl+L)">
              <Icon name="retry" />
              <span>{isPaused ? "Go on" : "Live"}</span>
            </button>
          )}
          {isPaused && (
            <button type="button" className="button danger" disabled={busy !== null} onClick={() => void stop()} title="End it: it is not live any more">
              <Icon name="stop" />
              <span>Stop</span>
            </button>
          )}
          {(!isLive || isPaused) && (
            <button type="button" className="button" disabled={cannot} onClick={() => void step()} title="Do one iteration and pause (Ctrl+.)">
              <Icon name="pause" />
              <span>Step</span>
            </button>
          )}
          {!isLive && (
            <button type="button" className="icon-button" aria-expanded={isOpen} aria-haspopup="dialog" aria-label="How it runs live: interval and limits" title="Interval and limits" onClick={() => setOpen(!isOpen)}>
              <Icon name="clock" />
            </button>
          )}
        </span>
      </div>
      {isOpen && !isLive && <LiveMenu onClose={() => setOpen(false)} onStart={start} />}
      <div className="run-status" role="status">
        {busy !== null ? <span className="muted">{BUSY[busy]}</span> : refusal !== null ? <Refused words={refusal} /> : runSession && !isLive ? <RunLine store={runSession} /> : <LiveStatus />}
      </div>
      {runSession && isLive && isRunning && <RunLine store={runSession} />}
    </div>
  );
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

const RUN = { running: "Running once", completed: "The run is done", failed: "The run has failed" } as const;

/** The run once that is shown on the canvas: how far it is, and the way to its session. */
function RunLine({ store }: { store: SessionStore }): ReactNode {
  const run = useWorkflow((state) => state.run, null);
  const isLive = useIsLive();
  const progress = useSelected(store, (state) => state.progress);
  const requests = useSelected(store, (state) => state.requests);
  const isQueued = useSelected(store, (state) => state.status === "queued");
  useNotices(store);
  if (!run || run.sessionId !== store.id) return null;
  const isRunning = run.state === "running";
  const asker = nodeOfLane(requests[0]?.lane ?? null);
  const asks = `The run waits for ${requests.length === 1 ? "an answer" : `${requests.length} answers`}`;
  return (
    <div className="run-line" data-state={run.state}>
      {isRunning && asker !== null ? (
        <button type="button" className="run-link" title="Go to the node that asks" onClick={() => useEditor.getState().focusNode(asker)}>
          {asks}
        </button>
      ) : (
        <span>
          {isRunning && isQueued ? "The run waits for its turn" : RUN[run.state]}
          {isLive && " (the canvas shows the live workflow)"}
        </span>
      )}
      {isRunning && progress && progress.total > 0 && (
        <>
          <progress value={progress.done} max={progress.total} aria-label="Nodes that have run" />
          <span className="run-figures">
            {progress.done}/{progress.total}
          </span>
        </>
      )}
      <Link to={`${ROOT}/tasks/${run.sessionId}`} title="Everything about this run">
        session {run.sessionId.slice(0, 8)}
      </Link>
      {run.reason && <span className="run-refused">{run.reason}</span>}
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
