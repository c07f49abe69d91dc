/** What may be linked to what, and why not: types as the server tells them, and no circles. */

import type { Catalogue, GraphEdge, GraphNode, InputPort, NodeClass, OutputPort, PortType, Workflow } from "../../model";

/** Whether an input of a type takes an output of another. A type that the server did not name takes what is of the same. */
export function takes(catalogue: Catalogue | null, input: PortType, output: PortType): boolean {
  const known = catalogue?.types.find(({ name }) => name === input);
  return known ? known.takes.includes(output) : input === output || input === "json" || output === "json";
}

const byName = new WeakMap<Catalogue, ReadonlyMap<string, NodeClass>>();

export function classOf(catalogue: Catalogue | null, type: string | undefined): NodeClass | undefined {
  if (!catalogue || type === undefined) return undefined;
  let known = byName.get(catalogue);
  if (!known) {
    known = new Map(catalogue.nodes.map((one) => [one.type, one]));
    byName.set(catalogue, known);
  }
  return known.get(type);
}

/** The ports of a node, in the order in which they stand. Those of a class that is not known are read from what is linked. */
export function portsOf(node: GraphNode, nodeClass: NodeClass | undefined, edges: readonly GraphEdge[]): { inputs: InputPort[]; outputs: OutputPort[] } {
  if (nodeClass) return { inputs: nodeClass.inputs, outputs: nodeClass.outputs };
  const inputs = new Set([...Object.keys(node.inputs), ...edges.filter(({ target }) => target === node.id).map((edge) => edge.target_input)]);
  const outputs = new Set(edges.filter(({ source }) => source === node.id).map((edge) => edge.source_output));
  return {
    inputs: [...inputs].map((name) => ({ name, type: "json", description: "", required: false, lazy: false, advanced: false, widget: "plain" })),
    outputs: [...outputs].map((name) => ({ name, type: "json", description: "" })),
  };
}

/** Why a link is refused. */
export interface Refusal {
  /** For people, in a sentence. */
  reason: string;
  /** The nodes of the circle that it would close. */
  cycle: readonly string[];
}

/** Why two ports cannot be linked; null where they can. */
export function refusal(workflow: Workflow, catalogue: Catalogue | null, edge: GraphEdge): Refusal | null {
  const source = workflow.nodes.find(({ id }) => id === edge.source);
  const target = workflow.nodes.find(({ id }) => id === edge.target);
  if (!source || !target) return { reason: "One of the nodes is no longer there.", cycle: [] };
  const output = typeOfOutput(catalogue, source, edge.source_output);
  const input = typeOfInput(catalogue, target, edge.target_input);
  if (output && input && !takes(catalogue, input, output)) return { reason: `${output} cannot go into ${input}`, cycle: [] };
  const cycle = pathBetween(workflow.edges, edge.target, edge.source);
  if (!cycle) return null;
  if (edge.source === edge.target) return { reason: "A node cannot feed itself.", cycle };
  const names = cycle.map((id) => workflow.nodes.find((node) => node.id === id)).map((node) => node?.title ?? node?.type ?? "?");
  return { reason: `That would close a circle: ${shortened([...names, names[0] ?? ""]).join(" → ")}`, cycle };
}

/** A path along the links, both ends included; the shortest, or null where there is none. */
export function pathBetween(edges: readonly GraphEdge[], from: string, to: string): string[] | null {
  const next = new Map<string, string[]>();
  for (const { source, target } of edges) {
    const known = next.get(source);
    if (known) known.push(target);
    else next.set(source, [target]);
  }
  const before = new Map<string, string | null>([[from, null]]);
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    const node = queue[at] as string;
    if (node === to) return walkBack(before, to);
    for (const one of next.get(node) ?? []) {
      if (before.has(one)) continue;
      before.set(one, node);
      queue.push(one);
    }
  }
  return null;
}

/** The input of a class that an output is linked to when nobody says which: a required one first. */
export function inputFor(catalogue: Catalogue | null, nodeClass: NodeClass, output: PortType): InputPort | undefined {
  const fitting = nodeClass.inputs.filter(({ type }) => takes(catalogue, type, output));
  const exact = fitting.filter(({ type }) => type === output);
  return exact.find(({ required }) => required) ?? fitting.find(({ required }) => required) ?? exact[0] ?? fitting[0];
}

/** The output of a class that goes into an input when nobody says which. */
export function outputFor(catalogue: Catalogue | null, nodeClass: NodeClass, input: PortType): OutputPort | undefined {
  const fitting = nodeClass.outputs.filter(({ type }) => takes(catalogue, input, type));
  return fitting.find(({ type }) => type === input) ?? fitting[0];
}

export function typeOfOutput(catalogue: Catalogue | null, node: GraphNode | undefined, output: string): PortType | undefined {
  return classOf(catalogue, node?.type)?.outputs.find(({ name }) => name === output)?.type;
}

export function typeOfInput(catalogue: Catalogue | null, node: GraphNode | undefined, input: string): PortType | undefined {
  return classOf(catalogue, node?.type)?.inputs.find(({ name }) => name === input)?.type;
}

function walkBack(before: ReadonlyMap<string, string | null>, end: string): string[] {
  const path: string[] = [];
  for (let node: string | null = end; node !== null; node = before.get(node) ?? null) path.unshift(node);
  return path;
}

function shortened(names: readonly string[]): readonly string[] {
  return names.length <= 7 ? names : [...names.slice(0, 3), "…", ...names.slice(-3)];
}
