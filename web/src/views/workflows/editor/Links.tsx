/** Links: those that are there, and the one that is being drawn, which says at once where it cannot go. */

import { memo, useMemo, type ReactNode } from "react";
import { BaseEdge, EdgeLabelRenderer, getBezierPath, useViewport, type ConnectionLineComponentProps, type EdgeProps } from "@xyflow/react";
import { Icon } from "../../../ui/Icon";
import { removeSelected } from "./actions";
import { show } from "./overlay";
import { refusal } from "./pure/fit";
import type { FlowEdge, FlowNode } from "./pure/flow";
import { detour, middleOf, rounded } from "./pure/route";
import type { GraphEdge } from "../model";
import { useWay } from "../runtime";
import { useObstacles } from "./obstacles";
import { useEditor } from "./store";

export const LinkLine = memo(function LinkLine({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, selected, data, source, target }: EdgeProps<FlowEdge>): ReactNode {
  const isOutlined = useEditor(({ outlined }) => outlined.has(source) && outlined.has(target));
  const obstacles = useObstacles((state) => state.boxes);
  const [path, x, y] = useMemo(() => {
    const round = detour({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, obstacles, [source, target]);
    if (!round) return getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
    const middle = middleOf(round);
    return [rounded(round), middle.x, middle.y] as const;
  }, [sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, obstacles, source, target]);
  const way = useWay(data?.edge);
  return (
    <>
      <BaseEdge path={path} className={isOutlined ? "wf-link-outlined" : `wf-link-${way}`} interactionWidth={18} />
      {selected && data && (
        <EdgeLabelRenderer>
          <div className="wf-link-tools nodrag nopan" style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            <button type="button" className="icon-button" aria-label="Insert a node into this link" title="Insert a node here" onClick={() => show({ kind: "insert", at: { x: x - 120, y: y + 40 }, origin: { kind: "link", edge: data.edge } })}>
              <Icon name="plus" />
            </button>
            <button type="button" className="icon-button" aria-label="Delete this link" title="Delete link (Delete)" onClick={removeSelected}>
              <Icon name="trash" />
            </button>
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

/** The link that a drag from one handle to another would make. */
export function edgeBetween(from: { nodeId: string; id?: string | null; type: string }, to: { nodeId: string; id?: string | null; type: string }): GraphEdge | null {
  const [output, input] = from.type === "source" ? [from, to] : [to, from];
  if (output.type !== "source" || input.type !== "target" || !output.id || !input.id) return null;
  return { source: output.nodeId, source_output: output.id, target: input.nodeId, target_input: input.id };
}

export function DrawnLink({ fromX, fromY, toX, toY, fromPosition, toPosition, fromHandle, toHandle, connectionStatus }: ConnectionLineComponentProps<FlowNode>): ReactNode {
  const [path] = getBezierPath({ sourceX: fromX, sourceY: fromY, sourcePosition: fromPosition, targetX: toX, targetY: toY, targetPosition: toPosition });
  const { zoom } = useViewport();
  const reason = connectionStatus === "invalid" && toHandle ? whyNot(fromHandle, toHandle) : null;
  return (
    <g className="wf-drawn" data-status={connectionStatus ?? undefined}>
      <path d={path} className="react-flow__connection-path" />
      <circle cx={toX} cy={toY} r={4} />
      {reason && (
        // As large as other text, however small the canvas is shown.
        <text transform={`translate(${toX} ${toY}) scale(${1 / zoom})`} y={-16} textAnchor="middle">
          {reason}
        </text>
      )}
    </g>
  );
}

function whyNot(from: Parameters<typeof edgeBetween>[0], to: Parameters<typeof edgeBetween>[0]): string {
  const edge = edgeBetween(from, to);
  if (!edge) return from.type === "source" ? "Connect an output to an input" : "Connect an input to an output";
  const { workflow, catalogue } = useEditor.getState();
  return refusal(workflow, catalogue, edge)?.reason ?? "";
}
