/** The calls about workflows over HTTP. */

import { CallboardError, json, request, type Transport } from "../http.js";
import { record } from "../record.js";
import type { ExampleList, Graph, GraphFaults, NodeDetail, NodeList, StartedRun, Validated, WorkflowPage, WorkflowStatus } from "../wire/wire.js";
import type { LiveOptions, RunOptions, StoredWorkflow, WorkflowDraft } from "./types.js";

/** Who changes something, for those who watch: visible ASCII, at most 64 characters. */
export interface By {
  author?: string;
}

/** How a workflow is stored. */
export interface Saving extends By {
  /** Stores it though it is not valid; it cannot run then. */
  draft?: boolean;
  /** Only where this is the version that is stored, else `version_conflict`. */
  version?: number;
}

/** What can be asked about workflows. Every call throws `CallboardError`. */
export interface WorkflowCalls {
  /** The node classes. */
  nodes(signal?: AbortSignal): Promise<NodeList>;
  /** The examples that come with the server. */
  examples(signal?: AbortSignal): Promise<ExampleList["examples"]>;
  list(page?: { limit?: number; cursor?: string }, signal?: AbortSignal): Promise<WorkflowPage>;
  get(id: string, signal?: AbortSignal): Promise<StoredWorkflow>;
  create(workflow: WorkflowDraft, how?: Omit<Saving, "version">): Promise<StoredWorkflow>;
  save(id: string, workflow: WorkflowDraft, how?: Saving): Promise<StoredWorkflow>;
  remove(id: string, how?: Omit<Saving, "draft">): Promise<void>;
  /** What is wrong with a graph; null where nothing is. */
  validate(graph: Graph, signal?: AbortSignal): Promise<GraphFaults | null>;
  /** Runs it once, as a session. */
  run(id: string, options?: RunOptions): Promise<StartedRun>;
  /** Makes it live, or lets one that is paused go on. */
  start(id: string, options?: LiveOptions, by?: By): Promise<WorkflowStatus>;
  stop(id: string, by?: By): Promise<WorkflowStatus>;
  /** Does one iteration; one that is not live becomes paused. */
  step(id: string, by?: By): Promise<WorkflowStatus>;
  status(id: string, signal?: AbortSignal): Promise<WorkflowStatus>;
  /** How the nodes of a run stand, from its session's journal: also after a reload, and after a restart of the server. */
  runStates(sessionId: string, signal?: AbortSignal): Promise<Record<string, NodeDetail>>;
}

/** What is read of a journal at once, and how far: a run that writes more lines than that is shown as it was then. */
const PAGE = 1000;
const MOST_PAGES = 100;

interface Journal {
  events: { type: string; seq: number; nodes?: Record<string, NodeDetail> }[];
  last_seq: number;
}

/** The calls over a way to the server. */
export function workflowCalls(transport: Transport): WorkflowCalls {
  const path = (id: string, rest = ""): string => `/workflows/${encodeURIComponent(id)}${rest}`;
  const headers = ({ author, version }: Saving = {}): Record<string, string> => ({
    ...(author && { "X-Client-Id": author }),
    ...(version !== undefined && { "If-Match": `"${version}"` }),
  });
  const asDraft = (how?: Saving): string => (how?.draft ? "?draft=true" : "");
  return {
    nodes: (signal) => json(transport, "/nodes", { signal }),
    examples: async (signal) => (await json<ExampleList>(transport, "/workflows/examples", { signal })).examples,
    list: ({ limit, cursor } = {}, signal) => {
      const query = new URLSearchParams();
      if (limit !== undefined) query.set("limit", String(limit));
      if (cursor) query.set("cursor", cursor);
      const text = query.toString();
      return json(transport, `/workflows${text && `?${text}`}`, { signal });
    },
    get: (id, signal) => json(transport, path(id), { signal }),
    create: (workflow, how) => json(transport, `/workflows${asDraft(how)}`, { method: "POST", body: workflow, headers: headers(how) }),
    save: (id, workflow, how) => json(transport, path(id, asDraft(how)), { method: "PUT", body: workflow, headers: headers(how) }),
    remove: async (id, how) => void (await request(transport, path(id), { method: "DELETE", headers: headers(how) })),
    validate: async ({ nodes, edges }, signal) => {
      const { valid, node_errors, graph_errors } = await json<Validated>(transport, "/workflows/validate?report=true", { method: "POST", body: { nodes, edges }, signal });
      return valid ? null : { node_errors, ...(graph_errors?.length && { graph_errors }) };
    },
    run: (id, { idempotencyKey, ...options } = {}) =>
      json(transport, path(id, "/run"), { method: "POST", body: options, headers: idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {} }),
    start: (id, options = {}, by) => json(transport, path(id, "/continuous/start"), { method: "POST", body: options, headers: headers(by) }),
    stop: (id, by) => json(transport, path(id, "/continuous/stop"), { method: "POST", body: {}, headers: headers(by) }),
    step: (id, by) => json(transport, path(id, "/continuous/step"), { method: "POST", body: {}, headers: headers(by) }),
    status: (id, signal) => json(transport, path(id, "/status"), { signal }),
    runStates: async (sessionId, signal) => {
      const states = record<NodeDetail>();
      let since = 0;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const { events, last_seq } = await json<Journal>(transport, `/sessions/${encodeURIComponent(sessionId)}/events?since=${since}&limit=${PAGE}`, { signal });
        for (const event of events) if (event.type === "node_states") for (const [id, detail] of Object.entries(event.nodes ?? {})) states[id] = detail;
        const last = events.at(-1)?.seq ?? last_seq;
        if (last >= last_seq) break;
        since = last;
      }
      return states;
    },
  };
}

/** What a refusal says is wrong with a graph; null where it says something else. */
export function faultsIn(error: unknown): GraphFaults | null {
  if (!(error instanceof CallboardError) || error.problem["node_errors"] === undefined) return null;
  const { node_errors, graph_errors } = error.problem as unknown as GraphFaults;
  return { node_errors, ...(graph_errors?.length && { graph_errors }) };
}
