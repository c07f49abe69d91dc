/** The words that the editor and the runtime share: a graph as it is saved, the classes of its nodes, how nodes stand. */

/** A value on the wire. */
export type Json = unknown;

export type PortType = "json" | "text" | "number" | "integer" | "boolean" | "list" | "object";

export interface InputPort {
  name: string;
  type: PortType;
  description: string;
  required: boolean;
  default?: Json;
  min?: number;
  max?: number;
  choices?: string[];
  lazy: boolean;
  widget: "plain" | "multiline" | "code";
}

export interface OutputPort {
  name: string;
  type: PortType;
  description: string;
}

/** A class of nodes, as `GET /nodes` tells it. */
export interface NodeClass {
  type: string;
  category: string;
  description: string;
  inputs: InputPort[];
  outputs: OutputPort[];
  volatile: boolean;
  waits: boolean;
}

/** `GET /nodes`: the classes, and which input type takes which output types. */
export interface Catalogue {
  nodes: NodeClass[];
  types: { name: PortType; takes: PortType[] }[];
}

export interface GraphNode {
  id: string;
  type: string;
  inputs: Record<string, Json>;
  title?: string;
  position?: { x: number; y: number };
  /** The id of the group that it stands in. */
  group?: string;
}

export interface GraphEdge {
  source: string;
  source_output: string;
  target: string;
  target_input: string;
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

/** A workflow; without `version` it was never saved. */
export interface Workflow {
  id?: string;
  name: string;
  version?: number;
  author?: string;
  created_at?: number;
  updated_at?: number;
  autostart?: boolean;
  nodes: GraphNode[];
  edges: GraphEdge[];
  groups?: GraphGroup[];
  notes?: GraphNote[];
}

export type NodeState = "idle" | "queued" | "executing" | "completed" | "cached" | "waiting" | "blocked" | "error";

/** How a node stands while its workflow runs. */
export interface NodeRun {
  state: NodeState;
  start_time?: number;
  /** The outputs by name; null while there are none. */
  result?: Record<string, Json> | null;
  duration_ms?: number;
  runs: number;
  error?: string;
  /** The session that asks a person, or that is the task that it waits for. */
  session_id?: string;
  blocked_by?: string;
}

/** What is wrong with a graph, node by node: the answer 422 of `POST /workflows/validate`. */
export interface GraphFaults {
  node_errors: Record<string, { class_type: string; errors: GraphFault[]; dependent_outputs: string[] }>;
  graph_errors?: GraphFault[];
}

export interface GraphFault {
  type: string;
  message: string;
  details: string;
  extra_info: Record<string, Json>;
}
