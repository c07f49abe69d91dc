/** What can be done to a graph. Every function gives a new workflow and leaves the parts alone that it does not change. */

import type { GraphEdge, GraphGroup, GraphNode, GraphNote, Json, Workflow } from "../../model";

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** An id that is not taken: `TextInput-x3f9`. */
export function newId(prefix: string, taken: ReadonlySet<string>, random: () => number = Math.random): string {
  for (let length = 4; ; length += 1) {
    const letters = Array.from({ length }, () => LETTERS[Math.floor(random() * LETTERS.length)] ?? "0").join("");
    const id = `${prefix}-${letters}`;
    if (!taken.has(id)) return id;
  }
}

/** All ids that are in use: those of nodes, groups and notes. */
export function idsOf({ nodes, groups = [], notes = [] }: Workflow): Set<string> {
  return new Set([...nodes, ...groups, ...notes].map(({ id }) => id));
}

/** A link's name, unique in its graph because an input has one link at most. */
export function edgeId(edge: GraphEdge): string {
  return `${edge.source}/${edge.source_output}>${edge.target}/${edge.target_input}`;
}

export function addNode(workflow: Workflow, type: string, position: Point, random?: () => number): { workflow: Workflow; id: string } {
  const id = newId(type, idsOf(workflow), random);
  const inside = groupAt(workflow.groups ?? [], position);
  const node: GraphNode = { id, type, inputs: {}, position: rounded(position), ...(inside && { group: inside.id }) };
  return { workflow: { ...workflow, nodes: [...workflow.nodes, node] }, id };
}

export function addNote(workflow: Workflow, position: Point): { workflow: Workflow; id: string } {
  const id = newId("note", idsOf(workflow));
  const note: GraphNote = { id, text: "", position: rounded(position), size: { width: 220, height: 120 } };
  return { workflow: { ...workflow, notes: [...(workflow.notes ?? []), note] }, id };
}

/** Links an output to an input; what the input was linked to before gives way. */
export function link(workflow: Workflow, edge: GraphEdge): Workflow {
  const others = workflow.edges.filter(({ target, target_input }) => target !== edge.target || target_input !== edge.target_input);
  return { ...workflow, edges: [...others, edge] };
}

/** Puts a link where another was, as when one of its ends is dragged elsewhere. */
export function relink(workflow: Workflow, before: GraphEdge, edge: GraphEdge): Workflow {
  return link({ ...workflow, edges: workflow.edges.filter((one) => edgeId(one) !== edgeId(before)) }, edge);
}

/** Takes things away, by their ids; the links of nodes that go, go too. The nodes of a group stay. */
export function remove(workflow: Workflow, ids: ReadonlySet<string>): Workflow {
  if (ids.size === 0) return workflow;
  const groups = (workflow.groups ?? []).filter(({ id }) => !ids.has(id));
  const left = new Set(groups.map(({ id }) => id));
  const nodes = workflow.nodes.filter(({ id }) => !ids.has(id)).map((node) => (node.group !== undefined && !left.has(node.group) ? without(node, "group") : node));
  const edges = workflow.edges.filter((edge) => !ids.has(edge.source) && !ids.has(edge.target) && !ids.has(edgeId(edge)));
  const notes = (workflow.notes ?? []).filter(({ id }) => !ids.has(id));
  return withFrames({ ...workflow, nodes, edges }, groups, notes);
}

/** Changes a constant; `undefined` takes it away, so that the input's default counts. */
export function setInput(workflow: Workflow, nodeId: string, input: string, value: Json): Workflow {
  return changeNode(workflow, nodeId, (node) => {
    const inputs = { ...node.inputs };
    if (value === undefined) delete inputs[input];
    else inputs[input] = value;
    return { ...node, inputs };
  });
}

/** Names a node; an empty name takes its own away. */
export function retitle(workflow: Workflow, nodeId: string, title: string): Workflow {
  const clean = title.trim();
  return changeNode(workflow, nodeId, (node) => (clean === "" || clean.replaceAll(" ", "") === node.type ? without(node, "title") : { ...node, title: clean }));
}

export function changeGroup(workflow: Workflow, id: string, change: Partial<GraphGroup>): Workflow {
  return { ...workflow, groups: (workflow.groups ?? []).map((group) => (group.id === id ? { ...group, ...change } : group)) };
}

export function changeNote(workflow: Workflow, id: string, change: Partial<GraphNote>): Workflow {
  return { ...workflow, notes: (workflow.notes ?? []).map((note) => (note.id === id ? { ...note, ...change } : note)) };
}

/** Moves things to places on the canvas. What stands in a group that moves goes along, unless it has a place of its own here. */
export function move(workflow: Workflow, places: ReadonlyMap<string, Point>, sizes: ReadonlyMap<string, Size> = new Map()): Workflow {
  const shifts = new Map<string, Point>();
  const groups = (workflow.groups ?? []).map((group) => {
    const to = places.get(group.id);
    if (!to) return group;
    shifts.set(group.id, { x: to.x - group.position.x, y: to.y - group.position.y });
    return { ...group, position: rounded(to) };
  });
  const nodes = workflow.nodes.map((node) => {
    const to = places.get(node.id);
    const shift = node.group === undefined ? undefined : shifts.get(node.group);
    const at = placeOf(node);
    if (to) return inGroup({ ...node, position: rounded(to) }, groups, sizes.get(node.id), shift !== undefined);
    return shift ? { ...node, position: rounded({ x: at.x + shift.x, y: at.y + shift.y }) } : node;
  });
  const notes = (workflow.notes ?? []).map((note) => {
    const to = places.get(note.id);
    return to ? { ...note, position: rounded(to) } : note;
  });
  return withFrames({ ...workflow, nodes }, groups, notes);
}

