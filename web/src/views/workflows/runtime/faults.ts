/** What is wrong with the graph that is open: asked of the server a moment after every change of it. */

import { useEffect } from "react";
import { create } from "zustand";
import { record, writeJson, CallboardError, type Client, type Graph } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useEditor } from "../editor";
import type { GraphFault, GraphFaults, Workflow } from "../model";

const QUIET_MS = 400;
const AGAIN_MS = 5000;
const NONE: readonly GraphFault[] = [];

interface Faults {
  state: "unknown" | "asking" | "valid" | "faulty" | "unreachable";
  /** Why the server could not be asked. */
  reason: string;
  byNode: GraphFaults["node_errors"];
  ofGraph: readonly GraphFault[];
  /** Whether they are listed below the canvas. */
  isOpen: boolean;
}

/** Where there is little room the list waits to be asked for. */
function hasRoom(): boolean {
  return typeof matchMedia !== "function" || matchMedia("(min-width: 761px)").matches;
}

export const useFaults = create<Faults>(() => ({ state: "unknown", reason: "", byNode: record(), ofGraph: NONE, isOpen: hasRoom() }));

/** What is wrong with one node; the same list until that changes. */
export function useNodeFaults(nodeId: string): readonly GraphFault[] {
  return useFaults(({ byNode }) => byNode[nodeId]?.errors ?? NONE);
}

/** How many faults there are. */
export function faultCount({ byNode, ofGraph }: Pick<Faults, "byNode" | "ofGraph">): number {
  return ofGraph.length + Object.values(byNode).reduce((sum, { errors }) => sum + errors.length, 0);
}

/** Shows what the server found; null for nothing. */
export function showFaults(faults: GraphFaults | null): void {
  const before = useFaults.getState().byNode;
  const byNode = record(Object.entries(faults?.node_errors ?? {}).map(([id, found]) => [id, same(before[id], found) ? (before[id] ?? found) : found] as const));
  const ofGraph = faults?.graph_errors ?? NONE;
  const isValid = Object.keys(byNode).length === 0 && ofGraph.length === 0;
  useFaults.setState({ state: isValid ? "valid" : "faulty", reason: "", byNode, ofGraph });
}

/** What the server is asked about: the graph without what only the canvas knows. */
export function graphOf({ nodes, edges }: Workflow): Graph {
  return {
    nodes: nodes.map(({ id, type, inputs }) => ({ id, type, inputs })),
    edges: edges.map(({ source, source_output, target, target_input }) => ({ source, source_output, target, target_input })),
  };
}

let users = 0;
let end: () => void = () => undefined;

/** Keeps the faults up to date while a component that uses this is there; several share one asking. */
export function useValidation(): void {
  const client = useCallboard();
  useEffect(() => {
    users += 1;
    if (users === 1) end = validate(client);
    return () => {
      users -= 1;
      if (users === 0) end();
    };
  }, [client]);
}

function validate(client: Client): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;
  let known = "";
  const ask = async (): Promise<void> => {
    const { workflow } = useEditor.getState();
    const graph = graphOf(workflow);
    const text = writeJson(graph);
    // Moving a node about changes nothing of what is asked.
    if (text === known) return;
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    if (workflow.nodes.length === 0) {
      known = text;
      useFaults.setState({ state: "unknown", reason: "", byNode: {}, ofGraph: NONE });
      return;
    }
    useFaults.setState({ state: "asking" });
    try {
      showFaults(await client.workflows.validate(graph, mine.signal));
      known = text;
    } catch (error) {
      if (mine.signal.aborted) return;
      useFaults.setState({ state: "unreachable", reason: error instanceof CallboardError ? error.message : String(error) });
      soon(AGAIN_MS);
    }
  };
  const soon = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ms);
  };
  let before = useEditor.getState().workflow;
  const forget = useEditor.subscribe(({ workflow }) => {
    if (workflow.nodes === before.nodes && workflow.edges === before.edges) return;
    before = workflow;
    soon(QUIET_MS);
  });
  void ask();
  return () => {
    clearTimeout(timer);
    asking?.abort();
    forget();
    useFaults.setState({ state: "unknown", reason: "", byNode: {}, ofGraph: NONE });
  };
}

function same(one: unknown, other: unknown): boolean {
  return writeJson(one) === writeJson(other);
}
