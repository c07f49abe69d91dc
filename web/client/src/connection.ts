/**
 * The connection to one session: comes back by itself, from where it was, when the close code says that it may.
 *
 * Invariant: every entry is told once, in the order of its `seq`, and none is left out that the server did not leave
 * out itself in a snapshot.
 */

import { afterClose, hintIn, reasonFor } from "./close.js";
import { fieldErrors } from "./field_errors.js";
import { CallboardError, json, request } from "./http.js";
import { Line, openAt, type Environment } from "./line.js";
import { openEvents, type Hear, type Link } from "./link.js";
import type { Connection, JournalEntry, Message, Saying } from "./types.js";

/** So often must a WebSocket fail to open, while HTTP works, before events are taken instead. */
const BLOCKED_AFTER = 2;

/** A longer past than that comes over HTTP: a browser takes a WebSocket's messages in one by one, and slowly. */
const BULK_FROM = 2_000;
const BULK_PAGE = 10_000;

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
  #line: Line;
  #seq: number;
  #snapshot: boolean;
  #replay: { sparse: boolean; lastSeq: number } | null = null;
  #ended = false;
  /** Whether the past was asked for over HTTP since the last replay was complete. */
  #caughtUp = false;
  #blocked = 0;

  constructor(environment: Environment, id: string, options: SessionOptions = {}) {
    this.id = id;
    this.#environment = environment;
    this.#options = options;
    this.#snapshot = options.since === "snapshot";
    this.#seq = typeof options.since === "number" ? options.since : 0;
    this.#line = new Line(
      {
        open: (hear) => this.#open(hear),
        ping: () => (this.connection.transport === "websocket" ? { type: "ping" } : null),
        opened: () => {
          if (this.connection.transport === "websocket") this.#blocked = 0;
        },
        message: (message) => this.#receive(message as Message),
        released: () => (this.#replay = null),
        closed: (code, said, wasOpen) => this.#closedBy(code, said, wasOpen),
        stands: (connection) => options.onConnection?.(connection),
      },
      environment,
    );
    this.#line.begin();
  }

  /** The `seq` of the last entry that was told. */
  get seq(): number {
    return this.#seq;
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

  /**
   * Says something; gives whether it went out. What the server thinks of it comes as a message: `answered`,
   * `input_rejected` or `error`.
   */
  say(saying: Saying): boolean {
    const { phase, transport } = this.connection;
    if (phase !== "live" && phase !== "stale") return false;
    if (transport === "websocket") return this.#line.send(saying);
    void this.#post(saying);
    return true;
  }

  /** Cancels the session, whether the connection is live or not. Throws `CallboardError`. */
  async cancel(reason?: string): Promise<void> {
    const body = reason === undefined ? {} : { reason };
    await json(this.#environment.transport, `/sessions/${encodeURIComponent(this.id)}/cancel`, { method: "POST", body });
  }

  #open(hear: Hear): Link | string {
    const { transport, WebSocket } = this.#environment;
    const useEvents = !WebSocket || this.#blocked >= BLOCKED_AFTER;
    this.#line.set({ transport: useEvents ? "events" : "websocket" });
    if (useEvents) return openEvents(transport, this.id, this.#seq, hear);
    const query = new URLSearchParams();
    if (!this.#snapshot || this.#seq > 0) query.set("since", String(this.#seq));
    if (this.#options.clientId) query.set("client_id", this.#options.clientId);
    return openAt(this.#environment, `/ws/${encodeURIComponent(this.id)}`, query, hear);
  }

  #receive(message: Message): void {
    if ("seq" in message) this.#takeEntry(message);
    else this.#takeWord(message);
    if (this.#ended && !this.#replay && this.connection.phase === "live") this.#line.end("done", "", null);
  }

  #takeEntry(entry: Extract<Message, { seq: number }>): void {
    if (entry.seq <= this.#seq) return;
    if (entry.seq > this.#seq + 1 && !this.#replay?.sparse) {
      this.#line.giveUp("Messages were missing.");
      return;
    }
    this.#seq = entry.seq;
    if (isTheEnd(entry)) this.#ended = true;
    this.#options.onMessage?.(entry);
  }

  #takeWord(message: Exclude<Message, { seq: number }>): void {
    if (message.type === "state_replay_start") {
      this.#replay = { sparse: message.dropped > 0, lastSeq: message.last_seq };
      if (message.count >= BULK_FROM && message.dropped === 0 && !this.#caughtUp && this.connection.transport === "websocket") this.#catchUp();
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
    this.#line.release("The past comes over HTTP.");
    this.#caughtUp = true;
    const gone = new AbortController();
    this.#line.hold({ send: () => false, drop: () => gone.abort() });
    const read = async (): Promise<void> => {
      for (;;) {
        const path = `/sessions/${encodeURIComponent(this.id)}/events?since=${this.#seq}&limit=${BULK_PAGE}`;
        const page = await json<{ events: JournalEntry[]; last_seq: number }>(this.#environment.transport, path, { signal: gone.signal });
        for (const entry of page.events) if (!gone.signal.aborted) this.#takeEntry(entry);
        if (gone.signal.aborted || page.events.length === 0 || this.#seq >= page.last_seq) return;
      }
    };
    // Where HTTP does not give it, the socket does.
    const connect = (): void => void (gone.signal.aborted || this.#line.connect());
    read().then(connect, connect);
  }

  /** A session has an end, after which nobody comes back; and a WebSocket that never opens may be forbidden. */
  #closedBy(code: number, said: string, wasOpen: boolean): boolean {
    const next = afterClose(code);
    if (next === "done" && this.#ended) this.#line.end("done", "", null);
    else if (next === "done") this.#line.comeBack(1006, reasonFor(code, said), hintIn(said));
    else if (next === "reconnect" && !wasOpen && this.connection.transport === "websocket") void this.#probe();
    return next === "done";
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

  /** Answers over HTTP, and tells what comes of it as a WebSocket would. */
  async #post(saying: Saying): Promise<void> {
    const words = { confirm: "confirm", user_input: "input", retry: "retry", cancel: "cancel", ping: "" } as const;
    const { type, ...body } = saying;
    if (type === "ping") return;
    try {
      await json(this.#environment.transport, `/sessions/${encodeURIComponent(this.id)}/${words[type]}`, { method: "POST", body });
    } catch (error) {
      if (this.#line.isClosed || !(error instanceof CallboardError)) return;
      const errors = fieldErrors(error);
      const told: Message =
        errors.length > 0
          ? { type: "input_rejected", request_id: ("request_id" in saying && saying.request_id) || "", errors }
          : { type: "error", code: error.code, message: error.message, ...(error.winner && { winner: error.winner }), ...(error.openRequestId && { open_request_id: error.openRequestId }) };
      this.#options.onMessage?.(told);
    }
  }
}

/** Whether nothing comes after this entry. */
export function isTheEnd(entry: { type: string; can_retry?: unknown; request_id?: unknown }): boolean {
  return entry.type === "task_completed" || entry.type === "task_cancelled" || (entry.type === "task_failed" && !entry.request_id);
}
