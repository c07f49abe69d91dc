/** The kept events over HTTP: read forwards and backwards, and added to. */

import { CallboardError, json, type Transport } from "../http.js";
import { fits, readPosition, written, type DeclaredType, type EventPage, type EventWants, type NewEvent, type Position, type ServerEvent } from "./types.js";

const PAGE = 1000;
/** Where only a few events fit, this many pages are read at a time; after that the reader is asked whether to go on. */
const MOST_PAGES = 24;

/** What was found in a part of the log. */
export interface Found {
  events: ServerEvent[];
  /** The oldest place that was looked at. */
  from: number;
  /** The oldest place that is still kept. */
  first: number;
}

/** The log of a server's events. Every call throws `CallboardError`. */
export class EventLog {
  #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A piece of the log, oldest first, after a position, or from where the log begins. */
  read(after: Position | null, wants: EventWants, limit = PAGE, signal?: AbortSignal): Promise<EventPage> {
    const query = new URLSearchParams();
    if (wants.types.length > 0) query.set("type", wants.types.join(","));
    if (wants.minPriority) query.set("min_priority", wants.minPriority);
    if (wants.executionId) query.set("execution_id", wants.executionId);
    if (wants.crewId) query.set("crew_id", wants.crewId);
    if (wants.agentId) query.set("agent_id", wants.agentId);
    if (after) query.set("since", written(after));
    query.set("limit", String(limit));
    return json(this.#transport, `/api/v1/events?${query}`, { signal });
  }

  /** What is wanted of the places from `from` to `to`, oldest first. */
  async between(epoch: string, from: number, to: number, wants: EventWants, signal?: AbortSignal): Promise<Found> {
    const events: ServerEvent[] = [];
    let after = from - 1;
    let first = from;
    while (after < to) {
      let page: EventPage;
      try {
        page = await this.read({ epoch, seq: after }, wants, Math.min(PAGE, to - after), signal);
      } catch (error) {
        if (!(error instanceof CallboardError) || error.code !== "position_too_old") throw error;
        // The oldest went meanwhile: on from those that are left.
        first = (await this.read(null, wants, 1, signal)).first_seq;
        if (first - 1 <= after) throw error;
        after = first - 1;
        continue;
      }
      first = page.first_seq;
      for (const event of page.events) if ((event.seq ?? 0) > after && (event.seq ?? 0) <= to && fits(event, wants)) events.push(event);
      const next = readPosition(page.next);
      if (!next || next.seq <= after) break;
      after = next.seq;
      if (after >= page.last_seq) break;
    }
    return { events, from, first };
  }

  /** About `count` events that are wanted, up to the place `to`: as few of the log's places as do are looked at. */
  async before(epoch: string, to: number, count: number, wants: EventWants, signal?: AbortSignal): Promise<Found> {
    const { first_seq: first } = await this.read({ epoch, seq: to }, wants, 1, signal);
    let events: ServerEvent[] = [];
    let from = to + 1;
    let span = count;
    for (let pages = 0; from > first && events.length < count && pages < MOST_PAGES; pages += Math.ceil(span / PAGE)) {
      const end = from - 1;
      from = Math.max(first, from - span);
      events = [...(await this.between(epoch, from, end, wants, signal)).events, ...events];
      span = Math.min(span * 4, PAGE * 8);
    }
    return { events, from, first };
  }

  /** The types that users have declared. */
  async types(signal?: AbortSignal): Promise<DeclaredType[]> {
    const { event_types } = await json<{ event_types: DeclaredType[] }>(this.#transport, "/api/v1/event-types?limit=100", { signal });
    return event_types;
  }

  /** Records an event of your own; gives it with its place. */
  send(event: NewEvent): Promise<ServerEvent> {
    return json(this.#transport, "/api/v1/events", { method: "POST", body: event });
  }
}
