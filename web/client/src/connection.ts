/**
 * The connection to one session: comes back by itself, from where it was, when the close code says that it may.
 *
 * Invariant: every entry is told once, in the order of its `seq`, and none is left out that the server did not leave
 * out itself in a snapshot.
 */

import { afterClose, hintIn, pauseBefore, reasonFor } from "./close.js";
import { CallboardError, json, request, type Transport } from "./http.js";
import { openEvents, openSocket, type Link, type SocketConstructor } from "./link.js";
import { DEAD_AFTER_MS, onWaking, OPENS_WITHIN_MS, PING_EVERY_MS, STALE_AFTER_MS, Timers, type Timer } from "./pace.js";
import type { Connection, JournalEntry, Message, Saying } from "./types.js";

/** So often must a WebSocket fail to open, while HTTP works, before events are taken instead. */
const BLOCKED_AFTER = 2;

/** A longer past than that comes over HTTP: a browser takes a WebSocket's messages in one by one, and slowly. */
const BULK_FROM = 2_000;
const BULK_PAGE = 10_000;

/** What is needed to connect, beside the session. */
export interface Environment {
  transport: Transport;
  /** None where there are no WebSockets at all. */
  WebSocket: SocketConstructor | undefined;
  random: () => number;
}

/** What a watcher of a session wants. */
export interface SessionOptions {
  /** The last `seq` that you have; 0, the default, for all; `"snapshot"` for the server's short version. */
  since?: number | "snapshot";
  /** What you call yourself; told with your answers. */
  clientId?: string;
  /** Hears every message, in order. */
  onMessage?: (message: Message) => void;
  /** Hears whenever the connection stands otherwise than before. */
  onConnection?: (connection: Connection) => void;
}

/** One session's connection. */
export class SessionConnection {
  readonly id: string;
  #environment: Environment;
  #options: SessionOptions;
  #link: Link | null = null;
  #seq: number;
  #snapshot: boolean;
  #replay: { sparse: boolean; lastSeq: number } | null = null;
  #ended = false;
  /** Whether the past was asked for over HTTP since the last replay was complete. */
  #caughtUp = false;
  #closed = false;
  #opened = false;
  #blocked = 0;
  #tries = 0;
  #timers = new Timers();
  #sleep: () => void;
  /** When the oldest ping was sent that has no answer yet. */
  #askedAt: number | null = null;
  #nextPing: Timer | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;
  #state: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

  constructor(environment: Environment, id: string, options: SessionOptions = {}) {
    this.id = id;
    this.#environment = environment;
    this.#options = options;
    this.#snapshot = options.since === "snapshot";
    this.#seq = typeof options.since === "number" ? options.since : 0;
    this.#sleep = onWaking(this.#wake);
    this.#connect();
  }

