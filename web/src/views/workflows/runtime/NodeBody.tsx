/** What stands below a node's ports: its error, the question that it waits with, its values, a chart, a link to its session. */

import { lazy, memo, Suspense, type ReactNode } from "react";
import { isNumber, writeJson, type NodeRun } from "@callboard/client";
import { Icon } from "../../../ui/Icon";
import { ROOT, Link } from "../../../shell/router";
import { useEditor } from "../editor";
import type { GraphNode, NodeClass } from "../model";
import { NodeQuestion } from "./NodeQuestion";
import { Preview } from "./Preview";
import { useNodeRun } from "./runtime";
import { PLAIN_INPUT } from "./value";
import { Waiting } from "./Waiting";

/** The library that draws comes only where there is something to draw. */
const Chart = lazy(async () => ({ default: (await import("./Chart")).Chart }));

interface Props {
  node: GraphNode;
  nodeClass: NodeClass | undefined;
}

export const NodeBody = memo(function NodeBody({ node, nodeClass }: Props): ReactNode {
  const run = useNodeRun(node.id);
  if (!run) return node.type === "Display" || node.type === "Chart" ? <p className="run-body run-none">Shows its value after a run.</p> : null;
  return (
    <div className="run-body" data-state={run.state}>
      {run.state === "error" && (
        <p className="run-error" role="alert">
          <Icon name="alert" />
          <span>{run.error ? sentence(run.error) : "Failed."}</span>
        </p>
      )}
      {run.state === "blocked" && <Blocked by={run.blocked_by} />}
      {run.state === "queued" && <p className="run-note">Queued: as many nodes are waiting as may at once.</p>}
      {(run.state === "waiting" || run.state === "executing") && <Waiting run={run} nodeClass={nodeClass} />}
      {run.state === "waiting" && <NodeQuestion node={node} sessionId={run.session_id} />}
      {run.state !== "waiting" && run.session_id !== undefined && (
        <p className="run-note">
          {run.state === "executing" ? "Waiting for " : "Ran "}
          <Link className="nodrag" to={`${ROOT}/tasks/${run.session_id}`}>
            session {run.session_id.slice(0, 8)}
          </Link>
        </p>
      )}
      {run.said !== undefined && <p className="run-said">{run.said}</p>}
      <Values node={node} nodeClass={nodeClass} run={run} />
    </div>
  );
});

function Blocked({ by }: { by: string | undefined }): ReactNode {
  const title = useEditor(({ workflow }) => workflow.nodes.find(({ id }) => id === by)?.title);
  if (by === undefined) return <p className="run-note">Blocked by a node that failed.</p>;
  return (
    <p className="run-note">
      Blocked by{" "}
      <button type="button" className="run-link nodrag" onClick={() => useEditor.getState().focusNode(by)}>
        {title || by}
      </button>
      , which failed.
    </p>
  );
}

function Values({ node, nodeClass, run }: Props & { run: NodeRun }): ReactNode {
  const result = run.result ?? {};
  if (node.type === "Chart" && "series" in result) {
    return (
      <Suspense fallback={<p className="run-note">The chart is loading…</p>}>
        <Chart told={result["series"]} />
      </Suspense>
    );
  }
  if (node.type === "Display") {
    if (!("value" in result)) return null;
    const { value } = result;
    const size = isNumber(value) || typeof value === "boolean" || (typeof value === "string" && value.length <= 40) ? "large" : "plain";
    return (
      <div className="run-display nodrag nowheel" data-size={size}>
        <Preview value={value} large />
      </div>
    );
  }
  if (node.type === "Gauge" && typeof result["part"] === "number") {
    return <meter className="run-gauge" min={0} max={1} value={result["part"]} aria-label={`${Math.round(result["part"] * 100)} % of the range`} />;
  }
  if (PLAIN_INPUT.test(node.type) && !isOther(node, result)) return null;
  const names = nodeClass ? nodeClass.outputs.map(({ name }) => name).filter((name) => name in result) : Object.keys(result);
  if (names.length === 0) return null;
  return (
    <dl className="run-values nodrag nowheel">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Preview value={result[name]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether a run had another value than the one that stands in the node now. */
function isOther({ inputs }: GraphNode, result: Readonly<Record<string, unknown>>): boolean {
  const constant = inputs["value"] ?? inputs["text"];
  return constant !== undefined && Object.values(result).some((value) => writeJson(value) !== writeJson(constant));
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
