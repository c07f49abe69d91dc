/** The words of workflows on the wire: graphs as they are kept, and what the server tells of them. */

/** What a port takes or gives. */
export type PortType = "json" | "text" | "number" | "integer" | "boolean" | "list" | "object";

/** An input of a node class. */
export interface InputPort {
  name: string;
  type: PortType;
  description: string;
  required: boolean;
  default?: unknown;
  min?: number;
  max?: number;
  choices?: string[];
  /** Whether what it is linked to runs only when the node asks for it. */
  lazy: boolean;
  widget: "plain" | "multiline" | "code";
}

/** An output of a node class. */
export interface OutputPort {
  name: string;
  type: PortType;
  description: string;
}

/** A class of nodes. */
export interface NodeClass {
  type: string;
  category: string;
  description: string;
  inputs: InputPort[];
  outputs: OutputPort[];
  /** Whether it runs in every iteration. */
  volatile: boolean;
  /** Whether it may wait for something outside. */
  waits: boolean;
}

/** The classes, and which input type takes which output types. */
export interface Catalogue {
  nodes: NodeClass[];
  types: { name: PortType; takes: PortType[] }[];
}

export interface GraphNode {
  id: string;
  type: string;
  /** The constants of its inputs, by name. */
  inputs: Record<string, unknown>;
}

export interface GraphEdge {
  source: string;
  source_output: string;
  target: string;
  target_input: string;
}

/** A graph; what a canvas keeps with it is stored with it. */
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** A workflow as it is made or changed. */
export interface WorkflowDraft extends Graph {
  id?: string;
  name: string;
  autostart?: boolean;
}

/** A workflow as it is stored. */
export interface StoredWorkflow extends WorkflowDraft {
  id: string;
  /** Counts up from 1 with every change. */
  version: number;
  author?: string;
  created_at: number;
  updated_at: number;
}

/** A workflow in the list. */
export interface WorkflowRow {
  id: string;
  name: string;
  version: number;
  author?: string;
  created_at: number;
  updated_at: number;
  node_count: number;
  autostart: boolean;
  /** Whether it is live. */
  is_running: boolean;
}

export interface WorkflowPage {
  workflows: WorkflowRow[];
  next_cursor?: string | null;
}

/** One thing that is wrong with a graph. */
export interface GraphFault {
  type: string;
  message: string;
  details: string;
  extra_info: Record<string, unknown>;
}

/** Everything that is wrong with a graph, node by node. */
export interface GraphFaults {
  node_errors: Record<string, { class_type: string; errors: GraphFault[]; dependent_outputs: string[] }>;
  graph_errors?: GraphFault[];
}

export type NodeState = "idle" | "queued" | "executing" | "completed" | "cached" | "waiting" | "blocked" | "error";

/** How a live workflow stands: `parked` has nothing to do until an input changes, `paused` moves by single steps. */
export type LiveState = "running" | "parked" | "paused" | "stopped";

/** The outputs of a node by name. A large one is `{truncated: true, bytes, preview}`. */
export type NodeOutputs = Record<string, unknown>;

/** How a node stands. */
export interface NodeRun {
  state: NodeState;
  start_time?: number;
  /** Null while it has none. */
  result?: NodeOutputs | null;
  duration_ms?: number;
  runs: number;
  error?: string;
  /** The session that asks the person it waits for, or that is the task it waits for. */
  session_id?: string;
  /** The node whose failure blocks it. */
  blocked_by?: string;
  /** The last line that it told. */
  said?: string;
}

/** How a live workflow runs. */
export interface LiveOptions {
  interval_ms?: number | null;
  max_iterations?: number | null;
  /** Whether it comes back after a restart of the server. */
  autostart?: boolean | null;
}

/** How a workflow stands, as a whole. */
export interface WorkflowStatus {
  workflow_id: string;
  is_running: boolean;
  execution_count: number;
  results: Record<string, NodeOutputs>;
  state?: LiveState;
  version?: number;
  node_count?: number;
  interval_ms?: number;
  max_iterations?: number;
  started_at?: number;
  /** Nodes that are idle are left out. */
  node_states?: Record<string, Partial<NodeRun>>;
  /** The inputs that were changed since the start. */
  inputs?: Record<string, Record<string, unknown>>;
}

export type WorkflowEventName = "continuous_started" | "continuous_stopped" | "execution_started" | "execution_completed" | "execution_failed" | "workflow_updated";

/** More about what happened to a workflow. */
export interface WorkflowEventData {
  workflow_id: string;
  node_count?: number;
  version?: number;
  session_id?: string;
  author?: string;
  reason?: string;
  execution_count?: number;
  change?: "saved" | "removed" | "input";
  node_id?: string;
  input_name?: string;
  input_value?: unknown;
}

export interface WorkflowEvent {
  type: "workflow_event";
  event: WorkflowEventName;
  timestamp: number;
  data: WorkflowEventData;
}

/** An input that was changed, and the first iteration that sees it. */
export interface InputApplied {
  workflow_id: string;
  node_id: string;
  input_name: string;
  execution_count: number;
}

/** Everything that the server says on a workflow's socket. */
export type WorkflowMessage =
  | { type: "execution_status"; timestamp: number; data: WorkflowStatus }
  | { type: "node_state"; timestamp: number; data: { workflow_id: string; session_id?: string; node_id: string; state: NodeState; data: Partial<NodeRun> } }
  | WorkflowEvent
  | {
      type: "continuous_update";
      timestamp: number;
      data: {
        workflow_id: string;
        execution_count: number;
        status: string;
        data: { execution_time?: number; results?: Record<string, NodeOutputs>; rate?: number; iterations?: number };
      };
    }
  | { type: "input_applied"; timestamp: number; data: InputApplied }
  | { type: "subscribed"; timestamp: number; events: string[] }
  | { type: "pong"; timestamp: unknown }
  | { type: "error"; timestamp?: number; code: string; message: string; node_id?: string; input_name?: string; data?: { node_id?: string; input_name?: string } };

/** What a run once is started with. */
export interface RunOptions {
  /** By node and input; they take the place of the graph's constants. */
  inputs?: Record<string, Record<string, unknown>>;
  priority?: "low" | "normal" | "high" | "critical";
  labels?: Record<string, string>;
  /** The same key gives the same session back. */
  idempotencyKey?: string;
}

export interface StartedRun {
  session_id: string;
  workflow_id: string;
  status: string;
}
