/** The states of nodes as icons and words: never colour alone. */

import type { ReactNode } from "react";
import type { NodeState } from "../model";

interface Shown {
  words: string;
  /** The tone of `tokens.css`. */
  tone: "queued" | "running" | "completed" | "waiting" | "failed" | "cancelled";
  path: string;
}

export const STATES: Record<NodeState, Shown> = {
  idle: { words: "Idle", tone: "cancelled", path: "M8 12h8" },
  queued: { words: "Queued", tone: "queued", path: "M12 7.5v5l3 1.8" },
  executing: { words: "Running", tone: "running", path: "M10 8.2v7.6l6-3.8-6-3.8Z" },
  completed: { words: "Done", tone: "completed", path: "M7.8 12.4l2.9 2.9 5.6-6" },
  cached: { words: "Unchanged", tone: "completed", path: "M8 10.2h8M8 13.8h8" },
  waiting: { words: "Waiting", tone: "waiting", path: "M9.6 12.4V8.6a.9.9 0 0 1 1.8 0V12 7.7a.9.9 0 0 1 1.8 0V12 8.6a.9.9 0 0 1 1.8 0v4.6a3.6 3.6 0 0 1-3.6 3.6c-1.3 0-2.2-.6-2.9-1.7l-1.3-2a.9.9 0 0 1 1.5-1l.9.9" },
  blocked: { words: "Blocked", tone: "queued", path: "M8.2 15.8l7.6-7.6" },
  error: { words: "Failed", tone: "failed", path: "M12 7.6v5M12 15.9v.1" },
};

/** A node's state as a ring with a sign in it. */
export function StateRing({ state }: { state: NodeState }): ReactNode {
  const { tone, path } = STATES[state];
  return (
    <svg className="run-ring" data-state={state} data-tone-line={tone} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <circle className="run-ring-track" cx="12" cy="12" r="10" />
      {state === "executing" && <circle className="run-ring-turn" cx="12" cy="12" r="10" pathLength="100" />}
      <path d={path} />
    </svg>
  );
}
