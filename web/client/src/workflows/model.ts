/**
 * What is known of a watched workflow, and how what the server says changes it. No clock, no network, no page.
 *
 * A live workflow and a run once may both be reported on one socket: each has nodes of its own. The live ones are shown
 * while it is live, else those of the last run; a run that somebody has chosen is shown until they choose another.
 */

import type { Connection } from "../types.js";
import type { LiveState, NodeDetail, WorkflowStatus } from "../wire/wire.js";
import type { ContinuousUpdate, NodeOutputs, NodeRun, WorkflowEvent, WorkflowMessage } from "./types.js";

/** How a live workflow goes. */
export interface Live {
  readonly state: LiveState;
  /** Iterations since it was started. */
  readonly count: number;
  /** Iterations a second. */
  readonly rate: number | null;
  /** Seconds that the last iteration took. */
  readonly took: number | null;
  readonly intervalMs: number | null;
  readonly maxIterations: number | null;
  readonly version: number | null;
  readonly startedAt: number | null;
  /** Who started or stopped it last, where they said. */
  readonly author: string | null;
  /** Why it stopped, where something was said. */
  readonly reason: string | null;
  /** Why it does not become live again by itself, until somebody starts it. */
  readonly pauseReason: string | null;
}

/** The run once that was told of last. */
export interface Run {
  readonly sessionId: string;
  readonly state: "running" | "completed" | "failed";
  readonly reason: string | null;
  readonly author: string | null;
}

/** A workflow as it is known at one moment; its nodes are asked for one by one. */
export interface WorkflowState {
  readonly id: string;
  readonly connection: Connection;
  /** Whether the server has said how it stands since the connection was made. */
  readonly isKnown: boolean;
  readonly live: Live;
  readonly run: Run | null;
  /** Whether somebody has chosen the run, so that it is shown also while the workflow is live. */
  readonly isChosen: boolean;
  /** Whether the nodes that are shown are the run's, and not those of the live workflow. */
  readonly showsRun: boolean;
}

/** What a run's session and its journal say of nodes that the workflow's own socket has not reported: it was not open yet. */
export interface Learned {
  waiting?: readonly string[];
  outputs?: Readonly<Record<string, NodeOutputs>> | null;
  states?: Readonly<Record<string, NodeDetail>>;
}

const STOPPED: Live = { state: "stopped", count: 0, rate: null, took: null, intervalMs: null, maxIterations: null, version: null, startedAt: null, author: null, reason: null, pauseReason: null };

type Nodes = Map<string, NodeRun>;

/** What a status says of the whole. */
function headOf(status: WorkflowStatus): Pick<Live, "state" | "intervalMs" | "maxIterations" | "version" | "startedAt" | "pauseReason"> {
  return {
    state: status.state ?? (status.is_running ? "running" : "stopped"),
    intervalMs: status.interval_ms ?? null,
    maxIterations: status.max_iterations ?? null,
    version: status.version ?? null,
    startedAt: status.started_at ?? null,
    pauseReason: status.pause_reason ?? null,
  };
}

/** Holds a workflow's state while messages change it. */
export class WorkflowModel {
  #id: string;
  #connection: Connection;
  #isKnown = false;
  #live: Live = STOPPED;
  #run: Run | null = null;
  #liveNodes: Nodes = new Map();
  #runNodes: Nodes = new Map();
  /** The run that somebody has chosen; null while the latest is followed. */
  #chosen: string | null = null;
  /** Whether it was live after the latest run had begun: its last values stay when it stops. */
  #wasLiveLast = false;
  /** The run that was started last, to go back to. */
  #latest: Run | null = null;
  /** Nodes of the run that the socket has reported: newer than what its journal says. */
  #reported = new Set<string>();
  #inputs = new Map<string, Record<string, unknown>>();
  /** Nodes that changed since `changes` was asked for. */
  #changed = new Set<string>();

  constructor(id: string, connection: Connection) {
    this.#id = id;
    this.#connection = connection;
  }

  state(): WorkflowState {
    return { id: this.#id, connection: this.#connection, isKnown: this.#isKnown, live: this.#live, run: this.#run, isChosen: this.#chosen !== null, showsRun: this.#showsRun };
  }

  get isLive(): boolean {
    return this.#live.state !== "stopped";
  }

  /** The nodes that are shown. */
  nodes(): ReadonlyMap<string, NodeRun> {
    return this.#showsRun ? this.#runNodes : this.#liveNodes;
  }

  get #showsRun(): boolean {
    return this.#run !== null && (this.#chosen !== null || (!this.isLive && !this.#wasLiveLast));
  }

  /** What an input was changed to while the workflow is live; `undefined` where it was not. */
  input(node: string, name: string): unknown {
    return this.isLive ? this.#inputs.get(node)?.[name] : undefined;
  }

