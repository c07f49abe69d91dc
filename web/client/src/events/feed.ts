/**
 * A connection to the server's events: comes back by itself, from where it was, when the close code says that it may.
 *
 * Invariant: a kept event is told once; of those that do not come, it is told that they are missing.
 */

import { Line, openAt, type Environment } from "../line.js";
import type { Connection } from "../types.js";
import { Track, type Hole } from "./track.js";
import { fits, written, type EventWants, type Position, type ServerEvent } from "./types.js";

const PATH = "/api/v1/websocket/ws/custom";

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
  data?: { epoch?: string; first_seq?: number; last_seq?: number };
}

export class EventFeed {
  #options: FeedOptions;
  #line: Line;
  #epoch: string | null;
  #track: Track | null;
  #dropped = 0;
  #greeted = false;
  /** The newest place that the greeting told, and whether it was of another log than before. */
  #newest = 0;
  #isNewLog = false;
  #lostAt: number | null = null;

  constructor(environment: Environment, options: FeedOptions) {
    this.#options = options;
    this.#epoch = options.since?.epoch ?? null;
    this.#track = options.since ? new Track(options.since.seq, options.wants) : null;
    this.#line = new Line(
      {
        open: (hear) => openAt(environment, PATH, this.#query(), hear),
        ping: () => ({ action: "ping" }),
        opened: () => this.#filter(),
        message: (message) => ("id" in message && "data" in message ? this.#event(message as ServerEvent) : this.#answer(message as Answer)),
        released: (_, wasOpen) => {
          this.#greeted = false;
          this.#lostAt ??= this.#track && wasOpen ? Date.now() : null;
        },
        stands: (connection) => options.onConnection?.(connection),
      },
      environment,
    );
    this.#line.begin();
  }

  /** Up to where everything has come; null before it is known. */
  get position(): Position | null {
    return this.#epoch !== null && this.#track ? { epoch: this.#epoch, seq: this.#track.seq } : null;
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

  #query(): URLSearchParams {
    const { types } = this.#options.wants;
    const query = new URLSearchParams({ subscriptions: types.length > 0 ? types.join(",") : "*", batch_ms: String(BATCH_MS) });
    if (this.position) query.set("since", written(this.position));
    if (this.#options.clientId) query.set("client_id", this.#options.clientId);
    return query;
  }

  #filter(): void {
    const { minPriority, executionId, crewId, agentId } = this.#options.wants;
    const filter = {
      ...(minPriority && { min_priority: minPriority }), ...(executionId && { execution_id: executionId }),
      ...(crewId && { crew_id: crewId }), ...(agentId && { agent_id: agentId }),
    };
    if (Object.keys(filter).length > 0) this.#line.send({ action: "set_filter", filter });
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

  #answer({ type, code = "", message = "", data }: Answer): void {
    if (type === "error" && code === "position_too_old" && this.#track && this.#epoch !== null) {
      const { first_seq: first = 1, last_seq = 0 } = data ?? {};
      const from = this.#track.seq + 1;
      // From the greeting on, everything comes.
      const last = Math.max(last_seq, this.#newest);
      this.#begin({ epoch: this.#epoch, seq: last });
      this.#options.onMissed?.({ why: "too_old", epoch: this.#epoch, from, first, last });
    } else if (type === "error" && code === "position_unknown") {
      const { epoch = this.#epoch, last_seq: seq = this.#newest } = data ?? {};
      // The greeting may have said it before. Else the same log is shorter than it was, where somebody has put back an old
      // copy of it, or it has become another one meanwhile.
      const isKnown = this.#isNewLog && epoch === this.#epoch;
      this.#isNewLog = false;
      if (!isKnown && epoch !== null) this.#join({ epoch, seq }, true);
    } else if (type === "error") {
      this.#options.onRefused?.(code, message);
    }
  }
}
