/** The tasks of a crew as a graph: who does what, what it gets of others, and how each stands. */

import { useEffect, useMemo, useRef, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { arrange } from "../../workflows/editor/pure/layout";
import { useAgentName } from "../runs/names";
import { RunStatus, standingWords, type Standing } from "../runs/RunStatus";
import type { TaskGraph, TaskNode } from "./order";

const NODE = { width: 236, height: 104 };
const MARGIN = 12;

/** How a task stands, and what is said below it. */
export interface TaskState {
  standing: Standing;
  note: string;
}

interface Props {
  graph: TaskGraph;
  states?: ReadonlyMap<string, TaskState>;
  chosen?: string | null;
  onChoose?: (task: string | null) => void;
}

export function Graph({ graph, states, chosen = null, onChoose }: Props): ReactNode {
  const shape = useMemo(() => shapeOf(graph), [graph]);
  const box = useRef<HTMLDivElement>(null);
  const working = graph.nodes.find(({ name }) => ["working", "asks"].includes(states?.get(name)?.standing ?? ""))?.name;
  useEffect(() => {
    // What is worked on comes into sight; the page itself does not move.
    const at = working === undefined ? undefined : shape.places.get(working);
    if (at && box.current) box.current.scrollTo({ left: at.x + NODE.width / 2 - box.current.clientWidth / 2, behavior: "smooth" });
  }, [working, shape]);
  return (
    <div className="crew-graph" ref={box} tabIndex={0} role="group" aria-label="Tasks and what they need of each other">
      <div className="crew-graph-space" style={{ width: shape.width, height: shape.height }}>
        <svg width={shape.width} height={shape.height} aria-hidden="true" focusable="false">
          <defs>
            <marker id="crew-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
          {shape.lines.map(({ key, path, isWait, from, to }) => (
            <path key={key} d={path} markerEnd="url(#crew-arrow)" data-wait={isWait || undefined} data-done={states?.get(from)?.standing === "completed" || undefined} data-live={states?.get(to)?.standing === "working" || undefined} />
          ))}
        </svg>
        <ul>
          {graph.nodes.map((node) => {
            const at = shape.places.get(node.name) ?? { x: 0, y: 0 };
            return (
              <li key={node.name} style={{ transform: `translate(${at.x}px, ${at.y}px)`, width: NODE.width, height: NODE.height }}>
                <Card node={node} state={states?.get(node.name) ?? null} isChosen={chosen === node.name} needs={needsWords(graph, node.name)} onChoose={onChoose} />
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function Card({ node, state, isChosen, needs, onChoose }: { node: TaskNode; state: TaskState | null; isChosen: boolean; needs: string; onChoose: Props["onChoose"] }): ReactNode {
  const { name, agent, description, isAsync } = node;
  const nameOf = useAgentName();
  const body = (
    <>
      <span className="crew-task-name">
        <strong>{name}</strong>
        {state && <RunStatus standing={state.standing} />}
      </span>
      <span className="crew-task-agent">
        <Icon name="person" />
        {agent === null ? "nobody yet" : nameOf(agent)}
        {isAsync && <span className="tag">beside others</span>}
      </span>
      <span className="crew-task-note">{state?.note || description}</span>
      {needs && <span className="visually-hidden">{needs}</span>}
    </>
  );
  if (!onChoose) return <div className="crew-task card">{body}</div>;
  return (
    <button type="button" className="crew-task card" data-standing={state?.standing} data-task={name} aria-pressed={isChosen} title={state ? standingWords(state.standing) : undefined} onClick={() => onChoose(isChosen ? null : name)}>
      {body}
    </button>
  );
}

/** The arrows to a task, for those who do not see them. */
function needsWords({ arrows }: TaskGraph, name: string): string {
  const froms = arrows.filter(({ to }) => to === name).map(({ from }) => from);
  return froms.length > 0 ? `After ${froms.join(", ")}.` : "";
}

interface Shape {
  places: ReadonlyMap<string, { x: number; y: number }>;
  lines: readonly { key: string; path: string; isWait: boolean; from: string; to: string }[];
  width: number;
  height: number;
}

function shapeOf({ nodes, arrows }: TaskGraph): Shape {
  const edges = arrows.map(({ from, to }) => ({ source: from, source_output: "output", target: to, target_input: "context" }));
  const sizes = new Map(nodes.map(({ name }) => [name, NODE]));
  const arranged = arrange({ name: "", nodes: nodes.map(({ name }) => ({ id: name, type: "Task", inputs: {} })), edges }, sizes);
  const places = new Map(arranged.nodes.map(({ id, position }) => [id, { x: (position?.x ?? 0) + MARGIN, y: (position?.y ?? 0) + MARGIN }]));
  const lines = arrows.flatMap(({ from, to, isWait }) => {
    const [one, other] = [places.get(from), places.get(to)];
    if (!one || !other) return [];
    const [x1, y1, x2, y2] = [one.x + NODE.width, one.y + NODE.height / 2, other.x - 4, other.y + NODE.height / 2];
    const bend = Math.max(28, Math.abs(x2 - x1) / 2);
    return [{ key: `${from}>${to}`, from, to, isWait, path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
  });
  const ends = [...places.values()];
  return { places, lines, width: Math.max(0, ...ends.map(({ x }) => x)) + NODE.width + MARGIN, height: Math.max(0, ...ends.map(({ y }) => y)) + NODE.height + MARGIN };
}
