/** Puts the nodes of a graph in order, from left to right along the links. */

import { graphlib, layout } from "@dagrejs/dagre";
import type { Catalogue, GraphGroup, GraphNode, Workflow } from "../../model";
import { classOf } from "./fit";
import { FRAME, move, rounded, type Point, type Size } from "./graph";

const GAP = { nodesep: 36, ranksep: 84, edgesep: 16 };
/** Above so many boxes the best order of columns would be waited for too long. */
const MANY = 150;
/** A node that was never shown. */
const GUESS: Size = { width: 250, height: 140 };

interface Box extends Size {
  id: string;
}

/** How far notes stand from each other, and above the nodes. */
const NOTE_GAP = 24;

/** About how far the ports of a node are from each other. */
const PORT = 28;

/** A link between boxes, and how far down in them its ends are. */
interface Line {
  source: string;
  target: string;
  from: number;
  to: number;
}

/** Arranges all nodes: those of each group within its frame, then frames and free nodes among each other. Notes stand in a row above. */
export function arrange(workflow: Workflow, sizes: ReadonlyMap<string, Size>, catalogue: Catalogue | null = null): Workflow {
  const groups = workflow.groups ?? [];
  const sizeOf = (id: string): Size => sizes.get(id) ?? GUESS;
  const lines = linesOf(workflow, catalogue);
  const inner = new Map<string, ReadonlyMap<string, Point>>();
  const framed = groups.map((group) => {
    const members = workflow.nodes.filter((node) => node.group === group.id);
    if (members.length === 0) return group;
    const places = place(members.map(({ id }) => ({ id, ...sizeOf(id) })), lines);
    inner.set(group.id, places);
    return { ...group, size: frameSize(members, places, sizeOf) };
  });
  const outer = place(topLevel({ ...workflow, groups: framed }, sizeOf), lifted(lines, workflow.nodes, inner));
  const places = new Map<string, Point>();
  for (const [id, at] of outer) {
    places.set(id, at);
    for (const [member, within] of inner.get(id) ?? []) places.set(member, { x: at.x + FRAME.side + within.x, y: at.y + FRAME.top + within.y });
  }
  let right = 0;
  for (const { id, size } of workflow.notes ?? []) {
    places.set(id, { x: right, y: -size.height - 2 * NOTE_GAP });
    right += size.width + NOTE_GAP;
  }
  return move({ ...workflow, ...(workflow.groups && { groups: framed }) }, places, sizes);
}

function linesOf({ nodes, edges }: Workflow, catalogue: Catalogue | null): Line[] {
  const types = new Map(nodes.map(({ id, type }) => [id, type]));
  return edges.map(({ source, source_output, target, target_input }) => {
    const outputs = classOf(catalogue, types.get(source))?.outputs ?? [];
    const { inputs = [], outputs: above = [] } = classOf(catalogue, types.get(target)) ?? {};
    return { source, target, from: PORT * outputs.findIndex(({ name }) => name === source_output), to: PORT * (above.length + inputs.findIndex(({ name }) => name === target_input)) };
  });
}

/** The same links between frames, for those whose nodes stand in one. */
function lifted(lines: readonly Line[], nodes: readonly GraphNode[], inner: ReadonlyMap<string, ReadonlyMap<string, Point>>): Line[] {
  const groupOf = new Map(nodes.flatMap(({ id, group }) => (group !== undefined && inner.has(group) ? [[id, group] as const] : [])));
  const down = (id: string): number => {
    const within = inner.get(groupOf.get(id) ?? "")?.get(id);
    return within ? within.y + FRAME.top : 0;
  };
  return lines.map(({ source, target, from, to }) => ({ source: groupOf.get(source) ?? source, target: groupOf.get(target) ?? target, from: from + down(source), to: to + down(target) }));
}

function topLevel(workflow: Workflow, sizeOf: (id: string) => Size): Box[] {
  const groups = (workflow.groups ?? []).map(({ id, size }) => ({ id, ...size }));
  const known = new Set(groups.map(({ id }) => id));
  const free = workflow.nodes.filter(({ group }) => group === undefined || !known.has(group)).map(({ id }) => ({ id, ...sizeOf(id) }));
  return [...groups, ...free];
}

