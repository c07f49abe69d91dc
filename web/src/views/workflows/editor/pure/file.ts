/** Workflows as files: what is written, and what is wrong with one that cannot be read. */

import { parseJson, writeJson } from "@callboard/client";
import type { GraphEdge, GraphNode, Workflow } from "../../model";

/** Above that the server would not take it either. */
export const MOST_BYTES = 16 * 1024 * 1024;

/** The text of a file: the workflow without what belongs to the server that it was stored on. */
export function fileText(workflow: Workflow): string {
  const { id: _id, version: _version, author: _author, created_at: _created, updated_at: _updated, ...rest } = workflow;
  return `${writeJson(rest, 2)}\n`;
}

/** A name for the file: `Order pipeline` → `order-pipeline.json`. */
export function fileName(workflow: Workflow): string {
  const words = workflow.name.toLowerCase().normalize("NFKD").replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return `${words.slice(0, 60) || "workflow"}.json`;
}

/** A workflow, or what is wrong with the text. */
export type Read = { workflow: Workflow } | { faults: string[] };

/** At most so many faults are told. */
const MOST_FAULTS = 8;

/** Reads a workflow from a text, such as that of a file. It counts as new: what was its id and version is left out. */
export function readWorkflow(text: string, fallbackName = "Imported workflow"): Read {
  let read: unknown;
  try {
    read = parseJson(text);
  } catch (error) {
    return { faults: [`This is not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  if (!isObject(read)) return { faults: ["This is JSON, but no workflow: an object with \"nodes\" and \"edges\" is wanted."] };
  const faults: string[] = [];
  if (!Array.isArray(read.nodes)) return { faults: ["There is no list \"nodes\" in it, so it is no workflow."] };
  const nodes = read.nodes.flatMap((node: unknown, at) => readNode(node, at, faults));
  const seen = new Set<string>();
  for (const { id } of nodes) {
    if (seen.has(id)) faults.push(`Two nodes have the id "${id}".`);
    seen.add(id);
  }
  const given = read.edges ?? [];
  if (!Array.isArray(given)) faults.push("\"edges\" is not a list.");
  const edges = Array.isArray(given) ? given.flatMap((edge: unknown, at) => readEdge(edge, at, seen, faults)) : [];
  if (faults.length > 0) return { faults: faults.length > MOST_FAULTS ? [...faults.slice(0, MOST_FAULTS), `…and ${faults.length - MOST_FAULTS} more.`] : faults };
  const { id: _id, version: _version, author: _author, created_at: _created, updated_at: _updated, groups, notes, ...rest } = read;
  const frames = framed(groups, "title");
  const texts = framed(notes, "text");
  const name = typeof read.name === "string" && read.name.trim() !== "" ? read.name : fallbackName;
  return { workflow: { ...rest, name, nodes, edges, ...(frames && { groups: frames }), ...(texts && { notes: texts }) } as Workflow };
}

function readNode(node: unknown, at: number, faults: string[]): GraphNode[] {
  const place = `Node ${at + 1}`;
  if (!isObject(node)) return told(faults, `${place} is no object.`);
  if (typeof node.id !== "string" || node.id === "") return told(faults, `${place} has no id.`);
  if (typeof node.type !== "string" || node.type === "") return told(faults, `${place}, "${node.id}", has no type.`);
  const inputs = node.inputs ?? {};
  if (!isObject(inputs)) return told(faults, `The inputs of "${node.id}" are no object.`);
  const { position, title, ...rest } = node;
  return [{ ...rest, id: node.id, type: node.type, inputs, ...(typeof title === "string" && { title }), ...(isPoint(position) && { position }) }];
}

function readEdge(edge: unknown, at: number, nodes: ReadonlySet<string>, faults: string[]): GraphEdge[] {
  const place = `Link ${at + 1}`;
  if (!isObject(edge)) return told(faults, `${place} is no object.`);
  const { source, source_output, target, target_input } = edge;
  const words = Object.entries({ source, source_output, target, target_input });
  const missing = words.filter(([, value]) => typeof value !== "string").map(([name]) => name);
  if (missing.length > 0) return told(faults, `${place} has no ${missing.join(", no ")}.`);
  for (const id of [source, target]) if (!nodes.has(id as string)) return told(faults, `${place} leads to "${String(id)}", and there is no such node.`);
  return [edge as unknown as GraphEdge];
}

/** Frames and notes are kept where they are sound; a workflow runs without them, too. */
function framed(given: unknown, text: string): object[] | null {
  if (!Array.isArray(given)) return null;
  return given.filter((one): one is object => isObject(one) && typeof one.id === "string" && typeof one[text] === "string" && isPoint(one.position) && isSize(one.size));
}

function told(faults: string[], text: string): never[] {
  faults.push(text);
  return [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPoint(value: unknown): value is { x: number; y: number } {
  return isObject(value) && Number.isFinite(value.x) && Number.isFinite(value.y);
}

function isSize(value: unknown): value is { width: number; height: number } {
  return isObject(value) && Number.isFinite(value.width) && Number.isFinite(value.height);
}
