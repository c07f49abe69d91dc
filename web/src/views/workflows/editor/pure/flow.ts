/** The graph in the words of React Flow, and back. What has not changed stays the same object, so that only what has is drawn again. */

import type { Edge, Node } from "@xyflow/react";
import type { Catalogue, GraphEdge, GraphGroup, GraphNode, GraphNote, PortType, Workflow } from "../../model";
import { edgeId, placeOf, titleOf, type Point, type Size } from "./graph";
import { classOf, typeOfOutput } from "./fit";

export type CardNode = Node<{ node: GraphNode; /** The inputs that are linked, one a line. */ linked: string }, "card">;
export type FrameNode = Node<{ group: GraphGroup }, "frame">;
export type NoteNode = Node<{ note: GraphNote }, "note">;
export type FlowNode = CardNode | FrameNode | NoteNode;
export type FlowEdge = Edge<{ edge: GraphEdge; type: PortType }, "link">;

/** Frames stand behind all nodes, also when they are chosen: React Flow raises those by 1000. */
const BEHIND = -2000;

/** All that stands on the canvas, frames first as React Flow wants it. */
export function flowNodes(before: readonly FlowNode[], workflow: Workflow): FlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const frames = new Map((workflow.groups ?? []).map((group) => [group.id, group]));
  const linked = linkedInputs(workflow.edges);
  return [
    ...[...frames.values()].map((group) => frame(known.get(group.id), group)),
    ...workflow.nodes.map((node) => card(known.get(node.id), node, node.group === undefined ? undefined : frames.get(node.group), linked.get(node.id) ?? "")),
    ...(workflow.notes ?? []).map((note) => noted(known.get(note.id), note)),
  ];
}

function frame(before: FlowNode | undefined, group: GraphGroup): FrameNode {
  if (before?.type === "frame" && before.data.group === group && isAt(before, group.position)) return before;
  const { width, height } = group.size;
  const kept = before?.type === "frame" ? before : null;
  return {
    ...kept, id: group.id, type: "frame", position: group.position, width, height, zIndex: BEHIND, data: { group }, dragHandle: ".wf-frame-title",
    ariaLabel: `Group ${group.title}`,
  };
}

function card(before: FlowNode | undefined, node: GraphNode, group: GraphGroup | undefined, linked: string): CardNode {
  const at = placeOf(node);
  const kept = before?.type === "card" ? before : null;
  const position = kept && isHeld(kept) ? kept.position : group ? { x: at.x - group.position.x, y: at.y - group.position.y } : at;
  const isSame = kept !== null && kept.data.node === node && kept.data.linked === linked;
  if (isSame && kept.parentId === group?.id && isAt(kept, position)) return kept;
  const { parentId: _parent, ...rest } = kept ?? {};
  return { ...rest, id: node.id, type: "card", position, data: isSame ? kept.data : { node, linked }, ariaLabel: `${titleOf(node)}, ${node.type}`, ...(group && { parentId: group.id }) };
}

function noted(before: FlowNode | undefined, note: GraphNote): NoteNode {
  const kept = before?.type === "note" ? before : null;
  if (kept?.data.note === note && isAt(kept, note.position)) return kept;
  const { width, height } = note.size;
  return { ...kept, id: note.id, type: "note", position: note.position, width, height, data: { note }, ariaLabel: `Note: ${note.text.slice(0, 60) || "empty"}` };
}

/** The links; each has the colour of what goes through it. */
export function flowEdges(before: readonly FlowEdge[], workflow: Workflow, catalogue: Catalogue | null): FlowEdge[] {
  const known = new Map(before.map((edge) => [edge.id, edge]));
  const nodes = new Map(workflow.nodes.map((node) => [node.id, node]));
  const drawn = workflow.edges.filter(({ source, target }) => nodes.has(source) && nodes.has(target));
  return drawn.map((edge) => {
    const id = edgeId(edge);
    const kept = known.get(id);
    const source = nodes.get(edge.source);
    const target = nodes.get(edge.target);
    const type = typeOfOutput(catalogue, source, edge.source_output) ?? "json";
    if (kept?.data?.edge === edge && kept.data.type === type) return kept;
    return {
      ...kept, id, type: "link", source: edge.source, sourceHandle: edge.source_output, target: edge.target, targetHandle: edge.target_input,
      data: { edge, type }, className: `wf-type-${type}`,
      ariaLabel: `Link from ${source ? titleOf(source) : edge.source}, ${edge.source_output}, to ${target ? titleOf(target) : edge.target}, ${edge.target_input}`,
    };
  });
}

/** Where things stand on the canvas, whatever they stand in. */
export function absolute(nodes: readonly FlowNode[], ids: ReadonlySet<string>): Map<string, Point> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return new Map(
    nodes
      .filter(({ id }) => ids.has(id))
      .map(({ id, position, parentId }) => {
        const parent = parentId === undefined ? undefined : byId.get(parentId);
        return [id, parent ? { x: position.x + parent.position.x, y: position.y + parent.position.y } : position];
      }),
  );
}

/** How large things are, as far as they were shown. */
export function sizesOf(nodes: readonly FlowNode[]): Map<string, Size> {
  return new Map(
    nodes.flatMap(({ id, measured, width, height }) => {
      const size = { width: measured?.width ?? width, height: measured?.height ?? height };
      return size.width !== undefined && size.height !== undefined ? [[id, { width: size.width, height: size.height }] as const] : [];
    }),
  );
}

/** The nodes whose class takes no part in it: for those, ports are read from the links. */
export function isKnown(catalogue: Catalogue | null, node: GraphNode): boolean {
  return classOf(catalogue, node.type) !== undefined;
}

function linkedInputs(edges: readonly GraphEdge[]): Map<string, string> {
  const inputs = new Map<string, string>();
  for (const { target, target_input } of edges) {
    const before = inputs.get(target);
    inputs.set(target, before === undefined ? target_input : `${before}\n${target_input}`);
  }
  return inputs;
}

/** Whether a node stands there, or is on its way by hand: what somebody else changes must not tear it away. */
function isAt(node: FlowNode, { x, y }: Point): boolean {
  return isHeld(node) || (node.position.x === x && node.position.y === y);
}

function isHeld(node: FlowNode | null): boolean {
  return node?.dragging === true || node?.resizing === true;
}
