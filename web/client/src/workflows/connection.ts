/**
 * The connection to one workflow: comes back by itself where the close code says that it may. The server says first how
 * the workflow stands, so that nothing needs to be asked for again.
 */

import { CallboardError } from "../http.js";
import { Line, openAt, type Environment } from "../line.js";
import type { Connection } from "../types.js";
import type { InputApplied, WorkflowMessage } from "./types.js";

/** What a watcher of a workflow wants. */
export interface WorkflowOptions {
  /** What you call yourself; told to others with your changes. */
  clientId?: string;
  onMessage?: (message: WorkflowMessage) => void;
  onConnection?: (connection: Connection) => void;
}

interface Pending {
  key: string;
  done: (applied: InputApplied) => void;
  refused: (error: CallboardError) => void;
}

/** One workflow's connection. */
export class WorkflowConnection {
  readonly id: string;
  #options: WorkflowOptions;
  #line: Line;
  /** Changes of inputs that the server has not answered, oldest first. */
  #pending: Pending[] = [];

  constructor(environment: Environment, id: string, options: WorkflowOptions = {}) {
    this.id = id;
    this.#options = options;
    const query = new URLSearchParams({ workflow: id });
    if (options.clientId) query.set("client_id", options.clientId);
    this.#line = new Line(
      {
        open: (hear) => openAt(environment, "/ws", query, hear),
        ping: () => ({ type: "ping" }),
        message: (message) => this.#receive(message as WorkflowMessage),
        released: (reason) => this.#forget(reason),
        reason: (code) => (code === 4504 ? "The server knows no workflow with this id." : undefined),
        stands: (connection) => options.onConnection?.(connection),
      },
      environment,
    );
    this.#line.begin();
  }

  /** How the connection stands. */
  get connection(): Connection {
    return this.#line.state;
  }

  /** Connects at once, where it waits or had stopped. */
  reconnect(): void {
    this.#line.reconnect();
  }

  /** Leaves for good; nothing is told any more. */
  close(): void {
    this.#line.close();
  }

  /** Sends a message; gives whether it went out. */
  say(message: { type: string; [field: string]: unknown }): boolean {
    return this.#line.send(message);
  }

  /** Changes an input of the live workflow; rejects with `CallboardError` and the server's word in `code`. */
  setInput(node_id: string, input_name: string, input_value: unknown): Promise<InputApplied> {
    return new Promise((done, refused) => {
      const pending = { key: keyOf(node_id, input_name), done, refused };
      this.#pending.push(pending);
      if (this.say({ type: "input_update", data: { workflow_id: this.id, node_id, input_name, input_value } })) return;
      this.#take(pending);
      refused(new CallboardError("The change was not sent: there is no connection now.", { code: "unreachable" }));
    });
  }

  #receive(message: WorkflowMessage): void {
    if (message.type === "input_applied") this.#oldest(message.data.node_id, message.data.input_name)?.done(message.data);
    if (message.type === "error") this.#refused(message);
    this.#options.onMessage?.(message);
  }

  #refused(message: Extract<WorkflowMessage, { type: "error" }>): void {
    const { node_id, input_name } = message.data ?? {};
    // A server that does not say which change it refuses answers in the order of the questions.
    const pending = node_id !== undefined && input_name !== undefined ? this.#oldest(node_id, input_name) : this.#take(this.#pending[0]);
    pending?.refused(new CallboardError(message.message, { code: message.code, status: 422 }));
  }

  #oldest(node: string, input: string): Pending | undefined {
    const key = keyOf(node, input);
    return this.#take(this.#pending.find((one) => one.key === key));
  }

  #take(pending: Pending | undefined): Pending | undefined {
    this.#pending = this.#pending.filter((one) => one !== pending);
    return pending;
  }

  /** What was under way when the connection went may have arrived or not. */
  #forget(reason: string): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { refused } of pending) refused(new CallboardError(`Whether the change was taken is not known: ${reason}`, { code: "unreachable" }));
  }
}

function keyOf(node: string, input: string): string {
  return JSON.stringify([node, input]);
}
