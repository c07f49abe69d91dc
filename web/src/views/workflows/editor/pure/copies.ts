/** Pieces of a graph as text: for the clipboard, between tabs, and for doubling what is chosen. */

import { parseJson, writeJson } from "@callboard/client";
import type { GraphEdge, GraphGroup, GraphNode, GraphNote, Workflow } from "../../model";
import { idsOf, newId, placeOf, rounded, type Point } from "./graph";

/** A piece of a graph. */
export interface Piece {
  nodes: GraphNode[];
  edges: GraphEdge[];
  groups: GraphGroup[];
  notes: GraphNote[];
}

/** What marks a text as such a piece. */
const MARK = "callboard/nodes";

/** What is chosen: nodes with the links between them, groups with their nodes, notes. */
export function pieceOf(workflow: Workflow, ids: ReadonlySet<string>): Piece {
  const groups = (workflow.groups ?? []).filter(({ id }) => ids.has(id));
  const whole = new Set(groups.map(({ id }) => id));
  const nodes = workflow.nodes.filter(({ id, group }) => ids.has(id) || (group !== undefined && whole.has(group)));
  const taken = new Set(nodes.map(({ id }) => id));
  return {
    nodes,
    edges: workflow.edges.filter(({ source, target }) => taken.has(source) && taken.has(target)),
    groups,
    notes: (workflow.notes ?? []).filter(({ id }) => ids.has(id)),
  };
}

export function isEmpty({ nodes, groups, notes }: Piece): boolean {
  return nodes.length + groups.length + notes.length === 0;
}

export function pieceText(piece: Piece): string {
  return writeJson({ kind: MARK, ...piece }, 2);
}

/** Reads a piece from a text; null where it is none. */
export function readPiece(text: string): Piece | null {
  try {
    const read = parseJson(text) as Partial<Piece> & { kind?: unknown };
    if (typeof read !== "object" || read === null || read.kind !== MARK || !Array.isArray(read.nodes)) return null;
    const { nodes, edges = [], groups = [], notes = [] } = read;
    const isSound = nodes.every((node) => typeof node?.id === "string" && typeof node.type === "string" && typeof (node.inputs ?? {}) === "object");
    return isSound ? { nodes: nodes.map((node) => ({ ...node, inputs: node.inputs ?? {} })), edges, groups, notes } : null;
  } catch {
    return null;
  }
}

/** Puts a piece into a graph, under new ids. Gives the ids of what is new. */
export function put(workflow: Workflow, piece: Piece, shift: Point, random?: () => number): { workflow: Workflow; ids: Set<string> } {
  const taken = idsOf(workflow);
  const renamed = new Map<string, string>();
  const rename = (id: string, prefix: string): string => {
    const fresh = newId(prefix, taken, random);
    taken.add(fresh);
    renamed.set(id, fresh);
    return fresh;
  };
  const moved = ({ x, y }: Point): Point => rounded({ x: x + shift.x, y: y + shift.y });
  const groups = piece.groups.map((group) => ({ ...group, id: rename(group.id, "group"), position: moved(group.position) }));
  const nodes = piece.nodes.map(({ group, ...node }) => {
    const inside = group === undefined ? undefined : renamed.get(group);
    return { ...node, id: rename(node.id, node.type), position: moved(placeOf(node)), ...(inside !== undefined && { group: inside }) };
  });
  const notes = piece.notes.map((note) => ({ ...note, id: rename(note.id, "note"), position: moved(note.position) }));
  const edges = piece.edges.flatMap((edge) => {
    const source = renamed.get(edge.source);
    const target = renamed.get(edge.target);
    return source !== undefined && target !== undefined ? [{ ...edge, source, target }] : [];
  });
  return {
    workflow: {
      ...workflow,
      nodes: [...workflow.nodes, ...nodes],
      edges: [...workflow.edges, ...edges],
      ...((workflow.groups || groups.length > 0) && { groups: [...(workflow.groups ?? []), ...groups] }),
      ...((workflow.notes || notes.length > 0) && { notes: [...(workflow.notes ?? []), ...notes] }),
    },
    ids: new Set(renamed.values()),
  };
}

/** The middle of a piece, as far as its corners tell. */
export function middleOf({ nodes, groups, notes }: Piece): Point {
  const corners = [...nodes.map(placeOf), ...groups.map(({ position }) => position), ...notes.map(({ position }) => position)];
  const between = (of: (point: Point) => number): number => (Math.min(...corners.map(of)) + Math.max(...corners.map(of))) / 2;
  return corners.length === 0 ? { x: 0, y: 0 } : { x: between(({ x }) => x), y: between(({ y }) => y) };
}
