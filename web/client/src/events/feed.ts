/**
 * A connection to the server's events: comes back by itself, from where it was, when the close code says that it may.
 *
 * Invariant: a kept event is told once; of those that do not come, it is told that they are missing.
 */

import { afterClose, hintIn, pauseBefore, reasonFor } from "../close.js";
import type { Environment } from "../connection.js";
import { openSocket, type Link } from "../link.js";
import { DEAD_AFTER_MS, onWaking, OPENS_WITHIN_MS, PING_EVERY_MS, STALE_AFTER_MS, Timers, type Timer } from "../pace.js";
import type { Connection } from "../types.js";
import { Track, type Hole } from "./track.js";
import { fits, written, type EventWants, type Position, type ServerEvent } from "./types.js";

/** Events of that long come in one frame. */
const BATCH_MS = 30;

/** What did not come, and why. */
export type Missed =
  | { why: "hole"; epoch: string; hole: Hole }
  /** It came back too late: what it had not got is not kept any more, from `from` to `first`; from there on it is. */
  | { why: "too_old"; epoch: string; from: number; first: number; last: number }
  /** The log is another one than before. */
  | { why: "new_log" }
  /** What is not kept was left out, because this side was slow to read. */
  | { why: "dropped"; count: number }
  /** Of the time of a break, only what is kept comes. */
  | { why: "break"; from: number; to: number };

/** What a listener wants. */
export interface FeedOptions {
  wants: EventWants;
  /** Goes on from there; without it, with what happens from now on. */
  since?: Position | null;
  clientId?: string;
  onEvent?: (event: ServerEvent) => void;
  /** It listens: whatever is kept after this place is told. Not called when it comes back to where it was. */
  onJoined?: (position: Position) => void;
  onMissed?: (missed: Missed) => void;
  /** The server does not understand what is wanted. */
  onRefused?: (code: string, message: string) => void;
  onConnection?: (connection: Connection) => void;
}

interface Answer {
  type: string;
  code?: string;
  message?: string;
  timestamp?: unknown;
  data?: { epoch?: string; first_seq?: number; last_seq?: number };
}

export class EventFeed {
  #environment: Environment;
  #options: FeedOptions;
  #link: Link | null = null;
  #epoch: string | null;
  #track: Track | null;
  #dropped = 0;
  #greeted = false;
  /** The newest place that the greeting told, and whether it was of another log than before. */
  #newest = 0;
  #isNewLog = false;
  #lostAt: number | null = null;
  #closed = false;
  #opened = false;
  #tries = 0;
  #timers = new Timers();
  #sleep: () => void;
  #askedAt: number | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;
  #nextPing: Timer | null = null;
  #state: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

  constructor(environment: Environment, options: FeedOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#epoch = options.since?.epoch ?? null;
    this.#track = options.since ? new Track(options.since.seq, options.wants) : null;
    this.#sleep = onWaking(this.#wake);
    this.#connect();
  }

  /** Up to where everything has come; null before it is known. */
  get position(): Position | null {
    return this.#epoch !== null && this.#track ? { epoch: this.#epoch, seq: this.#track.seq } : null;
  }

  /** How the connection stands. */
  get connection(): Connection {
    return this.#state;
  }

