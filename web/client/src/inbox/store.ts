/** The inbox: the open questions of all sessions, read once and then kept up to date by what happens. Changes once a frame. */

import { EventFeed, type Missed } from "../events/feed.js";
import { readPosition, type ServerEvent } from "../events/types.js";
import { Flush } from "../flush.js";
import { CallboardError, json, request, type Transport } from "../http.js";
import type { Environment } from "../line.js";
import type { Answer, Connection } from "../types.js";
import type { FieldError, ListedRequest, OpenQuestions, SessionDetail } from "../wire/wire.js";
import { Openers } from "../openers.js";

/** How many questions are read at a time. */
const PAGE = 1000;
/** How long to wait before the list is read again where that failed, in milliseconds. */
const AGAIN_MS = 2000;
/** How long to wait before the list is read again where events are not for whoever asks, in milliseconds. */
const POLL_MS = 5000;
/** The close code that says so. */
const NOT_ALLOWED = 4503;
/** How many closed questions are remembered, to say by whom. */
const REMEMBERED = 500;

/** How a question was closed. */
export interface Closing {
  reason: "answered" | "timed_out" | "withdrawn";
  /** Who answered. */
  by: string;
  /** The answer to a confirmation or retry. */
  value: boolean | null;
  /** In milliseconds since the epoch. */
  at: number;
  /** Whether this store sent the answer. */
  isOwn: boolean;
}

/** The inbox at one moment. */
export interface Inbox {
  /** The next deadline first, those without one behind all others, the oldest first. */
  readonly requests: readonly ListedRequest[];
  /** Whether all that are open are here. */
  readonly isComplete: boolean;
  /** The questions whose answer is on its way. */
  readonly sending: ReadonlySet<string>;
  /** What the server says is wrong with the last answer, by question. */
  readonly errors: ReadonlyMap<string, readonly FieldError[]>;
  /** How questions were closed that were here, the latest ones. */
  readonly closed: ReadonlyMap<string, Closing>;
  readonly connection: Connection;
  /** What went wrong last, for people. */
  readonly error: string | null;
}

const BEFORE: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

/** The order of the list. */
export function byDeadline(one: ListedRequest, other: ListedRequest): number {
  const due = (request: ListedRequest): number => request.expires_at ?? Number.POSITIVE_INFINITY;
  if (due(one) !== due(other)) return due(one) < due(other) ? -1 : 1;
  if (one.asked_at !== other.asked_at) return one.asked_at - other.asked_at;
  return one.request_id < other.request_id ? -1 : Number(one.request_id > other.request_id);
}

