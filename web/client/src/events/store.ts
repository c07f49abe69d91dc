/** A live table of events: what came, what is missing, and the past that was asked for. Changes once a frame. */

import { CallboardError } from "../http.js";
import type { Environment } from "../line.js";
import type { Connection } from "../types.js";
import { Openers } from "../openers.js";
import { EventFeed, type Missed } from "./feed.js";
import { gapOf, Ledger, type Row } from "./ledger.js";
import { EventLog } from "./log.js";
import { Pace } from "./pace.js";
import type { EventWants, Position } from "./types.js";

/** How many older events are asked for at a time. */
const OLDER = 200;

/** The table at one moment. Only the first `count` of `rows` belong to it, and only until the next change. */
export interface EventTable {
  readonly rows: readonly Row[];
  readonly count: number;
  /** The number of the first row: a row keeps its number. */
  readonly base: number;
  readonly renumbered: number;
  /** How many rows went for want of room. */
  readonly trimmed: number;
  /** Whether the rows stand still, and how many have come since. */
  readonly paused: boolean;
  readonly waiting: number;
  /** `none`: there are no older ones in the log; `full`: there is no room for them here. */
  readonly older: "unknown" | "loading" | "more" | "none" | "full";
  readonly connection: Connection;
  /** What went wrong last, for people. */
  readonly error: string | null;
}

const BEFORE: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

export class EventStore {
  readonly log: EventLog;
  #environment: Environment;
  #wants: EventWants = { types: [] };
  #ledger: Ledger;
  #feed: EventFeed | null = null;
  #connection = BEFORE;
  #paused = false;
  /** Where it was when the last who had it open went, and when that was. */
  #left: Position | null = null;
  #leftAt = 0;
  /** Older events are those up to this place. */
  #oldest: Position | null = null;
  #older: EventTable["older"] = "unknown";
  #error: string | null = null;
  #asking = new AbortController();
  #openers = new Openers(() => this.#settle());
  #listeners = new Set<() => void>();
  #pace = new Pace(() => this.#publish());
  #state: EventTable;

  constructor(environment: Environment, bound: number) {
    this.#environment = environment;
    this.log = new EventLog(environment.transport);
    this.#ledger = new Ledger(bound);
    this.#state = this.#now();
  }

  /** The state; the same object until it changes. */
  getState = (): EventTable => this.#state;

  /** Calls back after every change; gives what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects; gives what closes it again, once all who opened it have. What came is kept for the next time. */
  open = (): (() => void) => this.#openers.open();