  /** Connects at once, where it waits or had stopped. */
  reconnect(): void {
    if (!this.#closed && !this.#link) this.#connect();
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
    else if (this.#state.phase === "live") this.#ping();
  };

  #connect(): void {
    this.#release();
    const { WebSocket } = this.#environment;
    if (!WebSocket) {
      this.#set({ phase: "stopped", reason: "There are no WebSockets here, and events come over nothing else." });
      return;
    }
    this.#opened = false;
    this.#greeted = false;
    this.#set({ phase: "connecting", until: null });
    this.#timers.after(OPENS_WITHIN_MS, () => this.#opened || this.#giveUp("The server does not answer."));
    this.#link = openSocket(WebSocket, this.#url(), {
      open: () => this.#open(),
      message: (text) => this.#receive(text),
      closed: (code, said) => this.#lost(code, said),
    });
  }

  #url(): string {
    const base = this.#environment.transport.base || (typeof location === "undefined" ? "" : location.origin);
    const { types } = this.#options.wants;
    const query = new URLSearchParams({ subscriptions: types.length > 0 ? types.join(",") : "*", batch_ms: String(BATCH_MS) });
    if (this.position) query.set("since", written(this.position));
    if (this.#options.clientId) query.set("client_id", this.#options.clientId);
    return `${base.replace(/^http/, "ws")}/api/v1/websocket/ws/custom?${query}`;
  }

  #open(): void {
    this.#opened = true;
    const { minPriority, executionId, crewId, agentId } = this.#options.wants;
    const filter = {
      ...(minPriority && { min_priority: minPriority }), ...(executionId && { execution_id: executionId }),
      ...(crewId && { crew_id: crewId }), ...(agentId && { agent_id: agentId }),
    };
    if (Object.keys(filter).length > 0) this.#link?.send(JSON.stringify({ action: "set_filter", filter }));
    this.#set({ phase: "live", roundTrip: null, reason: "", code: null, attempt: this.#tries });
    this.#ping();
  }

  #receive(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    this.#tries = 0;
    this.#heardAt = performance.now();
    if (this.#state.phase === "stale") this.#set({ phase: "live" });
    for (const one of Array.isArray(message) ? message : [message]) {
      if (one === null || typeof one !== "object") continue;
      if ("id" in one && "data" in one) this.#event(one as ServerEvent);
      else this.#answer(one as Answer);
    }
  }

  #event(event: ServerEvent): void {
    // The first is the socket's own; later ones are about others.
    if (!this.#greeted && event.type === "connection.established") return this.#established(event);
    // The socket's own heartbeat, which says how it stands.
    if (event.type === "connection.heartbeat" && "last_seq" in event.data) return this.#beat(event);
    if (event.seq !== undefined && this.#track) {
      const { isNew, hole } = this.#track.take(event.seq, event.priority);
      if (hole) this.#missHole(hole);
      if (!isNew) return;
    }
    // Before the server has taken the filter, others come as well.
    if (fits(event, this.#options.wants)) this.#options.onEvent?.(event);
  }

  #established(event: ServerEvent): void {
    const epoch = String(event.data.epoch);
    const seq = Number(event.data.last_seq ?? 0);
    const isBack = this.#track !== null;
    this.#greeted = true;
    this.#newest = seq;
    this.#isNewLog = isBack && this.#epoch !== epoch;
    this.#dropped = 0;
    if (this.#lostAt !== null) this.#options.onMissed?.({ why: "break", from: this.#lostAt, to: Date.now() });
    this.#lostAt = null;
    if (!isBack || this.#isNewLog) this.#join({ epoch, seq }, isBack);
  }

  #join(position: Position, isNewLog: boolean): void {
    if (isNewLog) this.#options.onMissed?.({ why: "new_log" });
    this.#begin(position);
    this.#options.onJoined?.(position);
  }

  #begin({ epoch, seq }: Position): void {
    this.#epoch = epoch;
    this.#track = new Track(seq, this.#options.wants);
  }

  #beat(event: ServerEvent): void {
    const dropped = Number(event.data.dropped ?? 0);
    if (dropped > this.#dropped) this.#options.onMissed?.({ why: "dropped", count: dropped - this.#dropped });
    this.#dropped = dropped;
    const hole = this.#track?.reached(Number(event.data.last_seq)) ?? null;
    if (hole) this.#missHole(hole);
  }

  #missHole(hole: Hole): void {
    if (this.#epoch !== null) this.#options.onMissed?.({ why: "hole", epoch: this.#epoch, hole });
  }

  #answer({ type, code = "", message = "", timestamp, data }: Answer): void {
    if (type === "pong") {
      this.#askedAt = null;
      const roundTrip = Date.now() - Number(timestamp) * 1000;
      this.#set({ phase: "live", ...(Number.isFinite(roundTrip) && { roundTrip: Math.max(0, roundTrip) }) });
    } else if (type === "error" && code === "position_too_old" && this.#track && this.#epoch !== null) {
      const { first_seq: first = 1, last_seq = 0 } = data ?? {};
      const from = this.#track.seq + 1;
      // From the greeting on, everything comes.
      const last = Math.max(last_seq, this.#newest);
      this.#begin({ epoch: this.#epoch, seq: last });
      this.#options.onMissed?.({ why: "too_old", epoch: this.#epoch, from, first, last });
    } else if (type === "error" && code === "unknown_epoch") {
      // The same log may be shorter than it was, where somebody has put back an old copy of it.
      if (!this.#isNewLog && this.#epoch !== null) this.#join({ epoch: this.#epoch, seq: this.#newest }, true);
    } else if (type === "error") {
      this.#options.onRefused?.(code, message);
    }
  }

  #lost(code: number, said: string): void {
    this.#release();
    if (this.#closed) return;
    this.#lostAt ??= this.#track && this.#opened ? Date.now() : null;
    const reason = reasonFor(code, said);
    if (afterClose(code) === "stop") this.#set({ phase: "stopped", until: null, reason, code });
    // Events have no end: a server that is done with the connection is not done with them.
    else this.#comeBack(code, reason, hintIn(said));
  }

  #giveUp(reason: string): void {
    this.#release();
    this.#lostAt ??= this.#track && this.#opened ? Date.now() : null;
    this.#comeBack(1006, reason, null);
  }

  #comeBack(code: number, reason: string, hint: number | null): void {
    const pause = pauseBefore(this.#tries, code, hint, this.#environment.random());
    this.#tries += 1;
    this.#set({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason, code, roundTrip: null });
    this.#timers.after(pause, () => this.#connect());
  }

  #ping(): void {
    if (!this.#link?.send(JSON.stringify({ action: "ping", timestamp: Date.now() / 1000 }))) return;
    if (this.#nextPing) clearTimeout(this.#nextPing);
    this.#nextPing = this.#timers.after(PING_EVERY_MS, () => this.#ping());
    if (this.#askedAt !== null) return;
    this.#askedAt = performance.now();
    this.#await();
  }

  #await(): void {
    if (this.#askedAt === null) return;
    const silent = performance.now() - Math.max(this.#askedAt, this.#heardAt);
    if (silent >= DEAD_AFTER_MS) return this.#giveUp("The server did not answer.");
    if (silent >= STALE_AFTER_MS && this.#state.phase === "live") this.#set({ phase: "stale" });
    const next = silent >= STALE_AFTER_MS ? DEAD_AFTER_MS : STALE_AFTER_MS;
    this.#timers.after(next - silent, () => this.#await());
  }

  #release(): void {
    this.#timers.stop();
    this.#askedAt = null;
    const link = this.#link;
    this.#link = null;
    link?.drop();
  }

  #set(changes: Partial<Connection>): void {
    this.#state = { ...this.#state, ...changes };
    if (!this.#closed) this.#options.onConnection?.(this.#state);
  }
}