export class InboxStore {
  #environment: Environment;
  #transport: Transport;
  #feed: EventFeed | null = null;
  #open = new Map<string, ListedRequest>();
  /** Those that were closed while the list was being read: a page may still have them. */
  #gone = new Set<string>();
  #sending = new Set<string>();
  #errors = new Map<string, readonly FieldError[]>();
  #closed = new Map<string, Closing>();
  #isComplete = false;
  /** Whether the list is read again and again: events need a scope of their own. */
  #polls = false;
  #connection = BEFORE;
  #error: string | null = null;
  #reading: AbortController | null = null;
  #again: ReturnType<typeof setTimeout> | null = null;
  #openers = new Openers(() => this.#settle());
  #listeners = new Set<() => void>();
  #flush = new Flush(() => this.#publish());
  #state: Inbox;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#transport = environment.transport;
    this.#state = this.#now();
  }

  /** The state; the same object until it changes. */
  getState = (): Inbox => this.#state;

  /** Calls back after every change; gives what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects; gives what closes it again, once all who opened it have. */
  open = (): (() => void) => this.#openers.open();

  /** Answers a question: true or false, or the values of a form. Gives whether the answer won; if not, the state says why. */
  answer = async (id: string, answer: Answer): Promise<boolean> => {
    const asked = this.#open.get(id);
    if (!asked || this.#sending.has(id)) return false;
    const route = asked.type === "request_user_input" ? "input" : asked.type === "task_failed" ? "retry" : "confirm";
    const body = route === "input" ? { values: answer, request_id: id } : { value: answer, request_id: id };
    this.#sending.add(id);
    this.#errors.delete(id);
    this.#error = null;
    this.#flush.soon();
    try {
      await request(this.#transport, `/sessions/${encodeURIComponent(asked.session_id)}/${route}`, { method: "POST", body });
      this.#close(id, { reason: "answered", by: "you", value: typeof answer === "boolean" ? answer : null, at: Date.now(), isOwn: true });
      return true;
    } catch (error) {
      this.#refused(id, error);
      return false;
    } finally {
      this.#sending.delete(id);
      this.#flush.now();
    }
  };

  /** Connects at once, where it waits or has stopped. */
  reconnect = (): void => {
    if (this.#feed) this.#feed.reconnect();
    else if (this.#openers.any) void this.#read();
  };

  #settle(): void {
    const isOpen = this.#openers.any;
    if (isOpen && !this.#feed && !this.#reading && this.#again === null) void this.#read();
    if (!isOpen) this.#stop();
  }

  #stop(): void {
    this.#reading?.abort();
    this.#reading = null;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = null;
    this.#feed?.close();
    this.#feed = null;
    this.#flush.cancel();
  }

  /** Reads all that are open, and follows what happens from the moment of the first page on. */
  async #read(): Promise<void> {
    this.#stop();
    const reading = (this.#reading = new AbortController());
    const { signal } = reading;
    const found = new Map<string, ListedRequest>();
    this.#gone.clear();
    if (!this.#polls) this.#isComplete = false;
    try {
      let cursor: string | null = null;
      do {
        const path: string = `/requests?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
        const page: OpenQuestions = await json<OpenQuestions>(this.#transport, path, { signal });
        for (const one of page.requests) found.set(one.request_id, one);
        if (!this.#feed) {
          // What was there before and is not any more was closed meanwhile.
          this.#open = new Map(found);
          if (!this.#polls) this.#follow(page.position);
        } else {
          for (const one of page.requests) if (!this.#gone.has(one.request_id)) this.#open.set(one.request_id, one);
        }
        cursor = page.next_cursor;
        this.#flush.soon();
      } while (cursor);
      this.#isComplete = true;
      this.#error = null;
      if (this.#polls) this.#pollAgain();
    } catch (error) {
      if (signal.aborted) return;
      this.#error = error instanceof CallboardError ? error.message : String(error);
      this.#feed?.close();
      this.#feed = null;
      this.#again = setTimeout(() => {
        this.#again = null;
        this.#settle();
      }, AGAIN_MS);
    } finally {
      if (this.#reading === reading) this.#reading = null;
    }
    this.#flush.soon();
  }

  #follow(position: string): void {
    this.#feed = new EventFeed(this.#environment, {
      wants: { types: ["request.*"] },
      since: readPosition(position),
      onEvent: (event) => this.#event(event),
      onMissed: (missed) => this.#missed(missed),
      onRefused: (_, message) => {
        this.#error = `The server does not take this: ${message}.`;
        this.#flush.soon();
      },
      onConnection: (connection) => {
        if (connection.code === NOT_ALLOWED && connection.phase === "stopped") return this.#poll();
        this.#connection = connection;
        this.#flush.soon();
      },
    });
  }

  /** Gives up on events: the list is read again from time to time instead. */
  #poll(): void {
    this.#polls = true;
    this.#feed?.close();
    this.#feed = null;
    if (!this.#reading) this.#pollAgain();
  }

  #pollAgain(): void {
    this.#connection = { ...this.#connection, phase: "live", transport: "events", reason: "", code: null, until: null };
    this.#again = setTimeout(() => {
      this.#again = null;
      this.#settle();
    }, POLL_MS);
    this.#flush.soon();
  }

  #event({ type, data, timestamp }: ServerEvent): void {
    const id = String(data.request_id);
    if (type === "request.opened" && !this.#closed.has(id)) {
      const opened = data as unknown as ListedRequest & { cut?: boolean };
      if (opened.cut) void this.#whole(opened);
      else this.#open.set(id, opened);
    } else if (type === "request.closed") {
      const { reason, by, value } = data as { reason: Closing["reason"]; by: string; value?: boolean };
      this.#gone.add(id);
      this.#close(id, { reason, by, value: value ?? null, at: Date.parse(timestamp), isOwn: this.#closed.get(id)?.isOwn ?? false });
    }
    this.#flush.soon();
  }

  /** Reads a question that is too large for an event. */
  async #whole(opened: ListedRequest): Promise<void> {
    const { session_id, request_id } = opened;
    try {
      const { open_requests } = await json<SessionDetail>(this.#transport, `/sessions/${encodeURIComponent(session_id)}`);
      const entry = open_requests.find((one) => "request_id" in one && one.request_id === request_id);
      if (!entry || this.#closed.has(request_id)) return;
      const message = entry.type === "task_failed" ? { message: entry.error } : {};
      this.#open.set(request_id, { ...opened, ...entry, ...message } as unknown as ListedRequest);
    } catch (error) {
      this.#error = error instanceof CallboardError ? error.message : String(error);
    }
    this.#flush.soon();
  }

  /** What did not come may have been a question: the list is read anew, unless only what is not kept is missing. */
  #missed(missed: Missed): void {
    if (missed.why === "new_log" || missed.why === "too_old" || missed.why === "hole") void this.#read();
  }

  #refused(id: string, error: unknown): void {
    if (!(error instanceof CallboardError)) {
      this.#error = String(error);
    } else if (error.code === "already_answered" && error.winner) {
      const { by, value = null, timed_out, withdrawn } = error.winner;
      const reason = withdrawn ? "withdrawn" : timed_out ? "timed_out" : "answered";
      this.#close(id, { reason, by, value, at: Date.now(), isOwn: false });
    } else if (error.code === "no_open_request" || error.code === "unknown_session") {
      this.#close(id, { reason: "withdrawn", by: "", value: null, at: Date.now(), isOwn: false });
    } else {
      const errors = error.problem.errors as readonly { loc?: readonly string[]; msg?: string; field?: string; message?: string }[] | undefined;
      const told = (errors ?? []).map(({ loc, msg, field, message }) => ({ field: field ?? String(loc?.at(-1) ?? ""), message: message ?? msg ?? "" }));
      if (told.length > 0) this.#errors.set(id, told);
      else this.#error = error.message;
    }
  }

  #close(id: string, closing: Closing): void {
    this.#open.delete(id);
    this.#errors.delete(id);
    this.#closed.delete(id);
    this.#closed.set(id, closing);
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > REMEMBERED && oldest !== undefined) this.#closed.delete(oldest);
  }

  #now(): Inbox {
    return {
      requests: [...this.#open.values()].sort(byDeadline), isComplete: this.#isComplete, sending: new Set(this.#sending),
      errors: new Map(this.#errors), closed: new Map(this.#closed), connection: this.#connection, error: this.#error,
    };
  }

  #publish(): void {
    this.#state = this.#now();
    for (const listener of this.#listeners) listener();
  }
}
