/** The head's mark of a node: its state, how long it took last, how often it ran, and whether something is wrong with it. */

import { memo, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";
import { useNodeFaults } from "./faults";
import { useNodeRun } from "./runtime";
import { STATES, StateRing } from "./states";
import { took } from "./words";

export const NodeMark = memo(function NodeMark({ nodeId }: { nodeId: string }): ReactNode {
  const run = useNodeRun(nodeId);
  const faults = useNodeFaults(nodeId);
  const state = run?.state ?? "idle";
  const { words, tone } = STATES[state];
  return (
    <span className="run-mark">
      {faults.length > 0 && (
        <span className="run-fault" title={faults.map(({ message, details }) => details || message).join("\n")}>
          <Icon name="alert" />
          <span className="visually-hidden">{faults.length === 1 ? "1 problem" : `${faults.length} problems`}</span>
        </span>
      )}
      {run && run.runs > 0 && state !== "waiting" && state !== "executing" && (
        <span className="run-figures" title={`Ran ${count(run.runs)} ${run.runs === 1 ? "time" : "times"}`}>
          {run.duration_ms !== undefined && <span>{took(run.duration_ms)}</span>}
          {run.runs > 1 && <span>{shortCount(run.runs)}×</span>}
        </span>
      )}
      <span className="run-state" data-state={state} data-tone-line={tone} title={words}>
        <StateRing state={state} />
        <span className={run ? "run-state-words" : "visually-hidden"}>{words}</span>
      </span>
    </span>
  );
});

/** A count that changes all the time, short enough to stand in a head. */
function shortCount(runs: number): string {
  if (runs < 10_000) return count(runs);
  return runs < 1_000_000 ? `${Math.floor(runs / 1000)}k` : `${(runs / 1_000_000).toFixed(1)}M`;
}