  /** The `seq` of the last entry that was told. */
  get seq(): number {
    return this.#seq;
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

  /**
   * Says something; gives whether it went out. What the server thinks of it comes as a message: `answered`,
   * `input_rejected` or `error`.
   */
  say(saying: Saying): boolean {
    if (this.#state.phase !== "live" && this.#state.phase !== "stale") return false;
    if (this.#state.transport === "websocket") return this.#link?.send(JSON.stringify(saying)) ?? false;
    void this.#post(saying);
    return true;
  }

  /** Cancels the session, whether the connection is live or not. Throws `CallboardError`. */
  async cancel(reason?: string): Promise<void> {
    const body = reason === undefined ? {} : { reason };
    await json(this.#environment.transport, `/sessions/${encodeURIComponent(this.id)}/cancel`, { method: "POST", body });
  }

  #wake = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.#state.phase === "reconnecting") this.reconnect();
    else if (this.#state.phase === "live") this.#ping();
  };

  #connect(): void {
    this.#release();
    const { transport, WebSocket } = this.#environment;
    const useEvents = !WebSocket || this.#blocked >= BLOCKED_AFTER;
    this.#opened = false;
    this.#replay = null;
    this.#set({ phase: "connecting", transport: useEvents ? "events" : "websocket", until: null });
    const hear = {
      open: () => this.#open(),
      message: (text: string) => this.#receive(text),
      closed: (code: number, reason: string) => this.#lost(code, reason),
    };
    this.#timers.after(OPENS_WITHIN_MS, () => this.#opened || this.#giveUp("The server does not answer."));
    this.#link = useEvents ? openEvents(transport, this.id, this.#seq, hear) : openSocket(WebSocket, this.#url(), hear);
  }

  #url(): string {
    const base = this.#environment.transport.base || (typeof location === "undefined" ? "" : location.origin);
    const query = new URLSearchParams();
    if (!this.#snapshot || this.#seq > 0) query.set("since", String(this.#seq));
    if (this.#options.clientId) query.set("client_id", this.#options.clientId);
    const text = query.toString();
    return `${base.replace(/^http/, "ws")}/ws/${encodeURIComponent(this.id)}${text && `?${text}`}`;
  }

  #open(): void {
    this.#opened = true;
    if (this.#state.transport === "websocket") this.#blocked = 0;
    this.#set({ phase: "live", roundTrip: null, reason: "", code: null, attempt: this.#tries });
    this.#ping();
  }

  #receive(text: string): void {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
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
    if ("seq" in message) this.#takeEntry(message);
    else this.#takeWord(message);
    if (this.#ended && !this.#replay && this.#link) this.#finish();
  }

  #takeEntry(entry: Extract<Message, { seq: number }>): void {
    if (entry.seq <= this.#seq) return;
    if (entry.seq > this.#seq + 1 && !this.#replay?.sparse) {
      this.#giveUp("Messages were missing.");
      return;
    }
    this.#seq = entry.seq;
    if (isTheEnd(entry)) this.#ended = true;
    this.#options.onMessage?.(entry);
  }

  #takeWord(message: Exclude<Message, { seq: number }>): void {
    if (message.type === "state_replay_start") {
      this.#replay = { sparse: message.dropped > 0, lastSeq: message.last_seq };
      if (message.count >= BULK_FROM && message.dropped === 0 && !this.#caughtUp && this.#state.transport === "websocket") this.#catchUp();
    } else if (message.type === "state_replay_complete" && this.#replay) {
      // What a snapshot leaves out is not asked for again.
      if (this.#replay.sparse) this.#seq = Math.max(this.#seq, this.#replay.lastSeq);
      this.#snapshot = false;
      this.#caughtUp = false;
      this.#replay = null;
    }
    this.#options.onMessage?.(message);
  }

  /** Lets go of the socket, reads the past page by page, and connects again from there. */
  #catchUp(): void {
    this.#release();
    this.#caughtUp = true;
    const gone = new AbortController();
    this.#link = { send: () => false, drop: () => gone.abort() };
    this.#set({ phase: "connecting" });
    const read = async (): Promise<void> => {
      for (;;) {
        const path = `/sessions/${encodeURIComponent(this.id)}/events?since=${this.#seq}&limit=${BULK_PAGE}`;
        const page = await json<{ events: JournalEntry[]; last_seq: number }>(this.#environment.transport, path, { signal: gone.signal });
        for (const entry of page.events) if (!gone.signal.aborted) this.#takeEntry(entry);
        if (gone.signal.aborted || page.events.length === 0 || this.#seq >= page.last_seq) return;
      }
    };
    // Where HTTP does not give it, the socket does.
    const connect = (): void => void (gone.signal.aborted || this.#connect());
    read().then(connect, connect);
  }

  #finish(): void {
    this.#release();
    this.#set({ phase: "done", until: null, reason: "" });
  }

  #lost(code: number, said: string): void {
    const neverOpened = !this.#opened;
    this.#release();
    if (this.#closed) return;
    const next = afterClose(code);
    const reason = reasonFor(code, said);
    if (next === "done" && !this.#ended) this.#comeBack(1006, reason, hintIn(said));
    else if (next === "done") this.#finish();
    else if (next === "stop") this.#set({ phase: "stopped", until: null, reason, code });
    else {
      if (neverOpened && this.#state.transport === "websocket") void this.#probe();
      this.#comeBack(code, reason, hintIn(said));
    }
  }

  /** Whether it is only the WebSocket that does not get through. */
  async #probe(): Promise<void> {
    try {
      await request(this.#environment.transport, "/livez");
      this.#blocked += 1;
    } catch {
      this.#blocked = 0;
    }
  }

  #giveUp(reason: string): void {
    this.#release();
    this.#comeBack(1006, reason, null);
  }

  #comeBack(code: number, reason: string, hint: number | null): void {
    const pause = pauseBefore(this.#tries, code, hint, this.#environment.random());
    this.#tries += 1;
    this.#set({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason, code, roundTrip: null });
    this.#timers.after(pause, () => this.#connect());
  }

  #ping(): void {
    if (this.#state.transport !== "websocket" || !this.#link?.send(JSON.stringify({ type: "ping", timestamp: Date.now() / 1000 }))) return;
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
    if (silent >= DEAD_AFTER_MS) return this.#giveUp("The server did not answer.");
    if (silent >= STALE_AFTER_MS && this.#state.phase === "live") this.#set({ phase: "stale" });
    const next = silent >= STALE_AFTER_MS ? DEAD_AFTER_MS : STALE_AFTER_MS;
    this.#timers.after(next - silent, () => this.#await());
  }

  /** Answers over HTTP, and tells what comes of it as a WebSocket would. */
  async #post(saying: Saying): Promise<void> {
    const words = { confirm: "confirm", user_input: "input", retry: "retry", cancel: "cancel", ping: "" } as const;
    const { type, ...body } = saying;
    if (type === "ping") return;
    try {
      await json(this.#environment.transport, `/sessions/${encodeURIComponent(this.id)}/${words[type]}`, { method: "POST", body });
    } catch (error) {
      if (this.#closed || !(error instanceof CallboardError)) return;
      const errors = error.faults.filter(({ loc }) => loc[1] === "values" && loc.length > 2).map(({ loc, msg }) => ({ field: loc.slice(2).join("."), message: msg }));
      const told: Message =
        errors.length > 0
          ? { type: "input_rejected", request_id: ("request_id" in saying && saying.request_id) || "", errors }
          : { type: "error", code: error.code, message: error.message, ...(error.winner && { winner: error.winner }) };
      this.#options.onMessage?.(told);
    }
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

/** Whether nothing comes after this entry. */
export function isTheEnd(entry: { type: string; can_retry?: unknown; request_id?: unknown }): boolean {
  return entry.type === "task_completed" || entry.type === "task_cancelled" || (entry.type === "task_failed" && !entry.request_id);
}
