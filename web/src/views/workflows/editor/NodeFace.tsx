/** A node seen from afar: its title, its state and its main value, large enough to be read there. */

import type { ReactNode } from "react";
import { Icon, type IconName } from "../../../ui/Icon";
import type { GraphNode, NodeClass } from "../model";
import { STATES, StateRing, useNodeFaults, useNodeRun, valueWords } from "../runtime";
import { spaced } from "./pure/find";

const ICONS: Record<string, IconName> = {
  inputs: "edit", people: "person", maths: "command", comparison: "compass", logic: "workflow", text: "note", data: "table", flow: "arrange", state: "memory",
  time: "clock", script: "spark", random: "spark", network: "plug", tasks: "tasks", output: "metrics",
};

export function NodeFace({ node, nodeClass }: { node: GraphNode; nodeClass: NodeClass | undefined }): ReactNode {
  const run = useNodeRun(node.id);
  const problems = useNodeFaults(node.id);
  const state = run?.state ?? "idle";
  const value = valueWords(node, nodeClass, run);
  return (
    <div className="wf-face" aria-hidden="true">
      <strong className="wf-face-title">{node.title ?? spaced(node.type)}</strong>
      <span className="wf-face-value">
        {problems.length > 0 ? (
          <Icon name="alert" className="wf-face-problem" />
        ) : state === "idle" ? (
          <Icon name={ICONS[nodeClass?.category ?? ""] ?? "workflow"} />
        ) : (
          <span data-tone-line={STATES[state].tone}>
            <StateRing state={state} />
          </span>
        )}
        {value !== null && <span className="wf-face-words">{value}</span>}
      </span>
    </div>
  );
}
