/** A small drawing of a graph, from the places of its nodes. */

import { memo, type ReactNode } from "react";
import type { Workflow } from "../model";

const NODE = { width: 220, height: 110 };
const MOST_NODES = 200;

export interface SketchShape {
  viewBox: string;
  boxes: { id: string; x: number; y: number; kind: string }[];
  lines: string[];
}

/** Where everything stands in the drawing; nodes without a place stand in a row. */
export function sketch({ nodes, edges }: Pick<Workflow, "nodes" | "edges">): SketchShape | null {
  const shown = nodes.slice(0, MOST_NODES);
  if (shown.length === 0) return null;
  const boxes = shown.map(({ id, type, position }, place) => ({ id, kind: kindOf(type), x: position?.x ?? place * (NODE.width + 60), y: position?.y ?? 0 }));
  const places = new Map(boxes.map((box) => [box.id, box]));
  const [xs, ys] = [boxes.map(({ x }) => x), boxes.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - 30, Math.min(...ys) - 30];
  const width = Math.max(...xs) + NODE.width + 30 - left;
  const height = Math.max(...ys) + NODE.height + 30 - top;
  const lines = edges.flatMap(({ source, target }) => {
    const [from, to] = [places.get(source), places.get(target)];
    if (!from || !to) return [];
    const [x1, y1, x2, y2] = [from.x + NODE.width, from.y + NODE.height / 2, to.x, to.y + NODE.height / 2];
    const bend = Math.max(40, Math.abs(x2 - x1) / 2);
    return [`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`];
  });
  return { viewBox: `${left} ${top} ${width} ${height}`, boxes, lines };
}

function kindOf(type: string): string {
  if (/^Human/.test(type)) return "person";
  if (/Input$/.test(type)) return "input";
  return /^(Display|Chart|Log)$/.test(type) ? "output" : "step";
}

export const Sketch = memo(function Sketch({ workflow }: { workflow: Pick<Workflow, "nodes" | "edges"> }): ReactNode {
  const shape = sketch(workflow);
  if (!shape) return <div className="run-sketch" aria-hidden="true" />;
  return (
    <svg className="run-sketch" viewBox={shape.viewBox} preserveAspectRatio="xMidYMid meet" aria-hidden="true" focusable="false">
      {shape.lines.map((line, place) => (
        <path key={place} d={line} />
      ))}
      {shape.boxes.map(({ id, x, y, kind }) => (
        <rect key={id} data-kind={kind} x={x} y={y} width={NODE.width} height={NODE.height} rx={18} />
      ))}
    </svg>
  );
});
