/** What people do on the canvas, as changes of the workflow. Commands, keys, menus and gestures all end up here. */

import { tell } from "../../../shell/toasts";
import { copyText, saveText } from "../../../ui/clipboard";
import type { GraphEdge, NodeClass, PortType } from "../model";
import { select, sizes, useCanvas } from "./canvas";
import * as copies from "./pure/copies";
import { fileName, fileText, MOST_BYTES, readWorkflow } from "./pure/file";
import { classOf, inputFor, outputFor, refusal, typeOfInput, typeOfOutput } from "./pure/fit";
import * as graph from "./pure/graph";
import type { Point } from "./pure/graph";
import { arrange } from "./pure/layout";
import { choose } from "./choices";
import { useEditor } from "./store";

/** What the name of a class is dragged as, from the library to the canvas. */
export const CLASS_DATA = "application/x-callboard-class";

/** Where a new node comes from, and what it is linked to at once. */
export type Origin =
  | { kind: "free" }
  | { kind: "output"; node: string; output: string }
  | { kind: "input"; node: string; input: string }
  | { kind: "link"; edge: GraphEdge };

/** What a class must take and give to be put there. */
export function wantedAt(origin: Origin): { takes?: PortType; gives?: PortType } {
  const { workflow, catalogue } = useEditor.getState();
  const node = (id: string) => workflow.nodes.find((one) => one.id === id);
  switch (origin.kind) {
    case "free":
      return {};
    case "output":
      return { takes: typeOfOutput(catalogue, node(origin.node), origin.output) ?? "json" };
    case "input":
      return { gives: typeOfInput(catalogue, node(origin.node), origin.input) ?? "json" };
    case "link": {
      const { source, source_output, target, target_input } = origin.edge;
      return { takes: typeOfOutput(catalogue, node(source), source_output) ?? "json", gives: typeOfInput(catalogue, node(target), target_input) ?? "json" };
    }
  }
}

/** Puts a node of a class on the canvas, and links it to where it comes from. */
export function insert(nodeClass: NodeClass, at: Point, origin: Origin = { kind: "free" }): string {
  const { change, catalogue } = useEditor.getState();
  const wanted = wantedAt(origin);
  let made = "";
  change(null, (workflow) => {
    const added = graph.addNode(workflow, nodeClass.type, graph.freePlace(workflow, at, sizes(), sizeOf(nodeClass)));
    made = added.id;
    const input = wanted.takes === undefined ? undefined : inputFor(catalogue, nodeClass, wanted.takes)?.name;
    const output = wanted.gives === undefined ? undefined : outputFor(catalogue, nodeClass, wanted.gives)?.name;
    const toNew = (source: string, source_output: string): GraphEdge[] => (input === undefined ? [] : [{ source, source_output, target: made, target_input: input }]);
    const fromNew = (target: string, target_input: string): GraphEdge[] => (output === undefined ? [] : [{ source: made, source_output: output, target, target_input }]);
    return linksFrom(origin, toNew, fromNew).reduce(graph.link, added.workflow);
  });
  select(new Set([made]));
  useEditor.getState().revealNode(made);
  return made;
}

/** About how large a node of a class is before it was shown. */
function sizeOf({ inputs, outputs }: NodeClass): graph.Size {
  return { width: graph.GUESS.width, height: 60 + 26 * outputs.length + 62 * inputs.length };
}

/** Where a new node is wanted that nothing says a place for: right of the one that is selected, else in the middle. */
export function nextPlace(middle: Point): Point {
  const { workflow } = useEditor.getState();
  const id = onlyNode();
  const node = workflow.nodes.find((one) => one.id === id);
  return node ? graph.rightOf(node, sizes()) : middle;
}

type Toward = (node: string, port: string) => GraphEdge[];

function linksFrom(origin: Origin, toNew: Toward, fromNew: Toward): GraphEdge[] {
  switch (origin.kind) {
    case "free":
      return [];
    case "output":
      return toNew(origin.node, origin.output);
    case "input":
      return fromNew(origin.node, origin.input);
    case "link":
      return [...toNew(origin.edge.source, origin.edge.source_output), ...fromNew(origin.edge.target, origin.edge.target_input)];
  }
}

/** Links two ports, or says why not. */
export function connect(edge: GraphEdge, instead?: GraphEdge): boolean {
  const { workflow, catalogue, change, outline } = useEditor.getState();
  const base = instead ? { ...workflow, edges: workflow.edges.filter((one) => one !== instead) } : workflow;
  const refused = refusal(base, catalogue, edge);
  if (refused) {
    tell(refused.reason, "warn");
    outline(refused.cycle);
    return false;
  }
  change(null, (now) => (instead ? graph.relink(now, instead, edge) : graph.link(now, edge)));
  return true;
}

export function removeSelected(): void {
  const { selected, change } = useEditor.getState();
  if (selected.size === 0) return;
  change(null, (workflow) => graph.remove(workflow, selected));
  select(new Set());
}

export function selectAll(): void {
  select(new Set(useCanvas.getState().nodes.map(({ id }) => id)));
}

export function duplicateSelected(): void {
  const { selected, workflow } = useEditor.getState();
  const piece = copies.pieceOf(workflow, selected);
  putPiece(piece, { x: (graph.boxOf(piece.nodes, sizes())?.width ?? 0) + graph.STEP, y: 0 });
}

