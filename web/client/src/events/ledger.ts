/**
 * The rows of a table of events: a bounded list of events in the order in which they came, and of gaps between them.
 *
 * Invariant: row number `base + i` is `rows[i]`. Numbers stay while rows are added at either end or go at the beginning.
 */

import type { Hole } from "./track.js";
import type { ServerEvent } from "./types.js";

export interface EventRow {
  kind: "event";
  key: string;
  event: ServerEvent;
  /** In milliseconds since the epoch. */
  at: number;
}

export interface GapRow {
  kind: "gap";
  key: string;
  why: "missing" | "too_old" | "new_log" | "dropped" | "break" | "paused";
  /** How many events, at most; null where nobody knows. */
  count: number | null;
  /** Between these moments, in milliseconds since the epoch; null where they are not known. */
  from: number | null;
  to: number | null;
  /** Whether the log is being asked for them. */
  isReading: boolean;
}

export type Row = EventRow | GapRow;

/** What a gap is about; the moments are those of the rows around it where they are left out. */
export type NewGap = Pick<GapRow, "why" | "count"> & Partial<Pick<GapRow, "from" | "to" | "isReading">>;

/** Within so many rows, the order of places may be another than that of coming. */
const OVERTAKEN = 500;

function rowOf(event: ServerEvent): EventRow {
  const at = Date.parse(event.timestamp);
  return { kind: "event", key: event.id, event, at: Number.isNaN(at) ? 0 : at };
}

export class Ledger {
  rows: Row[] = [];
  base = 0;
  /** Changes whenever rows get other numbers: places found before hold no more. */
  renumbered = 0;
  /** How many rows went at the beginning, for want of room. */
  trimmed = 0;
  #bound: number;
  #coming: Row[] = [];
  /** How many of those that were not taken in yet had to go. */
  #left = 0;
  #gaps = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** How many rows have come and were not taken in yet. */
  get waiting(): number {
    return this.#coming.length + this.#left;
  }

  /** Keeps so many rows from now on. */
  bound(rows: number): void {
    this.#bound = rows;
    this.#trim();
  }

  /** Takes an event; it is a row once all that came is taken in. */
  add(event: ServerEvent): void {
    this.#coming.push(rowOf(event));
    // Some over the bound, so that a long list is not moved for each event.
    const most = this.#bound + Math.max(64, this.#bound >> 3);
    if (this.#coming.length > most) this.#left += this.#coming.splice(0, this.#coming.length - this.#bound).length;
  }

  /** Marks a gap behind what came so far; gives its key. */
  gap(gap: NewGap): string {
    const row = this.#gap(gap);
    this.#coming.push(row);
    return row.key;
  }

  /** Makes rows of all that came. `paused`: whether a reader held it up meanwhile, and has to know what had to go. */
  takeIn(paused = false): boolean {
    if (this.#coming.length === 0) return false;
    if (this.#left > 0 && paused) this.#coming.unshift(this.#gap({ why: "paused", count: this.#left }));
    else this.trimmed += this.#left;
    this.#left = 0;
    for (const row of this.#coming) {
      const before = this.rows.at(-1);
      const isOpen = before?.kind === "gap" && before.to === null && row.kind === "event";
      // A row that is shown is never changed, but replaced.
      if (isOpen) this.rows[this.rows.length - 1] = { ...before, to: row.at };
      const from = before?.kind === "event" ? before.at : (before?.to ?? null);
      this.rows.push(row.kind === "gap" && row.from === null ? { ...row, from } : row);
    }
    this.#coming = [];
    this.#trim();
    return true;
  }

  /** Puts older events before all others; those that have no room are left out, oldest first. */
  prepend(events: readonly ServerEvent[]): void {
    const room = Math.max(0, this.#bound - this.rows.length);
    // What was urgent may stand among the first rows, though it is older than they are.
    const known = new Set(this.rows.slice(0, OVERTAKEN).map(({ key }) => key));
    const unknown = events.filter(({ id }) => !known.has(id));
    const rows = unknown.slice(Math.max(0, unknown.length - room)).map(rowOf);
    this.rows = [...rows, ...this.rows];
    this.base -= rows.length;
    // Gaps were marked before it was known what stands before them.
    const after = this.rows[rows.length];
    const last = rows.at(-1);
    if (after?.kind === "gap" && after.from === null && last) this.rows[rows.length] = { ...after, from: last.at };
  }

  /** What the log says about a gap: these events were there, and so many are missing still. */
  fill(key: string, events: readonly ServerEvent[], missing: number | null): void {
    // A reader that pauses has a part of the rows outside.
    for (const list of [this.rows, this.#coming]) {
      const at = list.findIndex((row) => row.key === key);
      const gap = list[at];
      if (gap?.kind !== "gap") continue;
      const rows: Row[] = events.map(rowOf);
      if (missing !== 0) rows.unshift({ ...gap, isReading: false, count: missing });
      list.splice(at, 1, ...rows);
      // The gap, and one that stands before it, ends where the first of them was.
      const end = rows.find((row) => row.kind === "event");
      for (const place of end ? [at - 1, at] : []) {
        const open = list[place];
        if (open?.kind === "gap" && open.to === null && end) list[place] = { ...open, to: end.kind === "event" ? end.at : null };
      }
      if (list === this.rows && rows.length !== 1) this.renumbered += 1;
      this.#trim();
      return;
    }
  }

  /** The place of the oldest event that has one; null where none has. */
  get first(): number | null {
    const places = this.rows.slice(0, OVERTAKEN).flatMap((row) => (row.kind === "event" && row.event.seq !== undefined ? [row.event.seq] : []));
    return places.length > 0 ? Math.min(...places) : null;
  }

  /** Whether there is room for more at the beginning. */
  get hasRoom(): boolean {
    return this.rows.length < this.#bound;
  }

  /** Forgets all rows. */
  clear(): void {
    this.base += this.rows.length;
    this.rows = [];
    this.#coming = [];
    this.#left = 0;
    this.trimmed = 0;
    this.renumbered += 1;
  }

  #gap({ why, count, from = null, to = null, isReading = false }: NewGap): GapRow {
    this.#gaps += 1;
    return { kind: "gap", key: `gap-${this.#gaps}`, why, count, from, to, isReading };
  }

  #trim(): void {
    const over = this.rows.length - this.#bound;
    if (over <= 0) return;
    this.rows.splice(0, over);
    this.base += over;
    this.trimmed += over;
  }
}

/** The events that a hole leaves out, in the words of a gap. */
export function gapOf(hole: Hole): NewGap {
  return { why: "missing", count: hole.count, isReading: true };
}
