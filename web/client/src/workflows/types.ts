/** What is said about workflows beside the types that come from the server's source: options, and the messages of a socket. */

import type { Graph, LiveState, NodeDetail, NodeState, Priority, Workflow, WorkflowEventName, WorkflowStatus } from "../wire/wire.js";

/** A workflow as it is made or changed; what a canvas keeps with it is stored with it. */
export interface WorkflowDraft extends Graph {
  id?: string;
  name: string;
  autostart?: boolean;
}

/** A workflow as it is stored. */
export type StoredWorkflow = Workflow;

/** The outputs of a node by name. A large one is `{truncated: true, bytes, preview}`. */
export type NodeOutputs = Record<string, unknown>;

/** How a node stands. */
export type NodeRun = NodeDetail & { state: NodeState };

/** How a live workflow runs. */
export interface LiveOptions {
  interval_ms?: number | null;
  max_iterations?: number | null;
  /** Whether it comes back after a restart of the server. */
  autostart?: boolean | null;
  /** `naive` runs every node in each iteration, to compare with. */
  executor?: "plan" | "naive";
}

/** More about what happened to a workflow. */
export interface WorkflowEventData {
  workflow_id: string;
  node_count?: number;
  version?: number;
  session_id?: string;
  author?: string;
  /** Who changed it, or null where they did not say; only with `change`. */
  by?: string | null;
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
  /** Its place in what is sent of the workflow; none where it is about a run as a session. */
  seq?: number;
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

/** What an iteration gave, or several at a high rate. */
export interface ContinuousUpdate {
  workflow_id: string;
  execution_count: number;
  status: "executing" | "completed" | "failed";
  /** `start_time` is when it began, while something of it is under way. `state` is whether it goes on after that, or waits for a change or a step. */
  data: { start_time?: number; execution_time?: number; results?: Record<string, NodeOutputs>; rate?: number; iterations?: number; state?: LiveState };
}

/**
 * Everything that the server says on a workflow's socket. `seq` is a message's place in what is sent of the workflow; what
 * is about a run as a session has none.
 */
export type WorkflowMessage =
  /** With `gap`, not all could be sent that was missed after `?since=`: this is how it stands now, as a whole. */
  | { type: "execution_status"; seq: number; gap?: boolean; timestamp: number; data: WorkflowStatus }
  | { type: "node_state"; seq?: number; timestamp: number; data: { workflow_id: string; session_id?: string; node_id: string; state: NodeState; data: Partial<NodeRun> } }
  | WorkflowEvent
  | { type: "continuous_update"; seq: number; timestamp: number; data: ContinuousUpdate }
  | { type: "input_applied"; timestamp: number; data: InputApplied }
  | { type: "subscribed"; timestamp: number; events: string[] }
  | { type: "pong"; timestamp: unknown }
  | { type: "error"; timestamp?: number; code: string; message: string; data?: { workflow_id?: string; node_id?: string; input_name?: string } };

/** What a run once is started with. */
export interface RunOptions {
  /** By node and input; they take the place of the graph's constants. */
  inputs?: Record<string, Record<string, unknown>>;
  priority?: Priority;
  labels?: Record<string, string>;
  /** The same key gives the same session back. */
  idempotencyKey?: string;
}