/** What was copied here last: for where the browser keeps the clipboard from the page. */
let lastCopy = "";
let pastes = 0;

/** The text of what is chosen; null where that is nothing. */
export function copySelected(): string | null {
  const { selected, workflow } = useEditor.getState();
  const piece = copies.pieceOf(workflow, selected);
  if (copies.isEmpty(piece)) return null;
  lastCopy = copies.pieceText(piece);
  pastes = 0;
  return lastCopy;
}

export function copyToClipboard(): void {
  const text = copySelected();
  if (text === null) tell("Select nodes first, then copy them.");
  else void copyText(text, "Selection");
}

/** Pastes from the clipboard where the browser lets the page read it, else what was copied here last. */
export async function pasteFromClipboard(middle: Point): Promise<void> {
  const text = await navigator.clipboard?.readText().catch(() => lastCopy);
  if (!pasteText(text || lastCopy, middle)) tell("The clipboard has no nodes. Copy some first, here or in another tab.", "warn");
}

/** Pastes nodes, or opens a whole workflow. Gives whether the text was either. */
export function pasteText(text: string, middle: Point): boolean {
  const piece = copies.readPiece(text);
  if (piece) {
    const from = copies.middleOf(piece);
    pastes = text === lastCopy ? pastes + 1 : 1;
    const { nodes } = useEditor.getState().workflow;
    const isHere = piece.nodes.some(({ id }) => nodes.some((node) => node.id === id));
    // Beside what it was copied from; where that is not here, in the middle of what is seen.
    putPiece(piece, isHere ? { x: 40 * pastes, y: 40 * pastes } : { x: middle.x - from.x, y: middle.y - from.y });
    return true;
  }
  if (!text.trimStart().startsWith("{")) return false;
  const read = readWorkflow(text);
  if ("workflow" in read) void offerImport(text, "Pasted workflow");
  return "workflow" in read;
}

/** Puts nodes where they are wanted, or as near to that as there is room. */
function putPiece(piece: copies.Piece, wanted: Point): void {
  if (copies.isEmpty(piece)) return;
  let ids = new Set<string>();
  useEditor.getState().change(null, (workflow) => {
    const box = graph.boxOf(piece.nodes, sizes());
    const place = box && graph.freePlace(workflow, { x: box.x + wanted.x, y: box.y + wanted.y }, sizes(), box);
    const shift = box && place ? { x: place.x - box.x, y: place.y - box.y } : wanted;
    const added = copies.put(workflow, piece, shift);
    ids = added.ids;
    return added.workflow;
  });
  select(ids);
  const [first] = ids;
  if (first !== undefined) useEditor.setState(({ focused }) => ({ focused: { id: first, turn: (focused?.turn ?? 0) + 1, isGentle: true } }));
}

export function groupSelected(): void {
  const { selected, change } = useEditor.getState();
  let made: string | null = null;
  change(null, (workflow) => {
    const grouped = graph.group(workflow, selected, sizes());
    made = grouped?.id ?? null;
    return grouped?.workflow ?? workflow;
  });
  if (made === null) tell("Select the nodes to group first: hold Shift and drag, or Ctrl-click them.");
  else select(new Set([made]));
}

export function addNote(at: Point): void {
  let made = "";
  useEditor.getState().change(null, (workflow) => {
    const added = graph.addNote(workflow, at);
    made = added.id;
    return added.workflow;
  });
  select(new Set([made]));
}

export function arrangeAll(): void {
  const { change, catalogue, showAll } = useEditor.getState();
  change(null, (workflow) => arrange(workflow, sizes(), catalogue));
  showAll();
}

export function exportFile(): void {
  const { workflow } = useEditor.getState();
  saveText(fileText(workflow), fileName(workflow), "application/json");
}

/** Opens a file as a new workflow, or says what is wrong with it. */
export async function importFile(file: File): Promise<void> {
  if (file.size > MOST_BYTES) {
    tell(`${file.name} is too large for a workflow.`, "bad");
    return;
  }
  await offerImport(await file.text(), file.name.replace(/\.json$/i, ""));
}

async function offerImport(text: string, name: string): Promise<void> {
  const read = readWorkflow(text, name);
  if ("faults" in read) {
    await choose({ title: "Cannot open this file", text: `"${name}" is not a valid workflow:`, lines: read.faults, choices: [{ id: "close", title: "Close", tone: "primary" }] });
    return;
  }
  useEditor.getState().open(read.workflow);
}

export function chooseFile(): void {
  const field = document.createElement("input");
  field.type = "file";
  field.accept = ".json,application/json";
  field.onchange = () => {
    const [file] = field.files ?? [];
    if (file) void importFile(file);
  };
  field.click();
}

/** The one node that is chosen. */
export function onlyNode(): string | null {
  const { selected, workflow } = useEditor.getState();
  const [id] = selected;
  return selected.size === 1 && workflow.nodes.some((node) => node.id === id) ? (id ?? null) : null;
}

export function classOfNode(id: string): NodeClass | undefined {
  const { workflow, catalogue } = useEditor.getState();
  return classOf(catalogue, workflow.nodes.find((node) => node.id === id)?.type);
}
