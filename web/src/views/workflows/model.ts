/** The words that the editor and the runtime share: the server's own, and what the canvas keeps with a graph. */

import type { Edge, GraphNode as WireNode, NodeList, Workflow as WireWorkflow } from "@callboard/client";

export type { GraphFault, GraphFaults, InputPort, NodeClass, NodeRun, NodeState, OutputPort, PortType } from "@callboard/client";

/** A value on the wire. */
export type Json = unknown;

export type Catalogue = NodeList;
export type GraphEdge = Edge;

export interface GraphNode extends WireNode {
  title?: string;
  position?: { x: number; y: number };
  /** The id of the group that it stands in. */
  group?: string;
}

/** A frame round nodes. */
export interface GraphGroup {
  id: string;
  title: string;
  position: { x: number; y: number };
  size: { width: number; height: number };
}

/** A text on the canvas. */
export interface GraphNote {
  id: string;
  text: string;
  position: { x: number; y: number };
  size: { width: number; height: number };
}

/** A workflow as it is open; without `version` it was never saved. */
export interface Workflow extends Pick<WireWorkflow, "name">, Partial<Omit<WireWorkflow, "name" | "nodes" | "edges">> {
  nodes: GraphNode[];
  edges: GraphEdge[];
  groups?: GraphGroup[];
  notes?: GraphNote[];
}
