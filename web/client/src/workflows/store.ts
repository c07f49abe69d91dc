/** How a workflow and its nodes stand, to subscribe to node by node: one change per animation frame, one a second in a hidden tab. */

import type { Client } from "../client.js";
import { Flush } from "../flush.js";
import { CallboardError } from "../http.js";
import type { Connection } from "../types.js";
import type { WorkflowConnection, WorkflowOptions } from "./connection.js";
import { WorkflowModel, type Learned, type WorkflowState } from "./model.js";
import type { WorkflowStatus } from "../wire/wire.js";
import { Openers } from "../openers.js";
import type { InputApplied, NodeRun, WorkflowEvent } from "./types.js";

const BEFORE: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };
const NONE: ReadonlyMap<string, NodeRun> = new Map();

type Listener = () => void;

/** A watched workflow. It connects while somebody has it open. */
export class WorkflowStore {
  readonly id: string;
  #client: Client;
  #options: Pick<WorkflowOptions, "clientId">;
  #model: WorkflowModel;
  #state: WorkflowState;
  #nodes: ReadonlyMap<string, NodeRun> = NONE;
  #connection: WorkflowConnection | null = null;
  #openers = new Openers(() => this.#settle());
  #listeners = new Set<Listener>();
  #nodeListeners = new Map<string, Set<Listener>>();
  #eventListeners = new Set<(event: WorkflowEvent) => void>();
  #flush = new Flush(() => this.#publish());
  /** Inputs that were changed here and are not confirmed: what they shall be. */
  #wanted = new Map<string, { value: unknown; number: number }>();
  #number = 0;

  constructor(client: Client, id: string, options: Pick<WorkflowOptions, "clientId"> = {}) {
    this.id = id;
    this.#client = client;
    this.#options = options;
    this.#model = new WorkflowModel(id, BEFORE);
    this.#state = this.#model.state();
  }

  /** The workflow as a whole; the same object until it changes. */
  getState = (): WorkflowState => this.#state;

  /** How a node stands; the same object until it changes. `undefined` where nothing is known of it. */
  node = (id: string): NodeRun | undefined => this.#nodes.get(id);

  /** Calls back after every change of the whole; gives what ends that. */
  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls back after every change of one node or of its live inputs; gives what ends that. */
  subscribeNode = (id: string, listener: Listener): (() => void) => {
    const listeners = this.#nodeListeners.get(id) ?? new Set();
    this.#nodeListeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#nodeListeners.get(id) === listeners) this.#nodeListeners.delete(id);
    };
  };

  /** Hears every event as it comes: somebody saved the workflow, it was started, stopped or run. Gives what ends that. */
  onEvent = (listener: (event: WorkflowEvent) => void): (() => void) => {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  };

  /** What an input of the live workflow is, where it was changed since the start; `undefined` where it was not. */
  input = (node: string, name: string): unknown => {
    const wanted = this.#wanted.get(keyOf(node, name));
    return wanted ? wanted.value : this.#model.input(node, name);
  };

  /** Changes an input of the live workflow. It shows at once; where the server refuses, it is what it was before, and this throws. */
  setInput = async (node: string, name: string, value: unknown): Promise<InputApplied> => {
    if (!this.#connection) throw new CallboardError("The change was not sent: there is no connection now.");
    const key = keyOf(node, name);
    const number = ++this.#number;
    this.#wanted.set(key, { value, number });
    this.#tellNode(node);
    try {
      const applied = await this.#connection.setInput(node, name, value);
      this.#change(() => this.#model.applied(node, name, value));
      return applied;
    } finally {
      // A later change of the same input is still on its way: that one is shown.
      if (this.#wanted.get(key)?.number === number) this.#wanted.delete(key);
      this.#tellNode(node);
    }
  };

  /** Connects; gives what closes it again, once all who opened it have. Opening and closing at once connects nothing. */
  open = (): (() => void) => this.#openers.open();

  /** Connects at once, where it waits or has stopped. */
  reconnect = (): void => this.#connection?.reconnect();

  /** Takes what an answer over HTTP says of the whole. */
  stands = (status: WorkflowStatus): void => this.#change(() => this.#model.stands(status));

  /** Shows a run once: its nodes from now on, while the workflow is not live. */
  runs = (sessionId: string, author: string | null = null): void => this.#change(() => this.#model.runs(sessionId, author));

  /** Takes the run that was found as the latest, unless one has begun meanwhile. */
  found = (sessionId: string): void => this.#change(() => this.#model.found(sessionId));

  /** Shows a run that somebody chose, also while the workflow is live; null follows the latest one again. */
  choose = (sessionId: string | null): void => this.#change(() => this.#model.choose(sessionId));

  /** Takes what the session of the run that is shown says of nodes. */
  learn = (sessionId: string, learned: Learned): void => this.#change(() => this.#model.learn(sessionId, learned));

  /** Takes that the session of the run that is shown has ended. */
  ended = (sessionId: string, state: "completed" | "failed", reason: string | null): void => this.#change(() => this.#model.ended(sessionId, state, reason));

  #change(change: () => void): void {
    change();
    this.#flush.soon();
  }

  #settle(): void {
    if (this.#openers.any && !this.#connection) {
      this.#connection = this.#client.workflow(this.id, {
        ...this.#options,
        onMessage: (message) => {
          const event = this.#model.take(message);
          this.#flush.soon();
          if (event) for (const listener of this.#eventListeners) listener(event);
        },
        onConnection: (connection) => this.#connected(connection),
      });
    } else if (!this.#openers.any && this.#connection) {
      this.#connection.close();
      this.#connection = null;
      this.#flush.cancel();
    }
  }

  #connected(connection: Connection): void {
    const before = this.#state.connection.phase;
    this.#change(() => this.#model.connected(connection));
    if (connection.phase !== "live" || before === "live" || before === "stale") return;
    // Of a workflow that is not live the socket says nothing at first; what it has said meanwhile is newer.
    this.#client.workflows.status(this.id).then(
      (status) => this.#model.state().isKnown || this.#change(() => this.#model.stands(status)),
      // The connection itself says what is wrong with the server.
      () => undefined,
    );
  }

  #tellNode(id: string): void {
    for (const listener of this.#nodeListeners.get(id) ?? []) listener();
  }

  #publish(): void {
    const shown = this.#nodes;
    const next = this.#model.nodes();
    const changed = this.#model.changes();
    // The model changes its maps in place: what is shown here is another one, but only where something changed.
    this.#state = this.#model.state();
    if (changed.size > 0 || next.size !== shown.size) this.#nodes = new Map(next);
    for (const id of changed) this.#tellNode(id);
    for (const listener of this.#listeners) listener();
  }
}

function keyOf(node: string, input: string): string {
  return JSON.stringify([node, input]);
}