/** Whether a node stands in a group is decided by its middle, once it is put somewhere. */
function inGroup(node: GraphNode, groups: readonly GraphGroup[], size: Size | undefined, wentAlong: boolean): GraphNode {
  if (wentAlong) return node;
  const at = placeOf(node);
  const middle = size ? { x: at.x + size.width / 2, y: at.y + size.height / 2 } : { x: at.x + 60, y: at.y + 20 };
  const found = groupAt(groups, middle);
  if (found?.id === node.group) return node;
  return found ? { ...node, group: found.id } : without(node, "group");
}

/** The group at a place; of several, the one that was made last. */
export function groupAt(groups: readonly GraphGroup[], { x, y }: Point): GraphGroup | undefined {
  return groups.findLast(({ position, size }) => x >= position.x && x <= position.x + size.width && y >= position.y && y <= position.y + size.height);
}

/** Room round the nodes of a group, and for its title. */
export const FRAME = { side: 24, top: 52 } as const;

/** Draws a frame round nodes. */
export function group(workflow: Workflow, ids: ReadonlySet<string>, sizes: ReadonlyMap<string, Size>, title = "Group"): { workflow: Workflow; id: string } | null {
  const members = workflow.nodes.filter((node) => ids.has(node.id));
  const box = boxOf(members, sizes);
  if (!box) return null;
  const id = newId("group", idsOf(workflow));
  const frame: GraphGroup = {
    id,
    title,
    position: { x: box.x - FRAME.side, y: box.y - FRAME.top },
    size: { width: box.width + 2 * FRAME.side, height: box.height + FRAME.top + FRAME.side },
  };
  const nodes = workflow.nodes.map((node) => (ids.has(node.id) ? { ...node, group: id } : node));
  const used = new Set(nodes.map((node) => node.group));
  // A frame whose nodes have all gone to the new one would stand there empty.
  const emptied = new Set(members.map((node) => node.group));
  const groups = (workflow.groups ?? []).filter((one) => used.has(one.id) || !emptied.has(one.id));
  return { workflow: { ...workflow, nodes, groups: [...groups, frame] }, id };
}

/** The smallest box round nodes. */
export function boxOf(nodes: readonly GraphNode[], sizes: ReadonlyMap<string, Size>): (Point & Size) | null {
  if (nodes.length === 0) return null;
  const boxes = nodes.map((node) => ({ ...placeOf(node), ...(sizes.get(node.id) ?? { width: 240, height: 120 }) }));
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return { x, y, width: Math.max(...boxes.map((box) => box.x + box.width)) - x, height: Math.max(...boxes.map((box) => box.y + box.height)) - y };
}

/** Where a node stands; one that was never put anywhere stands at the origin. */
export function placeOf(node: GraphNode): Point {
  return node.position ?? { x: 0, y: 0 };
}

/** A node that was never shown. */
export const GUESS: Size = { width: 268, height: 180 };
/** Room between a new node and those that are there, and between what follows each other. */
const GAP = 28;
export const STEP = 84;

/** The place nearest to the wanted one, further down or right, where a node of that size covers none. */
export function freePlace(workflow: Workflow, wanted: Point, sizes: ReadonlyMap<string, Size> = new Map(), size: Size = GUESS): Point {
  const boxes = workflow.nodes.map((node) => ({ ...placeOf(node), ...(sizes.get(node.id) ?? GUESS) }));
  const start = rounded(wanted);
  const blocks = (at: Point) => boxes.find((box) => at.x < box.x + box.width + GAP && at.x + size.width + GAP > box.x && at.y < box.y + box.height + GAP && at.y + size.height + GAP > box.y);
  // Below each that is in the way, in the wanted column and in those right of it.
  let best: Point | null = null;
  const far = ({ x, y }: Point): number => Math.hypot(x - start.x, y - start.y);
  for (let column = 0; column < 4; column += 1) {
    let at: Point = { x: start.x + column * (size.width + GAP), y: start.y };
    for (let block = blocks(at); block; block = blocks(at)) at = { x: at.x, y: block.y + block.height + GAP };
    if (!best || far(at) < far(best)) best = at;
  }
  return rounded(best ?? start);
}

/** Where what follows a node stands: right of it. */
export function rightOf(node: GraphNode, sizes: ReadonlyMap<string, Size>): Point {
  const { x, y } = placeOf(node);
  return { x: x + (sizes.get(node.id) ?? GUESS).width + STEP, y };
}

/** The name of a node for people. */
export function titleOf(node: GraphNode): string {
  return node.title ?? node.type;
}

export function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}

function changeNode(workflow: Workflow, id: string, change: (node: GraphNode) => GraphNode): Workflow {
  return { ...workflow, nodes: workflow.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

function withFrames(workflow: Workflow, groups: GraphGroup[], notes: GraphNote[]): Workflow {
  return { ...workflow, ...(workflow.groups || groups.length > 0 ? { groups } : {}), ...(workflow.notes || notes.length > 0 ? { notes } : {}) };
}

function without<T extends object, K extends keyof T>(from: T, key: K): T {
  const { [key]: _gone, ...rest } = from;
  return rest as T;
}
