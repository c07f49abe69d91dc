/** A session's state that can be subscribed to: one change of it per animation frame, one a second in a hidden tab. */

import type { Client } from "./client.js";
import type { SessionConnection, SessionOptions } from "./connection.js";
import { Flush } from "./flush.js";
import { CallboardError } from "./http.js";
import { Model, type SessionState } from "./model.js";
import type { Answer, Connection, Saying } from "./types.js";
import { Openers } from "./openers.js";

const BEFORE: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

/** A watched session. It connects while somebody has it open, and keeps what it knows in between. */
export class SessionStore {
  readonly id: string;
  #client: Client;
  #options: Pick<SessionOptions, "since" | "clientId">;
  #model: Model;
  #state: SessionState;
  #connection: SessionConnection | null = null;
  #openers = new Openers(() => this.#settle());
  #listeners = new Set<() => void>();
  #flush = new Flush(() => this.#publish());

  constructor(client: Client, id: string, options: Pick<SessionOptions, "since" | "clientId"> = {}) {
    this.id = id;
    this.#client = client;
    this.#options = options;
    this.#model = new Model(id, BEFORE);
    this.#state = this.#model.state();
  }

  /** The state; the same object until it changes. */
  getState = (): SessionState => this.#state;

  /** Calls back after every change; gives what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects; gives what closes it again, once all who opened it have. Opening and closing at once connects nothing. */
  open = (): (() => void) => this.#openers.open();

  /** Answers a question; gives whether it went out. */
  answer = (requestId: string, answer: Answer): boolean => {
    const open = this.#state.requests.find((request) => request.id === requestId);
    const saying = open && sayingFor(open.kind, requestId, answer);
    if (!saying || !this.#connection?.say(saying)) return false;
    this.#model.answered(requestId);
    this.#flush.now();
    return true;
  };

  /** Takes the offer of another attempt, or gives up; gives whether it went out. */
  retry = (again = true): boolean => {
    const offer = this.#state.requests.find((request) => request.kind === "retry");
    return offer !== undefined && this.answer(offer.id, again);
  };

  /** Cancels the session. Failure is told in the state's `error`. */
  cancel = async (reason?: string): Promise<void> => {
    this.#model.cancelling(true);
    this.#flush.now();
    try {
      await this.#client.cancel(this.id, reason);
    } catch (error) {
      this.#model.cancelling(false, error instanceof CallboardError ? error.message : String(error));
      this.#flush.now();
    }
  };

  /** Connects at once, where it waits or has stopped. */
  reconnect = (): void => this.#connection?.reconnect();

  #settle(): void {
    if (this.#openers.any && !this.#connection) {
      // All of it is here already, from the time before.
      if (this.#state.outcome) return;
      const since = this.#state.entries.length > 0 ? this.#seq() : this.#options.since;
      this.#connection = this.#client.session(this.id, {
        ...this.#options,
        ...(since !== undefined && { since }),
        onMessage: (message) => {
          this.#model.take(message);
          this.#flush.soon();
        },
        onConnection: (connection) => {
          this.#model.connected(connection);
          this.#flush.soon();
        },
      });
    } else if (!this.#openers.any && this.#connection) {
      this.#connection.close();
      this.#connection = null;
      this.#flush.cancel();
    }
  }

  #seq(): number {
    return this.#state.entries.at(-1)?.seq ?? 0;
  }

  #publish(): void {
    this.#state = this.#model.state();
    for (const listener of this.#listeners) listener();
  }
}

function sayingFor(kind: "confirmation" | "input" | "retry", request_id: string, answer: Answer): Saying | null {
  if (kind === "input") return typeof answer === "object" ? { type: "user_input", values: answer, request_id } : null;
  if (typeof answer !== "boolean") return null;
  return { type: kind === "retry" ? "retry" : "confirm", value: answer, request_id };
}
