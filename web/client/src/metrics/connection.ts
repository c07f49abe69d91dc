/**
 * The connection to the server's numbers: a snapshot comes every second. It comes back by itself where the close code
 * says that it may; what was missed in between is in the history.
 */

import { afterClose, hintIn, pauseBefore, reasonFor } from "../close.js";
import type { Environment } from "../connection.js";
import { openSocket, type Link } from "../link.js";
import { DEAD_AFTER_MS, onWaking, OPENS_WITHIN_MS, PING_EVERY_MS, STALE_AFTER_MS, Timers, type Timer } from "../pace.js";
import type { Connection } from "../types.js";
import { readSnapshot } from "./read.js";
import type { Snapshot } from "./types.js";

const PATH = "/api/v1/websocket/ws/metrics";

/** What a watcher of the numbers wants. */
export interface MetricsOptions {
  /** What you call yourself; the server shows it among its connections. */
  clientId?: string;
  onSnapshot?: (snapshot: Snapshot) => void;
  onConnection?: (connection: Connection) => void;
}

export class MetricsConnection {
  #environment: Environment;
  #options: MetricsOptions;
  #link: Link | null = null;
  #closed = false;
  #opened = false;
  #tries = 0;
  #timers = new Timers();
  #sleep: () => void;
  #nextPing: Timer | null = null;
  #heardAt = 0;
  #state: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

  constructor(environment: Environment, options: MetricsOptions = {}) {
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
    this.#release();
    this.#sleep();
  }

  #wake = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.#state.phase === "reconnecting") this.reconnect();
    else if (this.#opened && this.#link) this.#ping();
  };

  #connect(): void {
    this.#release();
    const { WebSocket } = this.#environment;
    this.#opened = false;
    this.#set({ phase: "connecting", until: null });
    if (!WebSocket) return this.#set({ phase: "stopped", reason: "Live numbers need a WebSocket, which is not there." });
    this.#timers.after(OPENS_WITHIN_MS, () => this.#opened || this.#comeBack(1006, "The server does not answer.", null));
    this.#link = openSocket(WebSocket, this.#url(), {
      open: () => this.#open(),
      message: (text) => this.#receive(text),
      closed: (code, reason) => this.#lost(code, reason),
    });
  }

  #url(): string {
    const base = this.#environment.transport.base || (typeof location === "undefined" ? "" : location.origin);
    const { clientId } = this.#options;
    return `${base.replace(/^http/, "ws")}${PATH}${clientId ? `?client_id=${encodeURIComponent(clientId)}` : ""}`;
  }

  #open(): void {
    this.#opened = true;
    this.#heardAt = performance.now();
    this.#set({ phase: "live", roundTrip: null, reason: "", code: null, attempt: this.#tries });
    this.#ping();
    this.#watch();
  }

  #receive(text: string): void {
    let message: { type?: unknown; timestamp?: unknown; data?: unknown } | null;
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return;
    }
    if (message === null || typeof message !== "object") return;
    this.#tries = 0;
    this.#heardAt = performance.now();
    if (this.#state.phase === "stale") this.#set({ phase: "live" });
    if (message.type === "pong") {
      const roundTrip = Date.now() - Number(message.timestamp) * 1000;
      if (Number.isFinite(roundTrip)) this.#set({ roundTrip: Math.max(0, roundTrip) });
      return;
    }
    if (message.type !== "system.health_check") return;
    const data = message.data !== null && typeof message.data === "object" ? message.data : {};
    // The event around it says when, for a snapshot that does not say so itself.
    const snapshot = readSnapshot({ time: message.timestamp, ...data });
    if (snapshot) this.#options.onSnapshot?.(snapshot);
  }

  #lost(code: number, said: string): void {
    const reason = reasonFor(code, said);
    // This socket has no end of its own: a close without a complaint means that the server is done with it for now.
    if (afterClose(code) !== "stop") return this.#comeBack(code, reason, hintIn(said));
    this.#release();
    this.#set({ phase: "stopped", until: null, reason, code });
  }

  #comeBack(code: number, reason: string, hint: number | null): void {
    this.#release();
    const pause = pauseBefore(this.#tries, code, hint, this.#environment.random());
    this.#tries += 1;
    this.#set({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason, code, roundTrip: null });
    this.#timers.after(pause, () => this.#connect());
  }

  #ping(): void {
    this.#link?.send(JSON.stringify({ action: "ping", timestamp: Date.now() / 1000 }));
    // A page that wakes up asks at once, which must not begin a second row of pings.
    if (this.#nextPing) clearTimeout(this.#nextPing);
    this.#nextPing = this.#timers.after(PING_EVERY_MS, () => this.#ping());
  }

  /** Snapshots come every second: silence alone says that something is wrong. */
  #watch(): void {
    const silent = performance.now() - this.#heardAt;
    if (silent >= DEAD_AFTER_MS) return this.#comeBack(1006, "The server did not answer.", null);
    if (silent >= STALE_AFTER_MS && this.#state.phase === "live") this.#set({ phase: "stale" });
    const next = silent >= STALE_AFTER_MS ? DEAD_AFTER_MS : STALE_AFTER_MS;
    this.#timers.after(Math.max(20, next - silent), () => this.#watch());
  }

  #release(): void {
    this.#timers.stop();
    const link = this.#link;
    this.#link = null;
    link?.drop();
  }

  #set(changes: Partial<Connection>): void {
    this.#state = { ...this.#state, ...changes };
    if (!this.#closed) this.#options.onConnection?.(this.#state);
  }
}