  /** The ids of the nodes that changed since this was asked last. */
  changes(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  connected(connection: Connection): void {
    const isNew = connection.phase === "live" && this.#connection.phase !== "live" && this.#connection.phase !== "stale";
    this.#connection = connection;
    // Where the workflow is live the server says so at once; where it says nothing, it is not live any more.
    if (!isNew) return;
    this.#isKnown = false;
    // What a run did meanwhile is in its journal only.
    this.#reported = new Set();
  }

  /** Takes a message; gives the event that others should hear of, if it is one. */
  take(message: WorkflowMessage): WorkflowEvent | null {
    switch (message.type) {
      case "execution_status":
        if (message.data.workflow_id === this.#id) this.#status(message.data);
        return null;
      case "node_state": {
        const { workflow_id, session_id, node_id, state, data } = message.data;
        if (workflow_id !== this.#id) return null;
        if (session_id === undefined) {
          this.#isKnown = true;
          this.#node(this.#liveNodes, node_id, { ...data, state });
        }
        if (session_id !== undefined && this.#run?.sessionId === session_id) {
          this.#reported.add(node_id);
          this.#node(this.#runNodes, node_id, { ...data, state });
        }
        return null;
      }
      case "continuous_update":
        if (message.data.workflow_id === this.#id) this.#update(message.data);
        return null;
      case "workflow_event":
        if (message.data.workflow_id !== this.#id) return null;
        this.#event(message);
        return message;
      case "input_applied":
      case "subscribed":
      case "pong":
      case "error":
        return null;
      default:
        // A message of a later server.
        return null;
    }
  }

  /** What an answer over HTTP says. Of nodes the socket may have told already what is newer. */
  stands(status: WorkflowStatus): void {
    if (!this.#isKnown) return this.#status(status);
    const head = headOf(status);
    if (!this.isLive && head.state !== "stopped") {
      // The socket has told of this start already, and of its end.
      if (head.startedAt !== null && this.#live.startedAt !== null && head.startedAt <= this.#live.startedAt) return;
      this.#begin(head.startedAt);
    }
    this.#touchAll();
    // An answer may come after what the socket has told of later iterations, such as that it waits by now.
    const isOld = this.isLive && head.state !== "stopped" && status.execution_count < this.#live.count;
    this.#live = { ...this.#live, ...head, ...(isOld && { state: this.#live.state }), count: Math.max(this.#live.count, status.execution_count) };
    if (!this.isLive) this.#inputs = new Map();
  }

  /** An input was changed from here, and the server has taken it. */
  applied(node: string, name: string, value: unknown): void {
    this.#input(node, name, value);
  }

  /** A run once that has begun: it is shown from now on, unless another one was chosen. */
  runs(sessionId: string, author: string | null = null): void {
    // The answer to its start and the event both tell of it, in either order, and going live may come between.
    if (this.#latest?.sessionId !== sessionId) {
      this.#wasLiveLast = false;
      this.#latest = { sessionId, state: "running", reason: null, author };
    }
    if (this.#chosen === null) this.#show(this.#latest);
  }

  /** The latest run, as it was found in the list of sessions: one that has begun meanwhile is newer. */
  found(sessionId: string): void {
    if (this.#latest !== null) return;
    const wasLiveLast = this.#wasLiveLast;
    this.runs(sessionId);
    this.#wasLiveLast = wasLiveLast;
  }

  /** Shows a run that somebody chose; null follows the latest one, and the live workflow, again. */
  choose(sessionId: string | null): void {
    this.#touchAll();
    this.#chosen = sessionId;
    if (sessionId === null) this.#show(this.#latest);
    else this.#show(this.#latest?.sessionId === sessionId ? this.#latest : { sessionId, state: "running", reason: null, author: null });
  }

  /** What the session of the run and its journal say; the newer word of the socket is kept. */
  learn(sessionId: string, { waiting = [], outputs = null, states = {} }: Learned): void {
    if (this.#run?.sessionId !== sessionId) return;
    for (const [node, detail] of Object.entries(states)) if (!this.#reported.has(node)) this.#node(this.#runNodes, node, detail);
    for (const node of waiting) {
      const known = this.#runNodes.get(node);
      if (known?.state !== "waiting") this.#node(this.#runNodes, node, { ...known, state: "waiting" });
    }
    for (const [node, result] of Object.entries(outputs ?? {})) {
      const known = this.#runNodes.get(node);
      // Its outputs are whole here; of large ones the journal has the beginning only.
      if (known && known.state !== "waiting") this.#reported.has(node) || this.#node(this.#runNodes, node, { ...known, result });
      else this.#node(this.#runNodes, node, { ...known, state: "completed", result, runs: Math.max(1, known?.runs ?? 0) });
    }
    if (this.#run.state !== "running") this.#settle();
  }

  /** The run's session has ended. */
  ended(sessionId: string, state: "completed" | "failed", reason: string | null): void {
    if (this.#latest?.sessionId === sessionId && this.#latest.state === "running") this.#latest = { ...this.#latest, state, reason };
    if (this.#run?.sessionId !== sessionId) return;
    if (this.#run.state === "running") this.#run = { ...this.#run, state, reason };
    this.#settle();
  }

  #show(run: Run | null): void {
    if (this.#run?.sessionId === run?.sessionId) return;
    this.#touchAll();
    this.#run = run;
    this.#runNodes = new Map();
    this.#reported = new Set();
  }

  /** Nothing is under way in a run that is over. */
  #settle(): void {
    for (const [node, known] of this.#runNodes) {
      if (known.state === "executing" || known.state === "waiting" || known.state === "queued") this.#node(this.#runNodes, node, { ...known, state: "idle" });
    }
  }

  #status(status: WorkflowStatus): void {
    this.#touchAll();
    this.#isKnown = true;
    const same = this.#live.startedAt !== null && this.#live.startedAt === status.started_at;
    const { count, startedAt, author, reason, rate, took } = this.#live;
    const head = headOf(status);
    // A server that knows nothing of what was live here was started since.
    const isForgotten = (this.isLive || count > 0) && status.execution_count === 0 && head.state === "stopped";
    const ended = this.isLive ? { author: null, reason: "the server was restarted" } : { author, reason };
    if (isForgotten) this.#live = { ...STOPPED, ...head, ...ended, count, startedAt };
    else this.#live = { ...STOPPED, ...head, count: status.execution_count, rate: same ? rate : null, took: same ? took : null, author };
    if (this.isLive) this.#wasLiveLast = true;
    this.#liveNodes = new Map();
    for (const [node, detail] of Object.entries(status.node_states ?? {})) this.#node(this.#liveNodes, node, detail);
    for (const [node, result] of Object.entries(status.results)) {
      const known = this.#liveNodes.get(node);
      this.#node(this.#liveNodes, node, { state: "completed", ...known, result });
    }
    this.#inputs = new Map(Object.entries(status.inputs ?? {}));
    this.#touchAll();
  }

  #update({ execution_count, data }: ContinuousUpdate): void {
    const unsaid = this.#live.state === "paused" ? "paused" : "running";
    this.#live = { ...this.#live, state: data.state ?? unsaid, count: execution_count, rate: data.rate ?? this.#live.rate, took: data.execution_time ?? this.#live.took };
    for (const [node, result] of Object.entries(data.results ?? {})) {
      const known = this.#liveNodes.get(node);
      this.#node(this.#liveNodes, node, { state: "completed", ...known, result });
    }
  }

  #event({ event, data, timestamp }: WorkflowEvent): void {
    const { session_id, author = null, reason = null } = data;
    switch (event) {
      case "continuous_started":
        if (!this.isLive) this.#begin(timestamp);
        this.#live = { ...this.#live, state: "running", author, reason: null, pauseReason: null, version: data.version ?? this.#live.version };
        return;
      case "continuous_stopped":
        this.#touchAll();
        this.#live = { ...this.#live, state: "stopped", count: data.execution_count ?? this.#live.count, author, reason, rate: null };
        this.#inputs = new Map();
        return;
      case "execution_started":
        if (session_id) this.runs(session_id, author);
        return;
      case "execution_completed":
        if (session_id) this.ended(session_id, "completed", null);
        return;
      case "execution_failed":
        if (session_id) this.ended(session_id, "failed", reason);
        else this.#live = { ...this.#live, reason };
        return;
      case "workflow_updated":
        if (data.change === "input" && data.node_id !== undefined && data.input_name !== undefined) this.#input(data.node_id, data.input_name, data.input_value);
        return;
      default:
        return;
    }
  }

  /** It is live anew: nothing of the time before holds. */
  #begin(startedAt: number | null): void {
    this.#touchAll();
    this.#isKnown = true;
    this.#live = { ...STOPPED, startedAt };
    this.#wasLiveLast = true;
    this.#liveNodes = new Map();
    this.#inputs = new Map();
  }

  #input(node: string, name: string, value: unknown): void {
    this.#inputs.set(node, { ...this.#inputs.get(node), [name]: value });
    this.#changed.add(node);
  }

  #node(nodes: Nodes, id: string, detail: Partial<NodeRun>): void {
    nodes.set(id, { ...detail, state: detail.state ?? "idle", runs: detail.runs ?? 0 });
    this.#changed.add(id);
  }

  #touchAll(): void {
    for (const nodes of [this.#liveNodes, this.#runNodes, this.#inputs]) for (const id of nodes.keys()) this.#changed.add(id);
  }
}
