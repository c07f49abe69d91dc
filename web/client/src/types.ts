/** The types that a user of this package meets, beside those of the wire. */

import type { FieldError, Outbound, Priority, Stamped, Status, Unsaved, Winner, OnDisconnect } from "./wire/wire.js";

/** An entry of a type that a task kind made up; readers ignore those that they do not know. */
export interface CustomEntry {
  type: string;
  seq: number;
  timestamp: number;
  lane?: string;
  [field: string]: unknown;
}

/** A journal entry of a known type. */
export type JournalEntry = Stamped;

/** A line, progress or a part of a model's reply that is not saved: whoever connects later does not get it. */
export type UnsavedMessage = Extract<Unsaved, { type: "stream" | "progress" | "agent_delta" }>;

/** Everything that a server says on a session's socket. */
export type Message = JournalEntry | UnsavedMessage | Outbound;

/** What a client says on a session's socket. */
export type Saying =
  | { type: "confirm"; value: boolean; request_id?: string }
  | { type: "user_input"; values: Record<string, unknown>; request_id?: string }
  | { type: "retry"; value?: boolean; request_id?: string }
  | { type: "cancel" }
  | { type: "ping"; timestamp: number };

/** What may be started, and how. */
export interface StartOptions {
  /** What the task works on. */
  input?: unknown;
  /** How it works. */
  config?: Record<string, unknown>;
  /** How urgent it is; normal where it is left out. */
  priority?: Priority;
  /** Your own marks, to find it by. */
  labels?: Record<string, string>;
  /** What happens when its last connection goes; it goes on where this is left out. */
  on_disconnect?: OnDisconnect;
  /** The same key gives the same session back. */
  idempotencyKey?: string;
}

/** Which sessions to list. */
export interface ListOptions {
  /** Status words, or `waiting`, `live`, `ended`. */
  status?: readonly (Status | "waiting" | "live" | "ended")[];
  task?: string;
  labels?: Record<string, string>;
  /** Words: each must begin a word of the task, a label, an id, a question or an error. */
  q?: string;
  /** Started at this moment or later, in seconds since the epoch. */
  from?: number;
  /** Started before this moment. */
  to?: number;
  /** Whether to count the sessions by status, with all other filters. */
  counts?: boolean;
  limit?: number;
  /** The `next_cursor` of the page before. */
  cursor?: string;
}

/** How a connection stands. */
export interface Connection {
  /**
   * `connecting`; `live`; `stale`: open, but the server has not answered for some seconds; `reconnecting` at `until`;
   * `done`: the session has ended and all of it is here; `stopped`: it will not come back by itself, see `reason`.
   */
  phase: "connecting" | "live" | "stale" | "reconnecting" | "done" | "stopped";
  /** How it is made: a WebSocket, or server-sent events where a WebSocket cannot be opened. */
  transport: "websocket" | "events";
  /** The last round trip in milliseconds. */
  roundTrip: number | null;
  /** When it tries again, in milliseconds since the epoch. */
  until: number | null;
  /** How many tries have failed in a row. */
  attempt: number;
  /** Why it is not live, for people. */
  reason: string;
  /** The code of the last close. */
  code: number | null;
}

/** An answer to a question. */
export type Answer = boolean | Record<string, unknown>;

/** A question that is open. */
export interface OpenRequest {
  id: string;
  kind: "confirmation" | "input" | "retry";
  /** The lane of the task that asks, where it has several; with a workflow, the node. */
  lane: string | null;
  /** The question, what the form is for, or the error that a retry is offered for. */
  message: string;
  /** What to fill in. */
  fields: readonly import("./wire/wire.js").Field[];
  /** The attempt that failed. */
  attempt: number;
  /** When its time is over, in seconds since the epoch by the server's clock. */
  deadline: number | null;
  /** The answer that is taken then; none where there is no default. */
  default: unknown;
  /** What it is about. */
  context: import("./wire/wire.js").RequestContext | null;
  /** Who may answer beside the owner of the session, and how many have to. */
  answerers: import("./wire/wire.js").Answerers;
  /** The answers that were given, where several are required. */
  given: readonly import("./wire/wire.js").GivenAnswer[];
  /** Whether an answer is on its way. */
  sending: boolean;
  /** What the server says is wrong with the last answer, field by field. */
  errors: readonly FieldError[];
}

export type { FieldError, Winner };
