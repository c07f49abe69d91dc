/** What the canvas shows: the workflow in React Flow's words, with what is only shown, such as a node on its way while it is dragged. */

import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { create } from "zustand";
import { absolute, flowEdges, flowNodes, sizesOf, type FlowEdge, type FlowNode } from "./pure/flow";
import { move, type Point, type Size } from "./pure/graph";
import { useEditor } from "./store";

interface Canvas {
  nodes: FlowNode[];
  edges: FlowEdge[];
  onNodesChange: (changes: NodeChange<FlowNode>[]) => void;
  onEdgesChange: (changes: EdgeChange<FlowEdge>[]) => void;
}

export const useCanvas = create<Canvas>((set, get) => ({
  nodes: [],
  edges: [],
  onNodesChange: (changes) => {
    set({ nodes: applyNodeChanges(changes, get().nodes) });
    const settled = new Set(changes.flatMap((change) => (change.type === "position" && change.dragging === false ? [change.id] : [])));
    if (settled.size > 0) settle(settled);
    if (changes.some(({ type }) => type === "select")) readSelection();
  },
  onEdgesChange: (changes) => {
    set({ edges: applyEdgeChanges(changes, get().edges) });
    if (changes.some(({ type }) => type === "select")) readSelection();
  },
}));

/** What was dragged, or moved by arrow keys, has come to rest: now it is a change of the workflow. */
function settle(ids: ReadonlySet<string>): void {
  const { nodes } = useCanvas.getState();
  const { workflow, change } = useEditor.getState();
  const places = absolute(nodes, ids);
  const moved = [...places].filter(([id, at]) => !isThere(id, at));
  if (moved.length > 0) change(`move ${moved.map(([id]) => id).join(" ")}`, () => move(workflow, new Map(moved), sizes()));
}

function isThere(id: string, { x, y }: Point): boolean {
  const { nodes, groups = [], notes = [] } = useEditor.getState().workflow;
  const position = [nodes, groups, notes].flat().find((one) => one.id === id)?.position ?? { x: 0, y: 0 };
  return Math.round(x) === position.x && Math.round(y) === position.y;
}

export function sizes(): Map<string, Size> {
  return sizesOf(useCanvas.getState().nodes);
}

function readSelection(): void {
  const { nodes, edges } = useCanvas.getState();
  useEditor.setState({ selected: new Set([...nodes, ...edges].filter(({ selected }) => selected).map(({ id }) => id)) });
}

function chosen<T extends { id: string; selected?: boolean | undefined }>(all: readonly T[], ids: ReadonlySet<string>): T[] {
  return all.map((one) => (Boolean(one.selected) === ids.has(one.id) ? one : { ...one, selected: ids.has(one.id) }));
}

/** Chooses things, and nothing else. */
export function select(ids: ReadonlySet<string>): void {
  const { nodes, edges } = useCanvas.getState();
  useCanvas.setState({ nodes: chosen(nodes, ids), edges: chosen(edges, ids) });
  useEditor.setState({ selected: ids });
}

useEditor.subscribe((now, before) => {
  const { workflow, catalogue, selected } = now;
  if (workflow !== before.workflow || catalogue !== before.catalogue) {
    const canvas = useCanvas.getState();
    useCanvas.setState({ nodes: chosen(flowNodes(canvas.nodes, workflow), selected), edges: chosen(flowEdges(canvas.edges, workflow, catalogue), selected) });
  } else if (now.focused !== before.focused) select(selected);
});