function frameSize(members: readonly GraphNode[], places: ReadonlyMap<string, Point>, sizeOf: (id: string) => Size): GraphGroup["size"] {
  const ends = members.map(({ id }) => {
    const at = places.get(id) ?? { x: 0, y: 0 };
    const size = sizeOf(id);
    return { x: at.x + size.width, y: at.y + size.height };
  });
  return { width: Math.max(...ends.map(({ x }) => x)) + 2 * FRAME.side, height: Math.max(...ends.map(({ y }) => y)) + FRAME.top + FRAME.side };
}

/** The upper left corners; the leftmost and the uppermost are at 0. */
function place(boxes: readonly Box[], lines: readonly Line[]): Map<string, Point> {
  if (boxes.length === 0) return new Map();
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ...GAP, ranker: boxes.length > MANY ? "tight-tree" : "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(boxes.map(({ id }) => id));
  const within = lines.filter(({ source, target }) => source !== target && known.has(source) && known.has(target));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const { source, target } of within) graph.setEdge(source, target);
  layout(graph);
  const middles = new Map(boxes.map(({ id }) => [id, { x: 0, y: 0, ...(graph.node(id) as Partial<Point>) }]));
  const corners = uncross(boxes, middles, within);
  const left = Math.min(...[...corners.values()].map(({ x }) => x));
  const upper = Math.min(...[...corners.values()].map(({ y }) => y));
  return new Map([...corners].map(([id, { x, y }]) => [id, rounded({ x: x - left, y: y - upper })]));
}

/** So often columns are gone through; more changes little. */
const PASSES = 4;

/** Swaps neighbours in a column where fewer links cross then: dagre knows boxes, and not the order of their ports. */
function uncross(boxes: readonly Box[], middles: ReadonlyMap<string, Point>, lines: readonly Line[]): Map<string, Point> {
  const corners = new Map<string, Point>();
  const columns = new Map<number, Box[]>();
  for (const box of boxes) {
    const { x, y } = middles.get(box.id) ?? { x: 0, y: 0 };
    corners.set(box.id, { x: x - box.width / 2, y: y - box.height / 2 });
    const key = Math.round(x);
    columns.set(key, [...(columns.get(key) ?? []), box]);
  }
  const top = (id: string): number => corners.get(id)?.y ?? 0;
  const shift = (id: string, y: number): void => void corners.set(id, { x: corners.get(id)?.x ?? 0, y });
  const ends = endsOf(lines, top);
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (const column of columns.values()) {
      column.sort((one, other) => top(one.id) - top(other.id));
      for (let at = 0; at + 1 < column.length; at += 1) {
        const [one, other] = [column[at], column[at + 1]] as [Box, Box];
        if (crossings(ends(other.id), ends(one.id)) >= crossings(ends(one.id), ends(other.id))) continue;
        const from = top(one.id);
        const gap = top(other.id) - from - one.height;
        shift(other.id, from);
        shift(one.id, from + other.height + gap);
        column.splice(at, 2, other, one);
      }
    }
  }
  return corners;
}

interface Ends {
  left: number[];
  right: number[];
}

/** How far down the other ends of a box's links are, on its left and on its right. */
function endsOf(lines: readonly Line[], top: (id: string) => number): (id: string) => Ends {
  const of = new Map<string, { left: Line[]; right: Line[] }>();
  const at = (id: string): { left: Line[]; right: Line[] } => {
    const known = of.get(id) ?? { left: [], right: [] };
    of.set(id, known);
    return known;
  };
  for (const line of lines) {
    at(line.source).right.push(line);
    at(line.target).left.push(line);
  }
  return (id) => ({ left: at(id).left.map((line) => top(line.source) + line.from), right: at(id).right.map((line) => top(line.target) + line.to) });
}

/** How many links cross where one box stands above another. */
function crossings(above: Ends, below: Ends): number {
  const pairs = (upper: readonly number[], lower: readonly number[]): number => upper.reduce((sum, end) => sum + lower.filter((other) => other < end).length, 0);
  return pairs(above.left, below.left) + pairs(above.right, below.right);
}
