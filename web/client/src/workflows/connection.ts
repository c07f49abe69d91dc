/**
 * The connection to one workflow: comes back by itself where the close code says that it may. The server says first how
 * the workflow stands, so that nothing needs to be asked for again.
 */

import { afterClose, hintIn, pauseBefore, reasonFor } from "../close.js";
import type { Environment } from "../connection.js";
import { CallboardError } from "../http.js";
import { openSocket, type Link } from "../link.js";
import { DEAD_AFTER_MS, onWaking, OPENS_WITHIN_MS, PING_EVERY_MS, STALE_AFTER_MS, Timers, type Timer } from "../pace.js";
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
  #environment: Environment;
  #options: WorkflowOptions;
  #link: Link | null = null;
  #closed = false;
  #opened = false;
  #tries = 0;
  #timers = new Timers();
  #sleep: () => void;
  /** When the oldest ping was sent that has no answer yet. */
  #askedAt: number | null = null;
  #nextPing: Timer | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Changes of inputs that the server has not answered, oldest first. */
  #pending: Pending[] = [];
  #state: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

  constructor(environment: Environment, id: string, options: WorkflowOptions = {}) {
    this.id = id;
    this.#environment = environment;
    this.#options = options;
    this.#sleep = onWaking(this.#wake);
    this.#connect();
  }

  /** How the connection stands. */
  get connection(): Connection {
    return this.#state;
  }

  /** Connects at once, where it waits or had stopped. */
  reconnect(): void {
    if (this.#closed || this.#link) return;
    this.#connect();
  }

  /** Leaves for good; nothing is told any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release("This page has left the workflow.");
    this.#sleep();
  }

  /** Sends a message; gives whether it went out. */
  say(message: { type: string; [field: string]: unknown }): boolean {
    return this.#link?.send(JSON.stringify(message)) ?? false;
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

  #wake = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.#state.phase === "reconnecting") this.reconnect();
    else if (this.#state.phase === "live") this.#ping();
  };

  #connect(): void {
    this.#release("The connection was made anew.");
    const { WebSocket } = this.#environment;
    this.#opened = false;
    this.#set({ phase: "connecting", until: null });
    if (!WebSocket) return this.#set({ phase: "stopped", reason: "Live states need a WebSocket, which this browser does not have." });
    this.#timers.after(OPENS_WITHIN_MS, () => this.#opened || this.#comeBack(1006, "The server does not answer.", null));
    this.#link = openSocket(WebSocket, this.#url(), {
      open: () => this.#open(),
      message: (text) => this.#receive(text),
      closed: (code, reason) => this.#lost(code, reason),
    });
  }

  #url(): string {
    const base = this.#environment.transport.base || (typeof location === "undefined" ? "" : location.origin);
    const query = new URLSearchParams({ workflow: this.id });
    if (this.#options.clientId) query.set("client_id", this.#options.clientId);
    return `${base.replace(/^http/, "ws")}/ws?${query.toString()}`;
  }

  #open(): void {
    this.#opened = true;
    this.#set({ phase: "live", roundTrip: null, reason: "", code: null, attempt: this.#tries });
    this.#ping();
  }

  #receive(text: string): void {
    let message: WorkflowMessage;
    try {
      message = JSON.parse(text) as WorkflowMessage;
    } catch {
      return;
    }
    if (message === null || typeof message !== "object") return;
    this.#tries = 0;
    this.#heardAt = performance.now();
    if (message.type === "pong") {
      this.#askedAt = null;
      const roundTrip = Date.now() - Number(message.timestamp) * 1000;
      this.#set({ phase: "live", ...(Number.isFinite(roundTrip) && { roundTrip: Math.max(0, roundTrip) }) });
      return;
    }
    if (this.#state.phase === "stale") this.#set({ phase: "live" });
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

  #lost(code: number, said: string): void {
    const next = afterClose(code);
    const reason = code === 4504 ? "The server knows no workflow with this id." : reasonFor(code, said);
    this.#release(reason);
    if (this.#closed) return;
    // A workflow's socket has no end of its own: a close without a complaint means the server is done with it for now.
    if (next === "stop") this.#set({ phase: "stopped", until: null, reason, code });
    else this.#comeBack(code, reason, hintIn(said));
  }

  #comeBack(code: number, reason: string, hint: number | null): void {
    this.#release(reason);
    const pause = pauseBefore(this.#tries, code, hint, this.#environment.random());
    this.#tries += 1;
    this.#set({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason, code, roundTrip: null });
    this.#timers.after(pause, () => this.#connect());
  }

  #ping(): void {
    if (!this.say({ type: "ping", timestamp: Date.now() / 1000 })) return;
    // A page that wakes up asks at once, which must not begin a second row of pings.
    if (this.#nextPing) clearTimeout(this.#nextPing);
    this.#nextPing = this.#timers.after(PING_EVERY_MS, () => this.#ping());
    if (this.#askedAt !== null) return;
    this.#askedAt = performance.now();
    this.#await();
  }

  /** Waits for the answer to a ping. Whatever else comes is a sign of life, too: an answer may stand behind it. */
  #await(): void {
    if (this.#askedAt === null) return;
    const silent = performance.now() - Math.max(this.#askedAt, this.#heardAt);
    if (silent >= DEAD_AFTER_MS) return this.#comeBack(1006, "The server did not answer.", null);
    if (silent >= STALE_AFTER_MS && this.#state.phase === "live") this.#set({ phase: "stale" });
    const next = silent >= STALE_AFTER_MS ? DEAD_AFTER_MS : STALE_AFTER_MS;
    this.#timers.after(next - silent, () => this.#await());
  }

  #release(reason: string): void {
    this.#timers.stop();
    this.#askedAt = null;
    const link = this.#link;
    this.#link = null;
    link?.drop();
    const pending = this.#pending;
    this.#pending = [];
    for (const { refused } of pending) refused(new CallboardError(`Whether the change was taken is not known: ${reason}`, { code: "unreachable" }));
  }

  #set(changes: Partial<Connection>): void {
    this.#state = { ...this.#state, ...changes };
    if (!this.#closed) this.#options.onConnection?.(this.#state);
  }
}

function keyOf(node: string, input: string): string {
  return JSON.stringify([node, input]);
}