  /** Wants others from now on: begins anew with them. */
  want = (wants: EventWants): void => {
    if (JSON.stringify(wants) === JSON.stringify(this.#wants)) return;
    this.#wants = wants;
    this.#reset();
    this.#feed?.close();
    this.#feed = null;
    this.#settle();
    this.#publish();
  };

  /** Stands still, or goes on. Events still come, up to the bound. */
  pause = (paused: boolean): void => {
    if (!paused) this.#ledger.takeIn(this.#paused);
    this.#paused = paused;
    this.#publish();
  };

  /** Keeps so many rows. */
  bound = (rows: number): void => {
    this.#ledger.bound(rows);
    const { first, hasRoom } = this.#ledger;
    if (this.#oldest && hasRoom && (this.#older === "full" || this.#ledger.trimmed > 0)) {
      // Those that had to go come first.
      if (first !== null) this.#oldest = { ...this.#oldest, seq: first - 1 };
      this.#ledger.trimmed = 0;
      this.#older = "more";
    }
    this.#publish();
  };

  /** Empties the table; what comes from now on is shown. */
  clear = (): void => {
    const at = this.#feed?.position ?? this.#oldest;
    this.#ledger.clear();
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#oldest = at;
    this.#older = at && at.seq > 0 ? "more" : "none";
    this.#error = null;
    this.#publish();
  };

  /** Asks the log for events before those that are here. */
  loadOlder = async (): Promise<void> => {
    const at = this.#oldest;
    if (!at || this.#older === "loading" || !this.#ledger.hasRoom) return;
    const { signal } = this.#asking;
    this.#older = "loading";
    this.#error = null;
    this.#publish();
    try {
      const { events, from, first } = await this.log.before(at.epoch, at.seq, OLDER, this.#wants, signal);
      if (signal.aborted) return;
      this.#ledger.prepend(events);
      this.#oldest = { epoch: at.epoch, seq: from - 1 };
      this.#older = from <= first ? "none" : this.#ledger.hasRoom ? "more" : "full";
    } catch (error) {
      if (signal.aborted) return;
      this.#older = "more";
      this.#error = `Older events did not come. ${error instanceof CallboardError ? error.message : String(error)}`;
    }
    this.#publish();
  };

  /** Connects at once, where it waits or has stopped. */
  reconnect = (): void => this.#feed?.reconnect();

  #settle(): void {
    if (this.#openers.any && !this.#feed) {
      if (this.#left) this.#ledger.gap({ why: "break", count: null, from: this.#leftAt, to: Date.now() });
      this.#feed = new EventFeed(this.#environment, {
        wants: this.#wants,
        since: this.#left,
        onEvent: (event) => {
          this.#ledger.add(event);
          this.#pace.ask();
        },
        onJoined: (position) => this.#joined(position),
        onMissed: (missed) => this.#missed(missed),
        onRefused: (_, message) => {
          this.#error = `The server does not take this: ${message}.`;
          this.#pace.ask();
        },
        onConnection: (connection) => {
          this.#connection = connection;
          this.#pace.ask();
        },
      });
    } else if (!this.#openers.any && this.#feed) {
      this.#left = this.#feed.position;
      this.#leftAt = Date.now();
      this.#feed.close();
      this.#feed = null;
      this.#pace.drop();
    }
  }

  #reset(): void {
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#ledger.clear();
    this.#left = this.#oldest = null;
    this.#older = "unknown";
    this.#error = null;
    this.#paused = false;
  }

  #joined(position: Position): void {
    // The rows of another log have no older ones in this.
    const isFirst = this.#state.count === 0 && position.seq > 0;
    this.#oldest = isFirst ? position : null;
    this.#older = isFirst ? "more" : "none";
    if (isFirst) void this.loadOlder();
    this.#pace.ask();
  }

  #missed(missed: Missed): void {
    switch (missed.why) {
      case "hole":
        void this.#read(this.#ledger.gap(gapOf(missed.hole)), missed.epoch, missed.hole.from, missed.hole.to, missed.hole.count);
        break;
      case "too_old": {
        const count = Math.max(0, missed.first - missed.from);
        if (count > 0) this.#ledger.gap({ why: "too_old", count });
        const from = Math.max(missed.from, missed.first);
        if (from <= missed.last) void this.#read(this.#ledger.gap({ why: "missing", count: null, isReading: true }), missed.epoch, from, missed.last);
        break;
      }
      case "break":
        this.#ledger.gap({ why: "break", count: null, from: missed.from, to: missed.to });
        break;
      case "dropped":
        this.#ledger.gap({ why: "dropped", count: missed.count });
        break;
      case "new_log":
        this.#ledger.gap({ why: "new_log", count: null });
        break;
    }
    this.#pace.ask();
  }

  /** Asks the log for what did not come by itself; `count`: how many those are, where that is known. */
  async #read(key: string, epoch: string, from: number, to: number, count: number | null = null): Promise<void> {
    const { signal } = this.#asking;
    try {
      const { events, first } = await this.log.between(epoch, from, to, this.#wants, signal);
      if (signal.aborted) return;
      // Some of the hole may have come before it was one.
      const known = new Set(this.#ledger.rows.slice(-1000).map((row) => row.key));
      const found = events.filter(({ id }) => !known.has(id));
      // Of a part that is not kept any more, nobody knows how much would have fitted.
      const missing = count === null ? Math.min(first, to + 1) - from : count - found.length;
      this.#ledger.fill(key, found, Math.max(0, missing));
    } catch {
      if (signal.aborted) return;
      this.#ledger.fill(key, [], count ?? to - from + 1);
    }
    this.#publish();
  }

  #now(): EventTable {
    const { rows, base, renumbered, trimmed, waiting } = this.#ledger;
    return {
      rows, count: rows.length, base, renumbered, trimmed, paused: this.#paused, waiting: this.#paused ? waiting : 0,
      older: trimmed > 0 ? "full" : this.#older, connection: this.#connection, error: this.#error,
    };
  }

  #publish(): void {
    this.#pace.drop();
    if (!this.#paused) this.#ledger.takeIn();
    this.#state = this.#now();
    for (const listener of this.#listeners) listener();
  }
}

